"""The paged attention of ONNX Runtime, whose cache lies in pages that sequences share.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gallery.lowering.access.constant_indices import LARGEST
from gallery.lowering.access.part import Part, Read
from gallery.lowering.access.registry import Context, NoGridError, lowers
from gallery.lowering.access.relations import (
    composed,
    fixed,
    full,
    identity,
    per_axis,
    same,
)  # fmt: skip
from gallery.lowering.access.reshape import reshaped
from gallery.lowering.operators.cached_heads import (
    Cache,
    Rows,
    Turn,
    joined,
    normed,
    rotated,
    up_to,
)  # fmt: skip
from gallery.lowering.operators.fused_heads import columns
from gallery.lowering.operators.heads import Extras, Heads, Operand, Table, attended
from gallery.lowering.operators.packed_attention import sequences
from gallery.lowering.operators.parts import making, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSlots:
    """Positions of the inputs that attentions on pages have.

    Attributes:
        limits: Where each sequence begins and the last one ends.
        places: What tells which pages and rows of them belong to a sequence.
        tables: Cosines and sines.
        sink: What the sum of a row of weights has besides them.
        norms: Scales of queries and keys by their root mean squares.
        scales: Scales of quantised keys and values.
    """

    limits: int
    places: tuple[int, ...]
    tables: tuple[int, int]
    sink: int
    norms: tuple[int, int]
    scales: tuple[int, int]


_SLOTS = PageSlots(
    limits=5, places=(5, 6, 7, 10), tables=(8, 9), sink=11, norms=(12, 13), scales=(14, 15)
)


@lowers("com.microsoft.PagedAttention")
def paged_attention(context: Context) -> list[Part]:
    """Tokens see the pages of a cache, any of which may be theirs, and the tokens before them.

    Keys and values are those of all pages one after another, then the new ones.
    """
    parts: list[Part] = []
    sizes, operands, sinks = on_pages(context, _SLOTS, parts)
    extras = Extras(masks=places_of(context, _SLOTS), sinks=sinks)
    return parts + attended(context, sizes, operands, extras, context.flops)


def places_of(context: Context, slots: PageSlots) -> list[Read]:
    """Reads of what tells where the keys of a sequence are, unless the file does."""
    return [
        whole(context, slot, differentiable=False)
        for slot in slots.places
        if context.has(slot) and context.value(slot) is None
    ]


def on_pages(
    context: Context, slots: PageSlots, parts: list[Part]
) -> tuple[Heads, tuple[Operand, Operand, Operand], list[Read]]:
    """Sizes, queries, keys and values, and reads of sinks (OUT: parts)."""
    query, key, value = _new(context)
    _, heads, tokens, size = query.shape
    groups, pages = key.shape[1], context.shape(3)
    held = pages[0] * pages[1]
    query, key = (
        normed(context, one, slot, parts)
        for one, slot in zip((query, key), slots.norms, strict=True)
    )
    places = places_of(context, slots)
    if context.attribute("do_rotary", 0):
        turn = Turn(
            tables=slots.tables,
            row=fixed(0, context.shape(slots.tables[0])[0]),
            interleaved=bool(context.attribute("rotary_interleaved", 0)),
            offset=int(context.attribute("rotary_offset", 0)),
            by=places,
        )
        query, key = (rotated(context, one, turn, parts) for one in (query, key))
    keys = _paged(context, key, (3, 1, slots.scales[0]), places, parts)
    width = int(context.attribute("v_head_size", 0)) or size
    if value is None:
        shape = (1, groups, held + tokens, width)
        values = keys.behind(shape, identity(shape))
    else:
        values = _paged(context, value, (4, 2, slots.scales[1]), places, parts)
    sizes = Heads(
        batch=1,
        heads=heads,
        shared=heads // groups,
        queries=tokens,
        keys=held + tokens,
        depth=size,
        width=width,
        sight=_sight(context, slots.limits, tokens, held),
        masked=context.has(slots.sink),
    )
    sinks = []
    if context.has(slots.sink):
        own = per_axis(context.shape(slots.sink), [same(1)])
        sinks.append(context.read(slots.sink, own, saved=True))
    return sizes, (query, keys, values), sinks


def _new(context: Context) -> tuple[Operand, Operand, Operand | None]:
    """Queries, keys and values in inputs 0 to 2 or side by side; values may be part of the keys."""
    heads, groups = int(context.attribute("num_heads")), int(context.attribute("kv_num_heads"))
    tokens, hidden = context.shape(0)
    each = heads if context.has(1) else heads + 2 * groups
    if hidden % each or heads % groups or tokens > LARGEST:
        raise NoGridError("heads of PagedAttention")
    size = hidden // each
    found: list[Operand | None] = []
    offset = 0
    for index, many in enumerate((heads, groups, groups)):
        source = index if context.has(1) else 0
        shape = (1, many, tokens, size)
        place = None
        if context.has(source):
            place = columns(context.shape(source), 0 if source else offset, shape)
        found.append(
            Operand(tensor=context.inputs[source], shape=shape, place=place) if place else None
        )
        offset += many * size
    query, key, value = found
    if query is None or key is None:
        raise NoGridError("keys of PagedAttention")
    return query, key, value


def _paged(
    context: Context,
    operand: Operand,
    at: tuple[int, int, int],
    places: Sequence[Read],
    parts: list[Part],
) -> Operand:
    """All pages, then the new keys or values; `at` gives the cache, the updated one, its scale."""
    cached, output, scale = at
    pages = context.shape(cached)
    rows, groups, last = pages[0] * pages[1], pages[2], pages[3]
    _, _, tokens, size = operand.shape
    view = (rows, groups, last)
    element = same(3) if last == size else fixed(0, last)
    place = composed(per_axis(view, [same(2), same(1), element]), reshaped(pages, view))
    by = []
    if context.has(scale):
        by.append(context.read(scale, full(context.shape(scale)), saved=True))
    both = joined(
        context,
        operand,
        Cache(tensor=context.inputs[cached], place=place),
        Rows(stored=rows + tokens, new=same(2, -rows), old=(up_to(2, rows),), by=tuple(by)),
        parts,
    )
    if context.makes(output):
        own = same(3) if last == size else fixed(0, size)
        new = operand.read([fixed(0, 1), same(2), fixed(0, tokens), own], saved=False)
        reads: list[Read] = [context.read(cached, identity(pages)), new, *by, *places]
        parts.append(making(context, reads, (output,), share=0.0))
    return both


def _sight(context: Context, limits: int, tokens: int, held: int) -> Table:
    """All pages, and the new tokens up to a token's own, or to the end of its sequence."""
    _, last = sequences(context, limits, tokens)
    if int(context.attribute("is_causal", 1)):
        last = np.minimum(last, np.arange(1, tokens + 1))
    return Table(first=np.zeros(tokens, np.int64), last=last + held)
