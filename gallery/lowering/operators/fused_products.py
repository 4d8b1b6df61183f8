"""ONNX Runtime's products with an activation, a layout or a sparse operand of their own.

Formulas: ONNX Runtime contrib operators of each type.
"""

from __future__ import annotations

from dataclasses import replace

from gallery.contrib.stand_ins import StandIn
from gallery.loading.contrib_products import logical, transposes
from gallery.lowering.access.part import Part, Read
from gallery.lowering.access.registry import FAMILIES, Context, NoGridError, lowers
from gallery.lowering.access.relations import (
    AxisRule,
    broadcast,
    fixed,
    identity,
    per_axis,
    same,
    window,
)
from gallery.lowering.operators.contraction import conv_transpose, first_of, fused_matmul, gemm
from gallery.lowering.operators.contraction import windows as windows_of
from gallery.lowering.operators.fused import softmax_of
from gallery.lowering.operators.packed import rows_of
from gallery.lowering.operators.parts import along, given, inside, making, whole
from gallery.lowering.operators.stand_ins import reading, standing_for

_BY_ROW = ("softmax", "logsoftmax", "hardmax")
"""Activations that read more than one element."""


@lowers("com.microsoft.TransposeMatMul", "com.microsoft.FusedMatMulActivation")
def activated_matmul(context: Context) -> list[Part]:
    """As FusedMatMul; a Softmax as activation first takes the statistics of a row."""
    parts = fused_matmul(context)
    if str(context.attribute("activation", "")).lower() not in _BY_ROW:
        return parts
    shape = context.out_shape()
    axis = context.axis("activation_axis", -1, len(shape))
    inner = context.virtual(shape)
    return [replace(parts[0], makes=(inner,)), *softmax_of(context, inner, shape, [axis])]


@lowers("com.microsoft.SparseToDenseMatMul")
def sparse_matmul(context: Context) -> list[Part]:
    """As FusedMatMul of a matrix, of which the zeros are left out."""
    shape, right = context.out_shape(), context.shape(1)
    turned = transposes(context.operator.attributes, "B")
    axes = logical(range(len(right)), *turned)
    outer = len(shape) - 2
    rules: list[AxisRule] = [*(same(axis) for axis in range(outer)), same(len(shape))]
    rules.append(same(outer + 1))
    stored = [rules[axes.index(axis)] for axis in range(len(right))]
    reads = [context.read(1, per_axis(right, stored), saved=True)]
    return [making(context, reads, summed=(right[axes[-2]],))]


@lowers("com.microsoft.GemmFastGelu", "com.microsoft.QOrderedMatMul")
def biased_matmul(context: Context) -> list[Part]:
    """Matrix product with a number for each column, and what is added to it: [..., m, n | k]."""
    ordered = context.operator.type == "QOrderedMatMul"
    second, bias, by_column = (2, 5, (3,)) if ordered else (1, 2, ())
    shape, right = context.out_shape(), context.shape(second)
    rank = len(shape)
    outer = rank - len(right)
    rules = [fixed(0, 1) if size == 1 else same(outer + d) for d, size in enumerate(right[:-2])]
    weights = per_axis(right, [*rules, same(rank), same(rank - 1)])
    reads = [rows_of(context, 0, rank), context.read(second, weights, saved=True)]
    for index in (bias, *by_column):
        if context.has(index):
            sizes = context.shape(index)
            own = [same(rank - 1) if size > 1 else fixed(0, 1) for size in sizes]
            relation = per_axis(sizes, own)
            if index == bias:
                relation = first_of(relation, {rank})
            reads.append(context.read(index, relation, saved=True))
    if ordered and context.has(6):
        added = first_of(broadcast(context.shape(6), rank), {rank})
        reads.append(context.read(6, added, saved=True))
    rest = [i for i in given(context) if i not in (0, second, bias, *by_column, 6)]
    reads += [whole(context, index, differentiable=False) for index in rest]
    return [making(context, reads, summed=(context.shape(0)[-1],))]


@lowers("com.microsoft.GemmFloat8")
def gemm_float8(context: Context) -> list[Part]:
    """As Gemm; the scales are for all."""
    like = StandIn(type="Gemm", slots=(0, 1, 2))
    rest = [index for index in given(context) if index > 2]
    return reading(context, gemm(standing_for(context, like)), rest)


@lowers("com.microsoft.RouterGateUpProj")
def router_and_gate(context: Context) -> list[Part]:
    """One product: its first columns, and one half of the others times the other's SiLU."""
    left, weights = context.shape(0), context.shape(1)
    router, gate = context.out_shape(0)[-1], context.out_shape(1)[-1]
    rank, shape = len(left), (*left[:-1], 2 * gate)
    parts = []
    inner = context.virtual(shape)
    rest = inside(inner, (*shape, left[-1]), [], rank, context.flops * 0.5)
    first = making(context, [], (0,), summed=(left[-1],), share=0.5)
    for part, offset in ((first, 0), (rest, router)):
        columns = per_axis(weights, [same(rank), same(rank - 1, offset)])
        reads = (rows_of(context, 0, rank), context.read(1, columns, saved=True))
        parts.append(replace(part, reads=reads))
    sides = [
        Read(tensor=inner, relation=per_axis(shape, [*_rows(rank), same(rank - 1, offset)]))
        for offset in (0, gate)
    ]
    return [*parts, making(context, sides, (1,), share=0.0)]


def _rows(rank: int) -> list[AxisRule]:
    return [same(axis) for axis in range(rank - 1)]


@lowers("com.microsoft.ConvTransposeWithDynamicPads")
def padded_transpose(context: Context) -> list[Part]:
    """As ConvTranspose with the pads of an input."""
    like = standing_for(context, StandIn(type="ConvTranspose", slots=(0, 1, 3)))
    if context.has(2):
        pads = tuple(int(pad) for pad in context.known(2).reshape(-1))
        attributes = {**context.operator.attributes, "pads": pads}
        like = replace(like, operator=replace(like.operator, attributes=attributes))
    return conv_transpose(like)


@lowers("com.microsoft.MaxpoolWithMask")
def masked_pool(context: Context) -> list[Part]:
    """As MaxPool; which plane of the mask belongs to which channel is not documented."""
    parts = FAMILIES["MaxPool"](standing_for(context, StandIn(type="MaxPool")))
    shape, mask = context.shape(0), context.shape(1)
    if len(mask) != len(shape):
        raise NoGridError("a mask of another rank")
    kernel = tuple(int(k) for k in context.attribute("kernel_shape", (1,) * (len(shape) - 2)))
    strides, _, pads = windows_of(context, kernel, shape[2:], context.out_shape()[2:])
    planes = [fixed(0, mask[0]), fixed(0, mask[1])]
    rules = [window(2 + d, strides[d], pads[d], kernel[d]) for d in range(len(kernel))]
    read = context.read(1, per_axis(mask, [*planes, *rules]), differentiable=False)
    return [replace(part, reads=(*part.reads, read)) for part in parts]


@lowers("com.microsoft.QuantizeWithOrder", "com.microsoft.DequantizeWithOrder")
def reordered(context: Context) -> list[Part]:
    """Element by element: the order in memory is not that of the dimensions."""
    own = context.read(0, identity(context.shape(0)), saved=True)
    return [making(context, [own, whole(context, 1, differentiable=False)])]


@lowers("com.microsoft.CDist")
def distances(context: Context) -> list[Part]:
    """The distance of each pair of rows: [rows, rows | columns]."""
    left, right = context.shape(0), context.shape(1)
    reads = [along(context, 0, [same(0), same(2)], saved=True)]
    reads.append(along(context, 1, [same(1), same(2)], saved=True))
    if len(left) != 2 or len(right) != 2:
        raise NoGridError("CDist of something that is not a matrix")
    return [making(context, reads, summed=(left[1],), saves_output=True)]
