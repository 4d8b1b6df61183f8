"""Figures that explain how to read a scan, each of a part chosen by the numbers of its graph.

An operator with the edges into it; one of its vertices with what it reads, and the blocks of both;
the longest bridge between two operators; the densest part in several colourings; and the whole scan
tipped into space.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gallery.graph import ComputeSet, Kind
from gallery.publishing.how_to_read.crop import Window, around, lit, looks
from gallery.publishing.how_to_read.grid import Grid
from gallery.publishing.how_to_read.scan_data import ScanData
from gallery.publishing.parts.clean import shorten
from gallery.rendering.scan import render
from gallery.rendering.tilt import tilted
from gallery.rendering.types import Picture

ATTRIBUTES = ("layer", "operator", "depth", "flops")
"""Colourings shown side by side, if the scan has them."""

_SIDE = 1256
_WHOLE = 1280
_SMALL = 616
"""Sides of pictures; with the rim of a part, all are drawn at 1,280 pixels, the least there is."""
_TIPPED = 55
_LEAST = 12
_TYPES = ("Conv", "MatMul", "Gemm")
_CELLS = 64
_WINDOW = 9
_PLACE = 1.5
"""Distance within which vertices look like one, in points of a scan 1,000 points wide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnFigure:
    """A figure whose pictures have been drawn.

    Attributes:
        pictures: One, or several side by side; none if the scan has nothing to show.
        labels: Attribute of each picture, if there are several.
        marks: x, y and kind of rings over the picture, in a drawing 1,000 wide, y down.
        grids: Grids of the block that a vertex makes and of the blocks that it reads.
        values: Values for the caption.
    """

    pictures: tuple[Picture, ...] = ()
    labels: tuple[str, ...] = ()
    marks: tuple[tuple[float, float, str], ...] = ()
    grids: tuple[Grid, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)


def drawings(scan: ScanData) -> dict[str, DrawnFigure]:
    """All figures that can be drawn of a scan, by name.

    Args:
        scan: A whole scan with a `subject`.
    """
    operator = subject(scan)
    if operator is None:
        return {}
    drawn = {
        "vertex": _point(scan, operator),
        "edge": _reads(scan, operator),
        "near": _bridge(scan),
        "light": _colours(scan),
        "tilt": _tipped(scan),
    }
    return {name: one for name, one in drawn.items() if one.pictures}


def subject(scan: ScanData) -> int | None:
    """The operator to show: the one of median size among those of the first type found, or None."""
    graph = scan.layout.graph
    counts = np.bincount(graph.vertex_operator, minlength=len(graph.operators))
    for kind in _TYPES:
        rows = [i for i, one in enumerate(graph.operators) if one.type == kind]
        large = sorted((int(counts[i]), i) for i in rows if counts[i] >= _LEAST)
        if large:
            return large[len(large) // 2][1]
    return None


def _point(scan: ScanData, operator: int) -> DrawnFigure:
    """All vertices of an operator and what they read, highlighted."""
    layout, graph = scan.layout, scan.layout.graph
    own = graph.vertex_operator == operator
    edges = own[graph.readers()]
    window = around(layout.positions[own], 0.2)
    picture = lit(layout, scan.colorings["layer"], edges, window, _SIDE)
    row = graph.operators[operator]
    values = {
        "name": shorten(row.name, 60),
        "type": shorten(row.type, 40),
        "vertices": f"{int(own.sum()):,}",
        "edges": f"{int(edges.sum()):,}",
    }
    return DrawnFigure(pictures=(picture,), values=values)


def _reads(scan: ScanData, operator: int) -> DrawnFigure:
    """One vertex of an operator with what it reads, and the blocks of both."""
    layout, graph = scan.layout, scan.layout.graph
    vertex = _typical(scan, operator)
    operator = int(graph.vertex_operator[vertex])
    sources = graph.sources[graph.indptr[vertex] : graph.indptr[vertex + 1]]
    edges = np.zeros(graph.edges, bool)
    edges[graph.indptr[vertex] : graph.indptr[vertex + 1]] = True
    weights = graph.vertex_kind[sources] == Kind.PARAMETER
    window = around(layout.positions[[vertex, *sources[~weights]]], 0.24)
    picture = lit(layout, scan.colorings["layer"], edges, window, _SIDE)
    marks = [
        (*window.place(layout.positions[one]), "weight" if is_weight else "data")
        for one, is_weight in zip(sources.tolist(), weights.tolist(), strict=True)
    ]
    marks.append((*window.place(layout.positions[vertex]), "reader"))
    data = sources[~weights].tolist()
    grids = [grid for grid in (_grid(scan, [vertex]), _grid(scan, data)) if grid]
    values = {
        "type": shorten(graph.operators[operator].type, 40),
        "data": f"{len(data):,}",
        "weights": f"{int(weights.sum()):,}",
    }
    return DrawnFigure(pictures=(picture,), marks=tuple(marks), grids=tuple(grids), values=values)


def _typical(scan: ScanData, operator: int) -> int:
    """The vertex whose data come from the most places, up to the nine of a 3 by 3 window.

    It belongs to the operator, unless one of another operator of its type is better by over one.
    """
    graph, positions = scan.layout.graph, scan.layout.positions
    same = np.array([one.type == graph.operators[operator].type for one in graph.operators])
    computing = np.isin(graph.vertex_kind, [Kind.COMPUTE, Kind.PARTIAL])
    fit = same[graph.vertex_operator] & computing
    readers = graph.readers()
    data = fit[readers] & (graph.vertex_kind[graph.sources] != Kind.PARAMETER)
    cells = np.floor((positions - positions.min(axis=0)) / _PLACE).astype(np.int64)
    rows, columns = (cells.max(axis=0) + 1).tolist()
    place = cells[:, 0] * columns + cells[:, 1]
    # `np.unique` uses hashing and takes six times as long.
    seen = np.sort(readers[data] * np.int64(rows * columns) + place[graph.sources[data]])
    seen = seen[np.diff(seen, prepend=-1) > 0]
    places = np.bincount(seen // (rows * columns), minlength=graph.vertices)
    score = _WINDOW - np.abs(places - _WINDOW) + (graph.vertex_operator == operator)
    score[~fit] = np.iinfo(np.int64).min
    return int(score.argmax())


def _grid(scan: ScanData, vertices: Sequence[int]) -> Grid | None:
    """The grid that holds most of the vertices, with these highlighted; None if none is fit."""
    sets = [one for one in scan.layout.graph.sets if any(one.contains(v) for v in vertices)]
    if not sets:
        return None
    chosen = max(sets, key=lambda one: sum(one.contains(v) for v in vertices))
    split = [d for d in range(chosen.rank) if chosen.splits[d] > 1]
    axes = sorted(sorted(split, key=lambda d: (-chosen.splits[d], -d))[:2])
    if not axes or max(chosen.splits[d] for d in axes) > _CELLS:
        return None
    lit = {_block(chosen, v, axes) for v in vertices if chosen.contains(v)}
    name, _, shape = scan.tensors[chosen.tensors[0]] if chosen.tensors else ("", "", "")
    sizes = " × ".join(str(one) for one in chosen.shape[: chosen.rank])
    return Grid(
        name=shorten(name, 40),
        shape=shape or sizes,
        rows=chosen.splits[axes[0]] if len(axes) > 1 else 1,
        columns=chosen.splits[axes[-1]],
        lit=tuple(sorted(lit)),
    )


def _block(grid: ComputeSet, vertex: int, axes: Sequence[int]) -> tuple[int, int]:
    """Row and column of a vertex's block along two dimensions, or along one in a single row."""
    at = np.unravel_index(grid.position(vertex), grid.splits)
    return int(at[axes[0]]) if len(axes) > 1 else 0, int(at[axes[-1]])


def _bridge(scan: ScanData) -> DrawnFigure:
    """The edges between the two operators that are farthest apart."""
    layout, graph = scan.layout, scan.layout.graph
    readers = graph.readers()
    ends = layout.positions[graph.sources] - layout.positions[readers]
    length = np.sqrt(ends[:, 0] * ends[:, 0] + ends[:, 1] * ends[:, 1])
    count = len(graph.operators)
    pair = graph.vertex_operator[graph.sources].astype(np.int64) * count
    pair += graph.vertex_operator[readers]
    # Neighbours are mostly of one pair: sorting their runs takes a fraction of sorting all edges.
    starts = np.flatnonzero(np.diff(pair, prepend=-1))
    known, group = np.unique(pair[starts], return_inverse=True)
    group = np.repeat(group, np.diff(starts, append=len(pair)))
    size = np.bincount(group)
    mean = np.where(size >= _LEAST, np.bincount(group, length) / size, 0)
    mean[known // count == known % count] = 0
    best = int(mean.argmax())
    if mean[best] <= 0:
        return DrawnFigure()
    edges = group == best
    points = layout.positions[np.concatenate([graph.sources[edges], readers[edges]])]
    picture = lit(layout, scan.colorings["layer"], edges, around(points, 0.14), _SIDE)
    first, second = (graph.operators[int(one)] for one in divmod(int(known[best]), count))
    values = {
        "edges": f"{int(edges.sum()):,}",
        "first": shorten(first.name, 60),
        "second": shorten(second.name, 60),
    }
    return DrawnFigure(pictures=(picture,), values=values)


def _colours(scan: ScanData) -> DrawnFigure:
    """The densest part in several colourings."""
    chosen = [name for name in ATTRIBUTES if name in scan.colorings]
    window = _densest(scan.layout.positions)
    pictures = looks(scan.layout, [scan.colorings[name] for name in chosen], window, _SMALL)
    return DrawnFigure(pictures=pictures, labels=tuple(chosen))


def _tipped(scan: ScanData) -> DrawnFigure:
    """The whole scan from the side."""
    layout = tilted(scan.layout, _TIPPED)
    picture = render(layout, scan.colorings["layer"], size=_WHOLE)
    return DrawnFigure(pictures=(picture,), values={"degrees": f"{_TIPPED}"})


def _densest(positions: npt.NDArray[np.float32]) -> Window:
    """A window a third of the picture wide around the fullest cell of a grid of 10 by 10."""
    low = positions.min(axis=0)
    side = float((positions.max(axis=0) - low).max()) or 1.0
    cells = np.minimum((positions - low) / side * 10, 9).astype(np.int64)
    filled = np.bincount(cells[:, 0] * 10 + cells[:, 1], minlength=100)
    column, row = divmod(int(filled.argmax()), 10)
    middle = low + (np.array([column, row]) + 0.5) * side / 10
    reach = side / 3
    left, bottom = (middle - reach / 2).tolist()
    return Window(left=left, bottom=bottom, side=reach)
