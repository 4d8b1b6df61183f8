"""ONNX Runtime's fused activations: a bias, a gate, a dropout or a mask in the same operator.

Formulas: ONNX Runtime contrib operators of each type.
"""

from __future__ import annotations

from collections.abc import Sequence

from gallery.lowering.access.part import Part, Read
from gallery.lowering.access.registry import Context, NoGridError, lowers
from gallery.lowering.access.relations import (
    AxisRule,
    broadcast,
    broadcast_from,
    fixed,
    identity,
    per_axis,
    same,
    several,
)
from gallery.lowering.operators.parts import asked, given, inside, making, whole


def aligned(context: Context, index: int, rank: int) -> Read:
    """An input that broadcasts to the block, by its last dimensions."""
    return context.read(index, broadcast(context.shape(index), rank), saved=True)


def halves(context: Context, index: int) -> Read:
    """Of an input that is twice as long as the output, both elements that gate each other."""
    shape, last = context.shape(index), len(context.out_shape()) - 1
    half = context.out_shape()[-1]
    if shape[-1] != 2 * half:
        raise NoGridError(f"input {index} of {context.operator.type} is not twice its output")
    before = last + 1 - len(shape)
    sides = [
        per_axis(shape, [*(same(before + d) for d in range(len(shape) - 1)), same(last, offset)])
        for offset in (0, half)
    ]
    return context.read(index, several(sides), saved=True, exact=False)


@lowers("com.microsoft.BiasSplitGelu")
def gated_by_half(context: Context) -> list[Part]:
    """The first half of the last dimension times the Gelu of the second."""
    return [making(context, [halves(context, 0), halves(context, 1)])]


@lowers("com.microsoft.SwiGLU")
def gated(context: Context) -> list[Part]:
    """One half times the other's SiLU, from one input or two."""
    if not context.has(1):
        return [making(context, [halves(context, 0)])]
    rank = len(context.out_shape())
    return [making(context, [aligned(context, 0, rank), aligned(context, 1, rank)])]


@lowers(
    "com.microsoft.BiasDropout", "com.microsoft.BitmaskBiasDropout", "com.microsoft.BitmaskDropout"
)  # fmt: skip
def dropout(context: Context) -> list[Part]:
    """Element by element, as at inference: nothing is dropped, and the mask follows from chance."""
    rank = len(context.shape(0))
    own = (0, 1, 2) if "Bias" in context.operator.type else (0,)
    reads = [aligned(context, index, rank) for index in own if context.has(index)]
    reads += [whole(context, i, differentiable=False) for i in given(context) if i not in own]
    parts = [making(context, reads)]
    if 1 in asked(context):
        parts.append(making(context, [], (1,), share=0.0))
    return parts


@lowers("com.microsoft.BiasSoftmax")
def biased_softmax(context: Context) -> list[Part]:
    """The sum with a mask, then maximum and sum of a row, then the quotient.

    A row spans all dimensions from the axis on.
    """
    shape = context.shape(0)
    rank = len(shape)
    axis = context.axis("axis", 1, rank)
    total = context.virtual(shape)
    bias = context.shape(1)
    addends = [context.read(0, identity(shape))]
    if len(bias) == rank or not context.attribute("is_inner_broadcast", 1):
        addends.append(context.read(1, broadcast(bias, rank)))
    else:
        addends.append(context.read(1, broadcast_from(bias, rank, 0)))
    parts = [inside(total, shape, addends, rank, context.flops / 6)]
    return [*parts, *softmax_of(context, total, shape, range(axis, rank))]


def softmax_of(
    context: Context, tensor: int, shape: tuple[int, ...], axes: Sequence[int]
) -> list[Part]:
    """Softmax of a tensor inside an operator: output 0."""
    rank = len(shape)
    kept = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    stats = context.virtual(kept)
    rules: list[AxisRule] = []
    summed: list[int] = []
    for axis, size in enumerate(shape):
        rules.append(same(rank + len(summed)) if axis in axes else same(axis))
        summed += [size] if axis in axes else []
    row = Read(tensor=tensor, relation=per_axis(shape, rules), saved=True)
    parts = [inside(stats, (*kept, *summed), [row], rank, context.flops / 2)]
    spread = [fixed(0, 1) if axis in axes else same(axis) for axis in range(rank)]
    reads = [
        Read(tensor=tensor, relation=identity(shape), saved=True),
        Read(tensor=stats, relation=per_axis(kept, spread), saved=True),
    ]
    return [*parts, making(context, reads, share=1 / 3, saves_output=True)]
