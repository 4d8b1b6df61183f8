"""Reductions, which are also split along the dimensions they reduce: partials, then their sums."""

from __future__ import annotations

from gallery.lowering.access.part import Part
from gallery.lowering.access.registry import Context, lowers
from gallery.lowering.access.relations import AxisRule, per_axis, same
from gallery.lowering.operators.parts import making

_SAVES_INPUT = ("ReduceL2", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceLogSumExp",
                "ReduceSumSquare", "ReduceL1", "ReduceLogSum")  # fmt: skip


def reduced_axes(context: Context, rank: int) -> list[int]:
    """Dimensions that are reduced: an attribute, or since opset 13 or 18 an input."""
    axes = context.attribute("axes")
    if axes is None and context.has(1):
        axes = [int(a) for a in context.known(1).ravel()]
    if axes is None or len(axes) == 0:
        none = context.attribute("noop_with_empty_axes", 0)
        return [] if none else list(range(rank))
    return sorted({int(a) % rank for a in axes}) if rank else []


@lowers("ReduceMean", "ReduceSum", *_SAVES_INPUT)
def reduce(context: Context) -> list[Part]:
    """[kept | reduced]."""
    shape, made = context.shape(0), context.out_shape()
    axes = reduced_axes(context, len(shape))
    kept = len(made) == len(shape)
    rules: list[AxisRule] = []
    summed: list[int] = []
    place = 0
    for axis, size in enumerate(shape):
        if axis in axes:
            rules.append(same(len(made) + len(summed)))
            summed.append(size)
            place += kept
        else:
            rules.append(same(place))
            place += 1
    saved = context.operator.type in _SAVES_INPUT
    read = context.read(0, per_axis(shape, rules), saved=saved)
    return [making(context, [read], summed=summed, saves_output=saved)]


@lowers("ArgMax", "ArgMin")
def arg(context: Context) -> list[Part]:
    """[kept | reduced], without a derivative."""
    shape, made = context.shape(0), context.out_shape()
    along = context.axis("axis", 0, len(shape))
    kept = len(made) == len(shape)
    rules = [
        same(len(made)) if axis == along else same(axis - (axis > along and not kept))
        for axis in range(len(shape))
    ]
    read = context.read(0, per_axis(shape, rules), differentiable=False)
    return [making(context, [read], summed=(shape[along],))]


@lowers("CumSum", "CumProd")
def cumulative_sum(context: Context) -> list[Part]:
    """A block reads everything before it along the dimension, or after it in reverse."""
    shape = context.shape(0)
    along = int(context.known(1).ravel()[0]) % max(len(shape), 1)
    backwards = bool(context.attribute("reverse", 0))
    own = not context.attribute("exclusive", 0)
    rules: list[AxisRule] = [same(axis) for axis in range(len(shape))]
    size = shape[along]
    if backwards:
        rules[along] = lambda lows, highs: (lows[:, along] + (not own), highs[:, along] * 0 + size)
    else:
        rules[along] = lambda lows, highs: (lows[:, along] * 0, highs[:, along] - (not own))
    saved = context.operator.type == "CumProd"
    return [making(context, [context.read(0, per_axis(shape, rules), saved=saved)])]
