"""Signal processing: Fourier transforms, windows and filter banks.

Formulas: ONNX operator specification of each type.
"""

from __future__ import annotations

from gallery.lowering.access.part import Part
from gallery.lowering.access.registry import Context, lowers
from gallery.lowering.access.relations import AxisRule, fixed, per_axis, same, window
from gallery.lowering.operators.parts import along, given, making, whole


@lowers("DFT")
def fourier(context: Context) -> list[Part]:
    """Each frequency is a sum over the whole signal: [signals, frequencies, 2 | time]."""
    shape = context.shape(0)
    rank = len(shape)
    axis = int(context.attribute("axis", 1))
    if context.operator.version >= 20:
        axis = int(context.known(2).reshape(-1)[0]) if context.has(2) else -2
    axis %= rank
    length = int(context.known(1).reshape(-1)[0]) if context.has(1) else shape[axis]
    used = min(length, shape[axis])
    rules: list[AxisRule] = [same(d) for d in range(rank)]
    rules[axis] = same(rank)
    rules[-1] = fixed(0, shape[-1])
    return [making(context, [context.read(0, per_axis(shape, rules))], summed=(used,))]


@lowers("STFT")
def short_time_fourier(context: Context) -> list[Part]:
    """Each frame is the Fourier transform of a section of the signal."""
    shape, made = context.shape(0), context.out_shape()
    step = int(context.known(1).reshape(-1)[0])
    length = context.shape(2)[0] if context.has(2) else int(context.known(3).reshape(-1)[0])
    rules: list[AxisRule] = [same(0), window(1, step, 0, length)]
    rules += [fixed(0, size) for size in shape[2:]]
    reads = [context.read(0, per_axis(shape, rules), saved=context.has(2))]
    if context.has(2):
        reads.append(whole(context, 2))
    assert len(made) >= 3
    return [making(context, reads)]


@lowers("HannWindow", "HammingWindow", "BlackmanWindow", "MelWeightMatrix")
def from_numbers(context: Context) -> list[Part]:
    """Outputs that follow from a few numbers."""
    return [making(context, [whole(context, i, differentiable=False) for i in given(context)])]


@lowers("CausalConvWithState")
def causal_conv(context: Context) -> list[Part]:
    """A window of each channel that ends at the output's position, after the carried state."""
    shape, kernel, made = context.shape(0), context.shape(1), context.out_shape()
    taps = kernel[2]
    own: list[AxisRule] = [same(0), same(1)]
    reads = [
        context.read(0, per_axis(shape, [*own, window(2, 1, taps - 1, taps)]), saved=True),
        along(context, 1, [same(1), fixed(0, 1), fixed(0, taps)], saved=True),
    ]
    if context.has(2):
        reads.append(along(context, 2, [same(1)]))
    carried = context.shape(3)[2] if context.has(3) else taps - 1
    if context.has(3):
        state_read = per_axis(context.shape(3), [*own, _state(carried)])
        reads.append(context.read(3, state_read, saved=True))
    activated = context.attribute("activation", "none") not in ("none", "")
    parts = [making(context, reads, saves_output=activated)]
    if context.makes(1):
        state = context.out_shape(1)[2]
        new = [context.read(0, per_axis(shape, [*own, same(2, made[2] - state)]))]
        if context.has(3):
            old = per_axis(context.shape(3), [*own, same(2, made[2] - state + carried)])
            new.append(context.read(3, old))
        parts.append(making(context, new, (1,), share=0.0))
    return parts


def _state(carried: int) -> AxisRule:
    """The part of the state that windows reach: element i reads everything from i on."""
    return lambda lows, highs: (lows[:, 2], highs[:, 2] * 0 + carried)
