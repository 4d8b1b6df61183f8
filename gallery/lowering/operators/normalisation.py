"""Normalisations: first statistics over some dimensions, then every element by them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gallery.lowering.access.part import Part, Read
from gallery.lowering.access.registry import Context, lowers
from gallery.lowering.access.relations import AxisRule, broadcast, fixed, per_axis, same


def statistics(
    context: Context, axes: Sequence[int], flops: float, also: tuple[int, ...] = ()
) -> tuple[Part, Read]:
    """Statistics of input 0 over some dimensions, [kept, 1... | reduced], and how to read them.

    Args:
        context: The operator.
        axes: Dimensions that the statistics are taken over.
        flops: Work of the statistics.
        also: Outputs of the operator that are these statistics.
    """
    shape = context.shape(0)
    kept = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    inner = context.virtual(kept)
    rules: list[AxisRule] = []
    summed: list[int] = []
    for axis, size in enumerate(shape):
        if axis in axes:
            rules.append(same(len(shape) + len(summed)))
            summed.append(size)
        else:
            rules.append(same(axis))
    part = Part(
        shape=(*kept, *summed),
        rank=len(shape),
        makes=(inner, *context.tensors(*also)),
        reads=(context.read(0, per_axis(shape, rules), saved=True),),
        flops=flops,
        itemsize=8.0 + context.itemsize(*also),
    )
    return part, Read(tensor=inner, relation=broadcast(kept, len(shape)), saved=True)


def applied(
    context: Context, reads: Sequence[Read], flops: float, *, output: bool, saved: bool
) -> Part:
    """Output 0 from the elements of input 0 at the same position, and further reads."""
    shape = context.out_shape()
    rules = [same(axis) for axis in range(len(shape))]
    own = context.read(0, per_axis(context.shape(0), rules), saved=saved)
    return Part(
        shape=shape,
        rank=len(shape),
        makes=context.tensors(0),
        reads=(own, *reads),
        flops=flops,
        itemsize=context.itemsize(0),
        saves_output=output,
    )


def along(context: Context, index: int, axis: int) -> Read:
    """A vector input (a scale or bias) with one element per index of a dimension."""
    shape = context.shape(index)
    rules = [fixed(0, size) if size == 1 else same(axis + d) for d, size in enumerate(shape)]
    return context.read(index, per_axis(shape, rules), saved=True)


@lowers("Softmax", "LogSoftmax")
def softmax(context: Context) -> list[Part]:
    """Maximum and sum of a row, then the quotient.

    Before opset 13, a row spans all dimensions from the axis on.
    """
    rank = len(context.shape(0))
    new = context.operator.version >= 13
    axis = context.axis("axis", -1 if new else 1, rank)
    axes = [axis] if new else list(range(axis, rank))
    if rank == 0:
        return [applied(context, [], context.flops, output=True, saved=False)]
    stats, read = statistics(context, axes, context.flops * 0.6)
    return [stats, applied(context, [read], context.flops * 0.4, output=True, saved=False)]


@lowers("LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization")
def layer_normalization(context: Context) -> list[Part]:
    """Statistics over the last dimensions; scale and bias along them."""
    shape = context.shape(0)
    axis = context.axis("axis", -1, len(shape))
    stats, read = statistics(
        context, range(axis, len(shape)), context.flops * 0.5, _statistics_outputs(context)
    )
    reads = [read]
    for index in (1, 2):
        if context.has(index):
            relation = broadcast(context.shape(index), len(shape))
            reads.append(context.read(index, relation, saved=index == 1))
    return [stats, applied(context, reads, context.flops * 0.5, output=False, saved=True)]


def _statistics_outputs(context: Context) -> tuple[int, ...]:
    return tuple(o for o in range(1, len(context.operator.outputs)) if context.makes(o))


@lowers("InstanceNormalization")
def instance_normalization(context: Context) -> list[Part]:
    """Statistics over the spatial dimensions of each channel."""
    shape = context.shape(0)
    stats, read = statistics(context, range(2, len(shape)), context.flops * 0.5)
    reads = [read, along(context, 1, 1), along(context, 2, 1)]
    return [stats, applied(context, reads, context.flops * 0.5, output=False, saved=True)]


@lowers("BatchNormalization")
def batch_normalization(context: Context) -> list[Part]:
    """Every element by its channel's scale, bias, mean and variance.

    In the operator's training mode, mean and variance come from the batch.
    """
    shape = context.shape(0)
    channel = 1 if len(shape) > 1 else 0
    if not context.attribute("training_mode", 0) and not context.makes(1):
        reads = [along(context, 1, channel), along(context, 2, channel)]
        reads += [_frozen(context, 3, channel), _frozen(context, 4, channel)]
        return [applied(context, reads, context.flops, output=False, saved=True)]
    axes = [axis for axis in range(len(shape)) if axis != channel]
    stats, read = statistics(context, axes, context.flops * 0.5)
    reads = [read, along(context, 1, channel), along(context, 2, channel)]
    parts = [stats, applied(context, reads, context.flops * 0.5, output=False, saved=True)]
    for output, running in ((1, 3), (2, 4)):
        if context.makes(output):
            parts.append(_running(context, output, running, read, channel))
    return parts


def _frozen(context: Context, index: int, channel: int) -> Read:
    """A fixed mean or variance, to which no gradient flows.

    Before opset 9, `spatial=0` gives each element of a channel its own.
    """
    shape = context.shape(index)
    rules = [fixed(0, size) if size == 1 else same(channel + d) for d, size in enumerate(shape)]
    return context.read(index, per_axis(shape, rules), saved=True, differentiable=False)


def _running(context: Context, output: int, running: int, stats: Read, channel: int) -> Part:
    shape = context.out_shape(output)
    full_shape = context.shape(0)
    rules = [same(0) if axis == channel else fixed(0, 1) for axis in range(len(full_shape))]
    kept = tuple(size if axis == channel else 1 for axis, size in enumerate(full_shape))
    old = context.read(running, per_axis(shape, [same(0)]), differentiable=False)
    new = Read(tensor=stats.tensor, relation=per_axis(kept, rules), differentiable=False)
    return Part(
        shape=shape,
        rank=len(shape),
        makes=context.tensors(output),
        reads=(old, new),
        flops=3.0 * float(np.prod(shape)),
        itemsize=context.itemsize(output),
    )
