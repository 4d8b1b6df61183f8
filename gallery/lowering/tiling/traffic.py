"""What it costs to run a program on its grids, and which grid dimension to split next.

The kernels take the `Tables` of a program and `splits`, int64 (dims,), which are all its grids.
Those of the inner loops take numbers: numba counts each array of the tables when it hands them on,
which took four fifths of the time.
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
def _along(size, slope, halo, length, cells, blocks):  # type: ignore[no-untyped-def]
    """Elements and edges along an axis of what a part reads, on average per block of the part.

    A range that follows the grid of its producer is one edge; with a finer producer, or a halo that
    reaches into neighbouring blocks, there are several. The outermost blocks have no halo outside.

    Args:
        size: Size of what is read along the axis.
        slope: Elements that are read for each element of the dimension that the axis follows.
        halo: Elements that are read beyond these.
        length: Size of the part's dimension that the axis follows.
        cells: Number of blocks of that dimension; 0 if the axis follows none.
        blocks: Number of blocks of what is read.
    """
    inner = slope * length / cells if cells > 0.0 else 0.0
    extent = min(max(inner + halo, 1.0), size)
    each = size / blocks
    if cells == 0.0:
        met = extent / each
    elif inner >= each:
        met = inner / each + _neighbours(halo, each) * (1.0 - 1.0 / cells)
    else:
        met = 1.0 + (extent - 1.0) / each
    return extent, min(max(met, 1.0), blocks)


@inner_kernel
def _axes(t, splits, part):  # type: ignore[no-untyped-def]
    """Elements, edges and blocks along each axis of what a part reads: float64 (axes, 3)."""
    begin, first, last = t.dims[part], t.axes[t.reads[part]], t.axes[t.reads[part + 1]]
    found = np.empty((last - first, 3))
    for x in range(first, last):
        length = cells = 0.0
        blocks = 1.0
        if t.of[x] >= 0:
            length = float(t.shape[begin + t.of[x]])
            cells = float(splits[begin + t.of[x]])
        if t.maker[x] >= 0:
            blocks = float(splits[t.maker[x]])
        elif t.maker[x] == OWN and t.of[x] >= 0:
            blocks = cells
        elements, edges = _along(t.size[x], t.slope[x], t.halo[x], length, cells, blocks)
        found[x - first, 0], found[x - first, 1], found[x - first, 2] = elements, edges, blocks
    return found


@inner_kernel
def _beyond(size, halo, blocks):  # type: ignore[no-untyped-def]
    """Edges along an axis per block of a reader whose grid follows that of its producer."""
    beyond = _neighbours(halo, size / blocks)
    return min(1.0 + beyond * (1.0 - 1.0 / blocks), blocks)


@inner_kernel
def _cells(splits, begin, end):  # type: ignore[no-untyped-def]
    cells = 1.0
    for d in range(begin, end):
        cells *= splits[d]
    return cells


@inner_kernel
def traffic(t, splits, part):  # type: ignore[no-untyped-def]
    """Cost of a part's grid, in elements: what its blocks read, its sums, and its readers' halos.

    The readers of a part can follow its grid later, but they keep the edges to neighbouring blocks
    that their windows reach into: these count here already.

    Args:
        t: The program.
        splits: int64 (dims,), all grids.
        part: Number of the part.
    """
    begin, middle, end = t.dims[part], t.dims[part] + t.rank[part], t.dims[part + 1]
    cells = _cells(splits, begin, end)
    along = _axes(t, splits, part)
    first = t.axes[t.reads[part]]
    total = 0.0
    for read in range(t.reads[part], t.reads[part + 1]):
        elements = edges = 1.0
        for x in range(t.axes[read] - first, t.axes[read + 1] - first):
            elements *= along[x, 0]
            edges *= along[x, 1]
        total += cells * (elements + EDGE * edges)
    summed = _cells(splits, middle, end)
    if summed > 1:
        made = 1.0
        for d in range(begin, middle):
            made *= t.shape[d]
        total += 2.0 * summed * made + EDGE * cells
    for k in range(t.readers[part], t.readers[part + 1]):
        read, edges = t.by[k], 1.0
        for x in range(t.axes[read], t.axes[read + 1]):
            if t.of[x] >= 0 and t.maker[x] >= 0 and t.halo[x] > 0:
                edges *= _beyond(t.size[x], t.halo[x], float(splits[t.maker[x]]))
        total += EDGE * _cells(splits, t.dims[t.reader[k]], t.dims[t.reader[k] + 1]) * edges
    return total


@inner_kernel
def finer(split, size, summed):  # type: ignore[no-untyped-def]
    """The next split of a dimension: twice the current one, and finally its size.

    Both nest in all previous ones. A summed dimension keeps to powers of two, so that the levels
    of its reduction nest too. Returns the current split if there is no finer one.
    """
    if 2 * split <= size:
        return 2 * split
    return split if summed else max(size, split)


@inner_kernel
def next_split(t, splits, part):  # type: ignore[no-untyped-def]
    """The grid dimension of a part whose doubling costs least, or -1, and its next split.

    If several cost the same, it is the one with the longest blocks. Only if none can be doubled is
    one split into single elements.

    Args:
        t: The program.
        splits: int64 (dims,), all grids; unchanged on return.
        part: Number of the part.
    """
    begin, middle = t.dims[part], t.dims[part] + t.rank[part]
    best, split, least = -1, 0, (True, 0.0, 0.0)
    for place in range(begin, t.dims[part + 1]):
        before, size = splits[place], t.shape[place]
        after = finer(before, size, place >= middle)
        may = not t.frozen[place] and after != before
        for row in range(t.afters[part], t.afters[part + 1]):
            if begin + t.after[row, 0] == place:
                may = may and splits[begin + t.after[row, 1]] >= t.after[row, 2]
        if not may:
            continue
        splits[place] = after
        price = (after < 2 * before, traffic(t, splits, part), -size / before)
        splits[place] = before
        if best < 0 or price < least:
            best, split, least = place, after, price
    return best, split


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


@inner_kernel
def sums(partials):  # type: ignore[no-untyped-def]
    """Number of reduce vertices for so many partials."""
    total = 0
    while partials > 1:
        partials = (partials + FAN_IN - 1) // FAN_IN
        total += partials
    return total


@inner_kernel
def grid_vertices(splits, begin, middle, end):  # type: ignore[no-untyped-def]
    """Number of vertices of a part and its reductions.

    Args:
        splits: int64 (dims,), grids.
        begin: First of the part's dimensions.
        middle: First of those that it sums over.
        end: After the last.
    """
    summed = np.int64(_cells(splits, middle, end))
    return np.int64(_cells(splits, begin, middle)) * (summed + sums(summed))


@inner_kernel
def vertices(t, splits, part):  # type: ignore[no-untyped-def]
    """Number of vertices of a part and its reductions: forward, and with their gradients.

    The vertices that sum gradients of what it reads are estimated from the edges of `_axes`.
    """
    begin, middle, end = t.dims[part], t.dims[part] + t.rank[part], t.dims[part + 1]
    own, through = grid_vertices(splits, begin, middle, end), False
    for read in range(t.reads[part], t.reads[part + 1]):
        through = through or t.gradient[read]
    if not through:
        return own, own
    along, first, more = _axes(t, splits, part), t.axes[t.reads[part]], 0.0
    cells = _cells(splits, begin, end)
    for read in range(t.reads[part], t.reads[part + 1]):
        if t.gradient[read]:
            made = edges = 1.0
            for x in range(t.axes[read] - first, t.axes[read + 1] - first):
                edges *= along[x, 1]
                made *= along[x, 2]
            edges = edges * cells
            more += edges / (FAN_IN - 1) if edges > FAN_IN * made else 0.0
    return own, 2 * own + np.int64(more)


@inner_kernel
def double(t, splits, part):  # type: ignore[no-untyped-def]
    """Take the next doubling of a part and of the leaves that follow it (IN, OUT: splits).

    Args:
        t: The program.
        splits: int64 (dims,), all grids.
        part: Number of the part.

    Returns:
        The grid dimension that was split, or -1 if none can be, and its split before.
    """
    place, split = next_split(t, splits, part)
    if place < 0:
        return place, 0
    before = splits[place]
    splits[place] = split
    follow(t, splits, part)
    return place, before


@kernel
def leaf_vertices(t, splits, part):  # type: ignore[no-untyped-def]
    """Number of vertices of the leaves that follow a part: forward, and in all passes."""
    forward, whole = np.int64(0), np.int64(0)
    for leaf in range(t.leaves[part], t.leaves[part + 1]):
        cells = np.int64(_cells(splits, t.leaf[leaf], t.leaf[leaf + 1]))
        forward += cells
        whole += t.copies[leaf] * cells
    return forward, whole


@kernel
def counted(t, splits, part):  # type: ignore[no-untyped-def]
    """Number of vertices of a part and of the leaves that follow it: forward, and in all passes."""
    forward, whole = vertices(t, splits, part)
    leaves, copies = leaf_vertices(t, splits, part)
    return forward + leaves, whole + copies
