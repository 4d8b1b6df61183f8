"""Operators that move data without arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np

from gallery.lowering.access.part import Ints, Part, Read, Relation
from gallery.lowering.access.registry import Context, NoGridError, lowers
from gallery.lowering.access.relations import (
    AxisRule,
    broadcast,
    fixed,
    per_axis,
    repeated,
    same,
    several,
    where,
    window,
)  # fmt: skip
from gallery.lowering.access.reshape import reshaped
from gallery.lowering.operators.parts import making


def moving(
    context: Context, relation: Relation, *, output: int = 0, source: int = 0, exact: bool = True
) -> Part:
    """A part over one output that moves one input; its derivative needs no values."""
    return copying(context, [context.read(source, relation, exact=exact)], output)


def copying(context: Context, reads: list[Read], output: int = 0) -> Part:
    """A part over one output that only moves what it reads."""
    return making(context, reads, (output,), share=float(output == 0))


@lowers("Reshape", "Flatten", "Squeeze", "Unsqueeze")
def reshape(context: Context) -> list[Part]:
    """The same elements in another shape."""
    relation = reshaped(context.shape(0), context.out_shape())
    return [moving(context, relation, exact=False)]


@lowers("Transpose")
def transpose(context: Context) -> list[Part]:
    """Dimensions in another order."""
    rank = len(context.shape(0))
    order = context.attribute("perm", tuple(range(rank))[::-1])
    rules = [same(list(order).index(axis)) for axis in range(rank)]
    return [moving(context, per_axis(context.shape(0), rules))]


@lowers("Expand")
def expand(context: Context) -> list[Part]:
    """Repeats dimensions of size 1."""
    return [moving(context, broadcast(context.shape(0), len(context.out_shape())))]


@lowers("Tile")
def tile(context: Context) -> list[Part]:
    """Repeats whole dimensions."""
    shape = context.shape(0)
    rules = [repeated(axis, size) for axis, size in enumerate(shape)]
    return [moving(context, per_axis(shape, rules))]


@lowers("Concat")
def concat(context: Context) -> list[Part]:
    """One input after another along a dimension."""
    rank = len(context.out_shape())
    along = context.axis("axis", 1, rank)
    reads, offset = [], 0
    for index in range(len(context.operator.inputs)):
        shape = context.shape(index)
        rules = [same(axis, -offset if axis == along else 0) for axis in range(rank)]
        reads.append(context.read(index, per_axis(shape, rules)))
        offset += shape[along]
    return [copying(context, reads)]


@lowers("Split")
def split(context: Context) -> list[Part]:
    """Runs of a dimension as separate outputs."""
    shape = context.shape(0)
    along = context.axis("axis", 0, len(shape))
    parts, offset = [], 0
    for output in range(len(context.operator.outputs)):
        if not context.makes(output):
            raise NoGridError("an output of Split is left out")
        rules = [same(axis, offset if axis == along else 0) for axis in range(len(shape))]
        parts.append(moving(context, per_axis(shape, rules), output=output))
        offset += context.out_shape(output)[along]
    return parts


@lowers("Slice")
def slice_(context: Context) -> list[Part]:
    """A range with a step along some dimensions."""
    shape = context.shape(0)
    starts, axes, steps = _slice_arguments(context)
    rules: list[AxisRule] = [same(axis) for axis in range(len(shape))]
    for start, axis, step in zip(starts, axes, steps, strict=True):
        at = int(axis) % len(shape)
        size, stride = shape[at], int(step)
        first = int(start) + size if start < 0 else int(start)
        first = min(max(first, 0), size) if stride > 0 else min(max(first, 0), size - 1)
        rules[at] = window(at, stride, -first, 1) if stride > 0 else _backwards(at, stride, first)
    return [moving(context, per_axis(shape, rules))]


def _slice_arguments(context: Context) -> tuple[Ints, Ints, Ints]:
    if context.operator.version < 10 and not context.has(1):
        starts = np.array(context.attribute("starts", ()), np.int64)
        axes = np.array(context.attribute("axes", tuple(range(len(starts)))), np.int64)
        return starts, axes, np.ones_like(starts)
    starts = context.known(1).astype(np.int64)
    axes = context.known(3) if context.has(3) else np.arange(len(starts))
    steps = context.known(4) if context.has(4) else np.ones(len(starts))
    return starts, axes.astype(np.int64), steps.astype(np.int64)


def _backwards(axis: int, step: int, first: int) -> AxisRule:
    def rule(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        return first + (highs[:, axis] - 1) * step, first + lows[:, axis] * step + 1

    return rule


@lowers("Pad")
def pad(context: Context) -> list[Part]:
    """Padding: constant elements, which read nothing but their value, or copies of inner ones."""
    shape = context.shape(0)
    before = _pads(context)
    mode = context.attribute("mode", "constant")
    made = context.out_shape()
    pieces: list[list[AxisRule]] = []
    for axis, size in enumerate(shape):
        inside = same(axis, -before[axis])
        ahead, behind = before[axis], made[axis] - size - before[axis]
        if mode == "constant" or (ahead <= 0 and behind <= 0):
            pieces.append([inside])
        elif max(ahead, behind) < size:
            first = _mirrored(axis, ahead, size, mode, (0, ahead))
            last = _mirrored(axis, ahead, size, mode, (ahead + size, made[axis]))
            pieces.append([inside, first, last])
        else:
            pieces.append([_mirrored(axis, ahead, size, mode, (0, made[axis]))])
    relations = [per_axis(shape, rules) for rules in product(*pieces)]
    single = len(relations) == 1
    reads = [context.read(0, relations[0] if single else several(relations), exact=single)]
    if context.has(2) and context.operator.version >= 11:
        value = context.shape(2)
        ends = [begin + size for begin, size in zip(before, shape, strict=True)]
        relation = per_axis(value, [fixed(0, 1)] * len(value))
        reads.append(context.read(2, where(relation, _beyond(before, ends))))
    return [copying(context, reads)]


def _beyond(begins: Sequence[int], ends: Sequence[int]) -> Callable[[Ints, Ints], np.ndarray]:
    """Whether a block has elements outside the copy of the data: bool (n,)."""
    first, stop = np.array(begins, np.int64), np.array(ends, np.int64)

    def condition(lows: Ints, highs: Ints) -> np.ndarray:
        outside = (lows[:, : len(first)] < first) | (highs[:, : len(stop)] > stop)
        return np.asarray(outside.any(axis=1))

    return condition


def _pads(context: Context) -> list[int]:
    rank = len(context.shape(0))
    if context.operator.version < 11 and not context.has(1):
        given = context.attribute("pads", context.attribute("paddings", (0,) * 2 * rank))
        return [int(p) for p in given][:rank]
    pads = context.known(1).ravel()
    axes = context.known(3).ravel() if context.has(3) else np.arange(rank)
    before = [0] * rank
    for axis, size in zip(axes, pads[: len(axes)], strict=True):
        before[int(axis) % rank] = int(size)
    return before


def _mirrored(axis: int, before: int, size: int, mode: str, region: tuple[int, int]) -> AxisRule:
    """The hull of the elements that padding by copies reads for a region of the output."""

    def place(index: Ints) -> Ints:
        if mode == "edge":
            return np.clip(index, 0, size - 1)
        if mode == "wrap":
            return index % size
        period = max(2 * (size - 1), 1)
        folded = index % period
        return np.minimum(folded, period - folded) if size > 1 else np.zeros_like(index)

    def rule(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        begin = np.maximum(lows[:, axis], region[0])
        stop = np.minimum(highs[:, axis], region[1])
        none = begin >= stop
        low, last = begin - before, stop - 1 - before
        inner_low, inner_last = np.clip(low, 0, size - 1), np.clip(last, 0, size - 1)
        ends = np.stack([place(low), place(last)])
        meets = (last >= 0) & (low < size)
        turns = (region[1] - region[0] >= size) & (low != last) & (mode != "edge")
        first = np.where(meets, np.minimum(ends.min(0), inner_low), ends.min(0))
        end = np.where(meets, np.maximum(ends.max(0), inner_last), ends.max(0))
        start, stop = np.where(turns, 0, first), np.where(turns, size, end + 1)
        return np.where(none, 0, start), np.where(none, 0, stop)

    return rule


@lowers(
    "Constant", "ConstantOfShape", "RandomNormal", "RandomNormalLike", "RandomUniform",
    "RandomUniformLike", "Range", "Shape", "Size",
)  # fmt: skip
def made_from_shapes(context: Context) -> list[Part]:
    """Outputs that follow from shapes and attributes, and read at most a few numbers."""
    reads = []
    if context.operator.type in ("ConstantOfShape", "Range"):
        for index in range(len(context.operator.inputs)):
            shape = context.shape(index)
            rules = [fixed(0, size) for size in shape]
            reads.append(context.read(index, per_axis(shape, rules), differentiable=False))
    return [copying(context, reads)]
