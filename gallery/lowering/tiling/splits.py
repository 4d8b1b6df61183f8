"""How far each part is split: one sequence of splits for all budgets, so that grids nest.

Each step doubles the splits of the part with the most work per vertex, along the dimension where
this moves the least data. A budget only determines how far to go along this one sequence, so the
blocks of a small budget are unions of the blocks of any larger one.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from gallery.lowering.access.part import Part
from gallery.lowering.program import Program
from gallery.lowering.tiling.tables import tables
from gallery.lowering.tiling.targets import Target
from gallery.lowering.tiling.traffic import FAN_IN, double, follow, leaf_vertices, vertices


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
    """

    parts: tuple[tuple[int, ...], ...]
    leaves: dict[int, tuple[int, ...]]
    chunks: tuple[int, ...]


class Splitter:
    """The sequence of doublings of a program; `advance` walks along it.

    Attributes:
        vertices: Number of vertices at the current point of the sequence.
    """

    def __init__(self, program: Program, target: Target, training: bool) -> None:
        self.program = program
        self.training = training
        self.tables, self.leaves = tables(program, training)
        self.splits = np.ones(len(self.tables.shape), np.int64)
        parts = program.parts
        for i in range(len(parts)):
            follow(self.tables, self.splits, i)
        self.groups = _recurrences(parts)
        self.chunks = [1] * len(self.groups)
        self.work = [_work(program, p, target) for p in parts]
        self.counts = [self._count(i) for i in range(len(parts))]
        self.vertices = sum(self.counts)
        self.queue = [self._entry(i) for i in range(len(parts)) if self._leads(i)]
        heapq.heapify(self.queue)

    def snapshot(self) -> Splits:
        """The splits at the current point."""
        flat = self.splits.tolist()
        parts = pairwise(self.tables.dims.tolist())
        leaves = zip(self.leaves, pairwise(self.tables.leaf.tolist()), strict=True)
        return Splits(
            parts=tuple(tuple(flat[begin:end]) for begin, end in parts),
            leaves={tensor: tuple(flat[begin:end]) for tensor, (begin, end) in leaves},
            chunks=tuple(self.chunks),
        )

    def _collapsed(self, i: int) -> int:
        """Number of chunks of the part's recurrence while it is collapsed, else 0."""
        time = self.program.parts[i].time
        return self.chunks[time] if time >= 0 else 0

    def _leads(self, i: int) -> bool:
        """Whether a part has its own entry in the queue: a collapsed recurrence has only one."""
        return not self._collapsed(i) or self.groups[self.program.parts[i].time][0] == i

    def _entry(self, i: int) -> tuple[float, int]:
        together = self.groups[self.program.parts[i].time] if self._collapsed(i) else [i]
        return -sum(self.work[j] for j in together) / self.counts[i], i

    def _count(self, i: int) -> int:
        """Number of vertices of a part and of the leaves that follow it, with all their gradients.

        A collapsed recurrence is counted with its first part.
        """
        leaves = leaf_vertices(self.tables, self.splits, i)
        if not self._collapsed(i):
            return int(leaves + vertices(self.tables, self.splits, i, self.training))
        differentiable = any(read.differentiable for read in self.program.parts[i].reads)
        own = self._collapsed(i) * (1 + (self.training and differentiable))
        return int(leaves) + own * self._leads(i)

    def _double(self, i: int) -> _Step | None:
        """Take the next doubling of a part or recurrence; None if there is none."""
        time = self.program.parts[i].time
        if not self._collapsed(i):
            place, before, after = double(self.tables, self.splits, i, self.training)
            if place < 0:
                return None
            self._recount(i, int(after))
            return _Step(parts=(i,), places=(place,), before=before)
        parts = tuple(self.groups[time])
        places = tuple(int(self.tables.dims[j]) for j in parts)
        step = _Step(parts=parts, places=places, before=self.chunks[time], time=time)
        steps = self.program.parts[i].shape[0]
        opened = 2 * self.chunks[time] > steps
        self.chunks[time] = 0 if opened else 2 * self.chunks[time]
        self._split(step, self.chunks[time] or steps)
        for j in parts:
            self._recount(j, self._count(j))
        return step

    def _split(self, step: _Step, split: int) -> None:
        """Set the grid dimensions of a step and of the leaves that follow them."""
        for j, place in zip(step.parts, step.places, strict=True):
            self.splits[place] = split
            follow(self.tables, self.splits, j)

    def _without(self, step: _Step) -> Splits:
        """The splits before the last step."""
        present, chunks = int(self.splits[step.places[0]]), [*self.chunks]
        self._split(step, step.before)
        if step.time >= 0:
            self.chunks[step.time] = step.before
        result = self.snapshot()
        self._split(step, present)
        self.chunks = chunks
        return result

    def advance(self, budget: int) -> Splits:
        """Double the part with the most work per vertex until the budget is reached.

        The last doubling is left out if the graph is closer to the budget without it.
        """
        if self.vertices >= budget:
            return self.snapshot()
        while self.queue:
            _, i = self.queue[0]
            was, fewer = self._collapsed(i), self.vertices
            step = self._double(i)
            if step is None:
                heapq.heappop(self.queue)
                continue
            heapq.heapreplace(self.queue, self._entry(i))
            if was and not self._collapsed(i):
                for j in step.parts[1:]:
                    heapq.heappush(self.queue, self._entry(j))
            if self.vertices >= budget:
                near = self.vertices - budget <= budget - fewer
                return self.snapshot() if near else self._without(step)
        return self.snapshot()

    def _recount(self, i: int, count: int) -> None:
        """Record how many vertices a part has now."""
        self.vertices += count - self.counts[i]
        self.counts[i] = count


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One doubling.

    Attributes:
        parts: One part, or those of a recurrence.
        places: The grid dimension of each part that is split.
        before: The number of splits before.
        time: Number of the recurrence whose time is split, or -1.
    """

    parts: tuple[int, ...]
    places: tuple[int, ...]
    before: int
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
