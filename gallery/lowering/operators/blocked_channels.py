"""ONNX Runtime's NCHWc layout: tensors whose channels are in blocks, stored behind the positions.

The order of channels in memory is the runtime's own: a tensor counts as if it had the dimensions
of its shape, [n, channels, positions], with the last block padded.
"""

from __future__ import annotations

from gallery.lowering.access.part import Part
from gallery.lowering.access.registry import Context, lowers
from gallery.lowering.access.relations import AxisRule, per_axis, same
from gallery.lowering.operators.movement import moving


@lowers("com.microsoft.nchwc.ReorderInput")
def into_blocks(context: Context) -> list[Part]:
    """The same elements, followed by the zeros of the last block; channels may have been last."""
    shape = context.shape(0)
    rules: list[AxisRule] = [same(axis) for axis in range(len(shape))]
    if context.attribute("channels_last", 0):
        rules = [same(0), *(same(axis + 1) for axis in range(1, len(shape) - 1)), same(1)]
    return [moving(context, per_axis(shape, rules))]


@lowers("com.microsoft.nchwc.ReorderOutput")
def out_of_blocks(context: Context) -> list[Part]:
    """The channels without the padding of the last block; they may come last."""
    shape = context.shape(0)
    rules: list[AxisRule] = [same(axis) for axis in range(len(shape))]
    if context.attribute("channels_last", 0):
        rules = [same(0), same(len(shape) - 1), *(same(axis - 1) for axis in range(2, len(shape)))]
    return [moving(context, per_axis(shape, rules))]
