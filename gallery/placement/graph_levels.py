"""The levels of a graph as weighted graphs, and how to make a coarser one.

Each coarser graph is the quotient of the finer one: its edges are weighted by the number of fine
edges that they stand for, and its vertices by the sum of the fine vertices' charges. So the energy
of a drawing of the coarse graph is that of the fine one with its blocks collapsed, and no level has
to be rescaled.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import prange

from gallery.jit import inner_kernel, kernel, parallel_kernel, read_only

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float32]

_CHUNKS = 8
"""Number of parts that work is split into, whatever the number of threads, for equal results."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Level:
    """An undirected weighted graph; each edge is listed at both its ends.

    Attributes:
        indptr: int64 (n + 1,), where each vertex's neighbours start.
        neighbours: int32 (2 m,).
        weights: float32 (2 m,), or empty if each edge counts once.
        charge: float32 (n,), how strongly each vertex repels the others; the sum is 1.
    """

    indptr: npt.NDArray[np.int64]
    neighbours: IntArray
    weights: FloatArray
    charge: FloatArray

    @property
    def vertices(self) -> int:
        """Number of vertices."""
        return len(self.charge)

    @property
    def ends(self) -> int:
        """Number of ends of edges, 2 m."""
        return len(self.neighbours)

    def whole(self) -> Level:
        """This level."""
        return self

    def ends_before(self) -> npt.NDArray[np.int64]:
        """Ends of edges at all vertices before each: int64 (n + 1,)."""
        return self.indptr

    def runs(self) -> Runs:
        """Its edges for kernels."""
        indptr, neighbours = read_only(self.indptr), read_only(self.neighbours)
        return indptr, neighbours, self.weights, indptr[:0], neighbours[:0]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Finest:
    """A compute graph as a level whose edges count once, without a copy of what vertices read.

    The neighbours of a vertex are what it reads, then its readers.

    Attributes:
        indptr: int64 (n + 1,).
        sources: int32 (m,), what each vertex reads.
        starts: int64 (n + 1,), where each vertex's readers start.
        readers: int32 (m,), ascending for each vertex.
        charge: float32 (n,), how strongly each vertex repels the others; the sum is 1.
    """

    indptr: npt.NDArray[np.int64]
    sources: IntArray
    starts: npt.NDArray[np.int64]
    readers: IntArray
    charge: FloatArray

    @property
    def vertices(self) -> int:
        """Number of vertices."""
        return len(self.charge)

    @property
    def ends(self) -> int:
        """Number of ends of edges, 2 m."""
        return 2 * len(self.sources)

    def whole(self) -> Level:
        """The same graph with all neighbours in one array."""
        indptr, neighbours = undirected(self.indptr, self.sources)
        none = np.empty(0, np.float32)
        return Level(indptr=indptr, neighbours=neighbours, weights=none, charge=self.charge)

    def ends_before(self) -> npt.NDArray[np.int64]:
        """Ends of edges at all vertices before each: int64 (n + 1,)."""
        return self.indptr + self.starts

    def runs(self) -> Runs:
        """Its edges for kernels."""
        indptr, sources = read_only(self.indptr), read_only(self.sources)
        none = np.empty(0, np.float32)
        return indptr, sources, none, read_only(self.starts), read_only(self.readers)


Runs = tuple[npt.NDArray[np.int64], IntArray, FloatArray, npt.NDArray[np.int64], IntArray]
"""Two runs of neighbours for each vertex, of which the second is empty if its starts are, and the
weights of the first: starts, neighbours, weights, starts, neighbours."""


def turned(
    indptr: npt.NDArray[np.int64], sources: IntArray
) -> tuple[npt.NDArray[np.int64], IntArray]:
    """The readers of each vertex: int64 (n + 1,), and int32 (m,), ascending for each vertex.

    Args:
        indptr: int64 (n + 1,).
        sources: int32 (m,), what each vertex reads.
    """
    starts = np.zeros(len(indptr), np.int64)
    _count_readers(sources, starts)
    np.cumsum(starts, out=starts)
    readers = np.empty(len(sources), np.int32)
    _fill_readers(indptr, sources, starts, readers)
    return starts, readers


def undirected(
    indptr: npt.NDArray[np.int64], sources: IntArray
) -> tuple[npt.NDArray[np.int64], IntArray]:
    """Both directions of a graph of readers and sources, as one compressed sparse row array.

    Args:
        indptr: int64 (n + 1,).
        sources: int32 (m,), what each vertex reads.

    Returns:
        indptr int64 (n + 1,) and neighbours int32 (2 m,): first the sources, then the readers.
    """
    starts, readers = turned(indptr, sources)
    neighbours = np.empty(2 * len(sources), np.int32)
    _join(indptr, sources, starts, readers, neighbours)
    return indptr + starts, neighbours


@kernel
def _count_readers(sources, starts):  # type: ignore[no-untyped-def]
    for u in sources:
        starts[u + 1] += 1


@kernel
def _fill_readers(indptr, sources, starts, readers):  # type: ignore[no-untyped-def]
    for v in range(len(indptr) - 1):
        for e in range(indptr[v], indptr[v + 1]):
            u = sources[e]
            readers[starts[u]] = v
            starts[u] += 1
    # This has moved each start to the next one.
    for u in range(len(starts) - 1, 0, -1):
        starts[u] = starts[u - 1]
    starts[0] = 0


@parallel_kernel
def _join(indptr, sources, starts, readers, out):  # type: ignore[no-untyped-def]
    for v in prange(len(indptr) - 1):
        at = indptr[v] + starts[v]
        for e in range(indptr[v], indptr[v + 1]):
            out[at] = sources[e]
            at += 1
        for e in range(starts[v], starts[v + 1]):
            out[at] = readers[e]
            at += 1


def quotient(fine: Level | Finest, parents: IntArray, coarse: int) -> Level:
    """The graph whose vertices are classes of another graph's vertices.

    Args:
        fine: The finer graph.
        parents: int32 (n,), the class of each of its vertices.
        coarse: Number of classes.
    """
    first, load = np.zeros(coarse + 1, np.int64), np.zeros(coarse + 1, np.int64)
    charge = np.zeros(coarse)
    _classes(fine.ends_before(), fine.charge, parents, first, load, charge)
    np.cumsum(first, out=first)
    np.cumsum(load, out=load)
    children = np.empty(len(parents), np.int32)
    _children(parents, first.copy(), children)
    bounds = np.searchsorted(load, np.linspace(0, load[-1], _CHUNKS + 1)).astype(np.int64)
    bounds[-1] = coarse
    indptr, near, weights, starts, readers = fine.runs()
    edges = (indptr, near, starts, readers)
    degree = np.zeros(coarse + 1, np.int64)
    _count_quotient(*edges, parents, first, children, bounds, degree)
    after = np.cumsum(degree)
    neighbours = np.empty(after[-1], np.int32)
    heavy = np.empty(after[-1], np.float32)
    _fill_quotient(*edges, weights, parents, first, children, bounds, after, neighbours, heavy)
    return Level(
        indptr=after, neighbours=neighbours, weights=heavy, charge=charge.astype(np.float32)
    )


@kernel
def _classes(before, charge, parents, sizes, load, charges):  # type: ignore[no-untyped-def]
    """Count each class's vertices, and their ends of edges with themselves; sum up charges: OUT."""
    for v in range(len(parents)):
        c = parents[v]
        sizes[c + 1] += 1
        load[c + 1] += before[v + 1] - before[v] + 1
        charges[c] += np.float64(charge[v])


@kernel
def _children(parents, free, children):  # type: ignore[no-untyped-def]
    for v in range(len(parents)):
        children[free[parents[v]]] = v
        free[parents[v]] += 1


@parallel_kernel
def _count_quotient(indptr, near, starts, readers, parents, first, children, bounds, degree):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    for chunk in prange(len(bounds) - 1):
        seen = np.full(len(first) - 1, -1, np.int32)
        for c in range(bounds[chunk], bounds[chunk + 1]):
            seen[c] = c
            count = 0
            for k in range(first[c], first[c + 1]):
                v = children[k]
                count += _new(near, indptr[v], indptr[v + 1], parents, c, seen)
                if len(starts):
                    count += _new(readers, starts[v], starts[v + 1], parents, c, seen)
            degree[c + 1] = count


@inner_kernel
def _new(near, begin, end, parents, c, seen):  # type: ignore[no-untyped-def]
    count = 0
    for e in range(begin, end):
        other = parents[near[e]]
        if seen[other] != c:
            seen[other] = c
            count += 1
    return count


@parallel_kernel
def _fill_quotient(  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    indptr, near, starts, readers, weights, parents, first, children, bounds, after, out, heavy
):
    for chunk in prange(len(bounds) - 1):
        slot = np.full(len(first) - 1, -1, np.int64)
        for c in range(bounds[chunk], bounds[chunk + 1]):
            free = after[c]
            # Slots of earlier classes are before this one's first and mean "not seen yet".
            for k in range(first[c], first[c + 1]):
                v = children[k]
                own = (c, after[c], indptr[v], indptr[v + 1])
                free = _add(near, weights, parents, own, free, slot, out, heavy)
                if len(starts):
                    own = (c, after[c], starts[v], starts[v + 1])
                    free = _add(readers, weights, parents, own, free, slot, out, heavy)


@inner_kernel
def _add(near, weights, parents, own, free, slot, out, heavy):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    c, start, begin, end = own
    for e in range(begin, end):
        other = parents[near[e]]
        if other == c:
            continue
        weight = np.float32(1.0) if len(weights) == 0 else weights[e]
        if slot[other] < start:
            slot[other] = free
            out[free] = other
            heavy[free] = weight
            free += 1
        else:
            heavy[slot[other]] += weight
    return free
