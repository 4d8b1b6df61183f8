"""The vertices and edges that the viewer shows if a graph is larger than its budget.

A vertex is a block of a grid. As grids are split by powers of two, so that coarser ones nest in
them, a larger graph is shown as a coarser one of the same network: neighbouring blocks of a set are
joined, as if the lowering had split less, and what members of one class read of another becomes one
edge. Each class stands where its middle member stands, so that density and texture of the light
stay those of the whole graph. What is shown is true, and as regular as the graph itself: its edges
take a fortieth of the bytes of edges drawn at random.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gallery.graph import ComputeGraph, ComputeSet, Kind, Pass
from gallery.model import freeze
from gallery.placement.graph_levels import Level
from gallery.placement.quotients import quotient

_LEAST = 4
"""What part of the budget of vertices is shown at least, even if edges have to be left out."""

Numbers = npt.NDArray[np.int64]
Splits = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """What is shown of a graph.

    Attributes:
        vertices: int32 (k,), the number in the graph of the middle member of each class.
        member: int64 (n,), the class of each vertex of the graph, or -1 if it is not shown.
        sources: int32 (e,), classes.
        readers: int32 (e,), classes, ascending; for equal readers the sources ascend, and no pair
            occurs twice.
        read: int64 (k,), how many other classes each class reads, also where edges are left out.
        sent: int64 (k,), how many other classes read it.
        sets: The classes of forward vertices as grids of blocks; none if classes are left out.
    """

    vertices: npt.NDArray[np.int32]
    member: Numbers
    sources: npt.NDArray[np.int32]
    readers: npt.NDArray[np.int32]
    read: Numbers
    sent: Numbers
    sets: tuple[ComputeSet, ...]

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        for array in (self.vertices, self.member, self.sources, self.readers, self.read, self.sent):
            freeze(array)

    @property
    def complete(self) -> bool:
        """Whether all classes are shown with all edges between them."""
        every = len(self.sources) == int(self.read.sum())
        return every and int(self.member.min(initial=0)) >= 0


def sample(graph: ComputeGraph, *, vertices: int, edges: int) -> Sample:
    """The vertices and edges to show, within a budget of each; all of them if they fit."""
    most = vertices
    while True:
        sets = _joined(graph, most)
        classes = _classes(graph, sets)
        count = int(classes.max(initial=-1)) + 1
        kept = _evenly(count, most)
        member = classes if len(kept) == count else _places(kept, count)[classes]
        pairs = _pairs(graph, member, len(kept))
        if len(pairs) <= edges or most <= vertices // _LEAST:
            break
        most = max(most * edges // len(pairs), vertices // _LEAST)
    readers, sources = pairs // max(1, len(kept)), pairs % max(1, len(kept))
    drawn = _evenly(len(pairs), edges)
    return Sample(
        vertices=_middles(classes)[kept].astype(np.int32),
        member=member,
        sources=sources[drawn].astype(np.int32),
        readers=readers[drawn].astype(np.int32),
        read=np.bincount(readers, minlength=len(kept)),
        sent=np.bincount(sources, minlength=len(kept)),
        sets=_numbered_sets(graph.sets, sets, classes) if len(kept) == count else (),
    )


def _joined(graph: ComputeGraph, most: int) -> tuple[ComputeSet, ...]:
    """The sets of a graph with fewer splits, so that there are about so many vertices at most.

    All sets are halved equally often, but for the largest, which are halved once more until the
    rest fits. Sets of other vertices are the runs of one operator, pass and kind.
    """
    if graph.vertices <= most:
        return graph.sets
    every = graph.sets or _runs(graph)
    paths = [
        _ever_fewer(one, targets) for one, targets in zip(every, _splits(graph, every), strict=True)
    ]
    step = [0] * len(every)
    total = sum(one.size for one in every)
    budget = most * total // graph.vertices
    while total > budget:
        free = [number for number, path in enumerate(paths) if step[number] + 1 < len(path)]
        if not free:
            break
        size = {number: math.prod(paths[number][step[number]]) for number in free}
        for number in sorted(free, key=lambda one: -size[one]):
            step[number] += 1
            total += math.prod(paths[number][step[number]]) - size[number]
            if total <= budget:
                break
    return tuple(
        replace(one, splits=path[at]) for one, path, at in zip(every, paths, step, strict=True)
    )


def _splits(graph: ComputeGraph, sets: Sequence[ComputeSet]) -> list[list[Splits]]:
    """For each set, its splits in each of the graph's coarser levels, down to single vertices.

    The layout places vertices with the same parent side by side.
    """
    found: list[list[Splits]] = [[] for _ in sets]
    above: npt.NDArray[np.integer] = np.arange(graph.vertices)
    for parents in graph.levels:
        above = parents[above]
        for one, levels in zip(sets, found, strict=True):
            grid = above[one.index()].reshape(one.splits)
            edges = (np.moveaxis(grid, d, -1).reshape(-1, n)[0] for d, n in enumerate(one.splits))
            levels.append(tuple(len(np.unique(edge)) for edge in edges))
    for one, levels in zip(sets, found, strict=True):
        levels.append((1,) * len(one.splits))
    return found


def _ever_fewer(one: ComputeSet, targets: Sequence[Splits]) -> list[Splits]:
    """Splits of a set, halved along one dimension at a time, through those of the levels.

    The dimension that has most is halved first, and time never.
    """
    path, axes = [one.splits], range(bool(one.period), len(one.splits))
    for target in targets:
        while free := [axis for axis in axes if path[-1][axis] > target[axis]]:
            splits = list(path[-1])
            longest = max(free, key=lambda axis: (splits[axis], -axis))
            splits[longest] = max(target[longest], -(-splits[longest] // 2))
            path.append(tuple(splits))
    return path


def _runs(graph: ComputeGraph) -> tuple[ComputeSet, ...]:
    """Sets of one dimension for a graph that has none: as long as operator, pass and kind last."""
    work = np.stack([graph.vertex_operator, graph.vertex_pass, graph.vertex_kind])
    firsts = np.flatnonzero((np.diff(work, axis=1, prepend=-1) != 0).any(axis=0))
    sizes = np.diff(firsts, append=graph.vertices)
    return tuple(
        ComputeSet(
            first=int(first),
            shape=(int(size),),
            splits=(int(size),),
            rank=1,
            tensors=(),
            kind=Kind(int(graph.vertex_kind[first])),
        )
        for first, size in zip(firsts.tolist(), sizes.tolist(), strict=True)
    )


def _classes(graph: ComputeGraph, sets: tuple[ComputeSet, ...]) -> Numbers:
    """The class of each vertex, 0..k-1 in the order of their first vertices: int64 (n,)."""
    first = np.arange(graph.vertices, dtype=np.int64)
    if sets == graph.sets:
        return first
    for fine, coarse in zip(graph.sets or _runs(graph), sets, strict=True):
        if fine.splits != coarse.splits:
            first[fine.index()] = first[fine.index()][_corners(fine.splits, coarse.splits)]
    if graph.gradient_of is not None:
        # A backward vertex is joined with those whose forward vertices are joined.
        back = np.flatnonzero(graph.gradient_of >= 0)
        work = graph.vertex_pass[back].astype(np.int64) * len(Kind) + graph.vertex_kind[back]
        twin = first[graph.gradient_of[back]] * (len(Pass) * len(Kind)) + work
        _, began, number = np.unique(twin, return_index=True, return_inverse=True)
        first[back] = back[began][number]
    used = np.zeros(graph.vertices, bool)
    used[first] = True
    return np.asarray((np.cumsum(used) - 1)[first], np.int64)


def _corners(fine: Sequence[int], coarse: Sequence[int]) -> Numbers:
    """For each block of a grid, row-major, the first block in its block of a coarser grid.

    Where a grid has a block for each of its cells, the coarser one has the boxes of a
    `ComputeSet` with so many blocks.
    """
    corner = np.zeros(1, np.int64)
    for split, blocks in zip(fine, coarse, strict=True):
        block = ((np.arange(split, dtype=np.int64) + 1) * blocks - 1) // split
        corner = (corner[:, None] * split + block * split // blocks).ravel()
    return corner


def _middles(classes: Numbers) -> Numbers:
    """The middle vertex of each class: int64 (k,)."""
    size = np.bincount(classes)
    order = np.argsort(classes, kind="stable")
    return np.asarray(order[np.cumsum(size) - size + size // 2], np.int64)


def _places(kept: Numbers, count: int) -> Numbers:
    """The place of each of so many numbers among those that are kept, or -1."""
    place = np.full(count, -1, np.int64)
    place[kept] = np.arange(len(kept))
    return place


def _pairs(graph: ComputeGraph, member: Numbers, shown: int) -> Numbers:
    """Which classes read which others, ascending: reader * shown + source."""
    # One class more, for all that is not shown.
    classes = np.where(member < 0, shown, member).astype(np.int32)
    reads = Level(
        indptr=graph.indptr,
        neighbours=graph.sources,
        weights=np.empty(0, np.float32),
        charge=np.zeros(graph.vertices, np.float32),
    )
    found = quotient(reads, classes, shown + 1)
    readers = np.repeat(np.arange(shown + 1, dtype=np.int64), np.diff(found.indptr))
    sources = found.neighbours.astype(np.int64)
    if graph.back_edges is not None and len(graph.back_edges):
        back = classes[graph.back_edges].astype(np.int64)
        readers = np.concatenate([readers, back[:, 0]])
        sources = np.concatenate([sources, back[:, 1]])
    true = (readers < shown) & (sources < shown) & (readers != sources)
    # `np.unique` uses hashing and takes many times as long for what is nearly in order.
    pairs = np.sort(readers[true] * shown + sources[true], kind="stable")
    return pairs[np.diff(pairs, prepend=-1) > 0]


def _numbered_sets(
    fine: Sequence[ComputeSet], coarse: Sequence[ComputeSet], classes: Numbers
) -> tuple[ComputeSet, ...]:
    """The coarse sets of a graph that has sets, whose vertices are classes."""
    return tuple(_numbered(one, classes) for one in (coarse if fine else ()))


def _numbered(one: ComputeSet, classes: Numbers) -> ComputeSet:
    first, period = int(classes[one.first]), 0
    if one.period and one.splits[0] > 1:
        period = int(classes[one.first + one.period]) - first
    if (first, period) == (one.first, one.period):
        return one
    return replace(one, first=first, period=period)


def _evenly(total: int, budget: int) -> Numbers:
    """At most so many of the numbers 0..total-1, evenly apart, ascending."""
    kept = min(total, budget)
    return np.arange(kept, dtype=np.int64) * total // max(1, kept)
