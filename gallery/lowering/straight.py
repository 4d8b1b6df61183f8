"""What the blocks of grids read by straight relations, without their boxes.

Along each axis such a box depends on the block's place in one dimension alone: so a table for each
axis holds all ranges, and a block's box is looked up.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from gallery.jit import inner_kernel, kernel
from gallery.lowering.edges import Rows, block_of, distinct
from gallery.lowering.lines import Lines


def rows_of(lines: Lines, number: int, sort: bool) -> Rows:
    """What the blocks of a set read, read after read.

    Args:
        lines: The sets.
        number: The number of the set.
        sort: Whether to sort each row and merge repeats.
    """
    begin, end = lines.sets[number : number + 2, 0].tolist()
    one, first = np.array([number], np.int64), np.zeros(1, np.int64)
    counts = np.zeros(math.prod(lines.space[begin:end, 1].tolist()), np.int64)
    count(lines, one, first, counts)
    sources = np.empty(int(counts.sum()), np.int32)
    flags = np.empty(len(sources), np.uint8)
    fill(lines, one, first, sources, flags)
    rows = Rows(counts=counts, sources=sources, flags=flags)
    return distinct(rows) if sort else rows


def shares(lines: Lines, sizes: npt.NDArray[np.float64], sample: int) -> npt.NDArray[np.float64]:
    """Bytes that the blocks of each set need, divided by those of the blocks that they meet.

    Args:
        lines: The sets.
        sizes: float64 (reads,), bytes of an element of what each read reads.
        sample: Blocks in the middle of a set that stand for all of it.

    Returns:
        float64 (sets,), 1 for sets that need nothing.
    """
    needed, met = _needed(lines, sizes, sample)
    found = np.minimum(np.divide(needed, met, out=np.ones_like(met), where=needed > 0.0), 1.0)
    return np.asarray(found, np.float64)


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
def _size(space):  # type: ignore[no-untyped-def]
    """Number of blocks of an index space, int64 (dims, 2)."""
    size = 1
    for d in range(len(space)):
        size *= space[d, 1]
    return size


@inner_kernel
def _place(space, number, index):  # type: ignore[no-untyped-def]
    """The place of a block in each dimension (OUT: index), from its row-major number."""
    for d in range(len(space) - 1, -1, -1):
        index[d] = number % space[d, 1]
        number //= space[d, 1]


@inner_kernel
def _onward(space, index):  # type: ignore[no-untyped-def]
    """Go on to the next block, INOUT index."""
    d = len(space) - 1
    while d >= 0:
        index[d] += 1
        if index[d] < space[d, 1]:
            return
        index[d] = 0
        d -= 1


@inner_kernel
def _axes(lines, number, space):  # type: ignore[no-untyped-def]
    """The axes of what a set reads.

    Returns:
        The first axis of each read: int64 (reads + 1,). Of each axis, the dimension that it
        follows, or -1; the first entry of its table, which has one for each block along that
        dimension; size and splits of what is read; and the distance between the vertices of its
        successive blocks: int64 (axes + 1, 5).
    """
    begin, end = lines.sets[number, 1], lines.sets[number + 1, 1]
    of = np.zeros(end - begin + 1, np.int64)
    for r in range(begin, end):
        made = lines.reads[r, 1]
        of[r - begin + 1] = of[r - begin] + lines.made[made + 1, 0] - lines.made[made, 0]
    axes = np.zeros((of[-1] + 1, 5), np.int64)
    for r in range(begin, end):
        rule, made = lines.reads[r, 0], lines.reads[r, 1]
        first, last, step = lines.made[made, 0], lines.made[made + 1, 0], 1
        for g in range(last - 1, first - 1, -1):
            x, d = of[r - begin] + g - first, -1
            if lines.rules[rule + g - first, 5]:
                d = lines.rules[rule + g - first, 0]
                d += len(space) if d < 0 else 0
            size, split = lines.grids[g]
            axes[x, 0], axes[x, 2], axes[x, 3], axes[x, 4] = d, size, split, step
            step *= split
        if last > first and lines.made[made, 2]:
            axes[of[r - begin], 4] = lines.made[made, 2]
    for x in range(of[-1]):
        axes[x + 1, 1] = axes[x, 1] + (space[axes[x, 0], 1] if axes[x, 0] >= 0 else 1)
    return of, axes


@inner_kernel
def _ranges(lines, number, space, of, axes):  # type: ignore[no-untyped-def]
    """What blocks read along each axis, clipped to the relation's tensor: int64 (entries, 2)."""
    table = np.empty((axes[-1, 1], 2), np.int64)
    for r in range(len(of) - 1):
        rule = lines.reads[lines.sets[number, 1] + r, 0]
        for x in range(of[r], of[r + 1]):
            _, scale, before, after, size, _ = lines.rules[rule + x - of[r]]
            d, at = axes[x, 0], axes[x, 1]
            for block in range(axes[x + 1, 1] - at):
                low, high = before, after
                if d >= 0:
                    low += block * space[d, 0] // space[d, 1] * scale
                    high += (block + 1) * space[d, 0] // space[d, 1] * scale
                table[at + block, 0] = min(max(low, 0), size)
                table[at + block, 1] = min(max(high, 0), size)
    return table


@inner_kernel
def _meet(axes, table):  # type: ignore[no-untyped-def]
    """Turn ranges into the first block that each meets and how many (IN, OUT: table)."""
    for x in range(len(axes) - 1):
        size, split = axes[x, 2], axes[x, 3]
        for entry in range(axes[x, 1], axes[x + 1, 1]):
            low, high = table[entry, 0], min(table[entry, 1], size)
            table[entry, 0] = table[entry, 1] = 0
            if high > low:
                table[entry, 1] = 1
                if split > 1:
                    first = block_of(low, size, split)
                    table[entry, 0] = first
                    table[entry, 1] = block_of(high - 1, size, split) - first + 1


@inner_kernel
def _entry(axes, x, index):  # type: ignore[no-untyped-def]
    """The entry of an axis for the block at a place."""
    d = axes[x, 0]
    return axes[x, 1] + (index[d] if d >= 0 else 0)


@inner_kernel
def _space(lines, number):  # type: ignore[no-untyped-def]
    return lines.space[lines.sets[number, 0] : lines.sets[number + 1, 0]]


@kernel
def count(lines, chosen, firsts, counts):  # type: ignore[no-untyped-def]
    """Count the edges of the vertices of some sets.

    Args:
        lines: The sets.
        chosen: int64 (k,), the numbers of those that are wanted.
        firsts: int64 (k,), where the counts of each begin.
        counts: int64 (n,), number of edges of each vertex (OUT).
    """
    for one in range(len(chosen)):
        number, at = chosen[one], firsts[one]
        space = _space(lines, number)
        of, axes = _axes(lines, number, space)
        table = _ranges(lines, number, space, of, axes)
        _meet(axes, table)
        index = np.zeros(len(space), np.int64)
        for k in range(_size(space)):
            counts[at + k] = 0
            for r in range(len(of) - 1):
                product = 1
                for x in range(of[r], of[r + 1]):
                    product *= table[_entry(axes, x, index), 1]
                counts[at + k] += product
            _onward(space, index)


@kernel
def fill(lines, chosen, firsts, sources, flags):  # type: ignore[no-untyped-def]
    """Write the edges of the vertices of some sets, read after read.

    Args:
        lines: The sets.
        chosen: int64 (k,), the numbers of those that are wanted.
        firsts: int64 (k,), where the edges of each begin.
        sources: int32 (m,), vertex at the other end of each edge (OUT).
        flags: uint8 (m,), flags of each edge (OUT).
    """
    for one in range(len(chosen)):
        number, out = chosen[one], firsts[one]
        space = _space(lines, number)
        of, axes = _axes(lines, number, space)
        table = _ranges(lines, number, space, of, axes)
        _meet(axes, table)
        index = np.zeros(len(space), np.int64)
        place = np.zeros(len(axes), np.int64)
        many = np.zeros(len(axes), np.int64)
        for _ in range(_size(space)):
            for r in range(len(of) - 1):
                _, made, flag = lines.reads[lines.sets[number, 1] + r]
                source, left = lines.made[made, 1], 1
                for x in range(of[r], of[r + 1]):
                    entry = _entry(axes, x, index)
                    source += table[entry, 0] * axes[x, 4]
                    many[x] = table[entry, 1]
                    left *= many[x]
                    place[x] = 0
                while left:
                    sources[out] = source
                    flags[out] = flag
                    out += 1
                    left -= 1
                    x = of[r + 1] - 1
                    while x >= of[r] and place[x] == many[x] - 1:
                        source -= place[x] * axes[x, 4]
                        place[x] = 0
                        x -= 1
                    if x >= of[r]:
                        place[x] += 1
                        source += axes[x, 4]
            _onward(space, index)


@kernel
def _needed(lines, sizes, sample):  # type: ignore[no-untyped-def]
    """Bytes that the blocks of each set need, and those of the blocks that they meet."""
    sets = len(lines.sets) - 1
    needed, met = np.zeros(sets), np.zeros(sets)
    for number in range(sets):
        space = _space(lines, number)
        of, axes = _axes(lines, number, space)
        table = _ranges(lines, number, space, of, axes)
        elements = np.empty((len(table), 2))
        for x in range(len(axes) - 1):
            for entry in range(axes[x, 1], axes[x + 1, 1]):
                low, high = table[entry]
                found = elements_along(low, high, axes[x, 2], axes[x, 3])
                elements[entry, 0], elements[entry, 1] = found
        blocks = _size(space)
        start = max(0, (blocks - sample) // 2)
        index = np.zeros(len(space), np.int64)
        for r in range(len(of) - 1):
            inside = whole = 0.0
            _place(space, start, index)
            for _ in range(min(sample, blocks)):
                mine = theirs = 1.0
                for x in range(of[r], of[r + 1]):
                    entry = _entry(axes, x, index)
                    mine *= elements[entry, 0]
                    theirs *= elements[entry, 1]
                inside += mine
                whole += theirs
                _onward(space, index)
            needed[number] += sizes[lines.sets[number, 1] + r] * inside
            met[number] += sizes[lines.sets[number, 1] + r] * whole
    return needed, met
