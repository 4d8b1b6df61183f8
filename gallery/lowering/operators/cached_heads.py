"""Keys and values that an attention keeps for its next run, and what it does to new ones before.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gallery.lowering.access.part import Ints, Part, Read, Relation
from gallery.lowering.access.registry import Context
from gallery.lowering.access.relations import (
    AxisRule,
    broadcast,
    composed,
    fixed,
    full,
    per_axis,
    same,
    several,
    spans,
    where,
)  # fmt: skip
from gallery.lowering.operators.fused_heads import strip
from gallery.lowering.operators.heads import Operand
from gallery.lowering.operators.parts import inside
from gallery.lowering.operators.rotation import angle, pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """Cached keys or values, and where they go.

    Attributes:
        tensor: A tensor of the program with the cached ones, or -1.
        place: From boxes [b, h, s, d] to those of this tensor.
        made: A tensor of the program that gets cached and new ones, or -1 if none is wanted.
        known: Whether its length is known.
    """

    tensor: int = -1
    place: Relation | None = None
    made: int = -1
    known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows of a cache that an operator makes.

    Attributes:
        stored: How many there are.
        new: The new rows that a row may come from.
        old: Ranges of cached rows that it may come from.
        by: Reads of what tells where new rows go, and of their scale.
    """

    stored: int
    new: AxisRule
    old: tuple[AxisRule, ...]
    by: tuple[Read, ...] = ()


def joined(
    context: Context, operand: Operand, cache: Cache, rows: Rows, parts: list[Part]
) -> Operand:
    """Cached keys or values [b, h, stored, d] and the new ones after them (OUT: parts)."""
    if cache.tensor < 0 and cache.made < 0:
        return operand
    batch, heads, _, size = operand.shape
    shape = (batch, heads, rows.stored, size)
    made = cache.made if cache.made >= 0 and cache.known else context.virtual(shape)
    reads = [operand.read([same(0), same(1), rows.new, same(3)], saved=False)]
    if cache.tensor >= 0 and cache.place is not None:
        ranges = [per_axis(shape, [same(0), same(1), rule, same(3)]) for rule in rows.old]
        kept = composed(several(ranges), cache.place)
        reads.append(Read(tensor=cache.tensor, relation=kept, exact=False))
    parts.append(inside(made, shape, (*reads, *rows.by), 4))
    if cache.made >= 0 and not cache.known:
        parts.append(inside(cache.made, (), [Read(tensor=made, relation=full(shape))], 0))
    return Operand(tensor=made, shape=shape)


def up_to(axis: int, limit: int) -> AxisRule:
    """The block's own range along a dimension, but nothing from `limit` on."""

    def rule(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        return lows[:, axis], highs[:, axis].clip(max=limit)

    return rule


def starting(axis: int, limit: int) -> AxisRule:
    """The block's own range along a dimension, but nothing before `limit`."""

    def rule(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        return lows[:, axis].clip(min=limit), highs[:, axis]

    return rule


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pasts:
    """How many keys of each sequence are cached: between two bounds, as far as is known.

    Attributes:
        least: int64 (batch,).
        most: int64 (batch,).
        total: int64 (batch,), the most keys, cached and new, that a sequence has.
    """

    least: Ints
    most: Ints
    total: Ints

    def bounds(self, lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        """The least and the most of all sequences of a block [batch, ...]."""
        least = spans(0, self.least, self.least + 1)(lows, highs)[0]
        most = spans(0, self.most, self.most + 1)(lows, highs)[1] - 1
        return least, most

    def new(self, lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        """The new rows [batch, heads, rows, ...] that a block of a cache comes from."""
        least, most = self.bounds(lows, highs)
        return lows[:, 2] - most, highs[:, 2] - least

    def old(self, lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        """The cached rows that a block of a cache comes from, in front of the new ones."""
        return lows[:, 2], np.minimum(highs[:, 2], self.bounds(lows, highs)[1])

    def position(self, lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        """The positions of new rows."""
        least, most = self.bounds(lows, highs)
        return lows[:, 2] + least, highs[:, 2] + most


def normed(context: Context, operand: Operand, index: int, parts: list[Part]) -> Operand:
    """Each head by the root mean square of its elements, times a scale."""
    if not context.has(index):
        return operand
    shape = operand.shape
    kept = (*shape[:3], 1)
    stats, made = context.virtual(kept), context.virtual(shape)
    every = operand.read([same(0), same(1), same(2), same(4)])
    parts.append(inside(stats, (*kept, shape[3]), [every], 4))
    reads = [
        operand.read([same(d) for d in range(4)]),
        Read(tensor=stats, relation=broadcast(kept, 4), saved=True),
        context.read(index, per_axis(context.shape(index), [same(3)]), saved=True),
    ]
    parts.append(inside(made, shape, reads, 4))
    return Operand(tensor=made, shape=shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A rotation of pairs of elements.

    Attributes:
        tables: Positions of the inputs with cosines and sines, [positions, half of the elements].
        row: The rows of both for a block [batch, heads, rows, ...].
        interleaved: Whether pairs are neighbours.
        offset: First element of a head that is rotated.
        by: Reads of what tells the rows.
    """

    tables: tuple[int, int]
    row: AxisRule
    interleaved: bool
    offset: int = 0
    by: Sequence[Read] = ()


def rotated(context: Context, operand: Operand, turn: Turn, parts: list[Part]) -> Operand:
    """The operand with its pairs rotated (OUT: parts)."""
    columns = context.shape(turn.tables[0])[1]
    shape = operand.shape
    made = context.virtual(shape)
    if turn.offset:
        every = [same(0), same(1), same(2), fixed(0, shape[3])]
        reads, column = [operand.read(every)], fixed(0, columns)
    else:
        turned = pairs(shape, 2 * columns, turn.interleaved)
        reads = [operand.through(piece) for piece in turned]
        column = angle(2 * columns, turn.interleaved)
    for index in turn.tables:
        relation = per_axis(context.shape(index), [turn.row, column])
        reads.append(context.read(index, relation, saved=True))
    parts.append(inside(made, shape, [*reads, *turn.by], 4))
    return Operand(tensor=made, shape=shape)


def cached(
    context: Context,
    operand: Operand,
    rows: Rows,
    at: tuple[int, int, int],
    parts: list[Part],
) -> Operand:
    """Cached and new keys or values; `at` gives the cache, the output that gets both, its scale.

    The rows of a quantised cache are bytes, which may hold two elements each.
    """
    old, output, scale = at
    cache = Cache(
        made=context.outputs[output] if context.makes(output) else -1,
        known=context.made_shape(output) is not None,
    )
    if not context.has(old):
        return joined(context, operand, cache, rows, parts)
    held = context.shape(old)
    place = per_axis(held, [same(d) for d in range(4)])
    cache = replace(cache, tensor=context.inputs[old], place=place)
    if not context.has(scale):
        return joined(context, operand, cache, rows, parts)
    size = operand.shape[3]
    packed = size != held[3]
    if packed:
        whole = per_axis(operand.shape, [same(0), same(1), same(2), fixed(0, size)])
        operand = operand.behind((*operand.shape[:3], held[3]), whole)
    sizes = context.shape(scale)
    if packed:
        scaling = full(sizes)
    elif sizes == (operand.shape[1] * size,):
        scaling = strip(sizes[0], 0, operand.shape)
    else:
        scaling = broadcast(sizes, 4)

    def fresh(lows: Ints, highs: Ints) -> npt.NDArray[np.bool_]:
        low, high = rows.new(lows, highs)
        return np.minimum(high, operand.shape[2]) > np.maximum(low, 0)

    by = (*rows.by, context.read(scale, where(scaling, fresh), saved=True))
    both = joined(context, operand, cache, replace(rows, by=by), parts)
    shape = (*both.shape[:3], size)
    last = fixed(0, held[3]) if packed else same(3)
    made = context.virtual(shape)
    reads = [
        both.read([same(0), same(1), same(2), last]),
        context.read(scale, scaling, saved=True),
    ]
    parts.append(inside(made, shape, reads, 4))
    return Operand(tensor=made, shape=shape)
