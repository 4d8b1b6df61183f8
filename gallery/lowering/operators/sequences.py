"""Sequences of tensors, and values that may be absent.

A sequence is a tensor of one dimension whose elements are its items; where its length is not known,
the operator is a gather vertex. Formulas: ONNX operator specification, Sequence*, SplitToSequence,
ConcatFromSequence, Optional*.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gallery.lowering.access.part import Ints, Part
from gallery.lowering.access.registry import Context, NoGridError, lowers
from gallery.lowering.access.relations import (
    AxisRule,
    fixed,
    full,
    identity,
    per_axis,
    same,
    several,
    spans,
    where,
)
from gallery.lowering.operators.parts import given, making, unread, whole


@lowers("SequenceConstruct")
def construct(context: Context) -> list[Part]:
    """A sequence whose items are the inputs."""
    reads = []
    for index in given(context):
        relation = where(full(context.shape(index)), _holds(index))
        reads.append(context.read(index, relation))
    return [making(context, reads)]


@lowers("SequenceEmpty")
def empty(context: Context) -> list[Part]:
    """A sequence without items."""
    return [making(context, [])]


@lowers("SequenceAt")
def at(context: Context) -> list[Part]:
    """One item."""
    (length,) = context.shape(0)
    place = _position(context, 1, length)
    rule = fixed(0, length) if place is None else fixed(place, place + 1)
    reads = [context.read(0, per_axis((length,), [rule]))]
    return [making(context, [*reads, whole(context, 1, differentiable=False)])]


@lowers("SequenceInsert")
def insert(context: Context) -> list[Part]:
    """The items before a position, a new one, and those from there on."""
    (length,) = context.shape(0)
    place = _position(context, 2, length) if context.has(2) else length
    item = full(context.shape(1))
    items: AxisRule
    if place is None:
        items = _moved(-1, 0)
    else:
        items, item = _without(place), where(item, _holds(place))
    reads = [context.read(0, per_axis((length,), [items])), context.read(1, item)]
    if context.has(2):
        reads.append(whole(context, 2, differentiable=False))
    return [making(context, reads)]


@lowers("SequenceErase")
def erase(context: Context) -> list[Part]:
    """The items before and after a position."""
    (length,) = context.shape(0)
    place = _position(context, 1, length) if context.has(1) else length - 1
    if place is None:
        items = per_axis((length,), [_moved(0, 1)])
    else:
        parts = (_within(0, place, 0), _within(place, length, 1))
        items = several([per_axis((length,), [rule]) for rule in parts])
    reads = [context.read(0, items, exact=place is None)]
    if context.has(1):
        reads.append(whole(context, 1, differentiable=False))
    return [making(context, reads)]


@lowers("SplitToSequence")
def split(context: Context) -> list[Part]:
    """Parts of a tensor along an axis."""
    shape, (count,) = context.shape(0), context.out_shape()
    axis = context.axis("axis", 0, len(shape))
    ends = np.arange(1, count + 1, dtype=np.int64)
    if context.has(1):
        sizes = context.known(1)
        ends = np.cumsum(sizes) if sizes.ndim else ends * int(sizes)
    ends = np.minimum(ends.astype(np.int64), shape[axis])
    if len(ends) != count:
        raise NoGridError(f"{count} parts, but {len(ends)} sizes")
    rules = [fixed(0, size) for size in shape]
    rules[axis] = spans(0, np.concatenate([[0], ends[:-1]]), ends)
    return [making(context, [context.read(0, per_axis(shape, rules))])]


@lowers("ConcatFromSequence")
def concat(context: Context) -> list[Part]:
    """All items one after another; where each begins is not known, unless it has an own axis."""
    (length,), shape = context.shape(0), context.out_shape()
    rule = fixed(0, length)
    if context.attribute("new_axis", 0):
        axis = context.axis("axis", 0, len(shape))
        if shape[axis] != length:
            raise NoGridError(f"{length} items in {shape[axis]} rows")
        rule = same(axis)
    return [making(context, [context.read(0, per_axis((length,), [rule]))])]


@lowers("SequenceLength", "OptionalHasElement")
def told(context: Context) -> list[Part]:
    """What is known of a value without reading it."""
    return [making(context, [unread(context, index) for index in given(context)])]


@lowers("Optional", "OptionalGetElement")
def optional(context: Context) -> list[Part]:
    """The same value."""
    shape = context.out_shape()
    reads = [
        context.read(index, identity(shape) if context.shape(index) == shape else full(shape))
        for index in given(context)
    ]
    return [making(context, reads)]


def _position(context: Context, index: int, length: int) -> int | None:
    """A position in a sequence, counted from the start; None if it is not known or outside."""
    value = context.value(index)
    if value is None or value.size != 1:
        return None
    place = int(value.reshape(()))
    place += length if place < 0 else 0
    return place if 0 <= place <= length else None


def _holds(item: int) -> Callable[[Ints, Ints], np.ndarray]:
    """Whether blocks of a sequence hold an item."""
    return lambda lows, highs: (lows[:, 0] <= item) & (item < highs[:, 0])


def _moved(before: int, after: int) -> AxisRule:
    return lambda lows, highs: (lows[:, 0] + before, highs[:, 0] + after)


def _without(place: int) -> AxisRule:
    """The items of a block in the sequence that did not have the one at a position."""
    return lambda lows, highs: (
        lows[:, 0] - (lows[:, 0] > place),
        highs[:, 0] - (highs[:, 0] > place),
    )


def _within(low: int, high: int, offset: int) -> AxisRule:
    """The items of a block from `low` to `high`, further on by `offset` in what is read."""

    def rule(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        return lows[:, 0].clip(low, high) + offset, highs[:, 0].clip(low, high) + offset

    return rule
