"""Compute graphs as JSON and array files, for the cache."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gallery.graph import ComputeGraph, ComputeSet, GraphOperator, Kind, Pass
from gallery.model import Layer
from gallery.schema import MismatchError, each, number, one_of, record, row, text, whole

Array = npt.NDArray[Any]

_ARRAYS = (
    "vertex_operator",
    "vertex_kind",
    "vertex_pass",
    "vertex_flops",
    "vertex_bytes",
    "indptr",
    "sources",
    "back_edges",
    "gradient_of",
)

_NONE = np.zeros(0, np.int32)
_SIZE = 1 << 62

_check = record(
    {
        "model": text(),
        "operators": each(row(text(), text(), whole(0, _SIZE), whole(-1, _SIZE), whole(0, 1))),
        "layers": each(row(text(), text(), whole(-1, _SIZE), text())),
        "sets": each(
            row(
                whole(0, _SIZE),
                each(whole(0, _SIZE), 1 << 16),
                each(whole(1, _SIZE), 1 << 16),
                whole(0, 1 << 16),
                each(whole(0, _SIZE)),
                one_of(*map(int, Kind)),
                whole(0, _SIZE),
                number(0, 1),
            )
        ),
        "levels": whole(0, 64),
        "target": text(80),
        "unknown_operators": each(text()),
    }
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
        "operators": [
            [o.name, o.type, o.layer, o.operator, int(o.contracts)] for o in graph.operators
        ],
        "layers": [[x.name, x.path, x.parent, x.type] for x in graph.layers],
        "sets": [
            [s.first, s.shape, s.splits, s.rank, s.tensors, int(s.kind), s.period, s.reads]
            for s in graph.sets
        ],
        "levels": len(graph.levels),
        "target": graph.target,
        "unknown_operators": list(graph.unknown_operators),
    }


def load_graph(value: dict[str, Any], path: Path) -> ComputeGraph:
    """Read a graph that `save_graph` wrote.

    Raises:
        ValueError: The value or the file is not what was written.
        LowerError: The arrays do not belong together.
    """
    _check(value)
    _check_archive(path)
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in _ARRAYS if name in file}
        levels = tuple(file[f"level{k}"] for k in range(value["levels"]))
    _check_ranges(value, arrays, levels)
    return ComputeGraph(
        model=value["model"],
        operators=tuple(
            GraphOperator(
                name=name, type=kind, layer=layer, operator=operator, contracts=bool(contracts)
            )
            for name, kind, layer, operator, contracts in value["operators"]
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


def _check_archive(path: Path) -> None:
    """Refuse an archive that is larger inside than outside."""
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    stored = all(one.compress_type == zipfile.ZIP_STORED for one in members)
    if not stored or sum(one.file_size for one in members) > path.stat().st_size:
        raise MismatchError("an archive of stored arrays", path.name)


def _check_ranges(
    value: dict[str, Any], arrays: Mapping[str, Array], levels: tuple[Array, ...]
) -> None:
    """Check what a graph does not check itself: an index out of range would end in a kernel."""
    n, layers = len(arrays["vertex_operator"]), len(value["layers"])
    _below(arrays["vertex_kind"], len(Kind), "vertex_kind")
    _below(arrays["vertex_pass"], len(Pass), "vertex_pass")
    for name, dims in (("back_edges", 2), ("gradient_of", 1)):
        if name in arrays:
            shape = (n,) if dims == 1 else (len(arrays[name]), 2)
            _require(arrays[name].shape == shape and arrays[name].dtype == np.int32, name)
    _below(arrays.get("back_edges", _NONE), n, "back_edges")
    _below(arrays.get("gradient_of", _NONE), n, "gradient_of", least=-1)
    count = n
    for parents in levels:
        _require(parents.shape == (count,) and parents.dtype == np.int32, "levels")
        _below(parents, count, "levels")
        count = int(parents.max(initial=-1)) + 1
    _require(all(layer < layers for _, _, layer, *_ in value["operators"]), "operators")
    _require(
        all(parent < place for place, (_, _, parent, _) in enumerate(value["layers"])), "layers"
    )
    for first, shape, splits, rank, _, _, period, _ in value["sets"]:
        sound = len(shape) == len(splits) >= rank and bool(splits or not period)
        _require(sound and _last(first, splits, period) < max(n, 1), "sets")


def _last(first: int, splits: list[int], period: int) -> int:
    inner = math.prod(splits[1:] if period else splits)
    return first + (splits[0] - 1 if period else 0) * period + inner - 1


def _below(array: Array, limit: int, name: str, least: int = 0) -> None:
    sound = not array.size or (array.min() >= least and array.max() < limit)
    _require(bool(sound), name)


def _require(sound: bool, name: str) -> None:
    if not sound:
        raise MismatchError("what was written", name)


def _compute_set(row: list[Any]) -> ComputeSet:
    first, shape, splits, rank, tensors, kind, period, reads = row
    return ComputeSet(
        first=first,
        shape=tuple(shape),
        splits=tuple(splits),
        rank=rank,
        tensors=tuple(tensors),
        kind=Kind(kind),
        period=period,
        reads=float(reads),
    )
