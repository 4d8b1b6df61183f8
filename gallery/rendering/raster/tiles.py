"""Sorts vertices and edges into tiles of a canvas, in an order that does not depend on the cores.

Every tile gets its own in graph order. What is drawn for it stays within half a tile of it, so the
tiles of every second row and column, a quarter of all, can be drawn at once: no two of them reach
the same pixel. The quarters follow one another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from gallery.jit import inner_kernel, parallel_kernel, read_only

TILE = 128
"""Side of a tile in pixels, if strokes are not very wide: the light of what is drawn for it fits in
the cache of a core."""

CHUNKS = 32
"""Number of parts of the graph that are sorted in parallel; constant, to keep the order fixed."""

_GROUP = 8_000_000
"""About how many edges are searched at a time; bounds the memory that this takes."""

Points = npt.NDArray[np.float32]
Pointers = npt.NDArray[np.int64]
Indices = npt.NDArray[np.int32]


class Grid(NamedTuple):
    """Tiles of a canvas: side in pixels, number of columns and rows."""

    side: int
    columns: int
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bins:
    """Items by tile.

    Attributes:
        starts: int64 (tiles + 1,), where the items of each tile begin; tiles in row-major order.
        items: int32 (k,), numbers of the items.
        work: int64 (tiles,), how much there is to draw.
    """

    starts: Pointers
    items: Indices
    work: Pointers


class Queue(NamedTuple):
    """Tiles to draw at once: `tiles[turns[t]:turns[t + 1]]` by core t."""

    turns: Pointers
    tiles: Pointers


@inner_kernel
def tile_of(x: np.float32, y: np.float32, grid: Grid) -> int:
    """The tile in which a point of the canvas lies, or -1 if it lies outside."""
    side, columns, rows = grid
    column, row = np.floor(x / np.float32(side)), np.floor(y / np.float32(side))
    if not (0 <= column < columns and 0 <= row < rows):
        return -1
    return int(row) * columns + int(column)


@parallel_kernel
def _place(
    chunks: Pointers,
    points: Points,
    grid: Grid,
    weights: Pointers,
    tiles: Indices,
    sums: Pointers,
) -> None:
    # IN chunks (c + 1,), points (n, 2), weights (n + 1,) or (0,); OUT tile of each point, and
    # count and weight of each tile in each chunk (2, c, tiles).
    for chunk in numba.prange(len(chunks) - 1):
        for i in range(chunks[chunk], chunks[chunk + 1]):
            tile = tile_of(points[i, 0], points[i, 1], grid)
            tiles[i] = tile
            if tile >= 0:
                sums[0, chunk, tile] += 1
                sums[1, chunk, tile] += weights[i + 1] - weights[i] if len(weights) else 1


@parallel_kernel
def _fill(chunks: Pointers, tiles: Indices, cursors: Pointers, items: Indices) -> None:
    # INOUT cursors (c, tiles); OUT items. Each chunk has its own slots.
    for chunk in numba.prange(len(chunks) - 1):
        for i in range(chunks[chunk], chunks[chunk + 1]):
            tile = tiles[i]
            if tile >= 0:
                items[cursors[chunk, tile]] = i
                cursors[chunk, tile] += 1


def groups_of(indptr: Pointers) -> list[Pointers]:
    """The vertices in groups with some millions of edges, each in `CHUNKS` parts of as many.

    Args:
        indptr: int64 (n + 1,).

    Returns:
        int64 (CHUNKS + 1,) for each group: the first vertex of each part, and the end.
    """
    groups = max(-(-int(indptr[-1]) // _GROUP), 1)
    shares = np.linspace(0, indptr[-1], groups * CHUNKS + 1).astype(np.int64)
    parts = np.searchsorted(indptr, shares).astype(np.int64)
    parts[-1] = len(indptr) - 1
    return [parts[at : at + CHUNKS + 1] for at in range(0, groups * CHUNKS, CHUNKS)]


def sort_points(points: Points, weights: Pointers, grid: Grid) -> Bins:
    """Sort points into the tiles in which they lie; those outside are left out.

    Args:
        points: float32 (n, 2), pixels of the canvas.
        weights: int64 (n + 1,), rising: the work of point i is `weights[i + 1] - weights[i]`; or
            (0,) if that is 1.
        grid: The tiles.
    """
    chunks = np.linspace(0, len(points), CHUNKS + 1).astype(np.int64)
    tiles = np.empty(len(points), np.int32)
    sums = np.zeros((2, CHUNKS, grid.columns * grid.rows), np.int64)
    _place(chunks, points, grid, read_only(weights), tiles, sums)
    counts, work = sums
    starts = np.concatenate([[0], np.cumsum(counts.sum(axis=0))])
    cursors = starts[:-1] + np.cumsum(counts, axis=0) - counts
    items = np.empty(int(starts[-1]), np.int32)
    _fill(chunks, tiles, cursors, items)
    return Bins(starts=starts, items=items, work=work.sum(axis=0) + counts.sum(axis=0))


def no_points(grid: Grid) -> Bins:
    """Tiles without any items."""
    tiles = grid.columns * grid.rows
    none = np.zeros(tiles + 1, np.int64)
    return Bins(starts=none, items=np.empty(0, np.int32), work=none[1:])


def quarters(work: Pointers, grid: Grid, cores: int) -> list[Queue]:
    """The tiles that can be drawn at once, four times, shared among cores by their work."""
    tiles = np.arange(len(work))
    quarter = tiles // grid.columns % 2 * 2 + tiles % grid.columns % 2
    return [share(tiles[(quarter == one) & (work > 0)], work, cores) for one in range(4)]


def share(tiles: Pointers, work: Pointers, cores: int) -> Queue:
    """Tiles for each core: those with most work first, each to the core with the least so far.

    The result does not depend on which core draws a tile.
    """
    loads = np.zeros(cores, np.int64)
    turns: list[list[int]] = [[] for _ in range(cores)]
    for tile in tiles[np.argsort(-work[tiles], kind="stable")].tolist():
        core = int(np.argmin(loads))
        loads[core] += work[tile]
        turns[core].append(tile)
    ends = np.cumsum([0, *(len(turn) for turn in turns)])
    queue = np.array([tile for turn in turns for tile in turn], np.int64)
    return Queue(ends.astype(np.int64), queue)
