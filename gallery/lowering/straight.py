"""What the blocks of a grid read by straight relations, without their boxes.

Along each axis such a box depends on the block's place in one dimension alone: so a table for each
axis holds all ranges, and a block's box is looked up.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gallery.graph import ComputeSet
from gallery.jit import inner_kernel, kernel
from gallery.lowering.access.part import Ints, Read
from gallery.lowering.access.relations import Straight
from gallery.lowering.edges import Producer, Rows, block_of, distinct


class Lines:
    """The reads of a set by straight relations, as numbers for the kernels.

    Attributes:
        space: int64 (2, dims), sizes and splits of the set's index space.
        axes: int64 (axes, 8): axis, scale, before, after, size, whether it moves (see `Straight`),
            then the size and the splits of what is read.
        reads: int64 (reads + 1, 3): the first axis, the first vertex of what is read, and the flag;
            then the number of axes.
    """

    __slots__ = ("axes", "reads", "space")

    def __init__(
        self,
        grid: ComputeSet,
        reads: Sequence[Read],
        makers: Sequence[Producer],
        flags: Sequence[int],
    ) -> None:
        axes: list[int] = []
        rows: list[int] = []
        for read, maker, flag in zip(reads, makers, flags, strict=True):
            assert isinstance(read.relation, Straight)
            rows += (len(axes) // 8, maker.first, flag)
            for line, size, split in zip(
                read.relation.lines, maker.shape, maker.splits, strict=True
            ):
                axes += line
                axes += (size, split)
        rows += (len(axes) // 8, 0, 0)
        self.space: Ints = np.array(grid.shape + grid.splits, np.int64).reshape(2, -1)
        self.axes: Ints = np.array(axes, np.int64).reshape(-1, 8)
        self.reads: Ints = np.array(rows, np.int64).reshape(-1, 3)


def are_straight(grid: ComputeSet, reads: Sequence[Read], makers: Sequence[Producer]) -> bool:
    """Whether `Lines` can hold what a set reads: straight relations to sets that do not repeat."""
    return not grid.period and all(
        isinstance(read.relation, Straight)
        and read.relation.least <= len(grid.shape)
        and len(read.relation.lines) == len(maker.shape)
        and not maker.period
        for read, maker in zip(reads, makers, strict=True)
    )


def rows_of(lines: Lines, start: int, stop: int, sort: bool) -> Rows:
    """What the blocks start..stop-1 of a set read, read after read.

    Args:
        lines: The set and its reads.
        start: Row-major number of the first block.
        stop: The number after the last.
        sort: Whether to sort each row and merge repeats.
    """
    counts, sources, flags = _rows(lines.space, lines.axes, lines.reads, start, stop)
    if not sort:
        return Rows(counts=counts, sources=sources, flags=flags)
    return distinct(Rows(counts=counts, sources=sources, flags=flags))


def needed_and_met(
    lines: Lines, sizes: Sequence[float], start: int, stop: int
) -> tuple[float, float]:
    """Bytes that blocks of a set need, and bytes of the blocks that they meet.

    Args:
        lines: The set and its reads.
        sizes: Bytes of an element of what each read reads.
        start: Row-major number of the first block.
        stop: The number after the last.
    """
    items = np.array(sizes, np.float64)
    needed, met = _needed(lines.space, lines.axes, lines.reads, items, start, stop)
    return float(needed), float(met)


@inner_kernel
def elements_along(low, high, size, split):  # type: ignore[no-untyped-def]
    """Elements of a range, and of the blocks that it meets, clipped to what is read."""
    low = min(max(low, 0), max(size - 1, 0))
    high = min(max(high, 0), size)
    first = low * split // max(size, 1)
    last = (high - 1) * split // max(size, 1)
    blocks = (last + 1) * size // split - first * size // split
    return max(high - low, 0), max(blocks, 0)


@inner_kernel
def _place(space, number, index):  # type: ignore[no-untyped-def]
    """The place of a block in each dimension (OUT: index), from its row-major number."""
    for d in range(space.shape[1] - 1, -1, -1):
        index[d] = number % space[1, d]
        number //= space[1, d]


@inner_kernel
def _onward(space, index):  # type: ignore[no-untyped-def]
    """Go on to the next block, INOUT index."""
    d = space.shape[1] - 1
    while d >= 0:
        index[d] += 1
        if index[d] < space[1, d]:
            return
        index[d] = 0
        d -= 1


@inner_kernel
def _tables(space, axes):  # type: ignore[no-untyped-def]
    """The dimension that each axis follows, or -1, and the first entry of its table."""
    along = np.empty(len(axes), np.int64)
    at = np.empty(len(axes) + 1, np.int64)
    at[0] = 0
    for x in range(len(axes)):
        d = -1
        if axes[x, 5]:
            d = axes[x, 0] + (space.shape[1] if axes[x, 0] < 0 else 0)
        along[x] = d
        at[x + 1] = at[x] + (space[1, d] if d >= 0 else 1)
    return along, at


@inner_kernel
def _span(space, axes, x, d, block):  # type: ignore[no-untyped-def]
    """What a block reads along an axis, clipped to the relation's tensor."""
    low, high, size = axes[x, 2], axes[x, 3], axes[x, 4]
    if d >= 0:
        low += block * space[0, d] // space[1, d] * axes[x, 1]
        high += (block + 1) * space[0, d] // space[1, d] * axes[x, 1]
    return min(max(low, 0), size), min(max(high, 0), size)


@inner_kernel
def _met(space, axes, along, at):  # type: ignore[no-untyped-def]
    """By axis and block, the first block that it meets of what it reads, and how many."""
    begin = np.zeros(at[-1], np.int64)
    many = np.zeros(at[-1], np.int64)
    for x in range(len(axes)):
        size, split = axes[x, 6], axes[x, 7]
        for block in range(at[x + 1] - at[x]):
            low, high = _span(space, axes, x, along[x], block)
            low, high = max(low, 0), min(high, size)
            if high > low:
                many[at[x] + block] = 1
                if split > 1:
                    first = block_of(low, size, split)
                    begin[at[x] + block] = first
                    many[at[x] + block] = block_of(high - 1, size, split) - first + 1
    return begin, many


@kernel
def _rows(space, axes, reads, start, stop):  # type: ignore[no-untyped-def]
    along, at = _tables(space, axes)
    begin, many = _met(space, axes, along, at)
    index = np.zeros(space.shape[1], np.int64)
    counts = np.zeros(stop - start, np.int64)
    total = 0
    _place(space, start, index)
    for k in range(stop - start):
        count = 0
        for r in range(len(reads) - 1):
            product = 1
            for x in range(reads[r, 0], reads[r + 1, 0]):
                product *= many[at[x] + (index[along[x]] if along[x] >= 0 else 0)]
            count += product
        counts[k] = count
        total += count
        _onward(space, index)
    sources = np.empty(total, np.int32)
    flags = np.empty(total, np.uint8)
    place = np.zeros(len(axes), np.int64)
    entry = np.zeros(len(axes), np.int64)
    out = 0
    _place(space, start, index)
    for _ in range(stop - start):
        for r in range(len(reads) - 1):
            low, high = reads[r, 0], reads[r + 1, 0]
            left, number = 1, 0
            for x in range(low, high):
                entry[x] = at[x] + (index[along[x]] if along[x] >= 0 else 0)
                left *= many[entry[x]]
                number = number * axes[x, 7] + begin[entry[x]]
                place[x] = 0
            first, flag = reads[r, 1], np.uint8(reads[r, 2])
            while left:
                sources[out] = first + number
                flags[out] = flag
                out += 1
                left -= 1
                x, step = high - 1, 1
                while x >= low and place[x] == many[entry[x]] - 1:
                    number -= place[x] * step
                    place[x] = 0
                    step *= axes[x, 7]
                    x -= 1
                if x >= low:
                    place[x] += 1
                    number += step
        _onward(space, index)
    return counts, sources, flags


@kernel
def _needed(space, axes, reads, items, start, stop):  # type: ignore[no-untyped-def]
    along, at = _tables(space, axes)
    own = np.zeros(at[-1], np.float64)
    blocks = np.zeros(at[-1], np.float64)
    for x in range(len(axes)):
        size, split = axes[x, 6], axes[x, 7]
        for block in range(at[x + 1] - at[x]):
            low, high = _span(space, axes, x, along[x], block)
            own[at[x] + block], blocks[at[x] + block] = elements_along(low, high, size, split)
    index = np.zeros(space.shape[1], np.int64)
    needed = met = 0.0
    for r in range(len(reads) - 1):
        inside = whole = 0.0
        _place(space, start, index)
        for _ in range(stop - start):
            mine = theirs = 1.0
            for x in range(reads[r, 0], reads[r + 1, 0]):
                entry = at[x] + (index[along[x]] if along[x] >= 0 else 0)
                mine *= own[entry]
                theirs *= blocks[entry]
            inside += mine
            whole += theirs
            _onward(space, index)
        needed += items[r] * inside
        met += items[r] * whole
    return needed, met
