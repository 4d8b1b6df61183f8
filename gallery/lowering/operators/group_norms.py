"""Normalisations over groups and windows or by norms, and those of other operator sets.

Formulas: ONNX operator specification; com.microsoft: ONNX Runtime contrib operators.
"""

from __future__ import annotations

from dataclasses import replace

from gallery.lowering.access.part import Part, Read
from gallery.lowering.access.registry import Context, lowers
from gallery.lowering.access.relations import (
    AxisRule,
    broadcast,
    composed,
    divided,
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
    """Sum of input and skip (output 3), then statistics over the last dimension (1 and 2)."""
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
    found = inside(stats, (*kept, shape[-1]), [read], rank, context.flops * 0.4)
    parts.append(replace(found, makes=(stats, *context.tensors(1, 2))))
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
