"""Operators of onnxruntime-extensions: strings and tokens one by one, images and sound as a whole.

Where a size follows from data, an operator has no blocks and becomes a single vertex.
"""

from __future__ import annotations

import numpy as np

from gallery.contrib.extensions import BY_ELEMENT, BY_ROW, DOMAINS, OUTPUTS
from gallery.lowering.access.part import Ints, Part
from gallery.lowering.access.registry import Context, lowers
from gallery.lowering.access.relations import AxisRule, fixed, identity, per_axis, same, window
from gallery.lowering.operators.contrib_signal import inverse
from gallery.lowering.operators.parts import asked, given, making, whole
from gallery.lowering.operators.selection import gathered

_APART = frozenset({"GaussianBlur", "Inverse", "StftNorm"})


def _names(kinds: frozenset[str]) -> list[str]:
    return [f"{domain}.{kind}" for domain in DOMAINS for kind in sorted(kinds)]


@lowers(*_names(BY_ELEMENT))
def element_by_element(context: Context) -> list[Part]:
    """Each element of the outputs from one of the inputs of this shape, and all of the others."""
    shape = context.shape(0)
    reads = [
        context.read(index, identity(shape), differentiable=False)
        if context.shape(index) == shape
        else whole(context, index, differentiable=False)
        for index in given(context)
    ]
    return [
        making(context, reads, (output,), share=float(output == 0)) for output in asked(context)
    ]


@lowers(*_names(BY_ROW))
def row_by_row(context: Context) -> list[Part]:
    """Each row of the outputs from one of the first input, and all of the others."""
    shape = context.shape(0)
    rules = [same(0), *(fixed(0, size) for size in shape[1:])]
    reads = [context.read(0, per_axis(shape, rules), differentiable=False)]
    reads += [whole(context, index, differentiable=False) for index in given(context, 1)]
    return [making(context, reads, (output,), share=0.0) for output in asked(context)]


@lowers(*_names(frozenset(OUTPUTS) - BY_ELEMENT - BY_ROW - _APART))
def as_a_whole(context: Context) -> list[Part]:
    """Every element of the outputs may depend on every element of the inputs."""
    return gathered(context)


@lowers(*_names(frozenset({"Inverse"})))
def matrix_inverse(context: Context) -> list[Part]:
    """Each element of an inverse depends on the whole matrix."""
    return inverse(context)


@lowers(*_names(frozenset({"GaussianBlur"})))
def blur(context: Context) -> list[Part]:
    """A weighted mean of the pixels around each one, channel by channel: [n, h, w, c]."""
    shape, kernel = context.shape(0), context.value(1)
    rules: list[AxisRule] = [same(0), fixed(0, shape[1]), fixed(0, shape[2]), same(3)]
    if kernel is not None:
        width, height = (int(one) for one in kernel.reshape(-1)[:2])
        for axis, extent in ((1, height), (2, width)):
            rules[axis] = window(axis, 1, extent // 2, extent)
    reads = [context.read(0, per_axis(shape, rules))]
    reads += [whole(context, index, differentiable=False) for index in given(context, 1)]
    return [making(context, reads)]


@lowers(*_names(frozenset({"StftNorm"})))
def spectrum(context: Context) -> list[Part]:
    """Each frame from a section of the sound, which is reflected at its ends: [1, bins, frames]."""
    shape = context.shape(0)
    points, hop = (int(context.known(index).reshape(-1)[0]) for index in (1, 2))
    samples, half = shape[-1], points // 2

    def rule(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        first, last = lows[:, 2] * hop - half, (highs[:, 2] - 1) * hop - half + points
        # Beyond an end, it is read from there backwards.
        back = np.where(last > samples, np.minimum(2 * samples - 1 - last, first), first)
        return back, np.where(first < 0, np.maximum(1 - first, last), last)

    rules: list[AxisRule] = [*(same(axis) for axis in range(len(shape) - 1)), rule]
    reads = [context.read(0, per_axis(shape, rules), saved=True)]
    reads += [whole(context, index, differentiable=False) for index in given(context, 1)]
    return [making(context, reads)]
