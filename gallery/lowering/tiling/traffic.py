"""What it costs to run a program on its grids, and which grid dimension to split next.

The kernels take the `Tables` of a program and `splits`, int64 (dims,), which are all its grids.
"""

from __future__ import annotations

import numpy as np

from gallery.jit import inner_kernel, kernel
from gallery.lowering.tiling.tables import APART, OWN

FAN_IN = 8
"""Most blocks that one reduce vertex sums; more are summed by a tree."""

EDGE = 8192.0
"""Cost of an edge, in elements moved, so that each vertex reads few blocks."""


@inner_kernel
def _neighbours(halo, each):  # type: ignore[no-untyped-def]
    """Number of blocks of a size that a halo, half of it on either side, reaches into."""
    if halo == 0.0:
        return 0.0
    half = halo / 2
    return np.ceil(np.ceil(half) / each) + np.ceil(np.floor(half) / each)


@inner_kernel
def _blocks(t, splits, part, axis):  # type: ignore[no-untyped-def]
    """Number of blocks along an axis of what a part reads."""
    if t.maker[axis] >= 0:
        return float(splits[t.maker[axis]])
    if t.maker[axis] == OWN and t.of[axis] >= 0:
        return float(splits[t.dims[part] + t.of[axis]])
    return 1.0


@inner_kernel
def _along(t, splits, part, axis):  # type: ignore[no-untyped-def]
    """Elements and edges along an axis of what a part reads, on average per block of the part.

    A range that follows the grid of its producer is one edge; with a finer producer, or a halo that
    reaches into neighbouring blocks, there are several. The outermost blocks have no halo outside.
    """
    base, d, cells, inner = t.dims[part], t.of[axis], 1.0, 0.0
    if d >= 0:
        cells = float(splits[base + d])
        inner = t.slope[axis] * t.shape[base + d] / cells
    blocks = _blocks(t, splits, part, axis)
    extent = min(max(inner + t.halo[axis], 1.0), t.size[axis])
    each = t.size[axis] / blocks
    if d < 0:
        met = extent / each
    elif inner >= each:
        met = inner / each + _neighbours(t.halo[axis], each) * (1.0 - 1.0 / cells)
    else:
        met = 1.0 + (extent - 1.0) / each
    return extent, min(max(met, 1.0), blocks)


@inner_kernel
def _beyond(t, splits, read):  # type: ignore[no-untyped-def]
    """Edges per block of a reader whose grid follows that of its producer: 1 without a halo."""
    edges = 1.0
    for x in range(t.axes[read], t.axes[read + 1]):
        if t.of[x] >= 0 and t.maker[x] >= 0 and t.halo[x] > 0:
            blocks = float(splits[t.maker[x]])
            beyond = _neighbours(t.halo[x], t.size[x] / blocks)
            edges *= min(1.0 + beyond * (1.0 - 1.0 / blocks), blocks)
    return edges


@inner_kernel
def _cells(splits, begin, end):  # type: ignore[no-untyped-def]
    cells = 1.0
    for d in range(begin, end):
        cells *= splits[d]
    return cells


@inner_kernel
def traffic(t, splits, part, place, known):  # type: ignore[no-untyped-def]
    """Cost of a part's grid, in elements: what its blocks read, its sums, and its readers' halos.

    The readers of a part can follow its grid later, but they keep the edges to neighbouring blocks
    that their windows reach into: these count here already.

    Args:
        t: The program.
        splits: int64 (dims,), all grids.
        part: Number of the part.
        place: The grid dimension of the part that is split otherwise than in `known`.
        known: float64 (axes, 2), elements and edges along each axis of what it reads.
    """
    begin, middle, end = t.dims[part], t.dims[part] + t.rank[part], t.dims[part + 1]
    cells = _cells(splits, begin, end)
    first = t.axes[t.reads[part]]
    total = 0.0
    for read in range(t.reads[part], t.reads[part + 1]):
        elements = edges = 1.0
        for x in range(t.axes[read], t.axes[read + 1]):
            extent, met = known[x - first, 0], known[x - first, 1]
            if begin + t.of[x] == place or t.maker[x] == place:
                extent, met = _along(t, splits, part, x)
            elements *= extent
            edges *= met
        total += cells * (elements + EDGE * edges)
    summed = _cells(splits, middle, end)
    if summed > 1:
        made = 1.0
        for d in range(begin, middle):
            made *= t.shape[d]
        total += 2.0 * summed * made + EDGE * cells
    for k in range(t.readers[part], t.readers[part + 1]):
        other = t.reader[k]
        cells = _cells(splits, t.dims[other], t.dims[other + 1])
        total += EDGE * cells * _beyond(t, splits, t.by[k])
    return total


@inner_kernel
def finer(t, splits, part, place):  # type: ignore[no-untyped-def]
    """The next split of a dimension: twice the current one, and finally its size.

    Both nest in all previous ones. A summed dimension keeps to powers of two, so that the levels
    of its reduction nest too. Returns the current split if there is no finer one.
    """
    split, size = splits[place], t.shape[place]
    if 2 * split <= size:
        return 2 * split
    if place < t.dims[part] + t.rank[part]:
        return max(size, split)
    return split


@inner_kernel
def _may_split(t, splits, part, place):  # type: ignore[no-untyped-def]
    if t.frozen[place] or finer(t, splits, part, place) == splits[place]:
        return False
    base = t.dims[part]
    for row in range(t.afters[part], t.afters[part + 1]):
        here = base + t.after[row, 0] == place
        if here and splits[base + t.after[row, 1]] < t.after[row, 2]:
            return False
    return True


@inner_kernel
def next_place(t, splits, part):  # type: ignore[no-untyped-def]
    """The grid dimension of a part whose doubling costs least, or -1 if none can be split.

    If several cost the same, it is the one with the longest blocks. Only if none can be doubled is
    one split into single elements.

    Args:
        t: The program.
        splits: int64 (dims,), all grids; unchanged on return.
        part: Number of the part.
    """
    best, least = -1, (True, 0.0, 0.0)
    first = t.axes[t.reads[part]]
    known = np.empty((t.axes[t.reads[part + 1]] - first, 2))
    for x in range(len(known)):
        known[x, 0], known[x, 1] = _along(t, splits, part, first + x)
    for place in range(t.dims[part], t.dims[part + 1]):
        if not _may_split(t, splits, part, place):
            continue
        old = splits[place]
        splits[place] = finer(t, splits, part, place)
        last = splits[place] < 2 * old
        price = (last, traffic(t, splits, part, place, known), -t.shape[place] / old)
        splits[place] = old
        if best < 0 or price < least:
            best, least = place, price
    return best


@kernel
def follow(t, splits, part):  # type: ignore[no-untyped-def]
    """Split the leaves that follow a part like the part (IN, OUT: splits).

    A leaf's dimension gets the largest split up to the part's that nests: a power of two, or its
    size. That is also what it gets if a part that reads about half of it or more, or that picks
    single indices of it, is split wholly.
    """
    for place in range(t.leaf[t.leaves[part]], t.leaf[t.leaves[part + 1]]):
        d = t.follows[place]
        wanted = splits[t.dims[part] + d] if d >= 0 else 1
        near = t.picked[place] or t.shape[place] <= 2 * wanted
        whole = d >= 0 and wanted == t.shape[t.dims[part] + d] and near
        if whole or d == APART or wanted >= t.shape[place]:
            splits[place] = max(t.shape[place], 1)
            continue
        power = 1
        while 2 * power <= wanted:
            power *= 2
        splits[place] = power


@kernel
def sums(partials):  # type: ignore[no-untyped-def]
    """Number of reduce vertices for so many partials."""
    total = 0
    while partials > 1:
        partials = (partials + FAN_IN - 1) // FAN_IN
        total += partials
    return total


@kernel
def vertices(t, splits, part, training):  # type: ignore[no-untyped-def]
    """Number of vertices of a part and its reductions, with their gradients when training.

    The vertices that sum gradients of what it reads are estimated from the edges of `_along`.
    """
    middle = t.dims[part] + t.rank[part]
    summed = np.int64(_cells(splits, middle, t.dims[part + 1]))
    blocks = np.int64(_cells(splits, t.dims[part], middle))
    own = blocks * (summed + sums(summed))
    if not training or not t.gradient[t.reads[part] : t.reads[part + 1]].any():
        return own
    more = 0.0
    for read in range(t.reads[part], t.reads[part + 1]):
        if t.gradient[read]:
            made = edges = 1.0
            for x in range(t.axes[read], t.axes[read + 1]):
                made *= _blocks(t, splits, part, x)
                edges *= _along(t, splits, part, x)[1]
            edges = edges * blocks * summed
            more += edges / (FAN_IN - 1) if edges > FAN_IN * made else 0.0
    return 2 * own + np.int64(more)


@kernel
def double(t, splits, part, training):  # type: ignore[no-untyped-def]
    """Take the next doubling of a part and of the leaves that follow it (IN, OUT: splits).

    Args:
        t: The program.
        splits: int64 (dims,), all grids.
        part: Number of the part.
        training: Whether there is a backward pass.

    Returns:
        The grid dimension that was split, or -1 if none can be; its split before; and the number
        of vertices of the part and its leaves afterwards.
    """
    place = next_place(t, splits, part)
    if place < 0:
        return place, 0, 0
    before = splits[place]
    splits[place] = finer(t, splits, part, place)
    follow(t, splits, part)
    after = leaf_vertices(t, splits, part) + vertices(t, splits, part, training)
    return place, before, after


@kernel
def leaf_vertices(t, splits, part):  # type: ignore[no-untyped-def]
    """Number of vertices of the leaves that follow a part, with their gradients and updates."""
    total = 0
    for leaf in range(t.leaves[part], t.leaves[part + 1]):
        total += t.copies[leaf] * np.int64(_cells(splits, t.leaf[leaf], t.leaf[leaf + 1]))
    return total
