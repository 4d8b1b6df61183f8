"""Sorts strokes into tiles of the picture, in an order that does not depend on the cores.

A stroke is an edge (source, reader) or, if both are the same, a vertex. Every tile gets its strokes
in graph order; each tile is then drawn by one core.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from gallery.jit import kernel, parallel_kernel

TILE = 128
"""Side of a tile in pixels: its light, 256 KiB, fits in the cache of a core."""

_CHUNKS = 32
"""Number of parts of the graph that are sorted in parallel; constant, to keep the order fixed."""

Points = npt.NDArray[np.float32]
Pointers = npt.NDArray[np.int64]
Indices = npt.NDArray[np.int32]


class _Grid(NamedTuple):
    columns: int
    rows: int
    top: float


class _Edges(NamedTuple):
    indptr: Pointers
    sources: Indices
    points: Points


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bins:
    """Strokes by tile.

    Attributes:
        starts: int64 (tiles + 1,), where each tile's strokes begin; tiles in row-major order.
        strokes: int32 (k, 2), source and reader.
        columns: Number of tiles per row.
    """

    starts: Pointers
    strokes: Indices
    columns: int


@kernel
def _span(
    ax: float, ay: float, bx: float, by: float, low: float, high: float
) -> tuple[float, float]:
    # The y range of a line within low <= x <= high.
    if ax > bx:
        ax, ay, bx, by = bx, by, ax, ay
    if bx - ax < 1e-6:
        return min(ay, by), max(ay, by)
    slope = (by - ay) / (bx - ax)
    y0 = ay + slope * (max(low, ax) - ax)
    y1 = ay + slope * (min(high, bx) - ax)
    return min(y0, y1), max(y0, y1)


@kernel
def _visit(
    a: int,
    b: int,
    points: Points,
    pad: float,
    grid: _Grid,
    out: tuple[Pointers, Indices],
) -> None:
    # IN a, b, points, pad, grid; OUT cursor and, unless empty, strokes.
    columns, rows, top = grid
    cursor, strokes = out
    ax, ay = points[a, 0], points[a, 1] - top
    bx, by = points[b, 0], points[b, 1] - top
    low, high = min(ay, by) - pad, max(ay, by) + pad
    left, right = min(ax, bx) - pad, max(ax, bx) + pad
    if high < 0 or low >= rows * TILE or right < 0 or left >= columns * TILE:
        return
    first = max(int(np.floor(left / TILE)), 0)
    last = min(int(np.floor(right / TILE)), columns - 1)
    for column in range(first, last + 1):
        if first == last:
            y0, y1 = low, high
        else:
            y0, y1 = _span(ax, ay, bx, by, column * TILE - pad, (column + 1) * TILE + pad)
            y0, y1 = y0 - pad, y1 + pad
        upper = max(int(np.floor(y0 / TILE)), 0)
        lower = min(int(np.floor(y1 / TILE)), rows - 1)
        for row in range(upper, lower + 1):
            tile = row * columns + column
            at = cursor[tile]
            cursor[tile] = at + 1
            if len(strokes):
                strokes[at, 0] = a
                strokes[at, 1] = b


@parallel_kernel
def _sweep(
    chunks: Pointers,
    edges: _Edges,
    pads: tuple[float, float],
    grid: _Grid,
    step: int,
    out: tuple[npt.NDArray[np.int64], Indices],
) -> None:
    # OUT cursors and strokes; each chunk has its own row of cursors and its own slots of strokes.
    indptr, sources, points = edges
    cursors, strokes = out
    for chunk in numba.prange(len(chunks) - 1):
        for v in range(chunks[chunk], chunks[chunk + 1]):
            for e in range(indptr[v] + (-indptr[v]) % step, indptr[v + 1], step):
                _visit(sources[e], v, points, pads[0], grid, (cursors[chunk], strokes))
            if pads[1] > 0 and v % step == 0:
                _visit(v, v, points, pads[1], grid, (cursors[chunk], strokes))


def sort_strokes(
    indptr: Pointers,
    sources: Indices,
    points: Points,
    pads: tuple[float, float],
    window: tuple[int, int, int],
    step: int,
) -> Bins:
    """Sort edges and vertices into the tiles that they overlap.

    Args:
        indptr: int64 (n + 1,).
        sources: int32 (m,).
        points: float32 (n, 2), pixels.
        pads: How far an edge and a vertex extend beyond their points, in pixels; vertices are left
            out if theirs is 0.
        window: Width of the picture, first row and number of rows to draw.
        step: Take only every `step`-th edge and vertex.
    """
    width, top, height = window
    columns, rows = -(-width // TILE), -(-height // TILE)
    tiles = columns * rows
    share = np.linspace(0, len(sources) + len(points), _CHUNKS + 1)
    work = indptr + np.arange(len(indptr))
    chunks = np.searchsorted(work, share).astype(np.int64)
    chunks[0], chunks[-1] = 0, len(points)
    grid = _Grid(columns, rows, float(top))
    edges = _Edges(indptr, sources, points)
    counts = np.zeros((_CHUNKS, tiles), np.int64)
    nothing = np.empty((0, 2), np.int32)
    _sweep(chunks, edges, pads, grid, step, (counts, nothing))
    per_tile = counts.sum(axis=0)
    starts = np.concatenate([[0], np.cumsum(per_tile)])
    cursors = starts[:-1] + np.cumsum(counts, axis=0) - counts
    strokes = np.empty((int(starts[-1]), 2), np.int32)
    if len(strokes):
        _sweep(chunks, edges, pads, grid, step, (cursors, strokes))
    return Bins(starts=starts, strokes=strokes, columns=columns)
