"""Attentions of ONNX Runtime on sequences that lie one after another without padding.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from gallery.contrib.attention_sizes import SLOTS
from gallery.lowering.access.part import Ints, Part, Read
from gallery.lowering.access.registry import Context, lowers
from gallery.lowering.access.relations import (
    AxisRule,
    fixed,
    per_axis,
    same,
    spans,
)  # fmt: skip
from gallery.lowering.operators.fused_heads import (
    apart,
    biased,
    heads_of,
    projected,
    sizes_of,
)  # fmt: skip
from gallery.lowering.operators.heads import Extras, Table, attended


@lowers("com.microsoft.PackedAttention", "com.microsoft.PackedMultiHeadAttention")
def packed_attention(context: Context) -> list[Part]:
    """Tokens see those of their own sequence, if the file has its limits, or else all."""
    sizes = sizes_of(context)
    parts: list[Part] = []
    work = 0.0
    if context.operator.type == "PackedAttention":
        work = min(2.0 * sizes.queries * prod(context.shape(1)), context.flops)
        operands = projected(context, sizes, work, parts)
        limits = 4
    else:
        operands = biased(context, apart(context, sizes), parts)
        limits = 5
    first, last = sequences(context, limits, sizes.queries)
    slot = SLOTS[context.operator.type].added
    masks = [_added(context, slot, first)] if context.has(slot) else []
    heads = replace(heads_of(sizes), sight=Table(first=first, last=last), masked=context.has(slot))
    return parts + attended(context, heads, operands, Extras(masks=masks), context.flops - work)


def sequences(context: Context, slot: int, tokens: int) -> tuple[Ints, Ints]:
    """First and last token, and one after, of each token's sequence: int64 (tokens,)."""
    limits = context.value(slot)
    if limits is None:
        return np.zeros(tokens, np.int64), np.full(tokens, tokens, np.int64)
    ends = limits.ravel().astype(np.int64).clip(0, tokens)
    at = np.searchsorted(ends, np.arange(tokens), side="right").clip(1, len(ends) - 1)
    return np.minimum(ends[at - 1], np.arange(tokens)), np.maximum(ends[at], np.arange(tokens) + 1)


def _added(context: Context, slot: int, first: Ints) -> Read:
    """What is added to scores, [b, h, q, k] by positions within a sequence."""
    shape = context.shape(slot)
    if context.value(4) is None and context.value(5) is None:
        rules: list[AxisRule] = [fixed(0, size) for size in shape]
        rules[1] = same(1) if shape[1] > 1 else fixed(0, 1)
        return context.read(slot, per_axis(shape, rules))
    sequence = np.cumsum(np.concatenate([[False], np.diff(first) > 0])).astype(np.int64)
    place = np.arange(len(first)) - first

    def keys(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        return spans(3, place, place + 1)(lows, highs)

    rules = [spans(2, sequence, sequence + 1), same(1), spans(2, place, place + 1), keys]
    fitted = [fixed(0, 1) if n == 1 else rule for n, rule in zip(shape, rules, strict=True)]
    return context.read(slot, per_axis(shape, fitted))
