"""Relations by tables of constants, for a Gather or Scatter whose indices are in the file.

The known values of a model are at most a few KiB each, so every cell of a table can be listed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from gallery.lowering.access.part import Boxes, Ints, Relation
from gallery.lowering.access.relations import AxisRule, clipped, where

LARGEST = 1 << 20
"""Most cells of a table; a larger one would not be worth its cost."""


def cells(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
    """All cells of boxes (lows, highs: int64 (n, dims)), box by box in row-major order.

    Returns:
        The box of each cell, int64 (k,), and its position, int64 (k, dims).
    """
    extents = np.maximum(highs - lows, 0)
    counts = extents.prod(axis=1, dtype=np.int64)
    owner = np.repeat(np.arange(len(lows), dtype=np.int64), counts)
    starts = np.cumsum(counts) - counts
    rest = np.arange(len(owner), dtype=np.int64) - starts[owner]
    places = np.empty((len(owner), lows.shape[1]), np.int64)
    for axis in range(lows.shape[1] - 1, -1, -1):
        extent = extents[owner, axis]
        places[:, axis] = lows[owner, axis] + rest % extent
        rest //= extent
    return owner, places


def listed(
    shape: Sequence[int],
    dims: Sequence[int],
    tables: Mapping[int, tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]],
    rules: Mapping[int, AxisRule],
) -> Relation:
    """One box for each cell of the block's dimensions `dims`.

    Args:
        shape: Sizes of the tensor that is read.
        dims: Dimensions of the index space that the tables range over.
        tables: For some dimensions of the tensor, the first elements and the ones after the last,
            as arrays over `dims`; an empty range reads nothing.
        rules: The rules for its other dimensions.
    """
    columns = list(dims)
    sizes = np.array(shape, np.int64)

    def relation(lows: Ints, highs: Ints) -> Boxes:
        owner, places = cells(lows[:, columns], highs[:, columns])
        index = tuple(places.T)
        got_lows = np.empty((len(owner), len(sizes)), np.int64, order="F")
        got_highs = np.empty_like(got_lows, order="F")
        for axis in range(len(sizes)):
            if axis in tables:
                low, high = tables[axis][0][index], tables[axis][1][index]
            else:
                low, high = (ends[owner] for ends in rules[axis](lows, highs))
            got_lows[:, axis], got_highs[:, axis] = low, high
        return Boxes(clipped(got_lows, sizes), clipped(got_highs, sizes), owner)

    return relation


def single(table: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The ranges of a table with one element per cell; -1 reads nothing."""
    return np.maximum(table, 0), np.where(table < 0, 0, table + 1)


def inverse(targets: npt.NDArray[np.int64], size: int) -> list[npt.NDArray[np.int64]]:
    """Which elements are written to each position: one int64 (size,) table per round, -1 for none.

    Each round has at most one element per position; the first round has the last one written.

    Args:
        targets: int64 (k,), position that each element is written to, in 0..size-1.
        size: Number of positions.

    >>> [t.tolist() for t in inverse(np.array([2, 0, 2]), 3)]
    [[1, -1, 2], [-1, -1, 0]]
    """
    order = np.argsort(targets, kind="stable")[::-1]
    ordered = targets[order]
    first = np.concatenate(([True], ordered[1:] != ordered[:-1])) if len(ordered) else ordered == 0
    starts = np.flatnonzero(first)
    group = np.cumsum(first) - 1
    rank = np.arange(len(ordered)) - starts[group] if len(ordered) else ordered
    tables = []
    for turn in range(int(rank.max()) + 1 if len(rank) else 0):
        table = np.full(size, -1, np.int64)
        table[ordered[rank == turn]] = order[rank == turn]
        tables.append(table)
    return tables


def covered(relation: Relation, dims: Sequence[int], mask: npt.NDArray[np.bool_]) -> Relation:
    """The relation, except that blocks whose cells over `dims` are all in `mask` read nothing."""
    columns = list(dims)

    def free(lows: Ints, highs: Ints) -> npt.NDArray[np.bool_]:
        owner, places = cells(lows[:, columns], highs[:, columns])
        some = np.zeros(len(lows), bool)
        some[owner[~mask[tuple(places.T)]]] = True
        return some

    return where(relation, free)
