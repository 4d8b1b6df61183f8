"""Attentions of ONNX Runtime on keys that another operator has chosen, and on those nearby.

Which keys are chosen is known in a run alone: any that may be chosen are read. Those of an
auxiliary cache lie in front of the others.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gallery.lowering.access.part import Ints, Part, Read
from gallery.lowering.access.registry import Context, NoGridError, lowers
from gallery.lowering.access.relations import (
    composed,
    fixed,
    per_axis,
    same,
)  # fmt: skip
from gallery.lowering.access.reshape import reshaped
from gallery.lowering.operators.cached_heads import Pasts, Turn, cached, normed, rotated
from gallery.lowering.operators.fused_heads import Lengths, apart, heads_of, sizes_of
from gallery.lowering.operators.grouped_attention import rows_of
from gallery.lowering.operators.heads import (
    Band,
    Extras,
    Heads,
    Operand,
    Sight,
    Table,
    attended,
    hull,
)  # fmt: skip
from gallery.lowering.operators.paged_attention import PageSlots, on_pages, places_of
from gallery.lowering.operators.parts import inside, making, whole


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Beside:
    """A sight of two ranges of keys, the second of which lies behind `size` of the first."""

    first: Sight
    second: Sight
    size: int

    def runs(self, lows: Ints, highs: Ints) -> tuple[Ints, Ints, Ints]:
        """As `Gaps.runs`."""
        begin, end = self.first.span(lows, highs)
        later, last = self.second.span(lows, highs)
        begins = np.stack([begin, later + self.size], axis=1).ravel()
        ends = np.stack([np.minimum(end, self.size), last + self.size], axis=1).ravel()
        some = np.flatnonzero(ends > begins)
        return some // 2, begins[some], ends[some]

    def span(self, lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        """As `Sight.span`."""
        return hull(self, lows, highs)


@lowers("com.microsoft.DynamicSparseAttention")
def dynamic_sparse_attention(context: Context) -> list[Part]:
    """Norms, rotations and caches, then the keys that are chosen or in a window."""
    sizes = sizes_of(context)
    parts: list[Part] = []
    query, key, value = apart(context, sizes)
    query, key = normed(context, query, 14, parts), normed(context, key, 15, parts)
    pasts = _pasts(context, sizes)
    by = []
    if context.value(9) is None:
        by.append(context.read(9, per_axis(context.shape(9), [same(0)]), differentiable=False))
    if context.attribute("do_rotary", 0):
        turn = _turn(context, pasts, by)
        query, key = (rotated(context, one, turn, parts) for one in (query, key))
    rows = rows_of(sizes, pasts, by)
    key = cached(context, key, rows, (3, 1, 18), parts)
    value = cached(context, value, rows, (4, 2, 19), parts)
    heads = replace(heads_of(sizes), sight=_causal(context, pasts, sizes), masked=True)
    if _beside(context):
        second = 6 if context.has(6) else 5
        heads, key, value = _by_head(context, heads, (key, value), (5, second), parts)
    sinks = []
    if context.has(16):
        sinks.append(context.read(16, per_axis(context.shape(16), [same(1)]), saved=True))
    extras = Extras(masks=[*by, *_selected(context, (7, 8), sizes.queries)], sinks=sinks)
    if context.makes(3):
        checked = [slot for slot in (7, 8, 9, 10, 13, 17, 18, 19) if context.has(slot)]
        reads = [whole(context, slot, differentiable=False) for slot in checked]
        parts.append(making(context, reads, (3,), share=0.0))
    return parts + attended(context, heads, (query, key, value), extras, context.flops)


def _beside(context: Context) -> bool:
    return bool(context.attribute("selected_kv_source", "main") == "auxiliary")


def _pasts(context: Context, sizes: Lengths) -> Pasts:
    """From the lengths of all keys, less one, if they are in the file."""
    none = np.zeros(sizes.batch, np.int64)
    ends = context.value(9)
    if not context.has(3) or ends is None or ends.size != sizes.batch:
        return Pasts(least=none, most=none + sizes.past, total=none + sizes.keys)
    past = (ends.ravel().astype(np.int64) + 1 - sizes.fresh).clip(0, sizes.past)
    return Pasts(least=past, most=past, total=none + sizes.keys)


def _turn(context: Context, pasts: Pasts, by: list[Read]) -> Turn:
    """By the positions that are given, or those behind the cache."""
    placed = context.has(13)
    own = []
    if placed:
        ids = per_axis(context.shape(13), [same(0), same(2)])
        own.append(context.read(13, ids, differentiable=False))
    return Turn(
        tables=(11, 12),
        row=fixed(0, context.shape(11)[0]) if placed else pasts.position,
        interleaved=bool(context.attribute("rotary_interleaved", 0)),
        offset=int(context.attribute("rotary_offset", 0)),
        by=[*by, *own],
    )


def _causal(context: Context, pasts: Pasts, sizes: Lengths) -> Band:
    """Keys up to the query's own position; within a window, if those chosen lie elsewhere."""
    window = _window(context)
    first = pasts.least - window + 1 if window > 0 else pasts.least * 0 - sizes.queries
    return Band(first=first, last=pasts.most + 1, limit=pasts.total)


def _window(context: Context) -> int:
    """Length of the window of keys that are seen besides chosen ones of another cache, or 0."""
    local = context.attribute("attention_mode", "selected_only") == "local_plus_selected"
    return (
        max(int(context.attribute("local_window_size", -1)), 0) if local * _beside(context) else 0
    )


def _selected(context: Context, at: tuple[int, int], queries: int) -> list[Read]:
    """Reads of the chosen positions and their number, [batch * queries, ...], from scores."""

    def row(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        return lows[:, 0] * queries + lows[:, 2], (highs[:, 0] - 1) * queries + highs[:, 2]

    rows, most = context.shape(at[0])
    places = per_axis((rows, most), [row, fixed(0, most)])
    return [
        context.read(at[0], places, saved=True, differentiable=False),
        context.read(at[1], per_axis(context.shape(at[1]), [row]), differentiable=False),
    ]


def _by_head(
    context: Context,
    heads: Heads,
    operands: tuple[Operand, Operand],
    at: tuple[int, int],
    parts: list[Part],
) -> tuple[Heads, Operand, Operand]:
    """Keys and values behind those of an auxiliary cache [b, h, s, d] (OUT: parts)."""
    found = []
    for operand, slot in zip(operands, at, strict=True):
        _, groups, many, _ = held = context.shape(slot)
        shape = (*operand.shape[:2], many + operand.shape[2], operand.shape[3])
        made = context.virtual(shape)
        group = fixed(0, 1) if groups == 1 else same(1)
        reads = [
            context.read(slot, per_axis(held, [same(0), group, same(2), same(3)])),
            operand.read([same(0), same(1), same(2, -many), same(3)], saved=False),
        ]
        parts.append(inside(made, shape, reads, 4))
        found.append(Operand(tensor=made, shape=shape))
    none = np.zeros(heads.queries, np.int64)
    every = Table(first=none, last=none + many)
    return _in_front(heads, every, many), found[0], found[1]


def _in_front(heads: Heads, ahead: Sight, many: int) -> Heads:
    """The sizes with as many more keys, of which `ahead` says who sees them."""
    if heads.sight is None:
        raise NoGridError("keys that all see")
    sight = Beside(first=ahead, second=heads.sight, size=many)
    return replace(heads, sight=sight, keys=heads.keys + many)


_SLOTS = PageSlots(
    limits=5, places=(5, 6, 7, 8), tables=(14, 15), sink=16, norms=(17, 18), scales=(19, 20)
)


@lowers("com.microsoft.SparsePagedAttention")
def sparse_paged_attention(context: Context) -> list[Part]:
    """As PagedAttention, on keys that are chosen or in a window."""
    parts: list[Part] = []
    heads, (query, key, value), sinks = on_pages(context, _SLOTS, parts)
    heads = replace(heads, masked=True)
    if _beside(context):
        second = 12 if context.has(12) else 11
        heads, key, value = _behind(context, heads, (key, value), (11, second), parts)
    masks = [*places_of(context, _SLOTS), *_selected(context, (9, 10), heads.queries)]
    if context.has(13) and context.value(13) is None:
        masks.append(whole(context, 13, differentiable=False))
    extras = Extras(masks=masks, sinks=sinks)
    return parts + attended(context, heads, (query, key, value), extras, context.flops)


def _behind(
    context: Context,
    heads: Heads,
    operands: tuple[Operand, Operand],
    at: tuple[int, int],
    parts: list[Part],
) -> tuple[Heads, Operand, Operand]:
    """Keys and values behind those of an auxiliary cache [sequences, positions, h, d]."""
    batch, each, groups, size = context.shape(at[0])
    many = batch * each
    found = []
    for operand, slot in zip(operands, at, strict=True):
        if context.shape(slot) != (batch, each, groups, size) or size != operand.shape[3]:
            raise NoGridError("an auxiliary cache of other sizes")
        shape = (1, operand.shape[1], many + operand.shape[2], size)
        made = context.virtual(shape)
        view = (many, groups, size)
        group = fixed(0, 1) if groups == 1 else same(1)
        place = composed(
            per_axis(view, [same(2), group, same(3)]), reshaped((batch, each, groups, size), view)
        )
        reads = [
            context.read(slot, place, exact=False),
            operand.read([same(0), same(1), same(2, -many), same(3)], saved=False),
        ]
        parts.append(inside(made, shape, reads, 4))
        found.append(Operand(tensor=made, shape=shape))
    none = np.zeros(heads.queries, np.int64)
    ahead = Table(first=none, last=none + many)
    limits = context.value(_SLOTS.limits)
    if limits is not None and limits.size == batch + 1:
        tokens = np.arange(heads.queries)
        own = np.searchsorted(limits.ravel()[1:], tokens, side="right").astype(np.int64) * each
        ahead = Table(first=own, last=own + each)
    return _in_front(heads, ahead, many), found[0], found[1]
