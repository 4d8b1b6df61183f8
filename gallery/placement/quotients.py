"""Makes a coarser graph, whose vertices are classes of another graph's vertices.

It is the quotient of the finer one: its edges are weighted by the number of fine edges that they
stand for, and its vertices by the sum of the fine vertices' charges. So the energy of a drawing of
the coarse graph is that of the fine one with its blocks collapsed, and no level has to be rescaled.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from gallery.jit import each, kernel, read_only
from gallery.placement.graph_levels import FloatArray, IntArray, Level, Reads, count_readers

_CHUNKS = 8
"""Number of parts that work is split into, whatever the number of threads, for equal results."""

_FEW = 500_000
"""Ends of edges that one thread looks at in less time than it takes to wake another."""


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
    count_readers(read_only(near), degrees)
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
