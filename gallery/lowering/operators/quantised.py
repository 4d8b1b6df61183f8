"""Quantisation per tensor, per channel and per block.

Formulas: ONNX operator specification, QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear.
"""

from __future__ import annotations

from dataclasses import replace

from gallery.lowering.access.part import Part, Read
from gallery.lowering.access.registry import Context, lowers
from gallery.lowering.access.relations import (
    AxisRule,
    broadcast,
    divided,
    fixed,
    full,
    identity,
    per_axis,
    same,
)
from gallery.lowering.operators.parts import asked, given, inside, making, whole


@lowers("QuantizeLinear", "DequantizeLinear")
def quantize(context: Context) -> list[Part]:
    """Each element with the scale and zero point of its tensor, channel or block."""
    shape = context.shape(0)
    axis = context.axis("axis", 1, len(shape)) if len(shape) > 1 else 0
    block = int(context.attribute("block_size", 0))
    reads = [context.read(0, identity(shape), saved=True)]
    for index in given(context, 1):
        sizes = context.shape(index)
        rules: list[AxisRule] = [fixed(0, size) for size in sizes]
        if len(sizes) == 1 and sizes[0] > 1:
            rules = [same(axis)]
        elif len(sizes) == len(shape) and block:
            rules = [same(d) for d in range(len(shape))]
            rules[axis] = divided(axis, block)
        reads.append(context.read(index, per_axis(sizes, rules), saved=True))
    return [making(context, reads)]


@lowers("DynamicQuantizeLinear")
def dynamic_quantize(context: Context) -> list[Part]:
    """First the smallest and largest element, then scale and zero point, then every element."""
    shape = context.shape(0)
    limits = context.virtual(())
    rules = [same(d) for d in range(len(shape))]
    read = context.read(0, per_axis(shape, rules), saved=True)
    extremes = inside(limits, shape, [read], 0, context.flops * 0.5)
    parts = [replace(extremes, saves_output=True)]
    found = Read(tensor=limits, relation=full(()), saved=True)
    for output in asked(context):
        own = [context.read(0, identity(shape), saved=True)] if output == 0 else []
        parts.append(making(context, [*own, found], (output,), share=0.5 * (output == 0)))
    return parts


@lowers("com.microsoft.QLinearAdd", "com.microsoft.QLinearMul")
def quantised_pair(context: Context) -> list[Part]:
    """Elementwise on two operands that broadcast, each with a scale and a zero point."""
    rank = len(context.out_shape())
    reads = [
        context.read(index, broadcast(context.shape(index), rank), differentiable=False)
        for index in (0, 3)
    ]
    reads += [whole(context, i, differentiable=False) for i in given(context, 1) if i != 3]
    return [making(context, reads)]


@lowers("com.microsoft.QLinearConcat")
def quantised_concat(context: Context) -> list[Part]:
    """The result's scale and zero point, then each operand with its own, one after another."""
    rank = len(context.out_shape())
    along = context.axis("axis", 0, rank)
    reads, offset = [], 0
    for index in given(context):
        if index < 2 or (index - 2) % 3:
            reads.append(whole(context, index, differentiable=False))
            continue
        shape = context.shape(index)
        rules = [same(axis, -offset if axis == along else 0) for axis in range(rank)]
        reads.append(context.read(index, per_axis(shape, rules), differentiable=False))
        offset += shape[along]
    return [making(context, reads)]


@lowers("com.microsoft.QLinearGlobalAveragePool")
def quantised_global_pool(context: Context) -> list[Part]:
    """[n, c, 1... | spatial], or with the channels last [n, 1..., c | spatial]."""
    shape, made = context.shape(0), context.out_shape()
    channel = len(shape) - 1 if context.attribute("channels_last", 0) else 1
    spatial = [axis for axis in range(1, len(shape)) if axis != channel]
    rules = [
        same(len(made) + spatial.index(axis)) if axis in spatial else same(axis)
        for axis in range(len(shape))
    ]
    reads = [context.read(0, per_axis(shape, rules), differentiable=False)]
    reads += [whole(context, index, differentiable=False) for index in given(context, 1)]
    return [making(context, reads, summed=[shape[axis] for axis in spatial])]
