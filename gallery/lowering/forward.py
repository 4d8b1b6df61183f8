"""The forward graph: the vertices of all parts, numbered.

    leaves of a part | partials | sums of partials, level by level | leaves of the next part ...

A leaf is an input or a parameter. The sets of an unrolled recurrence are numbered time step by time
step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from gallery.graph import ComputeSet, Kind
from gallery.lowering.access.part import Boxes, Ints, Part, Relation
from gallery.lowering.edges import Producer
from gallery.lowering.program import Program, ProgramTensor
from gallery.lowering.tiling.splits import Splits, tree


class Piece(NamedTuple):
    """A compute set and what its vertices read.

    Attributes:
        grid: The set.
        part: Number of the part in the program, or -1 for a leaf.
        leaf: Tensor of a leaf, or -1.
        level: 0 for the vertices of the part itself, then the levels of its reduction.
        operator: Index of the operator that it belongs to.
        does: The part whose work its vertices do, or the tensor of a leaf.
    """

    grid: ComputeSet
    does: Part | ProgramTensor
    part: int = -1
    leaf: int = -1
    level: int = 0
    operator: int = -1

    @property
    def flops(self) -> float:
        """Floating-point operations of all its vertices together; level 0 does them all."""
        return self.does.flops if isinstance(self.does, Part) and not self.level else 0.0

    @property
    def bytes(self) -> float:
        """Bytes written by all its vertices together."""
        if not isinstance(self.does, Part):
            return self.does.itemsize * float(math.prod(self.does.shape))
        made = float(math.prod(self.does.shape[: self.does.rank]))
        copies = float(math.prod(self.grid.splits[self.does.rank :]))
        return self.does.itemsize * made * copies

    @property
    def saves_output(self) -> bool:
        """Whether the derivative needs what the vertices make."""
        if not isinstance(self.does, Part):
            return False
        return self.does.saves_output and self.grid.kind != Kind.PARTIAL

    @property
    def differentiable(self) -> bool:
        """Whether a gradient flows through the vertices."""
        if not isinstance(self.does, Part):
            return self.does.differentiable and self.does.leaf == "parameter"
        return any(read.differentiable for read in self.does.reads)

    @property
    def contracts(self) -> bool:
        """Whether the vertices sum products of two tensors that both have a gradient."""
        if not isinstance(self.does, Part) or self.level:
            return False
        if len(self.does.shape) == self.does.rank:
            return False
        return sum(read.saved and read.differentiable for read in self.does.reads) > 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Numbering:
    """All sets of a split program, numbered.

    Attributes:
        pieces: The sets, in the order of their first vertices.
        producers: The vertices of each tensor that a part makes or that is a leaf.
        vertices: Number of vertices.
    """

    pieces: tuple[Piece, ...]
    producers: dict[int, Producer]
    vertices: int


def joined(parts: Sequence[Part]) -> Part:
    """The parts of a recurrence as one part whose only dimension is time."""
    steps = parts[0].shape[0]
    reads = tuple(
        replace(read, relation=_over_time(read.relation, part.shape), exact=False)
        for part in parts
        for read in part.reads
    )
    written = sum(p.itemsize * float(math.prod(p.shape[: p.rank])) for p in parts)
    return Part(
        shape=(steps,),
        rank=1,
        makes=tuple(tensor for part in parts for tensor in part.makes),
        reads=reads,
        flops=sum(part.flops for part in parts),
        itemsize=written / steps,
        saves_output=any(part.saves_output for part in parts),
        operator=parts[0].operator,
        time=parts[0].time,
    )


def _over_time(relation: Relation, shape: tuple[int, ...]) -> Relation:
    def whole(lows: Ints, highs: Ints) -> Boxes:
        all_lows = np.zeros((len(lows), len(shape)), np.int64, order="F")
        all_highs = np.tile(np.array(shape, np.int64), (len(lows), 1))
        all_lows[:, 0], all_highs[:, 0] = lows[:, 0], highs[:, 0]
        return relation(all_lows, all_highs)

    return whole


def number(program: Program, splits: Splits) -> Numbering:
    """Number all vertices.

    Args:
        program: The parts.
        splits: How far each part is split.
    """
    pieces: list[Piece] = []
    producers: dict[int, Producer] = {}
    at = 0
    for group in program.groups:
        parts = [(i, program.parts[i], splits.parts[i]) for i in group.parts]
        first, leader, _ = parts[0]
        for tensor in group.leaves:
            leaf = _leaf(program.tensors[tensor], splits.leaves[tensor], at)
            pieces.append(
                Piece(
                    grid=leaf, does=program.tensors[tensor], leaf=tensor, operator=leader.operator
                )
            )
            producers[tensor] = _producer(leaf, leaf.shape)
            at += leaf.size
        chunks = splits.chunks[leader.time] if leader.time >= 0 else 0
        if chunks:
            parts = [(first, joined([part for _, part, _ in parts]), (chunks,))]
        at = _number_group(parts, at, pieces, producers, program)
    return Numbering(pieces=tuple(pieces), producers=producers, vertices=at)


def _leaf(tensor: ProgramTensor, splits: tuple[int, ...], first: int) -> ComputeSet:
    """The set of an input or parameter."""
    return ComputeSet(
        first=first,
        shape=tensor.shape,
        splits=splits,
        rank=len(tensor.shape),
        tensors=(tensor.model,) if tensor.model >= 0 else (),
        kind=Kind.PARAMETER if tensor.leaf == "parameter" else Kind.INPUT,
    )


def _producer(grid: ComputeSet, shape: tuple[int, ...]) -> Producer:
    """A set as the producer of a tensor; dimensions that the set does not have are not split."""
    splits = grid.splits[: grid.rank]
    if grid.rank != len(shape):
        splits = (splits + (1,) * len(shape))[: len(shape)]
    return Producer(first=grid.first, shape=shape, splits=splits, period=grid.period)


def _number_group(
    group: Sequence[tuple[int, Part, tuple[int, ...]]],
    at: int,
    pieces: list[Piece],
    producers: dict[int, Producer],
    program: Program,
) -> int:
    """Number the sets of one part, or of an unrolled recurrence time step by time step."""
    recurrent = len(group) > 1
    steps = group[0][1].shape[0] if recurrent else 1
    sets = [(i, part, *level) for i, part, splits in group for level in _levels(part, splits)]
    sizes = [math.prod(one[5]) for one in sets]
    period = sum(sizes) // steps if recurrent else 0
    first = at
    tensors = program.tensors
    for (i, part, level, last, shape, blocks), size in zip(sets, sizes, strict=True):
        made = part.makes if last else ()
        numbers = [tensors[tensor].model for tensor in made]
        grid = ComputeSet(
            first=first,
            shape=shape,
            splits=blocks,
            rank=part.rank,
            tensors=tuple([number for number in numbers if number >= 0]),
            kind=Kind.REDUCE if level else part.kind if last else Kind.PARTIAL,
            period=period,
        )
        pieces.append(Piece(grid=grid, does=part, part=i, level=level, operator=part.operator))
        for tensor in made:
            producers[tensor] = _producer(grid, tensors[tensor].shape)
        first += size // steps
    return at + sum(sizes)


def _levels(
    part: Part, splits: tuple[int, ...]
) -> list[tuple[int, bool, tuple[int, ...], tuple[int, ...]]]:
    """The sets of a part: its own vertices, then the levels of its reduction.

    Each is given as level, whether it is the last set, which makes the tensors, shape, and splits.
    """
    rank = part.rank
    counts = tree(math.prod(splits[rank:])) if len(splits) > rank else ()
    if not counts:
        return [(0, True, part.shape, splits)]
    levels = [(0, not counts, part.shape, splits)]
    for level, count in enumerate(counts, 1):
        more = (count,) if count > 1 else ()
        levels.append((level, count == 1, part.shape[:rank] + more, splits[:rank] + more))
    return levels
