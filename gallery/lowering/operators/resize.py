"""Resampling on a regular grid: Resize and Upsample, one dimension at a time.

Formulas: ONNX operator specification, Resize; the reference is onnx/reference/ops/op_resize.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gallery.lowering.access.part import Ints, Part
from gallery.lowering.access.registry import Context, lowers
from gallery.lowering.access.relations import AxisRule, fixed, per_axis, same, spans
from gallery.lowering.operators.parts import making

_SLACK = 1e-5
"""Error of a computed position in single precision, in elements."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axis:
    """One dimension that is resampled."""

    size: int
    made: int
    scale: float
    start: float
    stop: float


@lowers("Resize", "Upsample")
def resize(context: Context) -> list[Part]:
    """Each output reads the inputs around its position: one, two or four per dimension."""
    shape, made = context.shape(0), context.out_shape()
    upsample = context.operator.type == "Upsample"
    version = context.operator.version
    scales = _scales(context, shape, made)
    known = context.value(1) if context.has(1) and not upsample and version >= 11 else None
    rank = len(shape)
    axes = [int(a) % rank for a in context.attribute("axes", range(rank))]
    roi = dict.fromkeys(range(rank), (0.0, 1.0))
    if known is not None and known.size == 2 * len(axes):
        for k, axis in enumerate(axes):
            roi[axis] = (float(known[k]), float(known[k + len(axes)]))
    rules: list[AxisRule] = []
    for axis in range(rank):
        scale = scales.get(axis)
        crop = context.attribute("coordinate_transformation_mode", "") == "tf_crop_and_resize"
        if shape[axis] == made[axis] and (scale is None or scale == 1.0) and not crop:
            rules.append(same(axis))
        elif scale is None or (crop and known is None):
            rules.append(fixed(0, shape[axis]))
        else:
            start, stop = roi[axis]
            entry = _Axis(size=shape[axis], made=made[axis], scale=scale, start=start, stop=stop)
            rules.append(spans(axis, *_sources(context, entry)))
    return [making(context, [context.read(0, per_axis(shape, rules))])]


def _scales(context: Context, shape: tuple[int, ...], made: tuple[int, ...]) -> dict[int, float]:
    """The scale of each dimension, from the scales or else from the sizes; empty if unknown."""
    rank = len(shape)
    axes = [int(a) % rank for a in context.attribute("axes", range(rank))]
    version = context.operator.version
    if context.operator.type == "Upsample" or version < 11:
        given = context.attribute("scales")
        value = context.value(1) if given is None else np.asarray(given)
        slot = -1
    else:
        value, slot = context.value(2), 3
    if value is not None and value.size == len(axes):
        return {axis: float(s) for axis, s in zip(axes, value, strict=True)}
    if slot < 0 or not context.has(slot) or context.value(slot) is None:
        return {}
    sizes = [int(s) for s in np.asarray(context.value(slot)).ravel()]
    ratios = [new / max(shape[axis], 1) for axis, new in zip(axes, sizes, strict=True)]
    policy = context.attribute("keep_aspect_ratio_policy", "stretch")
    if policy != "stretch" and ratios:
        ratios = [min(ratios) if policy == "not_larger" else max(ratios)] * len(ratios)
    return dict(zip(axes, ratios, strict=True))


def _positions(context: Context, axis: _Axis) -> npt.NDArray[np.float64]:
    """The position of each output element in the input, by the coordinate transformation mode."""
    x = np.arange(axis.made, dtype=np.float64)
    length = axis.scale * axis.size
    upsample = context.operator.type == "Upsample" or context.operator.version < 11
    mode = context.attribute(
        "coordinate_transformation_mode", "asymmetric" if upsample else "half_pixel"
    )
    if mode == "align_corners":
        return x * (axis.size - 1) / (length - 1) if length != 1 else x * 0
    if mode == "asymmetric":
        return x / axis.scale
    if mode == "tf_crop_and_resize":
        if length == 1:
            return x * 0 + (axis.stop - axis.start) * (axis.size - 1) / 2
        span = axis.stop - axis.start
        return axis.start * (axis.size - 1) + x * span * (axis.size - 1) / (length - 1)
    if mode == "pytorch_half_pixel" and length == 1:
        return x * 0 - 0.5
    if mode == "tf_half_pixel_for_nn":
        return (x + 0.5) / axis.scale
    if mode == "half_pixel_symmetric":
        adjust = axis.made / length
        centre = axis.size / 2
        return centre * (1 - adjust) + (x + 0.5) / axis.scale - 0.5
    return (x + 0.5) / axis.scale - 0.5


def _sources(context: Context, axis: _Axis) -> tuple[Ints, Ints]:
    """The first input element that each output reads, and the one after the last."""
    at = _positions(context, axis)
    mode = context.attribute("mode", "nearest")
    if mode == "nearest":
        low = _nearest(context, at)
        high = low + 1
    else:
        reach = 2.0 if mode == "cubic" else 1.0
        if context.attribute("antialias", 0) and axis.scale < 1:
            reach /= axis.scale
        low = np.floor(at - reach) + 1
        high = np.ceil(at + reach)
        if reach == 2.0:  # at an element, the cubic weighs all others with 0
            low, high = np.where(at == np.rint(at), [at, at + 1], [low, high])
    outside = (at < -_SLACK) | (at > axis.size - 1 + _SLACK)
    low, high = np.clip(low, 0, axis.size - 1), np.clip(high, 1, axis.size)
    if context.attribute("coordinate_transformation_mode", "") == "tf_crop_and_resize":
        high = np.where(outside, low, high)
    return low.astype(np.int64), np.maximum(high, low).astype(np.int64)


def _nearest(context: Context, at: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    upsample = context.operator.type == "Upsample" or context.operator.version < 11
    mode = context.attribute("nearest_mode", "floor" if upsample else "round_prefer_floor")
    if mode == "floor":
        return np.floor(at)
    if mode == "ceil":
        return np.ceil(at)
    return np.ceil(at - 0.5) if mode == "round_prefer_floor" else np.floor(at + 0.5)


def halo(mode: str) -> tuple[int, int]:
    """Elements before and after the floor of a position that an interpolation reads.

    >>> halo("cubic")
    (1, 3)
    """
    return (1, 3) if mode in ("cubic", "bicubic") else (0, 2)
