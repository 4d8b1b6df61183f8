"""Attentions of ONNX Runtime in which queries, keys and values have as many heads.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gallery.contrib.attention_sizes import SLOTS
from gallery.lowering.access.part import Ints, Part, Read
from gallery.lowering.access.registry import Context, NoGridError, lowers
from gallery.lowering.access.relations import (
    broadcast,
    fixed,
    full,
    per_axis,
    same,
    several,
    where,
)  # fmt: skip
from gallery.lowering.operators.cached_heads import Cache, Rows, joined, starting, up_to
from gallery.lowering.operators.contraction import first_of
from gallery.lowering.operators.fused_heads import (
    Lengths,
    apart,
    biased,
    given_to,
    heads_of,
    mask_places,
    projected,
    sizes_of,
    strip,
    stripes,
)  # fmt: skip
from gallery.lowering.operators.heads import Band, Extras, Heads, Operand, attended, seen
from gallery.lowering.operators.parts import inside, making, whole


@lowers("com.microsoft.MultiHeadAttention", "com.microsoft.DecoderMaskedMultiHeadAttention")
def multi_head_attention(context: Context) -> list[Part]:
    """Biases, cached keys and values, then scores, weights and output."""
    sizes = sizes_of(context)
    parts: list[Part] = []
    operands = apart(context, sizes)
    across = context.has(1) and len(context.shape(1)) == 4
    query, key, value = biased(context, operands, parts, (0,) if across else (0, 1, 2))
    slots = SLOTS[context.operator.type]
    rows = _rows(context, sizes)
    for_keys = _cache(context, slots.past, 1)
    for_values = _cache(context, slots.past_values, 2)
    key = _from_beams(context, joined(context, key, for_keys, rows, parts), sizes)
    value = _from_beams(context, joined(context, value, for_values, rows, parts), sizes)
    heads, extras = _masked(context, sizes)
    extras = replace(extras, masked=3 if context.makes(3) else -1)
    return parts + attended(context, heads, (query, key, value), extras, context.flops)


@lowers(
    "com.microsoft.Attention",
    "com.microsoft.DecoderMaskedSelfAttention",
    "com.microsoft.QAttention",
)  # fmt: skip
def projecting_attention(context: Context) -> list[Part]:
    """Projections to queries, keys and values, then as `multi_head_attention`."""
    sizes = sizes_of(context)
    parts: list[Part] = []
    weights = context.shape(1)
    work = 2.0 * sizes.batch * sizes.queries * weights[0] * weights[1]
    work = min(work, context.flops)
    query, key, value = projected(context, sizes, work, parts)
    if context.attribute("do_rotary", 0):
        query, key = (_turned(context, one, parts) for one in (query, key))
    rows = _rows(context, sizes)
    past = SLOTS[context.operator.type].past
    cached = context.shape(past) if context.has(past) else ()
    both = []
    for at, operand in enumerate((key, value)):
        place = [fixed(at, at + 1), *(same(d) for d in range(4))]
        cache = Cache()
        if cached:
            cache = Cache(tensor=context.inputs[past], place=per_axis(cached, place))
        both.append(joined(context, operand, cache, rows, parts))
    key, value = (_from_beams(context, one, sizes) for one in both)
    if context.makes(1):
        parts.append(_stacked(context, both[0], both[1]))
    heads, extras = _masked(context, sizes)
    core = context.flops - work
    return parts + attended(context, heads, (query, key, value), extras, core)


@lowers("com.microsoft.QOrderedAttention")
def ordered_attention(context: Context) -> list[Part]:
    """Projections of bytes by weights apart, each with a scale and a bias, and their attention."""
    batch, length, hidden = context.shape(0)
    many = given_to(context).count("num_heads")
    made = [context.shape(slot)[1] for slot in (5, 6, 7)]
    if any(columns % many for columns in made) or made[0] != made[1]:
        raise NoGridError(f"columns {made} of {many} heads")
    sizes = Lengths(
        batch=batch,
        heads=many,
        groups=many,
        queries=length,
        fresh=length,
        past=0,
        stored=length,
        depth=made[0] // many,
        width=made[2] // many,
    )
    work = min(2.0 * batch * length * hidden * sum(made), context.flops)
    parts: list[Part] = []
    found = []
    for at, columns in enumerate(made):
        shape = (batch, many, length, columns // many)
        inner = context.virtual(shape)
        reads = [
            context.read(0, per_axis(context.shape(0), [same(0), same(2), same(4)]), saved=True),
            context.read(5 + at, stripes(context.shape(5 + at), 0, shape), saved=True, exact=False),
            context.read(11 + at, first_of(strip(columns, 0, shape), {4}), exact=False),
        ]
        for slot in (1, 2 + at, 8 + at):
            scale = context.shape(slot)
            by_column = len(scale) == 1 and scale[0] == columns > 1
            relation = strip(columns, 0, shape) if by_column else full(scale)
            reads.append(context.read(slot, relation, differentiable=False, exact=not by_column))
        share = work * columns / max(sum(made), 1)
        parts.append(inside(inner, (*shape, hidden), reads, 4, share))
        found.append(Operand(tensor=inner, shape=shape))
    heads, extras = _masked(context, sizes)
    scales = [whole(context, slot, differentiable=False) for slot in (14, 15) if context.has(slot)]
    extras = replace(extras, masks=[*extras.masks, *scales])
    heads = replace(heads, masked=heads.masked or bool(extras.masks))
    parts += attended(context, heads, (found[0], found[1], found[2]), extras, context.flops - work)
    last = replace(parts[-1], reads=(*parts[-1].reads, whole(context, 16, differentiable=False)))
    return [*parts[:-1], last]


def _turned(context: Context, operand: Operand, parts: list[Part]) -> Operand:
    """The operand with the first elements of each head rotated (OUT: parts).

    The schema leaves open which two make a pair, and angles are computed from positions alone.
    """
    shape = operand.shape
    width = int(context.attribute("rotary_embedding_dim", 0)) or shape[3]

    def pair(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        first, last = lows[:, 3], highs[:, 3]
        turned = first < width
        return np.where(turned, 0, first), np.where(turned, np.maximum(last, width), last)

    made = context.virtual(shape)
    reads = [operand.read([same(0), same(1), same(2), pair])]
    slot = SLOTS[context.operator.type].filled
    if context.has(slot) and context.value(slot) is None:
        reads.append(whole(context, slot, differentiable=False))
    parts.append(inside(made, shape, reads, 4))
    return Operand(tensor=made, shape=shape)


def _rows(context: Context, sizes: Lengths) -> Rows:
    """The new and the cached rows that a row of a cache comes from."""
    slot = SLOTS[context.operator.type].filled
    if context.has(slot) and given_to(context).number(slot) is None:
        # The new ones may go anywhere.
        return Rows(stored=sizes.stored, new=fixed(0, sizes.fresh), old=(same(2),))
    old = [up_to(2, sizes.past)]
    if sizes.stored > sizes.keys:
        old.append(starting(2, sizes.keys))
    return Rows(stored=sizes.stored, new=same(2, -sizes.past), old=tuple(old))


def _cache(context: Context, past: int, output: int) -> Cache:
    made = context.outputs[output] if context.makes(output) else -1
    if not context.has(past):
        return Cache(made=made)
    place = per_axis(context.shape(past), [same(d) for d in range(4)])
    return Cache(tensor=context.inputs[past], place=place, made=made)


def _stacked(context: Context, key: Operand, value: Operand) -> Part:
    """Keys and values above each other: [2, b, h, s, d]."""
    first = key.read([same(d) for d in range(1, 5)], saved=False)
    second = value.read([same(d) for d in range(1, 5)], saved=False)
    reads = [
        replace(first, relation=where(first.relation, lambda lows, highs: lows[:, 0] == 0)),
        replace(second, relation=where(second.relation, lambda lows, highs: highs[:, 0] == 2)),
    ]
    return making(context, reads, (1,), share=0.0)


def _from_beams(context: Context, operand: Operand, sizes: Lengths) -> Operand:
    """Cached keys or values may come from any beam of their group."""
    slot = SLOTS[context.operator.type].beams
    if not context.has(slot):
        return operand
    beams = context.shape(slot)[1]

    def group(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        return lows[:, 0] // beams * beams, -(-highs[:, 0] // beams) * beams

    rest = [same(1), up_to(2, sizes.past), same(3)]
    old = per_axis(operand.shape, [group, *rest])
    new = per_axis(operand.shape, [same(0), same(1), starting(2, sizes.past), same(3)])
    return replace(operand, place=several([old, new]))


def _masked(context: Context, sizes: Lengths) -> tuple[Heads, Extras]:
    """What hides keys, and the reads of it."""
    slots = SLOTS[context.operator.type]
    heads = heads_of(sizes)
    masked = context.has(slots.mask) or context.has(slots.added)
    heads = replace(heads, sight=_sight(context, sizes), masked=masked)
    masks: list[Read] = []
    if context.has(slots.mask):
        shape = context.shape(slots.mask)
        anywhere = context.has(slots.filled) and given_to(context).number(slots.filled) is None
        relation = seen(mask_places(shape, sizes, anywhere=anywhere), heads)
        doubled = len(shape) == 1 and shape[0] == 2 * sizes.batch
        masks.append(context.read(slots.mask, relation, differentiable=False, exact=not doubled))
    if context.has(slots.added):
        relation = seen(broadcast(context.shape(slots.added), 4), heads)
        masks.append(context.read(slots.added, relation))
    if context.has(slots.beams):
        masks.append(_beams(context, sizes))
    return heads, Extras(masks=masks)


def _beams(context: Context, sizes: Lengths) -> Read:
    """The row of beams [b, beams, positions] of each sequence of [b * beams]."""
    shape = context.shape(SLOTS[context.operator.type].beams)
    beams = shape[1]

    def beam(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        one = lows[:, 0] // beams == (highs[:, 0] - 1) // beams
        low, high = lows[:, 0] % beams, (highs[:, 0] - 1) % beams + 1
        return np.where(one, low, 0), np.where(one, high, beams)

    def sequence(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        return lows[:, 0] // beams, (highs[:, 0] - 1) // beams + 1

    relation = per_axis(shape, [sequence, beam, up_to(3, sizes.past)])
    slot = SLOTS[context.operator.type].beams
    return context.read(slot, relation, differentiable=False)


def _sight(context: Context, sizes: Lengths) -> Band | None:
    """The keys that causality, and lengths that are in the file, leave visible."""
    slots = SLOTS[context.operator.type]
    limit = np.full(sizes.batch, sizes.keys, np.int64)
    ends = context.value(slots.mask)
    if ends is not None and ends.shape == (sizes.batch,) and ends.min(initial=1) > 0:
        limit = np.minimum(limit, ends.astype(np.int64))
    causal = bool(context.attribute("unidirectional", 0))
    if not causal and (limit >= sizes.keys).all():
        return None
    last = sizes.past + 1 if causal else sizes.keys + sizes.queries
    return Band(
        first=np.full(sizes.batch, -sizes.queries, np.int64),
        last=np.full(sizes.batch, last, np.int64),
        limit=limit,
    )
