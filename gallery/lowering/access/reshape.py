"""The access relation of Reshape and similar operators: the same elements in row-major order.

Both shapes are divided into the smallest groups of dimensions with the same number of elements; a
group with one dimension on each side keeps its ranges. In any other group, a block is a list of
runs of the flattened elements, and a run over n dimensions consists of at most 2 n - 1 boxes:

    block of (6, 4)     runs          boxes of (3, 8)
    rows 1..3, all  ->  [4, 12)   ->  row 0 [4, 8), row 1 [0, 4)
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from gallery.jit import inner_kernel, kernel
from gallery.lowering.access.part import Boxes, Ints, Relation
from gallery.lowering.access.relations import AxisRule, fixed, per_axis, same

_RUNS = 64
"""Most runs of a block that are kept apart; if there are more, neighbours are merged into hulls."""


def reshaped(source: Sequence[int], target: Sequence[int]) -> Relation:
    """From blocks of the target shape to boxes of the source shape with the same elements.

    The index space begins with the target's dimensions. A block may read several boxes. The same
    shapes give the same relation.
    """
    return _reshaped(tuple(source), tuple(target))


@lru_cache(maxsize=1024)
def _reshaped(source: tuple[int, ...], target: tuple[int, ...]) -> Relation:
    if 0 in source or 0 in target:
        return per_axis(source, [fixed(0, size) for size in source])
    groups = factor_groups(source, target)
    sizes = [([source[i] for i in ins], [target[o] for o in outs], outs) for ins, outs in groups]
    rules = [_rules(*group) for group in sizes]
    straight = [rule for group in rules for rule in group or ()]
    if None not in rules:
        return per_axis(source, straight)
    pieces = [_group(*group) for group in sizes]

    def relation(lows: Ints, highs: Ints) -> Boxes:
        owner = np.arange(len(lows), dtype=np.int64)
        got_lows = np.zeros((len(lows), len(source)), np.int64, order="F")
        got_highs = np.ones((len(lows), len(source)), np.int64, order="F")
        for (ins, _), piece in zip(groups, pieces, strict=True):
            boxes = piece(lows[owner], highs[owner])
            if boxes.owner is not None:
                owner = owner[boxes.owner]
                got_lows, got_highs = got_lows[boxes.owner], got_highs[boxes.owner]
            got_lows[:, ins], got_highs[:, ins] = boxes.lows, boxes.highs
        return Boxes(got_lows, got_highs, owner)

    return relation


def factor_groups(
    source: Sequence[int], target: Sequence[int]
) -> list[tuple[list[int], list[int]]]:
    """The smallest groups of dimensions of both shapes with the same number of elements.

    >>> factor_groups((2, 3, 4), (6, 4))
    [([0, 1], [0]), ([2], [1])]
    """
    groups: list[tuple[list[int], list[int]]] = []
    i = o = 0
    while i < len(source) or o < len(target):
        ins: list[int] = []
        outs: list[int] = []
        left = right = 1
        while left != right or not (ins or outs):
            if i < len(source) and (left <= right or o >= len(target)):
                left *= source[i]
                ins.append(i)
                i += 1
            else:
                right *= target[o]
                outs.append(o)
                o += 1
        groups.append((ins, outs))
    return groups


def _rules(
    source: Sequence[int], target: Sequence[int], columns: Sequence[int]
) -> list[AxisRule] | None:
    """The rules for a group of at most one dimension on each side besides those of size 1."""
    wide = [column for column, size in zip(columns, target, strict=True) if size != 1]
    if len(wide) > 1 or sum(size != 1 for size in source) > 1:
        return None
    return [fixed(0, 1) if size == 1 else same(wide[0]) for size in source]


def _group(source: Sequence[int], target: Sequence[int], columns: Sequence[int]) -> Relation:
    """The relation for one group of dimensions; `columns` are the block's dimensions in it."""
    rules = _rules(source, target, columns)
    if rules is not None:
        return per_axis(source, rules)
    places = list(columns)
    source_sizes = np.array(source, np.int64)
    target_sizes = np.array(target, np.int64)

    def relation(lows: Ints, highs: Ints) -> Boxes:
        inner_lows = np.ascontiguousarray(lows[:, places])
        inner_highs = np.ascontiguousarray(highs[:, places])
        count = _count(inner_lows, inner_highs, target_sizes, source_sizes, _RUNS)
        return Boxes(*_fill(inner_lows, inner_highs, target_sizes, source_sizes, _RUNS, count))

    return relation


@inner_kernel
def _strides(sizes):  # type: ignore[no-untyped-def]
    strides = np.ones(len(sizes), np.int64)
    for axis in range(len(sizes) - 2, -1, -1):
        strides[axis] = strides[axis + 1] * sizes[axis + 1]
    return strides


@inner_kernel
def _cut(low, high, sizes, most):  # type: ignore[no-untyped-def]
    """The dimension from which on a block is contiguous, and the number of its runs."""
    axis = len(sizes) - 1
    while axis > 0 and low[axis] == 0 and high[axis] == sizes[axis]:
        axis -= 1
    runs = 1
    for outer in range(axis):
        if runs * (high[outer] - low[outer]) > most:
            return outer, runs
        runs *= high[outer] - low[outer]
    return axis, runs


@kernel
def _run(low, high, strides, axis, number):  # type: ignore[no-untyped-def]
    """The first element of a block's run with this number, and the one after its last."""
    start = 0
    for outer in range(axis - 1, -1, -1):
        extent = high[outer] - low[outer]
        start += (low[outer] + number % extent) * strides[outer]
        number //= extent
    stop = start
    for inner in range(axis, len(low)):
        start += low[inner] * strides[inner]
        stop += (high[inner] - 1) * strides[inner]
    return start, stop + 1


@kernel
def _step(start, stop, sizes, strides):  # type: ignore[no-untyped-def]
    """The largest box that begins at an element: the dimension it extends along, and how far."""
    axis = len(sizes) - 1
    while axis > 0 and start % strides[axis - 1] == 0 and start + strides[axis - 1] <= stop:
        axis -= 1
    room = sizes[axis] - start // strides[axis] % sizes[axis]
    return axis, min((stop - start) // strides[axis], room)


@kernel
def _count(lows, highs, target, source, most):  # type: ignore[no-untyped-def]
    out_strides, in_strides = _strides(target), _strides(source)
    count = 0
    for block in range(len(lows)):
        axis, runs = _cut(lows[block], highs[block], target, most)
        for number in range(runs):
            start, stop = _run(lows[block], highs[block], out_strides, axis, number)
            while start < stop:
                along, extent = _step(start, stop, source, in_strides)
                start += extent * in_strides[along]
                count += 1
    return count


@kernel
def _fill(lows, highs, target, source, most, count):  # type: ignore[no-untyped-def]
    out_strides, in_strides = _strides(target), _strides(source)
    rank = len(source)
    got_lows = np.zeros((count, rank), np.int64)
    got_highs = np.empty((count, rank), np.int64)
    owner = np.empty(count, np.int64)
    at = 0
    for block in range(len(lows)):
        axis, runs = _cut(lows[block], highs[block], target, most)
        for number in range(runs):
            start, stop = _run(lows[block], highs[block], out_strides, axis, number)
            while start < stop:
                along, extent = _step(start, stop, source, in_strides)
                for d in range(rank):
                    if d <= along:
                        got_lows[at, d] = start // in_strides[d] % source[d]
                        got_highs[at, d] = got_lows[at, d] + 1
                    else:
                        got_highs[at, d] = source[d]
                got_highs[at, along] = got_lows[at, along] + extent
                owner[at] = block
                start += extent * in_strides[along]
                at += 1
    return got_lows, got_highs, owner
