"""The levels of a graph as weighted graphs, and the finest one, by what its vertices read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import prange

from gallery.jit import kernel, parallel_kernel, read_only

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float32]


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
    count_readers(read_only(sources), starts)
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
def count_readers(sources, starts):  # type: ignore[no-untyped-def]
    """Add each source's readers to the entry after its own: INOUT starts int64 (n + 1,)."""
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
