"""How far each part is split: one order of splitting for all budgets, so that grids nest.

The part with the most work a vertex is doubled next, along the dimension where that moves the
least data. A budget only says how far to go along this one sequence, so the blocks of a small
budget are unions of the blocks of any larger one.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gallery.lower.part import Part, Read
from gallery.lower.program import Program
from gallery.lower.targets import Target

FAN_IN = 16
"""Partials that one reduce vertex sums; more are summed by a tree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """How a box that is read depends on the blocks: along one dimension of a tensor.

    Attributes:
        size: Of the tensor's dimension.
        of: The dimension of the index space that it follows, or -1 where it is read whole.
        slope: Elements that are read for each element of that dimension.
        halo: Elements that are read beyond.
    """

    size: int
    of: int
    slope: float
    halo: float


Footprint = tuple[Axis, ...]


def footprint(part: Part, read: Read, shape: Sequence[int]) -> Footprint:
    """Measure a relation on the whole index space and on halves of it."""
    dims = len(part.shape)
    probes = [d for d in range(dims) if part.shape[d] > 1]
    lows = np.zeros((1 + len(probes), dims), np.int64, order="F")
    highs = np.tile(np.array(part.shape, np.int64), (1 + len(probes), 1))
    for row, d in enumerate(probes, 1):
        highs[row, d] = part.shape[d] // 2
    boxes = read.relation(lows, highs)
    owner = np.arange(len(lows)) if boxes.owner is None else boxes.owner
    extent = np.zeros((len(lows), len(shape)))
    for row in range(len(lows)):
        at = owner == row
        if at.any():
            extent[row] = boxes.highs[at].max(axis=0) - boxes.lows[at].min(axis=0)
    axes = []
    for axis, size in enumerate(shape):
        shrink = extent[0, axis] - extent[1:, axis]
        best = int(np.argmax(shrink)) if len(shrink) else -1
        if best < 0 or shrink[best] <= 0:
            axes.append(Axis(size=size, of=-1, slope=0.0, halo=float(extent[0, axis])))
            continue
        d = probes[best]
        slope = float(shrink[best]) / (part.shape[d] - part.shape[d] // 2)
        halo = float(extent[0, axis]) - slope * part.shape[d]
        axes.append(Axis(size=size, of=d, slope=slope, halo=halo))
    return tuple(axes)


def traffic(
    part: Part,
    prints: Sequence[Footprint],
    makers: Sequence[Sequence[int]],
    splits: Sequence[int],
) -> float:
    """What it costs to run a part on a grid: elements that its blocks read, and edges.

    An edge counts as `EDGE` elements. A read of a box that follows the grid of its producer is one
    edge; a finer producer, or a halo that reaches into the neighbours, makes it several.

    Args:
        part: The part.
        prints: Footprint of each read.
        makers: Splits of each tensor that is read, by its producer.
        splits: The grid.
    """
    cells = 1.0
    for split in splits:
        cells *= split
    total = 0.0
    for print_, maker in zip(prints, makers, strict=True):
        elements = edges = 1.0
        for axis, blocks in zip(print_, maker, strict=True):
            if axis.of < 0:
                extent = axis.halo
            else:
                extent = axis.slope * part.shape[axis.of] / splits[axis.of] + axis.halo
            extent = min(max(extent, 1.0), axis.size)
            met = extent * blocks / max(axis.size, 1)
            edges *= min(max(met, 1.0) + (axis.halo > 0 and axis.of >= 0), blocks)
            elements *= extent
        total += elements + EDGE * edges
    total *= cells
    summed = 1.0
    for split in splits[part.rank :]:
        summed *= split
    if summed > 1:
        made = 1.0
        for size in part.shape[: part.rank]:
            made *= size
        total += 2.0 * summed * made + EDGE * cells
    return total


EDGE = 4096.0
"""Elements that cost as much to move as one more edge, so that few blocks are read at a time."""


def next_axis(
    part: Part,
    prints: Sequence[Footprint],
    makers: Sequence[Sequence[int]],
    splits: Sequence[int],
) -> int:
    """The dimension whose doubling costs least, or -1 where none can be split further.

    Where several cost the same it is the one with the longest blocks. Only where none can be
    doubled is one split into single elements.
    """
    best, least = -1, (False, 0.0, 0.0)
    for d in range(len(splits)):
        if not _can_double(part, splits, d):
            continue
        finer = [*splits]
        finer[d] = finer_split(part, splits, d)
        last = finer[d] < 2 * splits[d]
        price = (last, traffic(part, prints, makers, finer), -part.shape[d] / splits[d])
        if best < 0 or price < least:
            best, least = d, price
    return best


def finer_split(part: Part, splits: Sequence[int], axis: int) -> int:
    """The next split of a dimension: twice the one before, and at last its size.

    Both nest in all before them. A summed dimension keeps to powers of two, so that the levels of
    its reduction nest too.
    """
    split, size = splits[axis], part.shape[axis]
    if 2 * split <= size:
        return 2 * split
    return max(size, split) if axis < part.rank else split


def _can_double(part: Part, splits: Sequence[int], axis: int) -> bool:
    if axis in part.whole or finer_split(part, splits, axis) == splits[axis]:
        return False
    if part.time >= 0 and axis == 0:
        return False
    return all(splits[a] >= k for a, b, k in part.after if b == axis)


def tree(partials: int) -> list[int]:
    """Number of vertices at each level of a reduction, from the first sums to the last.

    >>> tree(64), tree(1)
    ([4, 1], [])
    """
    levels = []
    while partials > 1:
        partials = -(-partials // FAN_IN)
        levels.append(partials)
    return levels


@dataclass(frozen=True, slots=True, kw_only=True)
class Splits:
    """How far everything is split at one place of the sequence.

    Attributes:
        parts: Splits of each part's dimensions.
        leaves: Splits of each input and parameter tensor, by its number.
        chunks: For each recurrence the number of chunks of time that its parts are run in, all in
            one vertex a chunk; 0 where each time step and part has vertices of its own.
    """

    parts: tuple[tuple[int, ...], ...]
    leaves: dict[int, tuple[int, ...]]
    chunks: tuple[int, ...]


class Splitter:
    """The one sequence of doublings of a program; `advance` walks along it.

    Attributes:
        vertices: Number of vertices at the present place of the sequence.
    """

    def __init__(self, program: Program, target: Target, training: bool) -> None:
        self.program = program
        self.training = training
        parts = program.parts
        self.prints = [
            [footprint(p, r, program.tensors[r.tensor].shape) for r in p.reads] for p in parts
        ]
        self.leaf_reader = self._leaf_readers()
        self.leaves_of: dict[int, list[int]] = {}
        for tensor, (part, _) in self.leaf_reader.items():
            self.leaves_of.setdefault(part, []).append(tensor)
        self.maker = {t: i for i, part in enumerate(parts) for t in part.makes}
        self.splits = [[1] * len(p.shape) for p in parts]
        self.leaf_splits = {t: [1] * len(program.tensors[t].shape) for t in self.leaf_reader}
        self.groups = _recurrences(parts)
        self.chunks = [1] * len(self.groups)
        self.work = [_work(program, p, target) for p in parts]
        self.counts = [self._count(i) for i in range(len(parts))]
        self.vertices = sum(self.counts)
        self.queue = [self._entry(i) for i in range(len(parts)) if self._leads(i)]
        heapq.heapify(self.queue)

    def snapshot(self) -> Splits:
        """The splits at the present place."""
        return Splits(
            parts=tuple(tuple(s) for s in self.splits),
            leaves={t: tuple(s) for t, s in self.leaf_splits.items()},
            chunks=tuple(self.chunks),
        )

    def _leaf_readers(self) -> dict[int, tuple[int, int]]:
        """The part and read whose grid each input and parameter follows.

        It is the largest reader: an embedding that is also the last layer's matrix is split as the
        matrix product splits it, not as the few rows that the tokens pick.
        """
        readers: dict[int, tuple[int, int]] = {}
        largest: dict[int, float] = {}
        for i, part in enumerate(self.program.parts):
            size = float(np.prod(part.shape, dtype=np.float64))
            for j, read in enumerate(part.reads):
                leaf = self.program.tensors[read.tensor].leaf
                if leaf and size > largest.get(read.tensor, -1.0):
                    readers[read.tensor] = (i, j)
                    largest[read.tensor] = size
        return readers

    def _makers(self, i: int) -> list[Sequence[int]]:
        """Splits of what a part reads, at the present place; its own leaves have the part's."""
        makers: list[Sequence[int]] = []
        for read, print_ in zip(self.program.parts[i].reads, self.prints[i], strict=True):
            shape = self.program.tensors[read.tensor].shape
            maker = self.maker.get(read.tensor)
            if maker is None and self.leaf_reader[read.tensor][0] != i:
                makers.append(self.leaf_splits[read.tensor])
            elif maker is None:
                own = self.splits[i]
                makers.append([own[axis.of] if axis.of >= 0 else 1 for axis in print_])
            elif self._collapsed(maker):
                makers.append([self._collapsed(maker), *([1] * len(shape))][: len(shape)])
            else:
                makers.append(self.splits[maker][: len(shape)])
        return makers

    def _collapsed(self, i: int) -> int:
        """Chunks of time of the part's recurrence while it is in one piece, else 0."""
        time = self.program.parts[i].time
        return self.chunks[time] if time >= 0 else 0

    def _leads(self, i: int) -> bool:
        """Whether a part has an entry in the queue: a collapsed recurrence has one in all."""
        return not self._collapsed(i) or self.groups[self.program.parts[i].time][0] == i

    def _entry(self, i: int) -> tuple[float, int]:
        if self._collapsed(i):
            group = self.groups[self.program.parts[i].time]
            return -sum(self.work[j] for j in group) / self.counts[i], i
        return -self.work[i] / self.counts[i], i

    def _count(self, i: int) -> int:
        """Vertices of a part and of the leaves that it reads first.

        Those of its reductions count too, and where there is a backward pass all their gradients
        and updates.
        """
        part, splits = self.program.parts[i], self.splits[i]
        if self._collapsed(i):
            count = self._collapsed(i) if self._leads(i) else 0
        else:
            blocks = int(np.prod(splits[: part.rank], dtype=np.int64))
            summed = int(np.prod(splits[part.rank :], dtype=np.int64))
            count = blocks * (summed + sum(tree(summed)))
        if self.training and any(r.differentiable for r in part.reads):
            count *= 2
        for tensor in self.leaves_of.get(i, ()):
            size = int(np.prod(self.leaf_splits[tensor], dtype=np.int64))
            leaf = self.program.tensors[tensor]
            updated = self.training and leaf.leaf == "parameter" and leaf.differentiable
            count += size * (3 if updated else 1)
        return count

    def _follow(self, i: int) -> None:
        """Split the leaves that a part reads first as the part is split."""
        for tensor in self.leaves_of.get(i, ()):
            print_ = self.prints[i][self.leaf_reader[tensor][1]]
            splits = self.leaf_splits[tensor]
            for d, axis in enumerate(print_):
                wanted = self.splits[i][axis.of] if axis.of >= 0 else 1
                if self.program.parts[i].time >= 0 and axis.of == 0:
                    wanted = 1
                splits[d] = _nesting(wanted, axis.size)

    def _double(self, i: int) -> int | None:
        """Take the next doubling of a part or recurrence; gives the vertices that it adds."""
        time = self.program.parts[i].time
        if not self._collapsed(i):
            part = self.program.parts[i]
            axis = next_axis(part, self.prints[i], self._makers(i), self.splits[i])
            if axis < 0:
                return None
            self.splits[i][axis] = finer_split(part, self.splits[i], axis)
            self._follow(i)
            return self._recount([i])
        steps = self.program.parts[i].shape[0]
        if 2 * self.chunks[time] <= steps:
            self.chunks[time] *= 2
            return self._recount([i])
        self.chunks[time] = 0
        for j in self.groups[time]:
            self.splits[j][0] = steps
            self._follow(j)
        return self._recount(self.groups[time])

    def _recount(self, parts: Sequence[int]) -> int:
        before = sum(self.counts[j] for j in parts)
        for j in parts:
            self.counts[j] = self._count(j)
        added = sum(self.counts[j] for j in parts) - before
        self.vertices += added
        return added

    def advance(self, budget: int) -> Splits:
        """Double what has the most work a vertex until the budget is reached.

        The last doubling is left out where the graph is nearer to the budget without it.
        """
        best = self.snapshot() if self.vertices >= budget else None
        while best is None and self.queue:
            before = self.snapshot() if 2 * self.vertices > budget else None
            _, i = self.queue[0]
            was = self._collapsed(i)
            added = self._double(i)
            if added is None:
                heapq.heappop(self.queue)
                continue
            heapq.heapreplace(self.queue, self._entry(i))
            if was and not self._collapsed(i):
                for j in self.groups[self.program.parts[i].time][1:]:
                    heapq.heappush(self.queue, self._entry(j))
            if self.vertices >= budget:
                near = self.vertices - budget <= budget - (self.vertices - added)
                best = self.snapshot() if near or before is None else before
        return best or self.snapshot()


def _nesting(wanted: int, size: int) -> int:
    """The split of a dimension nearest to the one that is wanted: a power of two, or its size.

    >>> [_nesting(wanted, 20) for wanted in (8, 12, 16, 32)]
    [8, 8, 16, 20]
    """
    if wanted >= size:
        return max(size, 1)
    return 1 << (wanted.bit_length() - 1)


def _recurrences(parts: Sequence[Part]) -> list[list[int]]:
    """Parts of each recurrence, by its number."""
    groups: list[list[int]] = [[] for _ in {p.time for p in parts if p.time >= 0}]
    for i, part in enumerate(parts):
        if part.time >= 0:
            groups[part.time].append(i)
    return groups


def _work(program: Program, part: Part, target: Target) -> float:
    """Work of a part in FLOPs that take as long: arithmetic, or the bytes that it moves.

    The square root keeps the parts that do little arithmetic in the picture: split in proportion
    to the work itself, a Relu would be a hundredth of its convolution and a bottleneck of edges.
    """
    moved = part.itemsize * float(np.prod(part.shape[: part.rank], dtype=np.float64))
    for tensor in {read.tensor for read in part.reads}:
        leaf = program.tensors[tensor]
        moved += leaf.itemsize * float(np.prod(leaf.shape, dtype=np.float64)) if leaf.leaf else 0.0
    return float(np.sqrt(max(part.flops, moved * target.intensity, 1.0)))
