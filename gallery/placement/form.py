"""The levels of a graph that decide its form, whatever its size.

Bodies are drawn by their sizes and by the distances between them on one of the graph's coarser
levels, which follows from the model alone, so that all pictures of a model have the same form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gallery.graph import FORM_VERTICES, ComputeGraph
from gallery.jit import kernel, read_only
from gallery.placement.graph_levels import IntArray, Level
from gallery.placement.hierarchy import SHRINK, Hierarchy
from gallery.placement.quotients import quotient


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
        return self.sizes.body(0)

    def bodies(self) -> Level:
        """The graph of the bodies."""
        return self.sizes.levels[-1].whole()


def form_of(graph: ComputeGraph, sizes: Hierarchy) -> Form:
    """What decides the form of a drawing of the last of a graph's levels.

    Args:
        graph: The compute graph, of at least one vertex.
        sizes: Its levels, the last of which is drawn.
    """
    bodies = sizes.levels[-1].vertices
    number, size = _deciding(graph, bodies)
    # From the coarsest level that will do: from the compute graph it takes many times as long.
    near = max(k for k, level in enumerate(sizes.levels) if level.vertices >= size)
    inside = np.arange(graph.vertices, dtype=np.int32)
    for up in sizes.parents[:near]:
        inside = inside[_members(up)]
    up = inside
    for above in graph.levels[:number]:
        up = above[up]
    level, at = sizes.levels[near], _members(up)
    deciding = level if level.vertices == size else quotient(level, up, size)
    levels, parents, member = [_plain(deciding.whole())], [], inside[at]
    for above in graph.levels[number:]:
        size = int(above.max()) + 1
        if size < SHRINK * bodies:
            break
        levels.append(quotient(levels[-1], above, size))
        parents.append(above)
        at = at[_members(above)]
    if len(at) > bodies:
        parents.append(sizes.body(near)[at])
        levels.append(quotient(levels[-1], parents[-1], bodies))
    return Form(sizes=Hierarchy(levels=tuple(levels), parents=tuple(parents)), member=member)


def _deciding(graph: ComputeGraph, bodies: int) -> tuple[int, int]:
    """The number and the size of the level that decides; 0 is the compute graph.

    Of the levels that are not coarser than that of the bodies, it is the one whose size is closest
    to `FORM_VERTICES`, by ratio.
    """
    sizes = [graph.vertices, *(int(up.max()) + 1 for up in graph.levels)]
    ratios = [max(one / FORM_VERTICES, FORM_VERTICES / one) for one in sizes if one >= bodies]
    number = ratios.index(min(ratios))
    return number, sizes[number]


def _members(parents: IntArray) -> IntArray:
    """The first vertex in each class: int32 (classes,)."""
    member = np.empty(int(parents.max()) + 1, np.int32)
    _first(read_only(parents), member)
    return member


@kernel
def _first(parents, member):  # type: ignore[no-untyped-def]
    for v in range(len(parents) - 1, -1, -1):
        member[parents[v]] = v


def _plain(level: Level) -> Level:
    """The graph with neighbours in order, edges that count once and charges of 1 + degree."""
    degree = np.diff(level.indptr)
    ends = np.repeat(np.arange(level.vertices), degree)
    # Numbers are sorted in a tenth of the time that it takes to sort by two keys.
    pairs = np.sort(ends * level.vertices + level.neighbours)
    charge = 1 + degree
    return Level(
        indptr=level.indptr,
        neighbours=(pairs - ends * level.vertices).astype(np.int32),
        weights=np.empty(0, np.float32),
        charge=(charge / charge.sum()).astype(np.float32),
    )
