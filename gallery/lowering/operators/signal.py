"""Signal processing: Fourier transforms, windows and filter banks.

Formulas: ONNX operator specification of each type.
"""

from __future__ import annotations

from gallery.lowering.access.part import Part
from gallery.lowering.access.registry import Context, lowers
from gallery.lowering.access.relations import AxisRule, fixed, per_axis, same, window
from gallery.lowering.operators.parts import given, making, whole


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
