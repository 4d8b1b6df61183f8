"""Attentions of ONNX Runtime with a cache, in which query heads share a head of keys and values.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gallery.contrib.attention_sizes import SLOTS
from gallery.lowering.access.part import Ints, Part, Read
from gallery.lowering.access.registry import Context, NoGridError, lowers
from gallery.lowering.access.relations import (
    AxisRule,
    broadcast,
    fixed,
    per_axis,
    same,
)  # fmt: skip
from gallery.lowering.operators.cached_heads import Pasts, Rows, Turn, cached, normed, rotated
from gallery.lowering.operators.fused_heads import (
    Lengths,
    apart,
    given_to,
    heads_of,
    sizes_of,
)  # fmt: skip
from gallery.lowering.operators.heads import (
    Band,
    Extras,
    Heads,
    Operand,
    attended,
    seen,
)  # fmt: skip
from gallery.lowering.operators.parts import inside


@lowers("com.microsoft.GroupQueryAttention")
def group_query_attention(context: Context) -> list[Part]:
    """Norms and rotations, cached keys and values, then scores, weights and output."""
    sizes = sizes_of(context)
    parts: list[Part] = []
    query, key, value = apart(context, sizes)
    query = normed(context, query, 14, parts)
    key = normed(context, key, 15, parts)
    pasts = _pasts(context, sizes)
    if context.attribute("do_rotary", 0):
        turn = _turn(context, pasts)
        query, key = (rotated(context, one, turn, parts) for one in (query, key))
    if context.attribute("sliding_window_cache", 0):
        key = _sliding(context, key, (3, 1), parts)
        value = _sliding(context, value, (4, 2), parts)
        none = np.zeros(sizes.batch, np.int64)
        pasts = Pasts(least=none, most=none + sizes.past, total=none + sizes.keys)
    else:
        rows = rows_of(sizes, pasts, _lengths(context))
        key = cached(context, key, rows, (3, 1, 12), parts)
        value = cached(context, value, rows, (4, 2, 13), parts)
    sight = _causal(context, sizes, pasts)
    heads = replace(heads_of(sizes), sight=sight, masked=_sinks(context))
    return parts + attended(
        context, heads, (query, key, value), _extras(context, heads), context.flops
    )


def _sinks(context: Context) -> bool:
    return context.has(10) or context.has(11) or bool(context.attribute("smooth_softmax", 0))


def _extras(context: Context, heads: Heads) -> Extras:
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
    return Extras(
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


def _turn(context: Context, pasts: Pasts) -> Turn:
    """By the positions that are given, or those behind the cache."""
    placed = context.has(9)
    by = _lengths(context)
    if placed:
        own = per_axis(context.shape(9), [same(0), same(2)])
        by.append(context.read(9, own, differentiable=False))
    anywhere = placed or bool(context.attribute("sliding_window_cache", 0))
    return Turn(
        tables=(7, 8),
        row=fixed(0, context.shape(7)[0]) if anywhere else pasts.position,
        interleaved=bool(context.attribute("rotary_interleaved", 0)),
        by=by,
    )


def rows_of(sizes: Lengths, pasts: Pasts, by: Sequence[Read]) -> Rows:
    """Cached rows in front of the new ones, and those behind them that stay as they were."""

    def behind(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        least, _ = pasts.bounds(lows, highs)
        return np.maximum(lows[:, 2], least + sizes.fresh), highs[:, 2]

    return Rows(stored=sizes.stored, new=pasts.new, old=(pasts.old, behind), by=tuple(by))


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
