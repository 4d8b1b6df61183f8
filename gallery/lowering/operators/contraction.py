"""Sums of products: convolutions and matrix products, which are also split where they sum."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple, cast

import numpy as np

from gallery.loading.contrib_products import logical, transposes
from gallery.lowering.access.part import Boxes, Ints, Part, Read, Relation
from gallery.lowering.access.registry import Context, NoGridError, lowers
from gallery.lowering.access.relations import (
    AxisRule,
    emptied,
    fixed,
    full,
    per_axis,
    same,
    scattered,
    window,
)
from gallery.lowering.operators.parts import inside, making


@lowers("MatMul", "MatMulInteger", "QLinearMatMul")
def matmul(context: Context) -> list[Part]:
    """Matrix product with NumPy's broadcasting of the outer dimensions: [..., m, n | k]."""
    left_index, right_index = (0, 3) if context.operator.type == "QLinearMatMul" else (0, 1)
    left, right = context.shape(left_index), context.shape(right_index)
    if not left or not right:
        raise NoGridError("MatMul of a scalar")
    shape = context.out_shape()
    summed = len(shape)
    outer = len(shape) - (len(left) > 1) - (len(right) > 1)
    left_rules = _outer(left[:-2], outer)
    if len(left) > 1:
        left_rules.append(same(outer))
    left_rules.append(same(summed))
    right_rules = [*_outer(right[:-2], outer), same(summed)]
    if len(right) > 1:
        right_rules.append(same(len(shape) - 1))
    reads = [
        context.read(left_index, per_axis(left, left_rules), saved=True),
        context.read(right_index, per_axis(right, right_rules), saved=True),
    ]
    row = {"MatMulInteger": (2,), "QLinearMatMul": (1, 2)}.get(context.operator.type, ())
    column = {"MatMulInteger": (3,), "QLinearMatMul": (4, 5)}.get(context.operator.type, ())
    whole = {"QLinearMatMul": (6, 7)}.get(context.operator.type, ())
    for index in (*row, *column, *whole):
        if context.has(index):
            axis = outer if index in row else len(shape) - 1
            reads.append(_quantisation(context, index, axis if index not in whole else -1))
    return [making(context, reads, summed=(left[-1],))]


def _outer(sizes: tuple[int, ...], rank: int) -> list[AxisRule]:
    """Rules of dimensions that broadcast against the first `rank` of the index space."""
    shift = rank - len(sizes)
    return [fixed(0, 1) if size == 1 else same(axis + shift) for axis, size in enumerate(sizes)]


def _quantisation(context: Context, index: int, axis: int) -> Read:
    """A scale or zero point: one for all, or one per index along a dimension."""
    shape = context.shape(index)
    rules = [
        same(axis) if axis >= 0 and size > 1 and len(shape) == 1 else fixed(0, size)
        for size in shape
    ]
    return context.read(index, per_axis(shape, rules), differentiable=False)


@lowers("com.microsoft.FusedMatMul")
def fused_matmul(context: Context) -> list[Part]:
    """Matrix product of operands that may be stored transposed: [..., m, n | k]."""
    shape = context.out_shape()
    summed, outer = len(shape), len(shape) - 2
    reads, inner = [], 0
    for index, side in enumerate("AB"):
        stored = context.shape(index)
        turned = transposes(context.operator.attributes, side)
        axes = logical(range(len(stored)), *turned)
        sizes = tuple(stored[axis] for axis in axes)
        if len(sizes) < 2:
            raise NoGridError("FusedMatMul of a vector")
        last = [same(outer), same(summed)] if side == "A" else [same(summed), same(outer + 1)]
        rules = [*_outer(sizes[:-2], outer), *last]
        stored_rules = [rules[axes.index(axis)] for axis in range(len(stored))]
        reads.append(context.read(index, per_axis(stored, stored_rules), saved=True))
        inner = sizes[-1] if side == "A" else inner
    return [making(context, reads, summed=(inner,))]


@lowers("com.microsoft.MatMulIntegerToFloat", "com.microsoft.DynamicQuantizeMatMul")
def scaled_matmul(context: Context) -> list[Part]:
    """Integer product with scales, zero points and a bias: [..., m, n | k].

    DynamicQuantizeMatMul first finds the smallest and largest element of A, as
    DynamicQuantizeLinear does.
    """
    dynamic = context.operator.type == "DynamicQuantizeMatMul"
    left, right, shape = context.shape(0), context.shape(1), context.out_shape()
    if len(left) < 2 or len(right) < 2:
        raise NoGridError("a product of vectors")
    summed, outer = len(shape), len(shape) - 2
    rows, columns = ((), (2, 3)) if dynamic else ((2, 4), (3, 5))
    read = context.read(
        0, per_axis(left, [*_outer(left[:-2], outer), same(outer), same(summed)]), saved=True
    )
    weights = per_axis(right, [*_outer(right[:-2], outer), same(summed), same(outer + 1)])
    reads = [read, context.read(1, weights, saved=True)]
    for index in (*rows, *columns):
        if context.has(index):
            axis = outer if index in rows else outer + 1
            reads.append(_quantisation(context, index, axis))
    bias = 4 if dynamic else 6
    if context.has(bias):
        relation = per_axis(context.shape(bias), [same(outer + 1)])
        reads.append(context.read(bias, first_of(relation, {summed})))
    if not dynamic:
        return [making(context, reads, summed=(left[-1],))]
    limits = context.virtual(())
    every = context.read(0, per_axis(left, [same(d) for d in range(len(left))]), saved=True)
    extremes = inside(limits, left, [every], 0)
    reads.append(Read(tensor=limits, relation=full(()), saved=True))
    return [extremes, making(context, reads, summed=(left[-1],))]


@lowers("Gemm", "com.microsoft.FusedGemm", "com.microsoft.QGemm")
def gemm(context: Context) -> list[Part]:
    """Matrix product with optional transposes and a bias: [m, n | k]."""
    quantised = context.operator.type == "QGemm"
    a, b, c = (0, 3, 6) if quantised else (0, 1, 2)
    left, right = context.shape(a), context.shape(b)
    summed = left[0] if context.attribute("transA", 0) else left[1]
    left_rules = [same(2), same(0)] if context.attribute("transA", 0) else [same(0), same(2)]
    right_rules = [same(1), same(2)] if context.attribute("transB", 0) else [same(2), same(1)]
    reads = [
        context.read(a, per_axis(left, left_rules), saved=True),
        context.read(b, per_axis(right, right_rules), saved=True),
    ]
    if context.has(c):
        bias = context.shape(c)
        rules = [fixed(0, 1) if s == 1 else same(d + 2 - len(bias)) for d, s in enumerate(bias)]
        reads.append(context.read(c, first_of(per_axis(bias, rules), {2})))
    for index in (1, 2, 4, 5, 7, 8) if quantised else ():
        if context.has(index):
            reads.append(_quantisation(context, index, 1 if index in (4, 5) else -1))
    return [making(context, reads, summed=(summed,))]


def first_of(relation: Relation, summed: set[int]) -> Relation:
    """A relation for a bias, which only the first block along every summed dimension reads."""
    return cast(Relation, _FirstOf(relation, tuple(sorted(summed))))


class _FirstOf(NamedTuple):
    """A relation for the first block along some dimensions; equal ones are equal."""

    relation: Relation
    axes: tuple[int, ...]

    def __call__(self, lows: Ints, highs: Ints) -> Boxes:
        """The boxes that blocks read."""
        return emptied(self.relation(lows, highs), (lows[:, list(self.axes)] != 0).any(axis=1))


@lowers("Conv", "ConvInteger", "QLinearConv", "com.microsoft.FusedConv")
def conv(context: Context) -> list[Part]:
    """Convolution of any rank with groups: [n, m, spatial... | c]; kernels are not split."""
    quantised = context.operator.type == "QLinearConv"
    x, w = (0, 3) if quantised else (0, 1)
    data, kernel, shape = context.shape(x), context.shape(w), context.out_shape()
    group = int(context.attribute("group", 1))
    summed = len(shape)
    per_group = kernel[1]
    strides, dilations, pads = windows(context, kernel[2:], data[2:], shape[2:])
    rules = [same(0), _group_channels(group, shape[1], per_group, summed)]
    rules += [
        window(2 + d, strides[d], pads[d], (kernel[2 + d] - 1) * dilations[d] + 1)
        for d in range(len(shape) - 2)
    ]
    weights = [same(1), same(summed), *(fixed(0, size) for size in kernel[2:])]
    reads = [
        context.read(x, per_axis(data, rules), saved=True),
        context.read(w, per_axis(kernel, weights), saved=True),
    ]
    reads += _conv_extras(context, summed)
    part = making(context, reads, summed=(per_group,))
    return [replace(part, after=_whole_groups(group, shape[1], summed))]


def _whole_groups(group: int, channels: int, summed: int) -> tuple[tuple[int, int, int], ...]:
    """Input channels are split only once a block of output channels is within one group."""
    if group == 1:
        return ()
    power = 1 << (group - 1).bit_length()
    return ((1, summed, power if power == group else channels + 1),)


def _conv_extras(context: Context, summed: int) -> list[Read]:
    """Bias, scales and zero points of the kinds of convolution, and what is added to the result."""
    by_type = {"Conv": (2,), "FusedConv": (2,), "QLinearConv": (8,)}
    along_output = {"ConvInteger": (3,), "QLinearConv": (4, 5)}
    for_all = {"ConvInteger": (2,), "QLinearConv": (1, 2, 6, 7)}
    kind = context.operator.type
    reads = []
    for index in by_type.get(kind, ()):
        if context.has(index):
            relation = first_of(per_axis(context.shape(index), [same(1)]), {summed})
            reads.append(context.read(index, relation))
    for index in along_output.get(kind, ()):
        if context.has(index):
            reads.append(_quantisation(context, index, 1))
    for index in for_all.get(kind, ()):
        if context.has(index):
            reads.append(_quantisation(context, index, -1))
    if kind == "FusedConv" and context.has(3):
        # What is added to the result before the activation.
        added = per_axis(context.shape(3), [same(d) for d in range(summed)])
        reads.append(context.read(3, first_of(added, {summed})))
    return reads


def _group_channels(group: int, out_channels: int, per_group: int, summed: int) -> AxisRule:
    """Input channels of a range of output channels and of channels within a group."""
    if group == 1:
        return same(summed)
    each = max(out_channels // group, 1)

    def rule(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        first, last = lows[:, 1] // each, (highs[:, 1] - 1) // each
        one = first == last
        low = first * per_group + np.where(one, lows[:, summed], 0)
        high = last * per_group + np.where(one, highs[:, summed], per_group)
        return low, high

    return rule


def windows(
    context: Context, kernel: tuple[int, ...], data: tuple[int, ...], output: tuple[int, ...]
) -> tuple[list[int], list[int], list[int]]:
    """Strides, dilations and leading pads of an operator with sliding windows.

    `auto_pad` SAME_UPPER and SAME_LOWER pad so that the output has ceil(data / stride) elements
    (ONNX operator specification, Conv).
    """
    rank = len(kernel)
    strides = [int(s) for s in context.attribute("strides", (1,) * rank)]
    dilations = [int(d) for d in context.attribute("dilations", (1,) * rank)]
    pads = [int(p) for p in context.attribute("pads", (0,) * (2 * rank))][:rank]
    auto = context.attribute("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        pads = []
        for d in range(rank):
            extent = (kernel[d] - 1) * dilations[d] + 1
            total = max((output[d] - 1) * strides[d] + extent - data[d], 0)
            pads.append(total // 2 if auto == "SAME_UPPER" else math.ceil(total / 2))
    elif auto == "VALID":
        pads = [0] * rank
    return strides, dilations, pads


@lowers("ConvTranspose")
def conv_transpose(context: Context) -> list[Part]:
    """Transposed convolution: [n, m, spatial... | c]; outputs read the inputs that reach them."""
    data, kernel, shape = context.shape(0), context.shape(1), context.out_shape()
    group = int(context.attribute("group", 1))
    summed = len(shape)
    per_group = data[1] // group
    each = kernel[1]
    strides, dilations, pads = _transposed_windows(context, kernel[2:], data[2:], shape[2:])
    rules = [same(0), _group_channels(group, shape[1], per_group, summed)]
    rules += [
        scattered(2 + d, strides[d], pads[d], (kernel[2 + d] - 1) * dilations[d] + 1)
        for d in range(len(shape) - 2)
    ]
    weights = [_group_channels(group, shape[1], per_group, summed)]
    weights.append(same(1) if group == 1 else fixed(0, each))
    weights += [fixed(0, size) for size in kernel[2:]]
    reads = [
        context.read(0, per_axis(data, rules), saved=True),
        context.read(1, per_axis(kernel, weights), saved=True),
    ]
    if context.has(2):
        relation = first_of(per_axis(context.shape(2), [same(1)]), {summed})
        reads.append(context.read(2, relation))
    part = making(context, reads, summed=(per_group,))
    return [replace(part, after=_whole_groups(group, shape[1], summed))]


def _transposed_windows(
    context: Context, kernel: tuple[int, ...], data: tuple[int, ...], output: tuple[int, ...]
) -> tuple[list[int], list[int], list[int]]:
    """Strides, dilations and leading pads of ConvTranspose (ONNX operator specification)."""
    rank = len(kernel)
    strides = [int(s) for s in context.attribute("strides", (1,) * rank)]
    dilations = [int(d) for d in context.attribute("dilations", (1,) * rank)]
    pads = [int(p) for p in context.attribute("pads", (0,) * (2 * rank))][:rank]
    auto = context.attribute("auto_pad", "NOTSET")
    if context.attribute("output_shape") is None and not auto.startswith("SAME"):
        return strides, dilations, pads
    extra = [int(p) for p in context.attribute("output_padding", (0,) * rank)]
    pads = []
    for d in range(rank):
        extent = (kernel[d] - 1) * dilations[d] + 1
        total = max(strides[d] * (data[d] - 1) + extra[d] + extent - output[d], 0)
        # Odd padding is longer at the start, but for SAME_UPPER.
        pads.append(total // 2 if auto == "SAME_UPPER" else total - total // 2)
    return strides, dilations, pads


@lowers("Einsum")
def einsum(context: Context) -> list[Part]:
    """Einstein sum: one dimension per index, those of the output first, the others summed over."""
    equation = str(context.attribute("equation", "")).replace(" ", "")
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    shapes = [context.shape(index) for index in range(len(terms))]
    names = [_letters(term, len(shape)) for term, shape in zip(terms, shapes, strict=True)]
    if arrow:
        output = _letters(right, len(context.out_shape()))
    else:
        seen = [letter for term in names for letter in term]
        output = sorted({x for x in seen if x.startswith(".")}, reverse=True)
        output += sorted(x for x in seen if not x.startswith(".") and seen.count(x) == 1)
    sizes: dict[str, int] = {}
    for term, shape in zip(names, shapes, strict=True):
        for letter, size in zip(term, shape, strict=True):
            sizes[letter] = max(sizes.get(letter, 1), size)
    summed = [x for x in sizes if x not in output]
    place = {letter: axis for axis, letter in enumerate([*output, *summed])}
    reads = [
        context.read(
            index,
            per_axis(
                shapes[index],
                [
                    fixed(0, 1) if size == 1 else same(place[letter])
                    for letter, size in zip(names[index], shapes[index], strict=True)
                ],
            ),
            saved=len(terms) > 1,
        )
        for index in range(len(terms))
    ]
    return [making(context, reads, summed=[sizes[letter] for letter in summed])]


def _letters(term: str, rank: int) -> list[str]:
    """Names of a term's dimensions; those of an ellipsis are counted from its end."""
    if "..." not in term:
        return list(term)
    before, after = term.split("...", 1)
    hidden = rank - len(before) - len(after)
    return [*before, *(f".{hidden - k}" for k in range(hidden)), *after]
