"""Rotary embeddings: pairs of elements of a head are rotated by an angle of their position.

Formulas: ONNX operator specification; com.microsoft: ONNX Runtime contrib operators.
"""

from __future__ import annotations

import numpy as np

from gallery.lowering.access.constant_indices import LARGEST
from gallery.lowering.access.part import Ints, Part, Relation
from gallery.lowering.access.registry import Context, NoGridError, lowers
from gallery.lowering.access.relations import (
    AxisRule,
    composed,
    divided,
    fixed,
    identity,
    per_axis,
    same,
    spans,
)  # fmt: skip
from gallery.lowering.access.reshape import reshaped
from gallery.lowering.operators.parts import making


@lowers("RotaryEmbedding", "com.microsoft.RotaryEmbedding", "com.microsoft.MRotaryEmbedding")
def rotary(context: Context) -> list[Part]:
    """Each element with its pair, and the row of both tables for its position.

    MRotaryEmbedding has positions in time, height and width, of which an angle takes one.
    """
    shape = context.shape(0)
    micro = bool(context.operator.domain)
    cos, sin, ids = (2, 3, 1) if micro else (1, 2, 3)
    caches = context.shape(cos)
    heads = int(context.attribute("num_heads", 0))
    if len(shape) == 3:
        size = 2 * caches[-1] if micro and not heads else shape[2] // max(heads, 1)
        view: tuple[int, ...] = (shape[0], shape[1], shape[2] // size, size)
    else:
        view = shape
    turned = int(context.attribute("rotary_embedding_dim", 0)) or view[3]
    time = 1 if len(shape) == 3 else 2
    interleaved = bool(context.attribute("interleaved", 0))
    onto = reshaped(view, shape)
    reads = []
    for piece in pairs(view, turned, interleaved):
        relation = composed(composed(onto, piece), reshaped(shape, view))
        reads.append(context.read(0, relation, saved=True, exact=False))
    for index in (cos, sin):
        sizes = context.shape(index)
        row = [same(0), same(time)] if len(sizes) == 3 else [fixed(0, sizes[0])]
        relation = composed(onto, per_axis(sizes, [*row, angle(turned, interleaved)]))
        reads.append(context.read(index, relation, saved=True, exact=False))
    if context.has(ids):
        sizes = context.shape(ids)
        own = [same(0), same(time)] if len(sizes) == 2 else [fixed(0, s) for s in sizes]
        if len(sizes) == 3:
            own = [_stream(context, turned, interleaved), same(0), same(time)]
        relation = composed(onto, per_axis(sizes, own))
        reads.append(context.read(ids, relation, differentiable=False, exact=False))
    return [making(context, reads)]


def pairs(view: tuple[int, ...], turned: int, interleaved: bool) -> list[Relation]:
    """Each element and the one that it is paired with, along the last of four dimensions."""
    own: list[AxisRule] = [same(d) for d in range(4)]
    half = turned // 2

    def bounded(offset: int, low: int, high: int) -> AxisRule:
        def rule(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
            first = (lows[:, 3] + offset).clip(low, high)
            return first, (highs[:, 3] + offset).clip(low, high)

        return rule

    def even(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        low, high = lows[:, 3], highs[:, 3]
        inside_ = low < turned
        return low - (low % 2) * inside_, high + (high % 2) * (high < turned)

    if interleaved:
        return [per_axis(view, [*own[:3], even])]
    return [
        identity(view),
        per_axis(view, [*own[:3], bounded(half, half, turned)]),
        per_axis(view, [*own[:3], bounded(-half, 0, half)]),
    ]


def angle(turned: int, interleaved: bool) -> AxisRule:
    """The column of the tables for an element of a head: nothing for those not rotated."""
    return divided(3, 2) if interleaved else _modulo(3, turned // 2, turned)


def _modulo(axis: int, half: int, turned: int) -> AxisRule:
    """Position modulo `half`; nothing for elements that are not rotated."""
    half = max(half, 1)

    def rule(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        low, last = lows[:, axis], highs[:, axis].clip(0, turned) - 1
        one = low // half == last // half
        first = low % half * one
        stop = (last % half + 1) * one + half * (1 - one)
        beyond = low >= turned
        return first * (1 - beyond), stop * (1 - beyond)

    return rule


def _stream(context: Context, turned: int, interleaved: bool) -> AxisRule:
    """Which of three positions the angle of an element is by, by MRotaryEmbedding's sections."""
    sections = [int(size) for size in context.attribute("mrope_section", ())]
    half = turned // 2
    right = len(sections) == 3 and min(sections) >= 0 and sum(sections) == half
    if not right or not 0 < half <= LARGEST:
        raise NoGridError(f"sections {sections} of {half} angles")
    if context.attribute("mrope_layout", 0):
        streams = np.zeros(half, np.int64)
        for number in (1, 2):
            streams[number : 3 * sections[number] : 3] = number
    else:
        streams = np.repeat(np.arange(3, dtype=np.int64), sections)
    column, by_column = angle(turned, interleaved), spans(0, streams, streams + 1)

    def rule(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        low, high = column(lows, highs)
        high = np.minimum(high, half)
        none = high <= low
        first, last = by_column(np.where(none, 0, low)[:, None], np.where(none, 1, high)[:, None])
        return np.where(none, 0, first), np.where(none, 0, last)

    return rule
