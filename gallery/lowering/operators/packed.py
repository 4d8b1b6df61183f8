"""Products with weights of a few bits each, packed in blocks.

Formulas: ONNX Runtime contrib operators of each type.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from gallery.contrib.stand_ins import packing
from gallery.lowering.access.part import Part, Read
from gallery.lowering.access.registry import Context, NoGridError, lowers
from gallery.lowering.access.relations import (
    AxisRule,
    composed,
    divided,
    fixed,
    per_axis,
    same,
)
from gallery.lowering.access.reshape import reshaped
from gallery.lowering.operators.contraction import first_of
from gallery.lowering.operators.parts import making, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Packed weights of a product, [columns, inner] before they are packed along `inner`.

    Attributes:
        data: Input that holds them.
        columns: Columns of the product.
        inner: Size of the dimension that is summed over.
        bits: Bits of a weight.
        block: Weights that share a scale.
        scales: Input with a scale for each block, or -1.
        zeros: Input with a zero point for each block, or -1.
        bias: Input with a number for each column, or -1.
    """

    data: int
    columns: int
    inner: int
    bits: int
    block: int
    scales: int = -1
    zeros: int = -1
    bias: int = -1

    @property
    def blocks(self) -> int:
        """Blocks of a column."""
        return -(-self.inner // self.block)


def product(
    context: Context, left: Read, weights: Weights, shape: tuple[int, ...]
) -> tuple[tuple[int, ...], list[Read]]:
    """Index space and reads of a product with packed weights: [..., columns | inner].

    Args:
        context: The operator.
        left: The other operand, [..., inner], read by the dimensions of the index space.
        weights: The packed weights.
        shape: Of the result.
    """
    column, inner = len(shape) - 1, len(shape)
    rules = [same(column), divided(inner, weights.block)]
    packed = packing(True, weights.bits)
    bytes_ = -(-weights.block * weights.bits // 8)
    reads = [left, _blocks(context, weights.data, weights, rules, bytes_)]
    if weights.scales >= 0 and context.has(weights.scales):
        reads.append(_blocks(context, weights.scales, weights, rules))
    if weights.zeros >= 0 and context.has(weights.zeros):
        reads.append(_zero_points(context, weights, column, inner, packed))
    if weights.bias >= 0 and context.has(weights.bias):
        relation = per_axis(context.shape(weights.bias), [same(column)])
        reads.append(context.read(weights.bias, first_of(relation, {inner})))
    return (*shape, weights.inner), reads


def _blocks(
    context: Context, index: int, weights: Weights, rules: Sequence[AxisRule], each: int = 1
) -> Read:
    """An input with `each` elements for each block of each column, in any shape."""
    shape = context.shape(index)
    view: tuple[int, ...] = (weights.columns, weights.blocks, each)
    if prod(shape) != prod(view):
        return whole(context, index)
    relation = composed(per_axis(view, [*rules, fixed(0, each)]), reshaped(shape, view))
    return context.read(index, relation, saved=True, exact=False)


def _zero_points(context: Context, weights: Weights, column: int, inner: int, packed: int) -> Read:
    """Zero points, one for each block or several packed into a byte."""
    shape = context.shape(weights.zeros)
    bytes_ = -(-weights.blocks // packed)
    rules = [same(column), divided(inner, weights.block)]
    if prod(shape) == weights.columns * weights.blocks:
        return _blocks(context, weights.zeros, weights, rules)
    view = (weights.columns, bytes_)
    if prod(shape) != prod(view):
        return whole(context, weights.zeros)
    onto = per_axis(view, [same(column), divided(inner, weights.block * packed)])
    relation = composed(onto, reshaped(shape, view))
    return context.read(weights.zeros, relation, saved=True, exact=False)


def rows_of(context: Context, index: int, rank: int) -> Read:
    """An operand [..., inner] of a product whose result has this rank."""
    shape = context.shape(index)
    rules = [*(same(axis) for axis in range(rank - 1)), same(rank)]
    return context.read(index, per_axis(shape, rules), saved=True)


def sizes_of(context: Context, columns: str = "N", inner: str = "K") -> tuple[int, int]:
    """Columns and summed dimension of the weights, by attributes of these names.

    Raises:
        NoGridError: They are not given.
    """
    found = int(context.attribute(columns, 0)), int(context.attribute(inner, 0))
    if min(found) < 1:
        raise NoGridError(f"{context.operator.type} does not give its sizes")
    return found


@lowers("com.microsoft.MatMulNBits")
def matmul_n_bits(context: Context) -> list[Part]:
    """Matrix product with weights of a few bits, in blocks along the summed dimension."""
    shape = context.out_shape()
    columns, inner = sizes_of(context)
    weights = Weights(
        data=1,
        columns=columns,
        inner=inner,
        bits=int(context.attribute("bits", 4)),
        block=int(context.attribute("block_size", 32)),
        scales=2,
        zeros=3,
        bias=5,
    )
    _, reads = product(context, rows_of(context, 0, len(shape)), weights, shape)
    if context.has(4):
        reads.append(whole(context, 4, differentiable=False))
    return [making(context, reads, summed=(inner,))]


@lowers(
    "com.microsoft.MatMulBlockQuantizedFp4Weight", "com.microsoft.MatMulBlockQuantizedFp8Weight"
)
def matmul_small_floats(context: Context) -> list[Part]:
    """Matrix product with floats of 4 or 8 bits, whose rows are the columns of the result."""
    shape, left = context.out_shape(), context.shape(0)
    bits = 4 if "Fp4" in context.operator.type else 8
    weights = Weights(
        data=1,
        columns=context.shape(1)[0],
        inner=left[-1],
        bits=bits,
        block=int(context.attribute("block_size", 16 if bits == 4 else 128)),
        scales=2,
        bias=5 if bits == 4 else 4,
    )
    _, reads = product(context, rows_of(context, 0, len(shape)), weights, shape)
    own = [same(len(shape) - 1), divided(len(shape), 8 // bits)]
    reads[1] = context.read(1, per_axis(context.shape(1), own), saved=True)
    others = (3, 4) if bits == 4 else (3,)
    reads += [whole(context, one, differentiable=False) for one in others if context.has(one)]
    return [making(context, reads, summed=(left[-1],))]


@lowers("com.microsoft.MatMulBnb4")
def matmul_bnb4(context: Context) -> list[Part]:
    """Matrix product with [N, K] weights of 4 bits, flattened and then divided into blocks."""
    shape, left = context.out_shape(), context.shape(0)
    view = sizes_of(context)
    rank = len(shape)
    forward = bool(context.attribute("transB", 1))
    own = [same(rank - 1), same(rank)] if forward else [same(rank), same(rank - 1)]
    flat = composed(per_axis(view, own), reshaped((prod(view),), view))
    reads = [rows_of(context, 0, rank)]
    for index, each in ((1, 2), (2, int(context.attribute("block_size", 64)))):
        sizes = context.shape(index)
        if prod(sizes) != -(-prod(view) // each):
            raise NoGridError(f"input {index} of MatMulBnb4 does not hold N · K weights")
        runs = composed(flat, per_axis((prod(sizes),), [divided(0, each)]))
        relation = composed(runs, reshaped(sizes, (prod(sizes),)))
        reads.append(context.read(index, relation, saved=True, exact=False))
    return [making(context, reads, summed=(left[-1],))]


_BLOBS: Mapping[int, tuple[int, int]] = {0: (32, 20), 1: (32, 21), 2: (64, 36)}
"""Weights and bytes of a block of MatMulFpQ4, by its type: a scale, a zero point and the weights
(onnxruntime/core/mlas/lib/q4common.h)."""


@lowers("com.microsoft.MatMulFpQ4")
def matmul_blob(context: Context) -> list[Part]:
    """Matrix product with weights in blobs, column by column."""
    shape, left = context.out_shape(), context.shape(0)
    block, each = _BLOBS.get(int(context.attribute("blk_quant_type", 1)), (0, 0))
    reads = [rows_of(context, 0, len(shape))]
    view: tuple[int, ...] = (shape[-1], -(-left[-1] // block) if block else 0, each)
    data = context.shape(1)
    if prod(view) == prod(data) > 0:
        own = [same(len(shape) - 1), divided(len(shape), block), fixed(0, each)]
        relation = composed(per_axis(view, own), reshaped(data, view))
        reads.append(context.read(1, relation, saved=True, exact=False))
    else:
        reads.append(whole(context, 1))
    reads.append(whole(context, 2, differentiable=False))
    return [making(context, reads, summed=(left[-1],))]


@lowers("com.microsoft.MatMulPacked")
def matmul_packed(context: Context) -> list[Part]:
    """Matrix product with a row of packed weights for each column of the result."""
    shape, left, data = context.out_shape(), context.shape(0), context.shape(1)
    own: list[AxisRule] = [same(len(shape) - 1), fixed(0, data[-1])]
    reads = [rows_of(context, 0, len(shape)), context.read(1, per_axis(data, own), saved=True)]
    if context.has(2):
        reads.append(whole(context, 2, differentiable=False))
    return [making(context, reads, summed=(left[-1],))]
