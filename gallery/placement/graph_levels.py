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

from gallery.jit import kernel, parallel_kernel

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
    n = len(indptr) - 1
    both = np.zeros(n + 1, np.int64)
    _count_both(indptr, sources, both)
    np.cumsum(both, out=both)
    neighbours = np.empty(2 * len(sources), np.int32)
    _fill_both(indptr, sources, both, neighbours)
    return both, neighbours


@kernel
def _count_both(indptr, sources, both):  # type: ignore[no-untyped-def]
    for v in range(len(indptr) - 1):
        both[v + 1] += indptr[v + 1] - indptr[v]
        for e in range(indptr[v], indptr[v + 1]):
            both[sources[e] + 1] += 1


@kernel
def _fill_both(indptr, sources, both, neighbours):  # type: ignore[no-untyped-def]
    n = len(indptr) - 1
    free = np.empty(n, np.int64)
    for v in range(n):
        start = both[v]
        degree = indptr[v + 1] - indptr[v]
        for k in range(degree):
            neighbours[start + k] = sources[indptr[v] + k]
        free[v] = start + degree
    for v in range(n):
        for e in range(indptr[v], indptr[v + 1]):
            u = sources[e]
            neighbours[free[u]] = v
            free[u] += 1


def quotient(fine: Level, parents: IntArray, coarse: int) -> Level:
    """The graph whose vertices are classes of another graph's vertices.

    Args:
        fine: The finer graph.
        parents: int32 (n,), the class of each of its vertices.
        coarse: Number of classes.
    """
    first = np.concatenate([[0], np.cumsum(np.bincount(parents, minlength=coarse))])
    children = np.argsort(parents, kind="stable").astype(np.int32)
    bounds = _even_bounds(fine.indptr, first, children)
    degree = np.zeros(coarse + 1, np.int64)
    args = (fine.indptr, fine.neighbours, fine.weights, parents, first, children, bounds)
    _count_quotient(*args, degree)
    indptr = np.cumsum(degree)
    neighbours = np.empty(indptr[-1], np.int32)
    weights = np.empty(indptr[-1], np.float32)
    _fill_quotient(*args, indptr, neighbours, weights)
    charge = np.bincount(parents, fine.charge, coarse).astype(np.float32)
    return Level(indptr=indptr, neighbours=neighbours, weights=weights, charge=charge)


def _even_bounds(
    indptr: npt.NDArray[np.int64], first: npt.NDArray[np.int64], children: IntArray
) -> npt.NDArray[np.int64]:
    """Split the classes into runs with about the same number of edges."""
    load = np.concatenate([[0], np.cumsum(np.diff(indptr)[children] + 1)])[first]
    wanted = np.linspace(0, load[-1], _CHUNKS + 1)
    bounds = np.searchsorted(load, wanted).astype(np.int64)
    bounds[-1] = len(first) - 1
    return bounds


@parallel_kernel
def _count_quotient(indptr, neighbours, weights, parents, first, children, bounds, degree):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    for chunk in prange(len(bounds) - 1):
        seen = np.full(len(first) - 1, -1, np.int32)
        for c in range(bounds[chunk], bounds[chunk + 1]):
            seen[c] = c
            count = 0
            for k in range(first[c], first[c + 1]):
                v = children[k]
                for e in range(indptr[v], indptr[v + 1]):
                    other = parents[neighbours[e]]
                    if seen[other] != c:
                        seen[other] = c
                        count += 1
            degree[c + 1] = count


@parallel_kernel
def _fill_quotient(indptr, near, weights, parents, first, children, bounds, starts, out, heavy):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    for chunk in prange(len(bounds) - 1):
        slot = np.full(len(first) - 1, -1, np.int64)
        for c in range(bounds[chunk], bounds[chunk + 1]):
            start = starts[c]
            free = start
            for k in range(first[c], first[c + 1]):
                v = children[k]
                for e in range(indptr[v], indptr[v + 1]):
                    other = parents[near[e]]
                    if other == c:
                        continue
                    weight = np.float32(1.0) if len(weights) == 0 else weights[e]
                    # Slots of earlier classes are before `start` and mean "not seen yet".
                    if slot[other] < start:
                        slot[other] = free
                        out[free] = other
                        heavy[free] = weight
                        free += 1
                    else:
                        heavy[slot[other]] += weight
