"""How far each part is split: one sequence of splits for all budgets, so that grids nest.

Each step doubles the splits of the part with the most work per vertex, along the dimension where
this moves the least data. A budget only determines how far to go along this one sequence, so the
blocks of a small budget are unions of the blocks of any larger one. Work and vertices are those of
the forward pass, whatever other passes there are: so the forward pass of a training step is split
as the forward pass alone is at some budget.

Only where a doubling is too large a step to come near to a budget is the sequence left: the graph
itself, though none of its levels, then has some parts doubled before their turn.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from gallery.lowering.access.part import Part
from gallery.lowering.program import Program
from gallery.lowering.tiling.queue import doubled, filled, started
from gallery.lowering.tiling.tables import tables
from gallery.lowering.tiling.traffic import FAN_IN, counted, follow, leaf_vertices
from gallery.targets import Target

_Counts = npt.NDArray[np.int64]

_FULL = 0.995
"""The part of a budget at which no more parts are doubled before their turn."""


def tree(partials: int) -> list[int]:
    """Number of vertices at each level of a reduction, from the first sums to the last.

    >>> tree(64), tree(1)
    ([8, 1], [])
    """
    levels = []
    while partials > 1:
        partials = -(-partials // FAN_IN)
        levels.append(partials)
    return levels


@dataclass(frozen=True, slots=True, kw_only=True)
class Splits:
    """How far everything is split at one point of the sequence.

    Attributes:
        parts: Splits of each part's dimensions.
        leaves: Splits of each input and parameter tensor, by its number.
        chunks: For each recurrence, the number of chunks of time steps, each of which is one vertex
            for all its parts (collapsed); 0 if each time step and part has its own vertices.
        vertices: Number of vertices in the forward pass.
    """

    parts: tuple[tuple[int, ...], ...]
    leaves: dict[int, tuple[int, ...]]
    chunks: tuple[int, ...]
    vertices: int


class Splitter:
    """The sequence of doublings of a program; `advance` walks along it.

    Attributes:
        counts: int64 (parts, 2), vertices of each part at the current point of the sequence: in
            the forward pass, and in all passes. In a backward pass, those that sum gradients are
            estimated from what the part read when it was last doubled.
        totals: int64 (2,), the same of all parts.
    """

    def __init__(self, program: Program, target: Target, training: bool) -> None:
        self.program = program
        self.tables, self.leaves = tables(program, training)
        self.splits = np.ones(len(self.tables.shape), np.int64)
        parts = program.parts
        self.groups = _recurrences(parts)
        self.chunks = [1] * len(self.groups)
        self.work = [_work(program, p, target) for p in parts]
        self.weights = np.array(self.work, np.float64)
        self.counts = started(self.tables, self.splits)
        self.collapsed = np.array([part.time >= 0 for part in parts], bool)
        for group in self.groups:
            self.weights[group[0]] = sum(self.work[i] for i in group)
            self.counts[group] = [self._count(i) for i in group]
        self.totals = self.counts.sum(axis=0)
        leaders = [i for i in range(len(parts)) if self._leads(i)]
        self.queue = self._queued(np.array(leaders, np.int64))

    def fork(self) -> Splitter:
        """Another walk from the current point."""
        other = copy.copy(self)
        other.splits, other.queue = self.splits.copy(), self.queue.copy()
        other.counts, other.totals = self.counts.copy(), self.totals.copy()
        other.weights, other.collapsed = self.weights.copy(), self.collapsed.copy()
        other.chunks = [*self.chunks]
        return other

    def snapshot(self) -> Splits:
        """The splits at the current point."""
        flat = self.splits.tolist()
        parts = pairwise(self.tables.dims.tolist())
        leaves = zip(self.leaves, pairwise(self.tables.leaf.tolist()), strict=True)
        return Splits(
            parts=tuple(tuple(flat[begin:end]) for begin, end in parts),
            leaves={tensor: tuple(flat[begin:end]) for tensor, (begin, end) in leaves},
            chunks=tuple(self.chunks),
            vertices=int(self.totals[0]),
        )

    def _collapsed(self, i: int) -> int:
        """Number of chunks of the part's recurrence while it is collapsed, else 0."""
        time = self.program.parts[i].time
        return self.chunks[time] if time >= 0 else 0

    def _leads(self, i: int) -> bool:
        """Whether a part has its own entry in the queue: a collapsed recurrence has only one."""
        return not self._collapsed(i) or self.groups[self.program.parts[i].time][0] == i

    def _queued(self, parts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The parts in the order of their turns, which is a heap."""
        return parts[np.lexsort((parts, -self.weights[parts] / self.counts[parts, 0]))]

    def _count(self, i: int) -> tuple[int, int]:
        """Number of vertices of a part and of the leaves that follow it: forward, in all passes.

        A collapsed recurrence is counted with its first part.
        """
        if not self._collapsed(i):
            forward, whole = counted(self.tables, self.splits, i)
            return int(forward), int(whole)
        leaves, copies = leaf_vertices(self.tables, self.splits, i)
        own = self._collapsed(i) * self._leads(i)
        reads = slice(self.tables.reads[i], self.tables.reads[i + 1])
        passes = 1 + bool(self.tables.gradient[reads].any())
        return int(leaves) + own, int(copies) + passes * own

    def _double(self, budgets: _Counts) -> _Step:
        """Double what is first in the queue, up to one of two budgets or a collapsed recurrence.

        Returns:
            The last doubling.
        """
        queue = (self.queue, self.weights, self.counts, self.collapsed)
        last = doubled(self.tables, self.splits, *queue, self.totals, budgets)
        length, part, place, before, *fewer = last
        self.queue = self.queue[:length]
        return _Step(parts=(part,), places=(place,), before=before, fewer=np.array(fewer, np.int64))

    def _double_time(self, i: int) -> _Step:
        """Double the chunks of a collapsed recurrence, or open it."""
        time = self.program.parts[i].time
        parts = tuple(self.groups[time])
        places = tuple(int(self.tables.dims[j]) for j in parts)
        before, fewer = self.chunks[time], self.totals.copy()
        step = _Step(parts=parts, places=places, before=before, fewer=fewer, time=time)
        steps = self.program.parts[i].shape[0]
        opened = 2 * self.chunks[time] > steps
        self.chunks[time] = 0 if opened else 2 * self.chunks[time]
        self._split(step, self.chunks[time] or steps)
        counts = [self._count(j) for j in parts]
        self.totals += np.sum(counts, axis=0) - self.counts[list(parts)].sum(axis=0)
        self.counts[list(parts)] = counts
        if opened:
            self.collapsed[list(parts)] = False
            self.weights[i] = self.work[i]
            self.queue = np.concatenate((self.queue, np.array(parts[1:], np.int64)))
        self.queue = self._queued(self.queue)
        return step

    def _split(self, step: _Step, split: int) -> None:
        """Set the grid dimensions of a step and of the leaves that follow them."""
        for j, place in zip(step.parts, step.places, strict=True):
            self.splits[place] = split
            follow(self.tables, self.splits, j)

    def _without(self, step: _Step) -> Splitter:
        """Another walk from the point before the last step; recurrences that it opened are closed.

        It may go on with parts alone, as the weights of recurrences are those after the step.
        """
        before, parts = self.fork(), list(step.parts)
        before._split(step, step.before)
        if step.time >= 0:
            before.chunks[step.time] = step.before
            before.collapsed[parts] = True
        before.counts[parts] = [before._count(i) for i in parts]
        before.totals = step.fewer
        before.queue = before._queued(before.queue)
        return before

    def advance(self, budget: int, forward: int | None = None) -> Splits:
        """Double the part with the most work per vertex until a budget is reached.

        The last doubling is left out if the graph is closer to the budget without it.

        Args:
            budget: Number of vertices in all passes.
            forward: Number of vertices in the forward pass, if there the walk may stop earlier.
        """
        budgets = np.array([budget if forward is None else forward, budget], np.int64)
        step = self._reach(budgets)
        if step is None:
            return self.snapshot()
        which = int(self.totals[1] >= budget)
        more, less = self.totals[which], step.fewer[which]
        near = more - budgets[which] <= budgets[which] - less
        return (self if near else self._without(step)).snapshot()

    def _reach(self, budgets: _Counts) -> _Step | None:
        """Double until one of two budgets is reached.

        Returns:
            The doubling that reached it; None if one was reached before, or if none can be.
        """
        step = None
        while len(self.queue) and not (self.totals >= budgets).any():
            first = int(self.queue[0])
            step = self._double_time(first) if self.collapsed[first] else self._double(budgets)
        return step if (self.totals >= budgets).any() else None

    def settle(self, forward: int, near: float) -> Splits:
        """Double until the forward pass has a number of vertices, if need be out of turn.

        Where no point of the sequence is near enough, it is the last one with fewer vertices, and
        then what still fits is doubled, in the order of the queue, but each part only once.

        Args:
            forward: Number of vertices of the forward pass.
            near: How far it may be from that, as a part of it.
        """
        step = self._reach(np.array([forward, np.iinfo(np.int64).max], np.int64))
        if step is None:
            return self.snapshot()
        more, less = int(self.totals[0]) - forward, forward - int(step.fewer[0])
        if min(more, less) <= near * forward:
            return (self if more <= less else self._without(step)).snapshot()
        full = self._without(step)
        full.totals[0] = filled(
            full.tables,
            full.splits,
            full.queue,
            full.weights,
            full.counts,
            full.collapsed,
            full.totals[0],
            (math.ceil(_FULL * forward), forward),
        )
        return full.snapshot()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Step:
    """One doubling.

    Attributes:
        parts: One part, or those of a recurrence.
        places: The grid dimension of each part that is split.
        before: The number of splits before.
        fewer: int64 (2,), the number of vertices before, as in `Splitter.totals`.
        time: Number of the recurrence whose time is split, or -1.
    """

    parts: tuple[int, ...]
    places: tuple[int, ...]
    before: int
    fewer: _Counts
    time: int = -1


def _recurrences(parts: Sequence[Part]) -> list[list[int]]:
    """The parts of each recurrence, by its number."""
    groups: list[list[int]] = [[] for _ in {p.time for p in parts if p.time >= 0}]
    for i, part in enumerate(parts):
        if part.time >= 0:
            groups[part.time].append(i)
    return groups


def _work(program: Program, part: Part, target: Target) -> float:
    """Weight of a part: the square root of its FLOPs, or of as many FLOPs as its bytes are worth.

    The square root keeps parts with little arithmetic visible: split in proportion to the work
    itself, a Relu would get a hundredth of the vertices of its convolution and be a bottleneck of
    edges.
    """
    moved = part.itemsize * float(math.prod(part.shape[: part.rank]))
    for tensor in {read.tensor for read in part.reads}:
        leaf = program.tensors[tensor]
        moved += leaf.itemsize * float(math.prod(leaf.shape)) if leaf.leaf else 0.0
    return float(np.sqrt(max(part.flops, moved * target.intensity, 1.0)))
