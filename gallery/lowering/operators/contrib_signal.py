"""ONNX Runtime's own transforms, and operators on complex numbers and matrices.

Formulas: ONNX Runtime contrib operators of each type.
"""

from __future__ import annotations

from gallery.lowering.access.part import Part, Read
from gallery.lowering.access.registry import Context, NoGridError, lowers
from gallery.lowering.access.relations import (
    AxisRule,
    fixed,
    full,
    identity,
    per_axis,
    same,
)
from gallery.lowering.operators.parts import given, inside, making


@lowers("com.microsoft.ComplexMul", "com.microsoft.ComplexMulConj")
def complex_product(context: Context) -> list[Part]:
    """Both parts of each number, which the last dimension holds, from both parts of two others."""
    rank = len(context.out_shape())
    reads = []
    for index in range(2):
        shape = context.shape(index)
        before = rank - len(shape)
        rules: list[AxisRule] = [
            fixed(0, 1) if size == 1 else same(before + axis)
            for axis, size in enumerate(shape[:-1])
        ]
        reads.append(context.read(index, per_axis(shape, [*rules, fixed(0, 2)]), saved=True))
    return [making(context, reads)]


@lowers("com.microsoft.Rfft")
def spectrum(context: Context) -> list[Part]:
    """Each frequency is a sum over the whole signal: [signals, frequencies, 2 | time]."""
    shape, made = context.shape(0), context.out_shape()
    axes = _signal(context, len(shape))
    kept = len(shape) - axes
    rules = [*(same(d) for d in range(kept)), *(same(len(made) + d) for d in range(axes))]
    return [making(context, [context.read(0, per_axis(shape, rules))], summed=shape[kept:])]


@lowers("com.microsoft.Irfft")
def signal(context: Context) -> list[Part]:
    """Each sample is a sum over all frequencies: [signals, time | frequencies]."""
    shape, made = context.shape(0), context.out_shape()
    axes = _signal(context, len(shape) - 1)
    kept = len(shape) - 1 - axes
    rules = [*(same(d) for d in range(kept)), *(same(len(made) + d) for d in range(axes))]
    read = context.read(0, per_axis(shape, [*rules, fixed(0, 2)]))
    return [making(context, [read], summed=shape[kept:-1])]


def _signal(context: Context, rank: int) -> int:
    """Number of dimensions of a signal."""
    axes = int(context.attribute("signal_ndim", 1))
    if not 1 <= axes <= rank:
        raise NoGridError(f"signals of {axes} dimensions in a tensor of {rank}")
    return axes


@lowers("com.microsoft.Inverse")
def inverse(context: Context) -> list[Part]:
    """Each element of an inverse depends on the whole matrix."""
    shape = context.shape(0)
    batch = shape[:-2]
    found = context.virtual(batch)
    own = context.read(0, identity(shape), saved=True)
    parts = [inside(found, shape, [own], len(batch), context.flops)]
    relation = per_axis(batch, [same(axis) for axis in range(len(batch))])
    return [*parts, making(context, [Read(tensor=found, relation=relation)], share=0.0)]


@lowers("com.microsoft.IsAllFinite")
def all_finite(context: Context) -> list[Part]:
    """One answer for each input, then one for all."""
    parts, answers = [], []
    for index in given(context):
        shape = context.shape(index)
        one = context.virtual((), differentiable=False)
        own = context.read(index, identity(shape), differentiable=False)
        parts.append(inside(one, shape, [own], 0, context.flops / len(given(context))))
        answers.append(Read(tensor=one, relation=full(())))
    return [*parts, making(context, answers, share=0.0)]
