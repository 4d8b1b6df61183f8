"""Pooling: sliding windows over each channel, and pooling over everything."""

from __future__ import annotations

from gallery.lowering.access.part import Part
from gallery.lowering.access.registry import Context, lowers
from gallery.lowering.access.relations import per_axis, same, window
from gallery.lowering.operators.contraction import windows
from gallery.lowering.operators.parts import making


@lowers("MaxPool", "AveragePool", "LpPool")
def pool(context: Context) -> list[Part]:
    """Windows over the spatial dimensions; MaxPool's indices are made together with its values."""
    shape, made = context.shape(0), context.out_shape()
    kernel = tuple(int(k) for k in context.attribute("kernel_shape", (1,) * (len(shape) - 2)))
    strides, dilations, pads = windows(context, kernel, shape[2:], made[2:])
    rules = [same(0), same(1)]
    rules += [
        window(2 + d, strides[d], pads[d], (kernel[d] - 1) * dilations[d] + 1)
        for d in range(len(kernel))
    ]
    needs_input = context.operator.type != "AveragePool"
    read = context.read(0, per_axis(shape, rules), saved=needs_input)
    return [making(context, [read], (0, 1), saves_output=needs_input)]


@lowers("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool")
def global_pool(context: Context) -> list[Part]:
    """[n, c, 1... | spatial]."""
    shape, made = context.shape(0), context.out_shape()
    rules = [same(0), same(1), *(same(len(made) + d) for d in range(len(shape) - 2))]
    needs_input = context.operator.type != "GlobalAveragePool"
    read = context.read(0, per_axis(shape, rules), saved=needs_input)
    return [making(context, [read], summed=shape[2:], saves_output=needs_input)]
