"""Cuts edges that are too long for a tile into parts, each of which lies near the one it starts in.

Parts end between two columns of pixels, so that no pixel shows where an edge was cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from gallery.jit import inner_kernel, parallel_kernel
from gallery.rendering.raster.spans import Bounds, Spans
from gallery.rendering.raster.tiles import CHUNKS, Bins, Grid, groups_of, sort_points

Numbers = npt.NDArray[np.float32]
Pointers = npt.NDArray[np.int64]
Indices = npt.NDArray[np.int32]
_ONE = np.float32(1)

MOST_PARTS = 2_000_000
"""Most parts to draw at a time, unless an edge has more; bounds the memory that they take."""


class Parts(NamedTuple):
    """Parts of edges.

    Attributes:
        edges: int32 (k, 3): source, reader and number of the part.
        bins: Their numbers, by the tile in which they start.
    """

    edges: Indices
    bins: Bins


@inner_kernel
def _search_some(
    some: tuple[int, int],
    edges: tuple[Pointers, Indices, Numbers, Bounds],
    step: int,
    limits: tuple[np.float32, np.float32, np.float32, np.uint16],
    found: Indices,
) -> int:
    # IN limits: length, width and height of all tiles, and `Spans.least` of the length. OUT found,
    # unless empty: source and reader of longer edges that are not wholly beside all tiles; returns
    # how many.
    indptr, sources, vertices, bounds = edges
    longest, wide, tall, least = limits
    many = 0
    for v in range(some[0], some[1]):
        if bounds[v] < least:
            continue
        x, y = vertices[v, 0], vertices[v, 1]
        for e in range(indptr[v] + (-indptr[v]) % step, indptr[v + 1], step):
            a = sources[e]
            ax, ay = vertices[a, 0], vertices[a, 1]
            if max(abs(ax - x), abs(ay - y)) <= longest:
                continue
            after = max(ax, x) >= -_ONE and max(ay, y) >= -_ONE
            if after and min(ax, x) <= wide and min(ay, y) <= tall:
                if len(found):
                    found[many, 0] = a
                    found[many, 1] = v
                many += 1
    return many


@parallel_kernel
def _search(
    chunks: Pointers,
    edges: tuple[Pointers, Indices, Numbers, Bounds],
    step: int,
    limits: tuple[np.float32, np.float32, np.float32, np.uint16],
    ends: Pointers,
    found: Indices,
) -> None:
    # OUT ends (c,), how many there are in each chunk, if found is empty; else IN ends, where those
    # of each chunk end, and OUT found. (If these came in a tuple, numba would take the only use of
    # `ends` for dead code.)
    indptr, sources, vertices, bounds = edges
    longest, wide, tall, least = limits
    for chunk in numba.prange(len(chunks) - 1):
        some = (chunks[chunk], chunks[chunk + 1])
        first = ends[chunk - 1] if chunk and len(found) else 0
        own_edges, own_limits = (indptr, sources, vertices, bounds), (longest, wide, tall, least)
        many = _search_some(some, own_edges, step, own_limits, found[first:])
        if not len(found):
            ends[chunk] = many


@inner_kernel
def _line(vertices: Numbers, a: int, b: int) -> tuple[float, float, float, float, bool]:
    # Start and end along the major axis, in rising order, those across, and whether it is steep.
    ax, ay, bx, by = vertices[a, 0], vertices[a, 1], vertices[b, 0], vertices[b, 1]
    steep = abs(by - ay) > abs(bx - ax)
    if steep:
        ax, ay, bx, by = ay, ax, by, bx
    if ax > bx:
        ax, ay, bx, by = bx, by, ax, ay
    return ax, bx, ay, by, steep


@inner_kernel
def _inside(
    line: tuple[float, float, float, float, bool], sides: tuple[int, int], longest: int
) -> tuple[int, int]:
    # The numbers of the parts that may start on the tiles, as first and one after the last.
    low, high, low_across, high_across, steep = line
    along, beside = (sides[1], sides[0]) if steep else sides
    many = int((high - np.floor(low)) / longest) + 1
    first, last = max(-low, 0.0), min(float(along) - low, float(high) - low)
    slope = (float(high_across) - low_across) / (float(high) - low)
    if slope != 0:
        one, other = -low_across / slope, (beside - low_across) / slope
        first, last = max(first, min(one, other)), min(last, max(one, other))
    if first > last:
        return 0, 0
    # One more at both ends makes up for what is rounded.
    return max(int(first / longest) - 1, 0), min(int(last / longest) + 2, many)


@parallel_kernel
def _count(
    pairs: Indices, vertices: Numbers, sides: tuple[int, int], longest: int, counts: Pointers
) -> None:
    wide, tall = sides
    for k in numba.prange(len(pairs)):
        line = _line(vertices, pairs[k, 0], pairs[k, 1])
        first, end = _inside(line, (wide, tall), longest)
        counts[k] = end - first


@parallel_kernel
def _cut(  # noqa: PLR0913, PLR0917 -- arrays of a parallel loop cannot be in a tuple
    pairs: Indices,
    vertices: Numbers,
    sides: tuple[int, int],
    longest: int,
    ends: Pointers,
    edges: Indices,
    points: Numbers,
) -> None:
    # OUT edges (p, 3), see `Parts`, and points (p, 2), where they start.
    wide, tall = sides
    for k in numba.prange(len(pairs)):
        a, b = pairs[k, 0], pairs[k, 1]
        line = _line(vertices, a, b)
        low, high, low_across, high_across, steep = line
        slope = (high_across - low_across) / (high - low)
        first = ends[k - 1] if k else 0
        skipped = _inside(line, (wide, tall), longest)[0]
        for at in range(first, ends[k]):
            number = skipped + at - first
            start = max(np.floor(low) + number * longest, low)
            across = low_across + slope * (start - low)
            edges[at, 0], edges[at, 1], edges[at, 2] = a, b, number
            points[at, 0] = across if steep else start
            points[at, 1] = start if steep else across


def long_edges(
    edges: tuple[Pointers, Indices, int], vertices: Numbers, spans: Spans, grid: Grid, longest: int
) -> Iterator[Parts]:
    """The parts of the edges that are too long, some millions of parts at a time.

    Args:
        edges: `indptr` int64 (n + 1,), `sources` int32 (m,) and which edges to take: each
            `step`-th.
        vertices: float32 (n, 2), pixels.
        spans: Of the edges.
        grid: Edges that lie on one side of it are left out.
        longest: Most columns of pixels of a part; edges of less than that are left out.
    """
    indptr, sources, step = edges
    wide, tall = grid.columns * grid.side + 1, grid.rows * grid.side + 1
    limits = np.float32(longest - 1), np.float32(wide), np.float32(tall), spans.least(longest - 1)
    for own in groups_of(indptr):
        pairs = _pairs(own, (indptr, sources, vertices, spans.bounds), step, limits)
        if len(pairs):
            yield from _parts(pairs, vertices, grid, longest)


def _pairs(
    own: Pointers,
    edges: tuple[Pointers, Indices, Numbers, Bounds],
    step: int,
    limits: tuple[np.float32, np.float32, np.float32, np.uint16],
) -> Indices:
    # Source and reader of the long edges of a group of vertices, see `_search_some`: int32 (k, 2).
    ends, none = np.empty(CHUNKS, np.int64), np.empty((0, 2), np.int32)
    _search(own, edges, step, limits, ends, none)
    np.cumsum(ends, out=ends)
    found = np.empty((int(ends[-1]), 2), np.int32)
    if len(found):
        _search(own, edges, step, limits, ends, found)
    return found


def _parts(pairs: Indices, vertices: Numbers, grid: Grid, longest: int) -> Iterator[Parts]:
    ends, sides = np.empty(len(pairs), np.int64), (grid.columns * grid.side, grid.rows * grid.side)
    _count(pairs, vertices, sides, longest, ends)
    np.cumsum(ends, out=ends)
    first, before = 0, 0
    for limit in range(MOST_PARTS, int(ends[-1]) + MOST_PARTS, MOST_PARTS):
        stop = int(np.searchsorted(ends, limit, side="right"))
        if stop > first:
            yield _cut_up(pairs[first:stop], ends[first:stop] - before, vertices, grid, longest)
            first, before = stop, int(ends[stop - 1])


def _cut_up(pairs: Indices, ends: Pointers, vertices: Numbers, grid: Grid, longest: int) -> Parts:
    edges = np.empty((int(ends[-1]), 3), np.int32)
    points = np.empty((len(edges), 2), np.float32)
    sides = grid.columns * grid.side, grid.rows * grid.side
    _cut(pairs, vertices, sides, longest, ends, edges, points)
    return Parts(edges, sort_points(points, ends[:0], grid))
