"""Normalisations over groups and windows or by norms, and those of other operator sets.

Formulas: ONNX operator specification; com.microsoft: ONNX Runtime contrib operators.
"""

from __future__ import annotations

from gallery.lowering.access.part import Part, Read
from gallery.lowering.access.registry import Context, lowers
from gallery.lowering.access.relations import (
    AxisRule,
    broadcast,
    composed,
    divided,
    fixed,
    identity,
    per_axis,
    same,
)  # fmt: skip
from gallery.lowering.access.reshape import reshaped
from gallery.lowering.operators.normalisation import applied, statistics
from gallery.lowering.operators.parts import along, inside, making


@lowers("LRN")
def local_response(context: Context) -> list[Part]:
    """Sum of squares over a window of channels."""
    shape = context.shape(0)
    size = int(context.attribute("size", 1))
    before, after = (size - 1) // 2, size // 2

    def rule(lows, highs):  # type: ignore[no-untyped-def]
        return lows[:, 1] - before, highs[:, 1] + after

    rules: list[AxisRule] = [same(d) for d in range(len(shape))]
    rules[1] = rule
    reads = [context.read(0, per_axis(shape, rules), saved=True)]
    return [making(context, reads, saves_output=True)]


@lowers("LpNormalization", "Hardmax", "ai.onnx.ml.Normalizer", "MeanVarianceNormalization")
def by_statistics(context: Context) -> list[Part]:
    """First a norm, maximum or mean over some dimensions, then every element by it."""
    rank = len(context.shape(0))
    kind = context.operator.type
    if kind == "MeanVarianceNormalization":
        axes = sorted(int(a) % rank for a in context.attribute("axes", (0, 2, 3)))
    elif kind == "Hardmax" and context.operator.version < 13:
        axes = list(range(context.axis("axis", 1, rank), rank))
    else:
        axes = [context.axis("axis", -1, rank)]
    if kind == "Normalizer":
        axes = [rank - 1]
    stats, read = statistics(context, axes, context.flops * 0.5)
    part = applied(context, [read], context.flops * 0.5, output=True, saved=True)
    return [stats, part]


@lowers("GroupNormalization")
def group_normalization(context: Context) -> list[Part]:
    """Statistics over the channels of a group and all positions: [n, groups | channels, ...]."""
    shape = context.shape(0)
    groups = int(context.attribute("num_groups", 1))
    each = shape[1] // groups
    view = (shape[0], groups, each, *shape[2:])
    inner = context.virtual((shape[0], groups))
    rules = [same(d) for d in range(len(view))]
    relation = composed(per_axis(view, rules), reshaped(shape, view))
    read = context.read(0, relation, saved=True, exact=False)
    parts = [inside(inner, view, [read], 2, context.flops * 0.5)]
    reads = [
        context.read(0, identity(shape), saved=True),
        Read(
            tensor=inner,
            relation=per_axis((shape[0], groups), [same(0), divided(1, each)]),
            saved=True,
        ),
    ]
    for index in (1, 2):
        sizes = context.shape(index)
        rule = divided(1, each) if sizes[0] == groups else same(1)
        reads.append(along(context, index, [rule], saved=index == 1))
    return [*parts, making(context, reads, share=0.5)]


@lowers(
    "com.microsoft.SkipLayerNormalization", "com.microsoft.SkipSimplifiedLayerNormalization"
)  # fmt: skip
def skip_layer_normalization(context: Context) -> list[Part]:
    """Sum of input and skip (output 3), then statistics over the last dimension."""
    shape = context.shape(0)
    rank = len(shape)
    kept = (*shape[:-1], 1)
    simple = context.operator.type == "SkipSimplifiedLayerNormalization"
    bias = 3 if simple else 4
    total = context.outputs[3] if context.makes(3) else context.virtual(shape)
    addends = [context.read(0, identity(shape)), _aligned(context, 1, rank)]
    if context.has(bias):
        addends.append(_aligned(context, bias, rank))
    parts = [inside(total, shape, addends, rank, context.flops * 0.2)]
    stats = context.virtual(kept)
    rules = [*(same(d) for d in range(rank - 1)), same(rank)]
    read = Read(tensor=total, relation=per_axis(shape, rules), saved=True)
    parts.append(inside(stats, (*kept, shape[-1]), [read], rank, context.flops * 0.4))
    reads = [
        Read(tensor=total, relation=identity(shape), saved=True),
        Read(tensor=stats, relation=broadcast(kept, rank), saved=True),
        _aligned(context, 2, rank),
    ]
    if not simple and context.has(3):
        reads.append(_aligned(context, 3, rank))
    parts.append(making(context, reads, share=0.4))
    return parts


def _aligned(context: Context, index: int, rank: int) -> Read:
    return context.read(index, broadcast(context.shape(index), rank), saved=True)


@lowers("RotaryEmbedding", "com.microsoft.RotaryEmbedding")
def rotary(context: Context) -> list[Part]:
    """Pairs of elements of a head are rotated by an angle that depends on their position."""
    shape = context.shape(0)
    micro = bool(context.operator.domain)
    cos, sin, ids = (2, 3, 1) if micro else (1, 2, 3)
    caches = context.shape(cos)
    heads = int(context.attribute("num_heads", 0))
    if len(shape) == 3:
        size = 2 * caches[-1] if micro and not heads else shape[2] // max(heads, 1)
        view: tuple[int, ...] = (shape[0], shape[1], shape[2] // size, size)
    else:
        view = shape
    turned = int(context.attribute("rotary_embedding_dim", 0)) or view[3]
    time = 1 if len(shape) == 3 else 2
    pieces = _pairs(view, turned, bool(context.attribute("interleaved", 0)))
    onto = reshaped(view, shape)
    reads = []
    for piece in pieces:
        relation = composed(composed(onto, piece), reshaped(shape, view))
        reads.append(context.read(0, relation, saved=True, exact=False))
    half = turned // 2
    angle: AxisRule = (
        divided(3, 2) if context.attribute("interleaved", 0) else _modulo(3, half, turned)
    )
    for index in (cos, sin):
        sizes = context.shape(index)
        if len(sizes) == 3:
            rules: list[AxisRule] = [same(0), same(time), angle]
        else:
            rules = [fixed(0, sizes[0]), angle]
        relation = composed(onto, per_axis(sizes, rules))
        reads.append(context.read(index, relation, saved=True, exact=False))
    if context.has(ids):
        sizes = context.shape(ids)
        own = [same(0), same(time)] if len(sizes) == 2 else [fixed(0, s) for s in sizes]
        relation = composed(onto, per_axis(sizes, own))
        reads.append(context.read(ids, relation, differentiable=False, exact=False))
    return [making(context, reads)]


def _pairs(view: tuple[int, ...], turned: int, interleaved: bool):  # type: ignore[no-untyped-def]
    """Each element and the one that it is paired with, along the last dimension."""
    own: list[AxisRule] = [same(d) for d in range(4)]
    half = turned // 2

    def bounded(offset: int, low: int, high: int) -> AxisRule:
        def rule(lows, highs):  # type: ignore[no-untyped-def]
            first = (lows[:, 3] + offset).clip(low, high)
            return first, (highs[:, 3] + offset).clip(low, high)

        return rule

    def even(lows, highs):  # type: ignore[no-untyped-def]
        low, high = lows[:, 3], highs[:, 3]
        inside_ = low < turned
        return low - (low % 2) * inside_, high + (high % 2) * (high < turned)

    if interleaved:
        return [per_axis(view, [*own[:3], even])]
    return [
        identity(view),
        per_axis(view, [*own[:3], bounded(half, half, turned)]),
        per_axis(view, [*own[:3], bounded(-half, 0, half)]),
    ]


def _modulo(axis: int, half: int, turned: int) -> AxisRule:
    """Position modulo `half`; nothing for elements that are not rotated."""

    def rule(lows, highs):  # type: ignore[no-untyped-def]
        low, last = lows[:, axis], highs[:, axis].clip(0, turned) - 1
        one = low // half == last // half
        first = low % half * one
        stop = (last % half + 1) * one + half * (1 - one)
        beyond = low >= turned
        return first * (1 - beyond), stop * (1 - beyond)

    return rule
