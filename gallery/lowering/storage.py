"""Compute graphs as JSON and array files, for the cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gallery.graph import ComputeGraph, ComputeSet, GraphOperator, Kind
from gallery.model import Layer

_ARRAYS = (
    "vertex_operator",
    "vertex_kind",
    "vertex_pass",
    "vertex_flops",
    "vertex_bytes",
    "indptr",
    "sources",
    "back_edges",
    "tiles",
    "gradient_of",
)


def save_graph(graph: ComputeGraph, path: Path) -> dict[str, Any]:
    """Write the arrays of a graph to a file; return the rest as JSON.

    The file is not compressed, so that reading it takes no longer than reading the bytes.
    """
    arrays = {name: getattr(graph, name) for name in _ARRAYS if getattr(graph, name) is not None}
    arrays |= {f"level{k}": parents for k, parents in enumerate(graph.levels)}
    with path.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)
    return {
        "model": graph.model,
        "operators": [[o.name, o.type, o.layer, o.operator] for o in graph.operators],
        "layers": [[x.name, x.path, x.parent, x.type] for x in graph.layers],
        "sets": [
            [s.first, s.shape, s.splits, s.rank, s.tensors, int(s.kind), s.period]
            for s in graph.sets
        ],
        "levels": len(graph.levels),
        "target": graph.target,
        "unknown_operators": list(graph.unknown_operators),
    }


def load_graph(value: dict[str, Any], path: Path) -> ComputeGraph:
    """Read a graph that `save_graph` wrote.

    Raises:
        ValueError: The file is not what was written.
    """
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in _ARRAYS if name in file}
        levels = tuple(file[f"level{k}"] for k in range(value["levels"]))
    return ComputeGraph(
        model=value["model"],
        operators=tuple(
            GraphOperator(name=name, type=kind, layer=layer, operator=operator)
            for name, kind, layer, operator in value["operators"]
        ),
        layers=tuple(
            Layer(name=name, path=where, parent=parent, type=kind)
            for name, where, parent, kind in value["layers"]
        ),
        sets=tuple(_compute_set(row) for row in value["sets"]),
        levels=levels,
        target=value["target"],
        unknown_operators=tuple(value["unknown_operators"]),
        **arrays,
    )


def _compute_set(row: list[Any]) -> ComputeSet:
    first, shape, splits, rank, tensors, kind, period = row
    return ComputeSet(
        first=first,
        shape=tuple(shape),
        splits=tuple(splits),
        rank=rank,
        tensors=tuple(tensors),
        kind=Kind(kind),
        period=period,
    )
