"""ONNX Runtime's operators on residual streams, gates and hashed n-grams of language models.

Formulas: ONNX Runtime contrib operators of each type.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from gallery.lowering.access.part import Ints, Part, Read, Relation
from gallery.lowering.access.registry import Context, NoGridError, lowers
from gallery.lowering.access.relations import (
    AxisRule,
    composed,
    divided,
    fixed,
    identity,
    per_axis,
    same,
)
from gallery.lowering.access.reshape import reshaped
from gallery.lowering.operators.parts import along, asked, given, inside, making, whole
from gallery.lowering.operators.selection import gathered


@lowers("com.microsoft.GatedAdd")
def gated_add(context: Context) -> list[Part]:
    """An addend times the gate of its row: a number, or the product of an activation with weights.

    Of the row of an activation, every element is read.
    """
    shape, gate = context.shape(0), context.shape(2)
    rows = [*(same(axis) for axis in range(len(shape) - 1)), fixed(0, gate[-1])]
    reads = [context.read(index, identity(shape), saved=True) for index in (0, 1)]
    reads.append(along(context, 2, rows, saved=True))
    if context.has(3):
        reads.append(whole(context, 3))
    return [making(context, reads)]


@lowers("com.microsoft.LinearAttentionGate")
def decay_and_rate(context: Context) -> list[Part]:
    """The decay from one projection and two numbers for each head; the rate from another."""
    last = len(context.shape(0)) - 1
    parts = []
    for output in asked(context):
        own = 3 if output else 0
        reads = [context.read(own, identity(context.shape(own)), saved=True)]
        heads = () if output else (1, 2)
        reads += [along(context, index, [same(last)], saved=True) for index in heads]
        parts.append(making(context, reads, (output,), share=0.5))
    return parts


@lowers("com.microsoft.EngramGate")
def engram_gate(context: Context) -> list[Part]:
    """A gate for each row from the product of a normalised key and query, times a shared value."""
    shape = context.shape(1)
    batch, steps, _, width = shape
    row: list[AxisRule] = [same(0), same(1), same(2), same(3)]
    gate = context.virtual(shape[:3])
    reads = [context.read(index, per_axis(shape, row), saved=True) for index in (0, 1)]
    reads += [along(context, index, [same(2), same(3)], saved=True) for index in (3, 4)]
    parts = [inside(gate, shape, reads, 3, context.flops * 0.7)]
    gated = Read(tensor=gate, relation=per_axis(shape[:3], row[:3]), saved=True)
    value = along(context, 2, [same(0), same(1), same(3)], saved=True)
    if context.makes(0):
        parts.append(making(context, [gated, value], (0,), share=0.1))
    if context.makes(1):
        squares = context.virtual((batch, steps))
        every = per_axis(context.shape(2), [same(0), same(1), same(2)])
        read = context.read(2, every, saved=True)
        parts.append(inside(squares, (batch, steps, width), [read], 2, context.flops * 0.1))
        found = Read(tensor=squares, relation=per_axis((batch, steps), row[:2]), saved=True)
        scale = along(context, 5, [same(2), same(3)], saved=True)
        parts.append(making(context, [gated, value, found, scale], (1,), share=0.1))
    return parts


def _streams(context: Context) -> tuple[int, ...]:
    """The shape of the streams as (..., streams, width)."""
    shape, number = context.shape(0), int(context.attribute("num_branches", 0))
    if number < 1:
        return shape
    if shape[-1] % number:
        raise NoGridError("the number of rows is not a multiple of the streams")
    return (*shape[:-1], number, shape[-1] // number)


def _viewed(context: Context, index: int, view: Sequence[int], rules: Sequence[AxisRule]) -> Read:
    """An input by rules for another view of its shape; dimensions of 1 broadcast."""
    shape = context.shape(index)
    fitted = [fixed(0, 1) if one == 1 else rule for one, rule in zip(view, rules, strict=True)]
    relation: Relation = per_axis(view, fitted)
    if tuple(view) == shape:
        return context.read(index, relation, saved=True)
    if prod(view) != prod(shape):
        raise NoGridError(f"input {index} of {context.operator.type} has no such view")
    return context.read(index, composed(relation, reshaped(shape, view)), saved=True, exact=False)


def _gate_view(context: Context, index: int, view: tuple[int, ...]) -> tuple[int, ...]:
    """A gate of streams, or of their elements, as (..., streams, 1 or width)."""
    each = prod(context.shape(index)) // max(prod(view[:-1]), 1)
    return (*view[:-1], each)


@lowers("com.microsoft.HyperConnectionPreMix")
def pre_mix(context: Context) -> list[Part]:
    """The sum of all streams, each times its gate: [..., width | streams]."""
    view = _streams(context)
    rank = len(view) - 1
    rules: list[AxisRule] = [*(same(axis) for axis in range(rank - 1)), same(rank), same(rank - 1)]
    reads = [
        _viewed(context, 0, view, rules),
        _viewed(context, 1, _gate_view(context, 1, view), rules),
    ]
    return [making(context, reads, summed=(view[-2],))]


@lowers("com.microsoft.HyperConnectionPostMix")
def post_mix(context: Context) -> list[Part]:
    """Each stream from all of them by a matrix, or from itself, and a gate times the output.

    The index space is that of (..., streams, width); streams that share the last dimension of the
    result are first made with a dimension of their own.
    """
    view = _streams(context)
    rank = len(view)
    lead: list[AxisRule] = [same(axis) for axis in range(rank - 2)]
    mixes = context.has(3)
    other = same(rank) if mixes else same(rank - 2)
    reads = [
        _viewed(context, 0, view, [*lead, other, same(rank - 1)]),
        _viewed(context, 1, (*view[:-2], view[-1]), [*lead, same(rank - 1)]),
        _viewed(context, 2, _gate_view(context, 2, view), [*lead, same(rank - 2), same(rank - 1)]),
    ]
    if mixes:
        matrix = (*view[:-2], view[-2], view[-2])
        reads.append(_viewed(context, 3, matrix, [*lead, other, same(rank - 2)]))
    made = context.out_shape()
    space = (*view, view[-2]) if mixes else view
    if view == made:
        return [making(context, reads, summed=space[rank:])]
    mixed = context.virtual(view)
    parts = [inside(mixed, space, reads, rank, context.flops)]
    flat = reshaped(view, made)
    return [*parts, making(context, [Read(tensor=mixed, relation=flat, exact=False)], share=0.0)]


@lowers("com.microsoft.HyperConnectionLowRankMix")
def low_rank_mix(context: Context) -> list[Part]:
    """Streams, normalised one by one; gates for them through a thin product; their sum."""
    shape = context.shape(0)
    view = _streams(context)
    rank, streams, width = len(shape), view[-2], view[-1]
    lead: list[AxisRule] = [same(axis) for axis in range(rank - 1)]
    wide: list[AxisRule] = [*lead, same(rank)]
    total = context.outputs[2] if context.makes(2) else context.virtual(shape)
    reads = [context.read(0, identity(shape), saved=True)]
    if context.has(5):
        reads.append(_repeated(context, 5, lead, width))
        reads.append(along(context, 6, [*lead, divided(rank - 1, width)], saved=True))
    parts = [inside(total, shape, reads, rank)]
    squares, normal = context.virtual((*shape[:-1], streams)), context.virtual(shape)
    row = composed(per_axis(view, [*lead, same(rank - 1), same(rank)]), reshaped(shape, view))
    parts.append(inside(squares, view, [Read(tensor=total, relation=row, exact=False)], rank))
    spread = per_axis((*shape[:-1], streams), [*lead, divided(rank - 1, width)])
    reads = [
        Read(tensor=total, relation=identity(shape), saved=True),
        Read(tensor=squares, relation=spread, saved=True),
        along(context, 1, [same(rank - 1)], saved=True),
    ]
    parts.append(inside(normal, shape, reads, rank))
    thin = context.shape(2)[1]
    by_row = Read(tensor=normal, relation=per_axis(shape, wide), saved=True)
    low, gates = context.virtual((*shape[:-1], thin)), context.virtual(shape)
    down = along(context, 2, [same(rank), same(rank - 1)], saved=True)
    half = context.flops * 0.45
    parts.append(inside(low, (*shape[:-1], thin, shape[-1]), [by_row, down], rank, half))
    narrow = Read(tensor=low, relation=per_axis((*shape[:-1], thin), wide), saved=True)
    up = along(context, 3, [same(rank), same(rank - 1)], saved=True)
    parts.append(inside(gates, (*shape, thin), [narrow, up], rank, half))
    if context.makes(0):
        each = composed(per_axis(view, [*lead, same(rank), same(rank - 1)]), reshaped(shape, view))
        reads = [Read(tensor=one, relation=each, exact=False) for one in (normal, gates)]
        parts.append(making(context, reads, (0,), summed=(streams,), share=0.05))
    if context.makes(1):
        weights = along(context, 4, [same(rank), same(rank - 1)], saved=True)
        parts.append(making(context, [by_row, weights], (1,), summed=shape[-1:], share=0.05))
    return parts


def _repeated(context: Context, index: int, lead: Sequence[AxisRule], width: int) -> Read:
    """A row that is added to each stream: element i of a stream is i modulo its width."""
    last = len(lead)

    def rule(lows, highs):  # type: ignore[no-untyped-def]
        first, end = lows[:, last], highs[:, last] - 1
        one = first // width == end // width
        return first % width * one, (end % width + 1) * one + width * (1 - one)

    return context.read(index, per_axis(context.shape(index), [*lead, rule]), saved=True)


@lowers("com.microsoft.NGramHashMapping")
def hashed_ngrams(context: Context) -> list[Part]:
    """A number for each n-gram that ends at a token, of every length, and the last tokens."""
    tokens = context.shape(0)
    reach = int(context.attribute("max_ngram_size", 2)) - 1
    each = max(int(context.attribute("n_head_per_ngram", 1)), 1)

    def first(lows: Ints, highs: Ints) -> Ints:
        # The first heads are those of pairs, the next those of three tokens, and so on.
        return np.asarray(lows[:, 1] - 1 - (highs[:, 2] - 1) // each, np.int64)

    def read_by_heads(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        return first(lows, highs), highs[:, 1]

    def read_before(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        return first(lows, highs) + reach, np.full_like(highs[:, 1], reach)

    parts = []
    for output in asked(context):
        ends, history = same(1, tokens[1] - reach), same(1, tokens[1])
        if not output:
            ends, history = read_by_heads, read_before
        reads = [along(context, 0, [same(0), ends], differentiable=False)]
        if context.has(3):
            reads.append(along(context, 3, [same(0), history], differentiable=False))
        if not output:
            reads += _numbers_of_heads(context, ends)
        elif context.has(5):
            reads.append(whole(context, 5, differentiable=False))
        parts.append(making(context, reads, (output,), share=float(not output)))
    return parts


def _numbers_of_heads(context: Context, ends: AxisRule) -> list[Read]:
    """Multipliers, sizes and offsets of the heads, the token that ends a text, and segments."""
    reads = [whole(context, 1, differentiable=False)]
    reads += [
        along(context, index, [same(2)], differentiable=False)
        for index in (2, 4)
        if context.has(index)
    ]
    if context.has(5):
        reads.append(whole(context, 5, differentiable=False))
    if context.has(6):
        reads.append(along(context, 6, [same(0), ends], differentiable=False))
    return reads


@lowers("com.microsoft.GatedDeltaNet")
def delta_network(context: Context) -> list[Part]:
    """For each head, a token's output follows from its query and all that came before it.

    Where one sequence ends and the next begins, data tell: all tokens before may matter.
    """
    shape = context.shape(0)
    if not context.has(1) or not context.has(2) or len(context.shape(2)) != len(shape):
        return gathered(context)
    rank = len(shape)
    heads = context.shape(2)[-2]
    time = rank - 3
    parts = []
    for output in asked(context):
        if output == 2:
            raise NoGridError("a state is captured")
        head = rank - 2 if output == 0 else 1
        column = rank - 1 if output == 0 else 2
        before: list[AxisRule] = [same(0)] * (time if output == 0 else 0)
        before += [fixed(0, size) for size in shape[len(before) : time]]
        before.append(_until(time) if output == 0 else fixed(0, shape[time]))
        reads = []
        for index in given(context, output):
            sizes = context.shape(index)
            own: list[AxisRule] = [fixed(0, size) for size in sizes]
            if index in (0, 1, 2):
                group = max(heads // max(sizes[-2], 1), 1)
                own = [*before, divided(head, group), fixed(0, sizes[-1])]
                if index == 2:
                    own[-1] = same(column)
                elif index == 0 and output == 0:
                    own[time] = same(time)
            elif index in (4, 5):
                own = [*before, same(head), *(fixed(0, size) for size in sizes[time + 2 :])]
            elif index == 6:
                own = [fixed(0, sizes[0]), same(head), same(column), fixed(0, sizes[3])]
                own[0] = same(0) if output or time else own[0]
            reads.append(along(context, index, own, saved=True))
        parts.append(making(context, reads, (output,), share=float(output == 0)))
    return parts


def _until(axis: int) -> AxisRule:
    """Everything up to the end of the block along a dimension."""
    return lambda lows, highs: (lows[:, axis] * 0, highs[:, axis])


@lowers(
    "com.microsoft.ConvStateReplay", "com.microsoft.GatedDeltaNetStateReplay",
    "com.microsoft.Mamba2Verify", "com.microsoft.SpeculativePrefixCommit",
    "com.microsoft.VarlenCausalConvWithState", "com.microsoft.VarlenNGramHashMapping",
)  # fmt: skip
def by_offsets(context: Context) -> list[Part]:
    """Offsets in the data tell what depends on what: everything may depend on everything."""
    return gathered(context)
