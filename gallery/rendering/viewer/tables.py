"""Names and small tables for the head of the viewer's data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gallery.coloring.palettes import PALETTES, is_categorical
from gallery.coloring.palettes import sample as sample_palette
from gallery.coloring.types import NO_ENTRY, Coloring
from gallery.graph import ComputeGraph, ComputeSet
from gallery.model import Model, Tensor
from gallery.settings.choices import GROUNDS
from gallery.text import cut, printable

_NAME = 160
_STOPS = 24
_OFFERED = 15


def graph_tables(
    graph: ComputeGraph, model: Model | None, sets: Sequence[ComputeSet]
) -> dict[str, Any]:
    """Operators, layers and tensors of a graph, and the grids that are shown, as columns."""
    tensors: dict[int, int] = {}
    reads: list[list[int]] = []
    writes: list[list[int]] = []
    for operator in graph.operators:
        known = model is not None and operator.operator >= 0
        node = model.operators[operator.operator] if model is not None and known else None
        reads.append([_row(tensors, t) for t in (node.inputs if node else ()) if t >= 0])
        writes.append([_row(tensors, t) for t in (node.outputs if node else ()) if t >= 0])
    made = [_row(tensors, s.tensors[0]) if model and s.tensors else -1 for s in sets]
    return {
        "model": _short(graph.model, _NAME),
        "operators": {
            "name": [_short(one.name, _NAME) for one in graph.operators],
            "type": [_short(one.type, _NAME) for one in graph.operators],
            "layer": [one.layer for one in graph.operators],
            "index": [one.operator for one in graph.operators],
            "reads": reads,
            "writes": writes,
        },
        "layers": {
            "name": [_short(one.name, _NAME) for one in graph.layers],
            "path": [_short(one.path, 2 * _NAME) for one in graph.layers],
            "parent": [one.parent for one in graph.layers],
            "type": [_short(one.type, _NAME) for one in graph.layers],
        },
        "tensors": [_tensor(model.tensors[t]) for t in tensors] if model else [],
        "sets": {
            "first": [one.first for one in sets],
            "shape": [list(one.shape) for one in sets],
            "splits": [list(one.splits) for one in sets],
            "rank": [one.rank for one in sets],
            "tensor": made,
            "period": [one.period for one in sets],
        },
    }


def _row(table: dict[int, int], tensor: int) -> int:
    """The row of a tensor, added if it is new."""
    return table.setdefault(tensor, len(table))


def _tensor(tensor: Tensor) -> list[str]:
    """Name, element type and shape; unknown sizes are "?"."""
    sizes = (
        "?"
        if tensor.shape is None
        else " × ".join("?" if size is None else str(size) for size in tensor.shape)
    )
    return [_short(tensor.name, _NAME), _short(tensor.dtype, 24), _short(sizes, _NAME)]


def color_table(coloring: Coloring, graph: ComputeGraph) -> dict[str, Any]:
    """What a colouring shows.

    A legend entry is label, colour, share and row of the colours; `entries` has the legend entry of
    each operator (-1 for none), if operators have one each.
    """
    return {
        "attribute": coloring.attribute,
        "palette": coloring.palette,
        "categorical": coloring.categorical,
        "legend": [
            [_short(e.label, _NAME), e.color, round(e.share, 5), _nearest(coloring, e.color)]
            for e in coloring.legend
        ],
        "entries": _entries(coloring, graph),
    }


def _entries(coloring: Coloring, graph: ComputeGraph) -> list[int]:
    if coloring.entry is None:
        return []
    found = np.full(len(graph.operators), NO_ENTRY, np.uint16)
    found[graph.vertex_operator] = coloring.entry
    if not np.array_equal(found[graph.vertex_operator], coloring.entry):
        return []
    return [-1 if number == NO_ENTRY else int(number) for number in found]


def _nearest(coloring: Coloring, color: str) -> int:
    """The first row of the colours that is nearest to a colour."""
    wanted = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)], np.int64)
    distance = ((coloring.colors.astype(np.int64) - wanted) ** 2).sum(axis=1)
    return int(distance.argmin()) if len(distance) else 0


def palettes() -> dict[str, dict[str, str]]:
    """The palettes that the viewer offers for any attribute.

    By ground, stops from low to high, "rrggbb".
    """
    offered = [name for name in PALETTES if not is_categorical(name)][:_OFFERED]
    places = np.linspace(0, 1, _STOPS)
    return {
        name: {on: sample_palette(name, places, on).tobytes().hex() for on in GROUNDS}
        for name in offered
    }


def _short(text: str, limit: int) -> str:
    return cut(printable(text), limit)
