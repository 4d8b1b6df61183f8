"""Attentions of ONNX Runtime with a cache, in which query heads share a head of keys and values.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gallery.attention_sizes import SLOTS
from gallery.lowering.access.part import Ints, Part, Read
from gallery.lowering.access.registry import Context, NoGridError, lowers
from gallery.lowering.access.relations import (
    AxisRule,
    broadcast,
    fixed,
    full,
    per_axis,
    same,
    spans,
    where,
)  # fmt: skip
from gallery.lowering.operators.fused_heads import (
    Cache,
    Lengths,
    Rows,
    apart,
    given_to,
    heads_of,
    joined,
    sizes_of,
)  # fmt: skip
from gallery.lowering.operators.heads import (
    Band,
    Heads,
    Operand,
    Wishes,
    attended,
    seen,
)  # fmt: skip
from gallery.lowering.operators.parts import inside
from gallery.lowering.operators.rotation import angle, pairs


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


@lowers("com.microsoft.GroupQueryAttention")
def group_query_attention(context: Context) -> list[Part]:
    """Norms and rotations, cached keys and values, then scores, weights and output."""
    sizes = sizes_of(context)
    parts: list[Part] = []
    query, key, value = apart(context, sizes)
    query = _normed(context, query, 14, parts)
    key = _normed(context, key, 15, parts)
    pasts = _pasts(context, sizes)
    if context.attribute("do_rotary", 0):
        query, key = (_rotated(context, one, pasts, (7, 8, 9), parts) for one in (query, key))
    if context.attribute("sliding_window_cache", 0):
        key = _sliding(context, key, (3, 1), parts)
        value = _sliding(context, value, (4, 2), parts)
        none = np.zeros(sizes.batch, np.int64)
        pasts = Pasts(least=none, most=none + sizes.past, total=none + sizes.keys)
    else:
        rows = _rows(context, sizes, pasts)
        key = _cached(context, key, rows, (3, 1, 12), parts)
        value = _cached(context, value, rows, (4, 2, 13), parts)
    sight = _causal(context, sizes, pasts)
    heads = replace(heads_of(sizes), sight=sight, masked=_sinks(context))
    return parts + attended(
        context, heads, (query, key, value), _wishes(context, heads), context.flops
    )


def _sinks(context: Context) -> bool:
    return context.has(10) or context.has(11) or bool(context.attribute("smooth_softmax", 0))


def _wishes(context: Context, heads: Heads) -> Wishes:
    masks: list[Read] = []
    if context.has(10):
        shape = context.shape(10)
        relation = broadcast(shape, 4)
        if context.attribute("sliding_window_cache", 0):
            relation = per_axis(shape, [*_broad(shape[:3]), fixed(0, shape[3])])
        masks.append(context.read(10, seen(relation, heads)))
    masks += _lengths(context)
    sinks = []
    if context.has(11):
        sinks.append(context.read(11, per_axis(context.shape(11), [same(1)]), saved=True))
    mode = int(context.attribute("qk_output", 0)) if context.makes(3) else 0
    return Wishes(
        masks=masks,
        sinks=sinks,
        masked=3 if mode == 1 else -1,
        weights=3 if mode == 2 else -1,
    )


def _broad(shape: tuple[int, ...]) -> list[AxisRule]:
    return [fixed(0, 1) if size == 1 else same(axis) for axis, size in enumerate(shape)]


def _pasts(context: Context, sizes: Lengths) -> Pasts:
    """From the lengths of all keys, less one, and of the new ones, if both are in the file."""
    none = np.zeros(sizes.batch, np.int64)
    ends, fresh = context.value(5), context.value(16)
    total = none + max(sizes.keys, 1)
    if ends is not None and ends.size == sizes.batch:
        total = np.minimum(total, ends.ravel().astype(np.int64) + 1)
    if not context.has(3):
        return Pasts(least=none, most=none, total=total)
    ragged = context.has(16)
    every = given_to(context).number(SLOTS[context.operator.type].filled)
    if not ragged and every == sizes.queries:
        return Pasts(least=none, most=none, total=total)  # The first of all tokens.
    if ends is None or (ragged and fresh is None) or ends.size != sizes.batch:
        return Pasts(least=none, most=none + sizes.past, total=total)
    own = fresh.ravel().astype(np.int64) if fresh is not None else sizes.queries
    past = (ends.ravel().astype(np.int64) + 1 - own).clip(0, sizes.stored)
    return Pasts(least=past, most=past, total=total)


def _causal(context: Context, sizes: Lengths, pasts: Pasts) -> Band:
    """Keys that there are, up to the query's own position and no more than a window of them."""
    causal = bool(int(context.attribute("causal", 1)))
    window = int(context.attribute("local_window_size", -1)) if causal else -1
    first = pasts.least - window + 1 if window > 0 else pasts.least * 0 - sizes.queries
    last = pasts.most + 1 if causal else pasts.most * 0 + sizes.keys + sizes.queries
    return Band(first=first, last=last, limit=pasts.total)


def _normed(context: Context, operand: Operand, index: int, parts: list[Part]) -> Operand:
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


def _rotated(
    context: Context, operand: Operand, pasts: Pasts, at: tuple[int, int, int], parts: list[Part]
) -> Operand:
    """The operand with pairs of elements rotated; `at` gives tables of both and the positions."""
    cos, sin, ids = at
    rows, columns = context.shape(cos)
    interleaved = bool(context.attribute("rotary_interleaved", 0))
    shape = operand.shape
    made = context.virtual(shape)
    reads = []
    for piece in pairs(shape, 2 * columns, interleaved):
        reads.append(operand.through(piece))
    placed = context.has(ids)
    anywhere = placed or bool(context.attribute("sliding_window_cache", 0))
    row = fixed(0, rows) if anywhere else pasts.position
    for index in (cos, sin):
        relation = per_axis(context.shape(index), [row, angle(2 * columns, interleaved)])
        reads.append(context.read(index, relation, saved=True))
    if placed:
        own = per_axis(context.shape(ids), [same(0), same(2)])
        reads.append(context.read(ids, own, differentiable=False))
    reads += _lengths(context)
    parts.append(inside(made, shape, reads, 4))
    return Operand(tensor=made, shape=shape)


def _cached(
    context: Context,
    operand: Operand,
    rows: Rows,
    at: tuple[int, int, int],
    parts: list[Part],
) -> Operand:
    """Cached and new keys or values; `at` gives the cache, the output that gets both, its scale.

    The rows of a quantised cache are bytes, which may hold two elements each.
    """
    cached, output, scale = at
    cache = Cache(
        made=context.outputs[output] if context.makes(output) else -1,
        known=context.made_shape(output) is not None,
    )
    if not context.has(cached):
        return joined(context, operand, cache, rows, parts)
    held = context.shape(cached)
    place = per_axis(held, [same(d) for d in range(4)])
    cache = replace(cache, tensor=context.inputs[cached], place=place)
    if not context.has(scale):
        return joined(context, operand, cache, rows, parts)
    size = operand.shape[3]
    packed = size != held[3]
    if packed:
        whole = per_axis(operand.shape, [same(0), same(1), same(2), fixed(0, size)])
        operand = operand.behind((*operand.shape[:3], held[3]), whole)
    sizes = context.shape(scale)
    scaling = full(sizes) if packed else broadcast(sizes, 4)

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


def _rows(context: Context, sizes: Lengths, pasts: Pasts) -> Rows:
    """Cached rows in front of the new ones, and those behind them that stay as they were."""

    def behind(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        least, _ = pasts.bounds(lows, highs)
        return np.maximum(lows[:, 2], least + sizes.fresh), highs[:, 2]

    by = tuple(_lengths(context))
    return Rows(stored=sizes.stored, new=pasts.new, old=(pasts.old, behind), by=by)


def _lengths(context: Context) -> list[Read]:
    """Reads of the lengths of sequences that are not in the file."""
    return [
        context.read(index, per_axis(context.shape(index), [same(0)]), differentiable=False)
        for index in (5, 16)
        if context.has(index) and context.value(index) is None
    ]


def _sliding(context: Context, operand: Operand, at: tuple[int, int], parts: list[Part]) -> Operand:
    """Cached rows and new ones after them, the last of which are the cache that is made."""
    cached, output = at
    held = context.shape(cached)
    batch, heads, fresh, size = operand.shape
    if held[3] != size:
        raise NoGridError("a quantised cache that slides")
    shape = (batch, heads, held[2] + fresh, size)
    inner = context.virtual(shape)
    reads = [
        operand.read([same(0), same(1), same(2, -held[2]), same(3)], saved=False),
        context.read(cached, per_axis(held, [same(d) for d in range(4)])),
    ]
    parts.append(inside(inner, shape, reads, 4))
    if context.makes(output):
        kept = per_axis(shape, [same(0), same(1), fixed(0, shape[2]), same(3)])
        reads = [Read(tensor=inner, relation=kept), *_lengths(context)]
        parts.append(inside(context.outputs[output], held, reads, 4))
    return Operand(tensor=inner, shape=shape)
