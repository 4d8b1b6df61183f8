"""The levels of a graph that decide its form, whatever its size.

Bodies are drawn by their sizes and by the distances between them on one of the graph's coarser
levels, which follows from the model alone, so that all pictures of a model have the same form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from gallery.graph import FORM_VERTICES, ComputeGraph
from gallery.placement.graph_levels import IntArray, Level, quotient
from gallery.placement.hierarchy import SHRINK, Hierarchy


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Form:
    """What decides the form.

    Attributes:
        sizes: Levels, from the one that decides to that of the bodies.
        member: int32 (n,), a vertex of the compute graph in each vertex of the former.
    """

    sizes: Hierarchy
    member: IntArray

    def body(self) -> IntArray:
        """The body of each vertex of the level that decides: int32 (n,)."""
        return self.sizes.ancestors()[0]

    def bodies(self) -> Level:
        """The graph of the bodies."""
        return self.sizes.levels[-1].whole()


def form_of(graph: ComputeGraph, sizes: Hierarchy) -> Form:
    """What decides the form of a drawing of the last of a graph's levels.

    Args:
        graph: The compute graph, of at least one vertex.
        sizes: Its levels, the last of which is drawn.
    """
    body, bodies = sizes.ancestors()[0], sizes.levels[-1].vertices
    up, rest = _deciding(graph, bodies)
    member = _members(up)
    known = [level for level in sizes.levels if level.vertices == len(member)]
    deciding = known[0] if known else quotient(sizes.levels[0], up, len(member))
    levels, parents = [_plain(deciding.whole())], []
    at = member
    for above in rest:
        size = int(above.max()) + 1
        if size < SHRINK * bodies:
            break
        levels.append(quotient(levels[-1], above, size))
        parents.append(above)
        at = at[_members(above)]
    if len(at) > bodies:
        parents.append(body[at])
        levels.append(quotient(levels[-1], parents[-1], bodies))
    return Form(sizes=Hierarchy(levels=tuple(levels), parents=tuple(parents)), member=member)


def _deciding(graph: ComputeGraph, bodies: int) -> tuple[IntArray, tuple[IntArray, ...]]:
    """Each vertex's ancestor in the level that decides, and the parents from that level on.

    Of the levels that are not coarser than that of the bodies, it is the one whose size is closest
    to `FORM_VERTICES`, by ratio.
    """
    sizes = [graph.vertices, *(int(up.max()) + 1 for up in graph.levels)]
    ratios = [max(one / FORM_VERTICES, FORM_VERTICES / one) for one in sizes if one >= bodies]
    number = ratios.index(min(ratios))
    ancestor = np.arange(graph.vertices, dtype=np.int32)
    for up in graph.levels[:number]:
        ancestor = up[ancestor]
    return ancestor, graph.levels[number:]


def _members(parents: IntArray) -> IntArray:
    """The first vertex in each class: int32 (classes,)."""
    member = np.empty(int(parents.max()) + 1, np.int32)
    member[parents[::-1]] = np.arange(len(parents) - 1, -1, -1, dtype=np.int32)
    return member


def _plain(level: Level) -> Level:
    """The graph with neighbours in order, edges that count once and charges of 1 + degree."""
    shape = (level.vertices, level.vertices)
    ones = np.ones(level.ends, np.int8)
    edges = csr_array((ones, level.neighbours.copy(), level.indptr), shape)
    edges.sort_indices()
    charge = 1 + np.diff(level.indptr)
    return Level(
        indptr=level.indptr,
        neighbours=edges.indices.astype(np.int32),
        weights=np.empty(0, np.float32),
        charge=(charge / charge.sum()).astype(np.float32),
    )
