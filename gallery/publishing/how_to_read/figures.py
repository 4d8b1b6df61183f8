"""Figures that explain how to read a scan, each of a part chosen by the numbers of its graph.

An operator with the edges into it; one of its vertices with what it reads, and the blocks of both;
the longest bridge between two operators; the densest part in several colourings; and the whole scan
tipped into space.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gallery.graph import ComputeSet, Kind
from gallery.publishing.how_to_read.crop import Window, around, lit, looks
from gallery.publishing.how_to_read.grid import Grid
from gallery.publishing.how_to_read.scan_data import ScanData
from gallery.publishing.parts.clean import shorten
from gallery.rendering.scan import render_several
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FigurePlan:
    """A figure whose pictures can be drawn: what they show, and what is said of it.

    Attributes:
        attributes: What its pictures are coloured by, side by side.
        size: Side of a picture, in pixels.
        window: The part of the scan that it shows, or None for the whole, tipped into space.
        edges: bool (m,), those in colour while all others are grey; None if all are in colour.
        marks: x, y and kind of rings over the picture, in a drawing 1,000 wide, y down.
        grids: Grids of the block that a vertex makes and of the blocks that it reads.
        values: Values for the caption.
    """

    attributes: tuple[str, ...] = ("layer",)
    size: int = _SIDE
    window: Window | None
    edges: npt.NDArray[np.bool_] | None = None
    marks: tuple[tuple[float, float, str], ...] = ()
    grids: tuple[Grid, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)


def planned(scan: ScanData) -> dict[str, FigurePlan]:
    """All figures that can be drawn of a scan, by name.

    Args:
        scan: A whole scan with a `subject`.
    """
    operator = subject(scan)
    if operator is None:
        return {}
    figures = {
        "vertex": _point(scan, operator),
        "edge": _reads(scan, operator),
        "near": _bridge(scan),
        "light": _colours(scan),
        "tilt": _tipped(),
    }
    return {name: one for name, one in figures.items() if one is not None}


def draw(scan: ScanData, figure: FigurePlan, attributes: Sequence[str]) -> tuple[Picture, ...]:
    """A figure's pictures by some of its attributes; which others are drawn changes none."""
    colorings = [scan.colorings[name] for name in attributes]
    if figure.window is None:
        return render_several(tilted(scan.layout, _TIPPED), colorings, size=figure.size)
    if figure.edges is None:
        return looks(scan.layout, colorings, figure.window, figure.size)
    return tuple(
        lit(scan.layout, one, figure.edges, figure.window, figure.size) for one in colorings
    )


def shown(scan: ScanData, figure: FigurePlan, attribute: str) -> str:
    """SHA-256 of all that shapes the pixels and the description of one picture of a figure."""
    graph, coloring = scan.layout.graph, scan.colorings[attribute]
    digest = hashlib.sha256()
    for array in (
        *(scan.layout.positions, graph.indptr, graph.sources, graph.vertex_operator),
        *(graph.vertex_kind, graph.vertex_pass, coloring.index, coloring.colors),
        *(() if figure.edges is None else (figure.edges,)),
    ):
        digest.update(f"{array.dtype} {array.shape}\0".encode())
        digest.update(np.ascontiguousarray(array).data)
    words = graph.model, scan.layout.engine, attribute, coloring.palette, coloring.categorical
    digest.update(repr((words, figure.window, figure.size)).encode("utf-8", "replace"))
    return digest.hexdigest()


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


def _point(scan: ScanData, operator: int) -> FigurePlan:
    """All vertices of an operator and what they read, highlighted."""
    layout, graph = scan.layout, scan.layout.graph
    own = graph.vertex_operator == operator
    edges = own[graph.readers()]
    window = around(layout.positions[own], 0.2)
    row = graph.operators[operator]
    values = {
        "name": shorten(row.name, 60),
        "type": shorten(row.type, 40),
        "vertices": f"{int(own.sum()):,}",
        "edges": f"{int(edges.sum()):,}",
    }
    return FigurePlan(window=window, edges=edges, values=values)


def _reads(scan: ScanData, operator: int) -> FigurePlan:
    """One vertex of an operator with what it reads, and the blocks of both."""
    layout, graph = scan.layout, scan.layout.graph
    vertex = _typical(scan, operator)
    operator = int(graph.vertex_operator[vertex])
    sources = graph.sources[graph.indptr[vertex] : graph.indptr[vertex + 1]]
    edges = np.zeros(graph.edges, bool)
    edges[graph.indptr[vertex] : graph.indptr[vertex + 1]] = True
    weights = graph.vertex_kind[sources] == Kind.PARAMETER
    window = around(layout.positions[[vertex, *sources[~weights]]], 0.24)
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
    return FigurePlan(
        window=window, edges=edges, marks=tuple(marks), grids=tuple(grids), values=values
    )


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


def _bridge(scan: ScanData) -> FigurePlan | None:
    """The edges between the two operators that are farthest apart, if there are enough."""
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
        return None
    edges = group == best
    points = layout.positions[np.concatenate([graph.sources[edges], readers[edges]])]
    first, second = (graph.operators[int(one)] for one in divmod(int(known[best]), count))
    values = {
        "edges": f"{int(edges.sum()):,}",
        "first": shorten(first.name, 60),
        "second": shorten(second.name, 60),
    }
    return FigurePlan(window=around(points, 0.14), edges=edges, values=values)


def _colours(scan: ScanData) -> FigurePlan:
    """The densest part in several colourings."""
    chosen = tuple(name for name in ATTRIBUTES if name in scan.colorings)
    return FigurePlan(attributes=chosen, size=_SMALL, window=_densest(scan.layout.positions))


def _tipped() -> FigurePlan:
    """The whole scan from the side."""
    return FigurePlan(window=None, size=_WHOLE, values={"degrees": f"{_TIPPED}"})


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
