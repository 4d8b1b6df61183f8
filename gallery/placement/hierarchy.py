"""All levels of a compute graph, from its vertices to a graph small enough to draw directly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gallery.graph import ComputeGraph
from gallery.placement.coarsen import layer_groups, matched
from gallery.placement.graph_levels import IntArray, Level, Reads
from gallery.placement.quotients import quotient

SHRINK = 3
"""A level that is not at least this many times smaller than the one before is skipped."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hierarchy:
    """Graphs from fine to coarse.

    Attributes:
        levels: The graphs; the first one is the compute graph itself.
        parents: For each level but the last: int32 (n,), each vertex's parent in the next level.
    """

    levels: tuple[Level | Reads, ...]
    parents: tuple[IntArray, ...]

    def ancestors(self) -> list[IntArray]:
        """For each level: int32 (n,), each vertex's ancestor in the last level (its body)."""
        found = [np.arange(self.levels[-1].vertices, dtype=np.int32)]
        for up in reversed(self.parents):
            found.append(found[-1][up])
        return found[::-1]

    def body(self, number: int) -> IntArray:
        """The ancestor in the last level of each vertex of one level: int32 (n,)."""
        found = np.arange(self.levels[-1].vertices, dtype=np.int32)
        for up in reversed(self.parents[number:]):
            found = found[up]
        return found


def hierarchy(graph: ComputeGraph, limit: int) -> Hierarchy:
    """The graph at all its levels, coarsened further until at most `limit` vertices are left.

    Args:
        graph: The compute graph.
        limit: Largest number of vertices of the last level.
    """
    levels: list[Level | Reads] = [reads_of(graph)]
    parents = []
    waiting: IntArray | None = None
    for number, up in enumerate(graph.levels):
        waiting = up if waiting is None else up[waiting]
        size = int(waiting.max()) + 1 if len(waiting) else 0
        if size * SHRINK < levels[-1].vertices or number == len(graph.levels) - 1:
            levels.append(quotient(levels[-1], waiting, size))
            parents.append(waiting)
            waiting = None
    if levels[-1].vertices > limit:
        groups = smaller(graph, Hierarchy(levels=tuple(levels), parents=tuple(parents)), limit)
        for up in groups:
            levels.append(quotient(levels[-1], up, int(up.max()) + 1))
            parents.append(up)
    return Hierarchy(levels=tuple(levels), parents=tuple(parents))


def reads_of(graph: ComputeGraph) -> Reads:
    """What the vertices of a compute graph read, with the back edges of loops."""
    sources, indptr = graph.sources, graph.indptr
    if graph.back_edges is not None and len(graph.back_edges):
        readers, before = graph.back_edges.T
        sources = np.insert(sources, indptr[readers + 1], before)
        more = np.bincount(readers, minlength=graph.vertices)
        indptr = indptr + np.concatenate([[0], np.cumsum(more)])
    return Reads(indptr=indptr, sources=sources)


def smaller(graph: ComputeGraph, sizes: Hierarchy, limit: int) -> list[IntArray]:
    """Parents that coarsen the last level to a limit: by layers, else by pairs."""
    last = sizes.levels[-1]
    if last.vertices <= limit:
        return []
    member = np.empty(last.vertices, np.int32)
    ancestor = sizes.ancestors()[0]
    member[ancestor[::-1]] = np.arange(len(ancestor) - 1, -1, -1, dtype=np.int32)
    groups = layer_groups(graph, member, limit)
    if groups is not None:
        return [groups]
    steps: list[IntArray] = []
    level = last.whole()
    while level.vertices > limit:
        pair = matched(level)
        size = int(pair.max()) + 1
        if size > 0.9 * level.vertices:
            # A star has only one pair: pair its vertices in numerical order instead.
            pair = (np.arange(level.vertices) // 2).astype(np.int32)
            size = int(pair.max()) + 1
        steps.append(pair)
        level = quotient(level, pair, size)
    return steps
