"""Convolutions of each channel with itself over what came before, which carry that from run to run.

Formulas: ONNX operator specification, CausalConvWithState; com.microsoft: ONNX Runtime contrib
operators.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from gallery.lowering.access.part import Ints, Part, Read, Relation
from gallery.lowering.access.registry import Context, NoGridError, lowers
from gallery.lowering.access.relations import (
    AxisRule,
    composed,
    fixed,
    per_axis,
    same,
    several,
)  # fmt: skip
from gallery.lowering.access.reshape import reshaped
from gallery.lowering.operators.parts import making


@lowers("CausalConvWithState", "com.microsoft.CausalConvWithState")
def causal_conv(context: Context) -> list[Part]:
    """The carried state and the input after it, in a window that ends at the output's position.

    Channels are dimension 1, or all from dimension 2 on; positions are the last dimension, or 1.
    """
    if context.attribute("input_channels", 0) or context.makes(2):
        raise NoGridError("a choice of channels")
    shape, kernel = context.shape(0), context.shape(1)
    last = bool(context.attribute("channels_last", 0))
    axis = 1 if last else len(shape) - 1
    step = int(context.attribute("dilation", 1))
    taps = kernel[-1]
    windows = int(context.attribute("state_window", 0))
    carried = (taps - 1) * step
    if context.has(3):
        carried = context.shape(3)[axis + (windows > 0)]
    places = [tap * step for tap in range(taps)] if step > 1 else [0]
    spread = 1 if step > 1 else taps
    reads = [
        _placed(context, 0, axis, [place - carried for place in places], spread),
        *_weights(context, last),
    ]
    if context.has(3):
        reads.append(_placed(context, 3, axis, places, spread))
    activated = context.attribute("activation", "none") not in ("none", "")
    parts = [making(context, reads, saves_output=activated)]
    if context.makes(1):
        made = context.out_shape(1)
        start = shape[axis] - made[axis + (windows > 0)] - max(windows - 1, 0)
        new = [_handed_on(context, 0, (axis, start), windows)]
        if context.has(3):
            new.append(_handed_on(context, 3, (axis, start + carried), windows))
        parts.append(making(context, new, (1,), share=0.0))
    return parts


def _placed(context: Context, index: int, axis: int, offsets: Sequence[int], spread: int) -> Read:
    """The elements of a channel from some offsets on, each of so many positions.

    A state with a window of states has them in its first dimension, and the last counts. Of
    further dimensions, which windows may extend along, everything is read.
    """
    shape = context.shape(index)
    ahead = len(shape) - len(context.shape(0))
    relations = []
    for offset in offsets:
        rules = _own(context, shape[ahead:], axis)
        rules[axis] = _from(axis, offset, spread)
        whole = [fixed(size - 1, size) for size in shape[:ahead]]
        relations.append(per_axis(shape, [*whole, *rules]))
    single = len(relations) == 1
    relation = relations[0] if single else several(relations)
    return context.read(index, relation, saved=True, exact=single)


def _own(context: Context, shape: tuple[int, ...], axis: int) -> list[AxisRule]:
    """The sequence and channel of an output."""
    kept = range(2, len(shape)) if axis == 1 else (1,)
    return [same(d) if d in (0, *kept) else fixed(0, size) for d, size in enumerate(shape)]


def _from(axis: int, offset: int, spread: int) -> AxisRule:
    def rule(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        return lows[:, axis] + offset, highs[:, axis] + offset + spread - 1

    return rule


def _weights(context: Context, last: bool) -> list[Read]:
    """The kernel and the bias of a channel, which several dimensions may number together."""
    shape, kernel = context.shape(0), context.shape(1)
    inner = shape[2:] if last else shape[1:2]
    at = 2 if last else 1
    channel: Relation = per_axis(inner, [same(at + d) for d in range(len(inner))])
    flat = composed(channel, reshaped((prod(inner),), inner))
    rest = [fixed(0, size) for size in kernel[1:]]
    taps = composed(flat, per_axis(kernel, [same(0), *rest]))
    reads = [context.read(1, taps, saved=True, exact=False)]
    if context.has(2):
        reads.append(context.read(2, flat, exact=False))
    return reads


def _handed_on(context: Context, index: int, at: tuple[int, int], windows: int) -> Read:
    """What the next run gets: the elements from an offset on, one further for each next state."""
    axis, offset = at
    shape = context.shape(index)
    ahead = len(shape) - len(context.shape(0))
    first = int(windows > 0)

    def row(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        low, high = lows[:, axis + first] + offset, highs[:, axis + first] + offset
        return (low + lows[:, 0], high + highs[:, 0] - 1) if first else (low, high)

    rules: list[AxisRule] = [same(d + first) for d in range(len(shape) - ahead)]
    rules[axis] = row
    whole = [fixed(size - 1, size) for size in shape[:ahead]]
    return context.read(index, per_axis(shape, [*whole, *rules]))
