"""Whole layers with packed weights: several products of one operand, and thin side paths.

Formulas: ONNX Runtime contrib operators of each type.
"""

from __future__ import annotations

from gallery.lowering.access.part import Part, Read
from gallery.lowering.access.registry import Context, lowers
from gallery.lowering.access.relations import fixed, identity, per_axis, same
from gallery.lowering.operators.contraction import first_of
from gallery.lowering.operators.packed import Weights, product, rows_of, sizes_of
from gallery.lowering.operators.parts import along, inside, making


@lowers("com.microsoft.MatMulNBitsQLoRA")
def matmul_adapted(context: Context) -> list[Part]:
    """The product with the weights, and through two thin matrices, the rank between them."""
    shape = context.out_shape()
    columns, inner = sizes_of(context)
    bits, block = int(context.attribute("bits", 4)), int(context.attribute("block_size", 32))
    thin = int(context.attribute("lora_bits", 8)), int(context.attribute("lora_block_size", 32))
    rank = context.shape(4)[0] if len(context.shape(4)) > 1 else context.shape(3)[0]
    down = Weights(data=3, columns=rank, inner=inner, bits=thin[0], block=thin[1], scales=4)
    up = Weights(data=5, columns=columns, inner=rank, bits=thin[0], block=thin[1], scales=6)
    base = Weights(data=1, columns=columns, inner=inner, bits=bits, block=block, scales=2)
    last = len(shape)
    total = inner + rank + columns * inner / max(inner + columns, 1)
    narrow = (*shape[:-1], rank)
    lowered = context.virtual(narrow)
    index, reads = product(context, rows_of(context, 0, last), down, narrow)
    parts = [inside(lowered, index, reads, last, context.flops * rank / total)]
    plain = context.virtual(shape)
    index, reads = product(context, rows_of(context, 0, last), base, shape)
    parts.append(inside(plain, index, reads, last, context.flops * 0.5))
    row = [*(same(axis) for axis in range(last - 1)), same(last)]
    left = Read(tensor=lowered, relation=per_axis(narrow, row), saved=True)
    index, reads = product(context, left, up, shape)
    reads.append(Read(tensor=plain, relation=first_of(identity(shape), {last})))
    return [*parts, making(context, reads, summed=(rank,), share=0.25)]


@lowers("com.microsoft.MatMulNBitsMlp", "com.microsoft.MatMulNBitsQkv")
def matmul_family(context: Context) -> list[Part]:
    """Several products with one operand, which is normalised first if there is a scale for that.

    MatMulNBitsMlp multiplies one product, activated, by the other.
    """
    gated = context.operator.type == "MatMulNBitsMlp"
    shape = context.shape(0)
    rank = len(shape)
    names = ("N", "N") if gated else ("Nq", "Nkv", "Nkv")
    parts, operand = _normalised(context, 3 if not gated else 1)
    made = []
    for number, name in enumerate(names):
        columns, inner = sizes_of(context, name)
        first = 3 + 3 * number
        weights = Weights(
            data=first,
            columns=columns,
            inner=inner,
            bits=int(context.attribute("bits", 4)),
            block=int(context.attribute("block_size", 32)),
            scales=first + 1,
            bias=first + 2,
        )
        result = (*shape[:-1], columns)
        index, reads = product(context, operand, weights, result)
        share = context.flops / len(names)
        if gated or not context.makes(number):
            target = context.virtual(result)
        else:
            target = context.outputs[number]
        parts.append(inside(target, index, reads, rank, share))
        made.append(target)
    if not gated:
        return parts
    result = context.out_shape()
    halves = [Read(tensor=one, relation=identity(result), saved=True) for one in made]
    return [*parts, making(context, halves, share=0.0)]


def _normalised(context: Context, total: int) -> tuple[list[Part], Read]:
    """Parts that add `skip` and normalise by the root mean square, and the read of the result."""
    shape = context.shape(0)
    rank = len(shape)
    row = [*(same(axis) for axis in range(rank - 1)), same(rank)]
    if not context.has(2):
        return [], rows_of(context, 0, rank)
    parts = []
    own = context.read(0, identity(shape), saved=True)
    by_row = context.read(0, per_axis(shape, row), saved=True)
    if context.has(1) or context.makes(total):
        summed = context.outputs[total] if context.makes(total) else context.virtual(shape)
        reads = [own]
        if context.has(1):
            reads.append(context.read(1, identity(shape), saved=True))
        parts.append(inside(summed, shape, reads, rank))
        own = Read(tensor=summed, relation=identity(shape), saved=True)
        by_row = Read(tensor=summed, relation=per_axis(shape, row), saved=True)
    kept = (*shape[:-1], 1)
    squares, result = context.virtual(kept), context.virtual(shape)
    parts.append(inside(squares, (*kept, shape[-1]), [by_row], rank))
    spread = [*(same(axis) for axis in range(rank - 1)), fixed(0, 1)]
    reads = [
        own,
        Read(tensor=squares, relation=per_axis(kept, spread), saved=True),
        along(context, 2, [same(rank - 1)], saved=True),
    ]
    parts.append(inside(result, shape, reads, rank))
    return parts, Read(tensor=result, relation=per_axis(shape, row), saved=True)
