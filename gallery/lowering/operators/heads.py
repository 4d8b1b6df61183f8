"""What all attentions share: scores, a softmax along the keys, and the weighted sum of the values.

scores [b, h, q, k | d] -> statistics [b, h, q, 1 | k] -> weights [b, h, q, k]
values [b, h, k, d]     -> output [b, h, q, d | k]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from gallery.lowering.access.part import Boxes, Ints, Part, Read, Relation
from gallery.lowering.access.registry import Context
from gallery.lowering.access.relations import (
    AxisRule,
    broadcast,
    composed,
    divided,
    emptied,
    identity,
    per_axis,
    same,
    spans,
    transposed,
    where,
)  # fmt: skip
from gallery.lowering.access.reshape import reshaped
from gallery.lowering.operators.parts import inside, making, outermost


class Sight(Protocol):
    """Which keys a query sees."""

    def span(self, lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        """Hull of the keys that the queries of blocks [batch, heads, queries, ...] see."""


@runtime_checkable
class Gaps(Sight, Protocol):
    """A sight that leaves out keys between others."""

    def runs(self, lows: Ints, highs: Ints) -> tuple[Ints, Ints, Ints]:
        """Runs of keys that a block sees: the number of the block, ascending; first; last + 1."""


def hull(sight: Gaps, lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
    """The span of a sight with gaps: from the first key of all runs of a block to the last."""
    owner, begin, end = sight.runs(lows, highs)
    first, last = np.full(len(lows), np.iinfo(np.int64).max), np.zeros(len(lows), np.int64)
    np.minimum.at(first, owner, begin)
    np.maximum.at(last, owner, end)
    return first, last


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Band:
    """A sight that moves with the query: i of sequence b sees from i + first[b] to i + last[b] - 1.

    Attributes:
        first: int64 (batch,).
        last: int64 (batch,).
        limit: int64 (batch,); only keys before this one are seen.
    """

    first: Ints
    last: Ints
    limit: Ints

    def span(self, lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        """As `Sight.span`."""
        begin = spans(0, self.first, self.first + 1)(lows, highs)[0] + lows[:, 2]
        end = spans(0, self.last, self.last + 1)(lows, highs)[1] - 1 + highs[:, 2] - 1
        limit = spans(0, self.limit, self.limit + 1)(lows, highs)[1] - 1
        return np.maximum(begin, 0), np.minimum(end, limit)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """A sight of each query's own: query i sees keys from first[i] to last[i] - 1.

    Attributes:
        first: int64 (queries,).
        last: int64 (queries,).
    """

    first: Ints
    last: Ints

    def span(self, lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        """As `Sight.span`."""
        return spans(2, self.first, self.last)(lows, highs)


_FEW = 8
"""Queries of a block that are looked at one by one, at most."""


def alone(sight: Sight, lows: Ints, highs: Ints) -> npt.NDArray[np.bool_]:
    """Whether no query of a block sees more than one key, so that its weights are constant.

    Of a block of more than a few queries, one is taken to see more.
    """
    most = np.where(highs[:, 2] - lows[:, 2] > _FEW, 2, 0)
    for query in range(_FEW):
        one = lows.copy()
        one[:, 2] = np.minimum(lows[:, 2] + query, highs[:, 2] - 1)
        ends = highs.copy()
        ends[:, 2] = one[:, 2] + 1
        begin, end = sight.span(one, ends)
        most = np.maximum(most, end - begin)
    return most <= 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """Sizes of an attention.

    Attributes:
        batch: Number of sequences.
        heads: Number of heads of the queries.
        shared: Number of query heads per head of keys and values.
        queries: Length of the queries.
        keys: Length of keys and values, including cached ones.
        depth: Size of a query and a key.
        width: Size of a value.
        sight: The keys that the queries see; None if all see all.
        masked: Whether an unknown mask or a sink changes the weight of a key that is seen alone.
    """

    batch: int
    heads: int
    shared: int
    queries: int
    keys: int
    depth: int
    width: int
    sight: Sight | None = None
    masked: bool = False

    @property
    def whole(self) -> bool:
        """Whether a query sees one run of keys."""
        return not isinstance(self.sight, Gaps)

    @property
    def grid(self) -> tuple[int, int, int, int]:
        """Sizes of the scores."""
        return self.batch, self.heads, self.queries, self.keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Operand:
    """Queries, keys or values by head, wherever they lie.

    Attributes:
        tensor: A tensor of the program.
        shape: (batch, heads, length, size).
        place: From boxes of this shape to those of the tensor; None if it has this shape itself.
    """

    tensor: int
    shape: tuple[int, int, int, int]
    place: Relation | None = None

    def read(self, rules: Sequence[AxisRule], *, saved: bool = True) -> Read:
        """A read by one rule for each of batch, head, position and element."""
        return self.through(per_axis(self.shape, rules), saved=saved)

    def through(self, relation: Relation, *, saved: bool = True) -> Read:
        """A read of the boxes of `shape` that a relation gives."""
        if self.place is not None:
            relation = composed(relation, self.place)
        return Read(tensor=self.tensor, relation=relation, saved=saved, exact=self.place is None)

    def behind(self, shape: tuple[int, int, int, int], onto: Relation) -> Operand:
        """The operand as one of another shape, from whose boxes `onto` gives those of this one."""
        place = onto if self.place is None else composed(onto, self.place)
        return Operand(tensor=self.tensor, shape=shape, place=place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What an attention reads besides queries, keys and values, and makes besides its output.

    Attributes:
        masks: Reads of masks and of what is added, from blocks [b, h, q, k] of the scores.
        sinks: Reads of what the sum of a row of weights has besides them, from [b, h, q, 1 | k].
        raw: Output that gets the scores, or -1.
        masked: Output that gets the masked scores, or -1.
        weights: Output that gets the weights, or -1.
        steps_first: Whether the output is [s, b, h * d] instead of [b, s, h * d].
    """

    masks: Sequence[Read] = ()
    sinks: Sequence[Read] = ()
    raw: int = -1
    masked: int = -1
    weights: int = -1
    steps_first: bool = False


def by_head(shape: tuple[int, ...], heads: int, rules: list[AxisRule]) -> Relation:
    """The relation to a tensor [b, s, h * d], or [b, h, s, d], by rules for [b, h, s, d]."""
    if len(shape) == 4:
        return per_axis(shape, rules)
    view = (shape[0], shape[1], heads, shape[2] // heads)
    moved = per_axis(view, [rules[0], rules[2], rules[1], rules[3]])
    return composed(moved, reshaped(shape, view))


def attended(
    context: Context,
    sizes: Heads,
    operands: tuple[Operand, Operand, Operand],
    extras: Extras,
    flops: float,
) -> list[Part]:
    """From queries, keys and values to output 0."""
    query, key, value = operands
    grid = sizes.grid
    scores = context.outputs[extras.raw] if extras.raw >= 0 else context.virtual(grid)
    rules = [same(0), divided(1, sizes.shared), same(3), same(4)]
    reads = [query.read([same(0), same(1), same(2), same(4)]), key.read(rules)]
    share = flops * sizes.depth / (sizes.depth + sizes.width + 3)
    parts = [inside(scores, (*grid, sizes.depth), reads, 4, share)]
    masked = scores
    if extras.masked >= 0 or extras.masks or sizes.sight is not None:
        masked = context.outputs[extras.masked] if extras.masked >= 0 else context.virtual(grid)
        cut = seen(identity(grid), sizes)
        own = [Read(tensor=scores, relation=cut, exact=sizes.whole), *extras.masks]
        parts.append(inside(masked, grid, own, 4))
    weights = context.outputs[extras.weights] if extras.weights >= 0 else context.virtual(grid)
    rest = flops - share
    part_of = sizes.width / (sizes.width + 3)
    parts += _softmax(context, (masked, weights), sizes, extras.sinks, rest * (1 - part_of))
    parts += _weighted(context, weights, value, sizes, rest * part_of)
    parts = outermost(parts, 2)
    if len(context.out_shape()) < 4:
        parts.append(_flat(context, sizes, parts[-1], extras.steps_first))
    return parts


def seen(relation: Relation, sizes: Heads, keys: int = 3) -> Relation:
    """A relation restricted to the keys that the queries of a block may see."""
    sight = sizes.sight
    if sight is None:
        return relation

    def cut(lows: Ints, highs: Ints) -> Boxes:
        if isinstance(sight, Gaps):
            owner, begin, end = sight.runs(lows, highs)
            found = within(lows[owner], highs[owner], begin, end)
            whose = owner if found.owner is None else owner[found.owner]
            return Boxes(found.lows, found.highs, whose)
        return within(lows, highs, *sight.span(lows, highs))

    def within(lows: Ints, highs: Ints, begin: Ints, end: Ints) -> Boxes:
        low, high = lows.copy(), highs.copy()
        low[:, keys] = np.maximum(low[:, keys], begin)
        high[:, keys] = np.minimum(high[:, keys], end)
        none = high[:, keys] <= low[:, keys]
        high[none, keys] = low[none, keys] = 0
        return emptied(relation(low, high), none)

    return cut


def _softmax(
    context: Context,
    tensors: tuple[int, int],
    sizes: Heads,
    sinks: Sequence[Read],
    flops: float,
) -> list[Part]:
    """Maximum and sum of each row of scores, then the weights."""
    grid = sizes.grid
    kept = (*grid[:3], 1)
    stats = context.virtual(kept)
    rows = per_axis(grid, [same(0), same(1), same(2), same(4)])
    cut = seen(rows, sizes, 4)
    first = [Read(tensor=tensors[0], relation=cut, saved=True, exact=sizes.whole), *sinks]
    reads = [(tensors[0], identity(grid)), (stats, broadcast(kept, 4))]
    own = [
        Read(tensor=t, relation=_weighing(seen(r, sizes), sizes), exact=sizes.whole)
        for t, r in reads
    ]
    part = inside(tensors[1], grid, own, 4, flops * 0.4)
    return [
        inside(stats, (*kept, sizes.keys), first, 4, flops * 0.6),
        replace(part, saves_output=True),
    ]


def _weighing(relation: Relation, sizes: Heads) -> Relation:
    """A relation, but nothing for queries that see one key: its weight is 1 whatever its score."""
    sight = sizes.sight
    if sight is None or sizes.masked:
        return relation
    return where(relation, lambda lows, highs: ~alone(sight, lows, highs))


def _weighted(
    context: Context, weights: int, value: Operand, sizes: Heads, flops: float
) -> list[Part]:
    """[b, h, q, d | k], which is the output itself if that has rank 4."""
    shape = (sizes.batch, sizes.heads, sizes.queries, sizes.width)
    made = context.outputs[0] if len(context.out_shape()) == 4 else context.virtual(shape)
    read = value.read([same(0), divided(1, sizes.shared), same(4), same(3)])
    rows = per_axis(sizes.grid, [same(0), same(1), same(2), same(4)])
    reads = [
        Read(tensor=weights, relation=seen(rows, sizes, 4), saved=True, exact=sizes.whole),
        replace(read, relation=seen(read.relation, sizes, 4), exact=False),
    ]
    return [inside(made, (*shape, sizes.keys), reads, 4, flops)]


def _flat(context: Context, sizes: Heads, part: Part, steps_first: bool) -> Part:
    """Heads side by side: [b, s, h * d], [s, b, h * d], or [s, h * d] of one sequence."""
    shape = (sizes.batch, sizes.heads, sizes.queries, sizes.width)
    order = [1, 2, 0, 3] if steps_first else [0, 2, 1, 3]
    view = [size for _, size in sorted(zip(order, shape, strict=True))]
    relation = composed(reshaped(view, context.out_shape()), transposed(shape, order))
    read = Read(tensor=part.makes[0], relation=relation, exact=False)
    return making(context, [read], share=0.0)
