"""Operators that rearrange elements by a rule on their positions.

Formulas: ONNX operator specification of each type.
"""

from __future__ import annotations

from itertools import product
from math import prod

import numpy as np

from gallery.lowering.access.part import Boxes, Ints, Part, Relation
from gallery.lowering.access.registry import Context, NoGridError, lowers
from gallery.lowering.access.relations import (
    AxisRule,
    composed,
    fixed,
    identity,
    per_axis,
    same,
    scattered,
    several,
    transposed,
)  # fmt: skip
from gallery.lowering.access.reshape import reshaped
from gallery.lowering.operators.parts import asked, making

_MOST_TAPS = 64
"""Most positions of a Col2Im kernel with separate reads; larger kernels read the hull."""


@lowers("DepthToSpace", "SpaceToDepth")
def depth_and_space(context: Context) -> list[Part]:
    """Blocks of pixels become channels, or the reverse, by a reshape, a transpose and a reshape."""
    n, c, h, w = context.shape(0)
    b = int(context.attribute("blocksize", 1))
    column_first = context.attribute("mode", "DCR") == "DCR"
    if context.operator.type == "DepthToSpace":
        inner = c // (b * b)
        view = (n, b, b, inner, h, w) if column_first else (n, inner, b, b, h, w)
        order = (0, 3, 4, 1, 5, 2) if column_first else (0, 1, 4, 2, 5, 3)
    else:
        view = (n, c, h // b, b, w // b, b)
        order = (0, 3, 5, 1, 2, 4) if column_first else (0, 1, 3, 5, 2, 4)
    moved = tuple(view[axis] for axis in order)
    back = [order.index(axis) for axis in range(len(view))]
    relation = composed(
        reshaped(moved, context.out_shape()),
        composed(transposed(view, back), reshaped((n, c, h, w), view)),
    )
    return [making(context, [context.read(0, relation, exact=False)])]


@lowers("Trilu")
def triangle(context: Context) -> list[Part]:
    """The upper or lower triangle; the other one is zero and reads nothing."""
    shape = context.shape(0)
    upper = bool(context.attribute("upper", 1))
    value = context.value(1) if context.has(1) else np.zeros(1)
    if value is None:
        return [making(context, [context.read(0, identity(shape))])]
    k, row, column = int(value.reshape(-1)[0]), len(shape) - 2, len(shape) - 1

    def relation(lows: Ints, highs: Ints) -> Boxes:
        got_lows, got_highs = lows[:, : len(shape)].copy(), highs[:, : len(shape)].copy()
        if upper:
            got_lows[:, column] = np.maximum(lows[:, column], lows[:, row] + k)
            got_highs[:, row] = np.minimum(highs[:, row], highs[:, column] - k)
        else:
            got_highs[:, column] = np.minimum(highs[:, column], highs[:, row] + k)
            got_lows[:, row] = np.maximum(lows[:, row], lows[:, column] - k)
        return Boxes(got_lows, got_highs)

    return [making(context, [context.read(0, relation)])]


@lowers("EyeLike")
def eye(context: Context) -> list[Part]:
    """An output that follows from the shape alone."""
    return [making(context, [])]


@lowers("CenterCropPad")
def centre(context: Context) -> list[Part]:
    """The centre of the input, or the input surrounded by zeros."""
    shape, made = context.shape(0), context.out_shape()
    rules: list[AxisRule] = []
    for axis, (size, new) in enumerate(zip(shape, made, strict=True)):
        offset = (size - new) // 2 if size >= new else -((new - size) // 2)
        rules.append(same(axis, offset))
    return [making(context, [context.read(0, per_axis(shape, rules))])]


@lowers("Col2Im")
def columns_to_image(context: Context) -> list[Part]:
    """Each pixel is a sum over the windows that contain it."""
    shape, made = context.shape(0), context.out_shape()
    kernel = tuple(int(k) for k in context.known(2).ravel())
    rank = len(kernel)
    strides = [int(s) for s in context.attribute("strides", (1,) * rank)]
    dilations = [int(d) for d in context.attribute("dilations", (1,) * rank)]
    pads = [int(p) for p in context.attribute("pads", (0,) * 2 * rank)]
    windows = tuple(
        (made[2 + d] + pads[d] + pads[rank + d] - dilations[d] * (kernel[d] - 1) - 1) // strides[d]
        + 1
        for d in range(rank)
    )
    view = (*made[:2], *kernel, *windows)
    if prod(view) != prod(shape):
        raise NoGridError("Col2Im with an unexpected number of columns")
    one = [same(0), same(1)]
    if prod(kernel) > _MOST_TAPS:
        taps: list[AxisRule] = [fixed(0, k) for k in kernel]
        reach = [
            scattered(2 + d, strides[d], pads[d], (kernel[d] - 1) * dilations[d] + 1)
            for d in range(rank)
        ]
        relation: Relation = per_axis(view, [*one, *taps, *reach])
    else:
        relation = several(
            [
                per_axis(
                    view,
                    [
                        *one,
                        *(fixed(k, k + 1) for k in tap),
                        *(
                            scattered(2 + d, strides[d], pads[d] - tap[d] * dilations[d], 1)
                            for d in range(rank)
                        ),
                    ],
                )
                for tap in product(*(range(k) for k in kernel))
            ]
        )
    read = context.read(0, composed(relation, reshaped(shape, view)), exact=False)
    return [making(context, [read])]


@lowers("Dropout")
def dropout(context: Context) -> list[Part]:
    """Element by element; the mask is read by nothing."""
    shape = context.shape(0)
    reads = [context.read(0, identity(shape))]
    parts = [making(context, reads, (0,), saves_output=False)]
    if 1 in asked(context):
        parts.append(making(context, [], (1,), share=0.0))
    return parts
