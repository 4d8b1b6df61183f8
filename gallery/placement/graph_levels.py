"""The levels of a graph as weighted graphs, and how to make a coarser one.

Each coarser graph is the quotient of the finer one: its edges are weighted by the number of fine
edges that they stand for, and its vertices by the sum of the fine vertices' charges. So the energy
of a drawing of the coarse graph is that of the fine one with its blocks collapsed, and no level has
to be rescaled.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from numba import prange

from gallery.jit import each, kernel, parallel_kernel, read_only

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float32]

_CHUNKS = 8
"""Number of parts that work is split into, whatever the number of threads, for equal results."""

_FEW = 500_000
"""Ends of edges that one thread looks at in less time than it takes to wake another."""


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

    def runs(self) -> Runs:
        """Its edges for kernels."""
        indptr, neighbours = read_only(self.indptr), read_only(self.neighbours)
        return indptr, neighbours, self.weights, indptr[:0], neighbours[:0]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reads:
    """A compute graph by what each vertex reads: all that coarser graphs need of it.

    Attributes:
        indptr: int64 (n + 1,).
        sources: int32 (m,), what each vertex reads.
    """

    indptr: npt.NDArray[np.int64]
    sources: IntArray

    @property
    def vertices(self) -> int:
        """Number of vertices."""
        return len(self.indptr) - 1

    @property
    def ends(self) -> int:
        """Number of ends of edges, 2 m."""
        return 2 * len(self.sources)

    def whole(self) -> Level:
        """The graph with all neighbours in one array; a vertex's charge is 1 + degree."""
        indptr, neighbours = undirected(self.indptr, self.sources)
        charge = _shares((1 + np.diff(indptr)).astype(np.float32))
        none = np.empty(0, np.float32)
        return Level(indptr=indptr, neighbours=neighbours, weights=none, charge=charge)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Finest:
    """A compute graph as a level whose edges count once, without a copy of what vertices read.

    The neighbours of a vertex are what it reads, then its readers.

    Attributes:
        indptr: int64 (n + 1,).
        sources: int32 (m,), what each vertex reads.
        starts: int64 (n + 1,), where each vertex's readers start.
        readers: int32 (m,), ascending for each vertex.
        charge: float32 (n,), 1 + degree over its sum.
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

    def runs(self) -> Runs:
        """Its edges for kernels."""
        indptr, sources = read_only(self.indptr), read_only(self.sources)
        none = np.empty(0, np.float32)
        return indptr, sources, none, read_only(self.starts), read_only(self.readers)


Runs = tuple[npt.NDArray[np.int64], IntArray, FloatArray, npt.NDArray[np.int64], IntArray]
"""Two runs of neighbours for each vertex, of which the second is empty if its starts are, and the
weights of the first: starts, neighbours, weights, starts, neighbours."""


def finest(reads: Reads) -> Finest:
    """The graph by what each vertex reads and by its readers.

    On one thread, so that it may run beside kernels that use all.
    """
    starts, readers = turned(reads.indptr, reads.sources)
    charge = np.empty(reads.vertices, np.float32)
    _charges(reads.indptr, starts, charge)
    return Finest(
        indptr=reads.indptr,
        sources=reads.sources,
        starts=starts,
        readers=readers,
        charge=_shares(charge),
    )


@kernel
def _charges(indptr, starts, charge):  # type: ignore[no-untyped-def]
    # OUT charge, 1 + degree. In NumPy, three arrays of whole numbers would be the peak of a layout.
    for v in range(len(charge)):
        charge[v] = 1 + indptr[v + 1] - indptr[v] + starts[v + 1] - starts[v]


def _shares(charge: FloatArray) -> FloatArray:
    """Charges over their sum, in place."""
    charge /= np.float32(max(charge.sum(dtype=np.float64), 1))
    return charge


def turned(
    indptr: npt.NDArray[np.int64], sources: IntArray
) -> tuple[npt.NDArray[np.int64], IntArray]:
    """The readers of each vertex: int64 (n + 1,), and int32 (m,), ascending for each vertex.

    Args:
        indptr: int64 (n + 1,).
        sources: int32 (m,), what each vertex reads.
    """
    starts = np.zeros(len(indptr), np.int64)
    _count_readers(read_only(sources), starts)
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


def quotient(fine: Level | Reads, parents: IntArray, coarse: int) -> Level:
    """The graph whose vertices are classes of another graph's vertices.

    Args:
        fine: The finer graph.
        parents: int32 (n,), the class of each of its vertices.
        coarse: Number of classes.
    """
    parents, none, charge = read_only(parents), np.empty(0, np.float32), np.zeros(coarse)
    if isinstance(fine, Level):
        edges = _between(fine.indptr, fine.neighbours, fine.weights, parents, coarse)
        charge += np.bincount(parents, fine.charge, coarse)
    else:
        # Half the ends of edges to look at, and no readers; what is left is small.
        read = _between(fine.indptr, fine.sources, none, parents, coarse)
        _class_ends(read_only(fine.indptr), parents, *read, charge)
        charge /= max(fine.vertices + fine.ends, 1)
        edges = _between(*_listed_twice(*read), np.arange(coarse, dtype=np.int32), coarse)
    indptr, neighbours, weights = edges
    return Level(
        indptr=indptr, neighbours=neighbours, weights=weights, charge=charge.astype(np.float32)
    )


Edges = tuple[npt.NDArray[np.int64], IntArray, FloatArray]
"""int64 (n + 1,), neighbours int32 (k,) and how many edges each stands for, float32 (k,)."""


def _between(
    indptr: npt.NDArray[np.int64],
    near: IntArray,
    weights: FloatArray,
    parents: IntArray,
    coarse: int,
) -> Edges:
    """The edges between classes, each once, as they are listed: (class, neighbour, weight).

    Args:
        indptr: int64 (n + 1,).
        near: int32 (k,), the neighbours of each vertex.
        weights: float32 (k,), or empty if each edge counts once.
        parents: int32 (n,), the class of each vertex.
        coarse: Number of classes.
    """
    indptr, near, parents = read_only(indptr), read_only(near), read_only(parents)
    first, load = np.zeros(coarse + 1, np.int64), np.zeros(coarse + 1, np.int64)
    _classes(indptr, parents, first, load)
    np.cumsum(first, out=first)
    np.cumsum(load, out=load)
    children = np.empty(len(parents), np.int32)
    _children(parents, first.copy(), children)
    bounds = np.searchsorted(load, np.linspace(0, load[-1], _CHUNKS + 1))
    bounds[-1] = coarse
    # What is never written to takes no memory, nor does what is as large as this once it is freed.
    out, heavy = np.empty(load[-1], np.int32), np.empty(load[-1], np.float32)
    after = np.zeros(coarse + 1, np.int64)
    chunks = [(begin, end, int(load[begin])) for begin, end in pairwise(bounds.tolist())]
    counts = each(
        lambda *chunk: _merged(
            indptr, near, weights, parents, first, children, chunk, after, out, heavy
        ),
        chunks,
        alone=len(near) < _FEW,
    )
    np.cumsum(after, out=after)
    places = [slice(at, at + count) for (_, _, at), count in zip(chunks, counts, strict=True)]
    neighbours, heavy = (np.concatenate([one[place] for place in places]) for one in (out, heavy))
    return after, neighbours, heavy


@kernel
def _classes(indptr, parents, sizes, load):  # type: ignore[no-untyped-def]
    """Count each class's vertices, and their ends of edges with themselves: OUT."""
    for v in range(len(parents)):
        c = parents[v]
        sizes[c + 1] += 1
        load[c + 1] += indptr[v + 1] - indptr[v] + 1


@kernel
def _children(parents, free, children):  # type: ignore[no-untyped-def]
    for v in range(len(parents)):
        children[free[parents[v]]] = v
        free[parents[v]] += 1


@kernel
def _merged(indptr, near, weights, parents, first, children, chunk, degrees, out, heavy):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    """Neighbours of the classes of a chunk, from its place on, and their weights; how many."""
    begin, end, place = chunk
    slot = np.full(len(first) - 1, -1, np.int32)
    free = 0
    for c in range(begin, end):
        # Slots of earlier classes are before this one's first and mean "not seen yet".
        start = free
        for k in range(first[c], first[c + 1]):
            v = children[k]
            for e in range(indptr[v], indptr[v + 1]):
                other = parents[near[e]]
                if other == c:
                    continue
                weight = np.float32(1.0) if len(weights) == 0 else weights[e]
                if slot[other] < start:
                    slot[other] = free
                    out[place + free] = other
                    heavy[place + free] = weight
                    free += 1
                else:
                    heavy[place + slot[other]] += weight
        degrees[c + 1] = free - start
    return free


@kernel
def _class_ends(indptr, parents, starts, near, heavy, charge):  # type: ignore[no-untyped-def]
    """Sum up 1 + degree over each class's vertices, OUT charge.

    Edges within a class have both their ends there; the others are among those between classes.
    """
    for v in range(len(parents)):
        charge[parents[v]] += 1 + 2 * (indptr[v + 1] - indptr[v])
    for c in range(len(charge)):
        for e in range(starts[c], starts[c + 1]):
            charge[c] -= heavy[e]
            charge[near[e]] += heavy[e]


def _listed_twice(indptr: npt.NDArray[np.int64], near: IntArray, weights: FloatArray) -> Edges:
    """Edges listed at one end, listed at both."""
    degrees = np.zeros(len(indptr), np.int64)
    _count_readers(read_only(near), degrees)
    starts = np.cumsum(degrees) + indptr
    both, heavy = np.empty(2 * len(near), np.int32), np.empty(2 * len(near), np.float32)
    _list_twice(indptr, near, weights, starts[:-1].copy(), both, heavy)
    return starts, both, heavy


@kernel
def _list_twice(indptr, near, weights, free, out, heavy):  # type: ignore[no-untyped-def]
    for v in range(len(indptr) - 1):
        for e in range(indptr[v], indptr[v + 1]):
            u = near[e]
            out[free[v]], out[free[u]] = u, v
            heavy[free[v]], heavy[free[u]] = weights[e], weights[e]
            free[v] += 1
            free[u] += 1
