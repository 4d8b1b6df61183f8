"""Access relations: which box of a tensor each block of work reads, for all blocks at once.

Most relations treat each dimension separately. `per_axis` combines one rule per dimension of the
tensor; a rule takes the lows and highs of the blocks, int64 (n, dims), and returns the first
element that is read along that dimension and the one after the last, each int64 (n,).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple, cast

import numpy as np

from gallery.jit import kernel
from gallery.lowering.access.part import Boxes, Ints, Relation, by_dimension
from gallery.lowering.access.registry import NoGridError

AxisRule = Callable[[Ints, Ints], tuple[Ints, Ints]]


class Moving(NamedTuple):
    """The rule that reads `low * scale + before` to `high * scale + after` of a dimension.

    Rules of equal numbers are equal, so that what is found out about a relation holds for all like
    it, whichever operator it belongs to.
    """

    axis: int
    scale: int
    before: int
    after: int

    def __call__(self, lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        """The ranges that are read, see `AxisRule`."""
        low, high = lows[:, self.axis], highs[:, self.axis]
        return low * self.scale + self.before, high * self.scale + self.after


class Fixed(NamedTuple):
    """The rule that reads the same range for all blocks."""

    low: int
    high: int

    def __call__(self, lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        """The ranges that are read, see `AxisRule`."""
        return np.full(len(lows), self.low, np.int64), np.full(len(lows), self.high, np.int64)


class Straight:
    """A relation of straight lines alone; equal ones are equal, see `Moving`.

    Relations are keys of many tables, so the hash is computed once.

    Attributes:
        shape: Sizes of the tensor.
        rules: One rule per dimension of the tensor.
        lines: The rules as numbers: (axis, scale, before, after, size, whether it moves) of each.
        least: The fewest dimensions that blocks must have.
    """

    __slots__ = ("_hash", "least", "lines", "rules", "shape")

    def __init__(self, shape: tuple[int, ...], rules: tuple[Moving | Fixed, ...]) -> None:
        self.shape = shape
        self.rules = rules
        self._hash = hash((shape, rules))
        self.lines = tuple(
            [
                (0, 0, rule.low, rule.high, size, 0)
                if isinstance(rule, Fixed)
                else (*rule, size, 1)
                for rule, size in zip(rules, shape, strict=True)
            ]
        )
        axes = [rule.axis for rule in rules if isinstance(rule, Moving)]
        self.least = max((-axis if axis < 0 else axis + 1 for axis in axes), default=0)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Straight):
            return NotImplemented
        return self.shape == other.shape and self.rules == other.rules

    def __hash__(self) -> int:
        return self._hash

    def __call__(self, lows: Ints, highs: Ints) -> Boxes:
        """The boxes that blocks read, clipped to the tensor."""
        self._check(lows.shape[1])
        lines = np.array(self.lines, np.int64).reshape(-1, 6)
        return Boxes(*_straight(by_dimension(lows), by_dimension(highs), lines))

    def rank(self, dims: int) -> int:
        """Number of dimensions of the boxes that blocks of so many dimensions read.

        Raises:
            IndexError: A rule needs more dimensions.
        """
        self._check(dims)
        return len(self.rules)

    def _check(self, dims: int) -> None:
        if dims < self.least:
            raise IndexError(f"a rule of {self.least} dimensions for blocks of {dims}")


straight = lru_cache(maxsize=4096)(Straight)
"""The relation of a shape and rules, the same object for equal ones."""


@kernel
def _straight(lows, highs, lines):  # type: ignore[no-untyped-def]
    """The lows and highs that straight rules read, int64 (n, rank), of blocks by dimension."""
    blocks = lows.shape[1]
    read_lows = np.empty((len(lines), blocks), np.int64)
    read_highs = np.empty((len(lines), blocks), np.int64)
    for d in range(len(lines)):
        axis, scale, before, after, size, moves = lines[d]
        for k in range(blocks):
            low, high = before, after
            if moves:
                low += lows[axis, k] * scale
                high += highs[axis, k] * scale
            read_lows[d, k] = min(max(low, 0), size)
            read_highs[d, k] = min(max(high, 0), size)
    return read_lows.T, read_highs.T


def per_axis(shape: Sequence[int], rules: Sequence[AxisRule]) -> Relation:
    """A relation from one rule per dimension of a tensor; clipped to the tensor's shape."""
    if len(shape) != len(rules):
        raise ValueError(f"{len(rules)} rules for a tensor of rank {len(shape)}")
    lines = [rule for rule in rules if isinstance(rule, (Moving, Fixed))]
    if len(lines) == len(rules):
        return cast(Relation, straight(tuple(shape), tuple(lines)))
    sizes = np.array(shape, np.int64)

    def relation(lows: Ints, highs: Ints) -> Boxes:
        read_lows = np.empty((len(lows), len(sizes)), np.int64, order="F")
        read_highs = np.empty_like(read_lows, order="F")
        for axis, rule in enumerate(rules):
            read_lows[:, axis], read_highs[:, axis] = rule(lows, highs)
        return Boxes(clipped(read_lows, sizes), clipped(read_highs, sizes))

    return relation


def clipped(places: Ints, sizes: Ints) -> Ints:
    """Clip positions, int64 (n, rank), to 0..sizes (IN, OUT: places).

    For few positions, `np.clip` takes three times as long.
    """
    np.maximum(places, 0, out=places)
    return np.minimum(places, sizes, out=places)


@lru_cache(maxsize=256)
def same(axis: int, offset: int = 0) -> AxisRule:
    """The block's own range along one of its dimensions, shifted by an offset."""
    return cast(AxisRule, Moving(axis, 1, offset, offset))


@lru_cache(maxsize=1024)
def fixed(low: int, high: int) -> AxisRule:
    """The same range for all blocks."""
    return cast(AxisRule, Fixed(low, high))


def window(axis: int, stride: int, pad: int, extent: int) -> AxisRule:
    """The hull of sliding windows: output i reads i * stride - pad and extent - 1 more."""
    return cast(AxisRule, Moving(axis, stride, -pad, extent - pad - stride))


def scattered(axis: int, stride: int, pad: int, extent: int) -> AxisRule:
    """The inputs i whose windows, from i * stride - pad on, overlap the block (ConvTranspose)."""

    def rule(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        first = -((-(lows[:, axis] + pad - extent + 1)) // stride)
        last = (highs[:, axis] - 1 + pad) // stride
        return first, last + 1

    return rule


def table(axis: int, positions: Ints) -> AxisRule:
    """The hull of `positions[i]` over the block's range; `positions` is int64, one per index."""
    return spans(axis, positions, positions + 1)


def spans(axis: int, lows_of: Ints, highs_of: Ints) -> AxisRule:
    """The hull of `lows_of[i]..highs_of[i]` over the block's range; both int64, one per index.

    A sparse table of minima and maxima answers each range query in O(1) (Bender, Farach-Colton: The
    LCA Problem Revisited, LATIN 2000).
    """
    minima, maxima = [lows_of], [highs_of]
    width = 1
    while 2 * width <= len(lows_of):
        minima.append(np.minimum(minima[-1][:-width], minima[-1][width:]))
        maxima.append(np.maximum(maxima[-1][:-width], maxima[-1][width:]))
        width *= 2

    def rule(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        low, high = lows[:, axis], highs[:, axis]
        level = np.frexp(np.maximum(high - low, 1).astype(np.float64))[1] - 1
        first = np.empty(len(low), np.int64)
        last = np.empty_like(first)
        for k in np.unique(level):
            at = np.flatnonzero(level == k)
            left, right = low[at], high[at] - (1 << int(k))
            first[at] = np.minimum(minima[k][left], minima[k][right])
            last[at] = np.maximum(maxima[k][left], maxima[k][right])
        return first, last

    return rule


def full(shape: Sequence[int]) -> Relation:
    """All of a tensor of this shape, for every block."""
    return _full(tuple(shape))


@lru_cache(maxsize=1024)
def _full(shape: tuple[int, ...]) -> Relation:
    return per_axis(shape, [fixed(0, size) for size in shape])


def identity(shape: Sequence[int]) -> Relation:
    """The same box as the block's; the index space begins with the tensor's dimensions."""
    return _identity(tuple(shape))


@lru_cache(maxsize=1024)
def _identity(shape: tuple[int, ...]) -> Relation:
    return per_axis(shape, [same(axis) for axis in range(len(shape))])


def broadcast(shape: Sequence[int], rank: int) -> Relation:
    """ONNX's multidirectional broadcasting to an output: the last dimensions are aligned.

    Args:
        shape: Sizes of the tensor that is read.
        rank: Rank of the output, whose dimensions are the first ones of the index space.
    """
    return broadcast_from(shape, rank, rank - len(shape))


def broadcast_from(shape: Sequence[int], rank: int, first: int) -> Relation:
    """Broadcasting to an output, from its dimension `first` on.

    Args:
        shape: Sizes of the tensor that is read.
        rank: Rank of the output, whose dimensions are the first ones of the index space.
        first: The output's dimension that the tensor's first one stands for.
    """
    if first < 0 or first + len(shape) > rank:
        raise NoGridError(f"{tuple(shape)} does not broadcast to rank {rank}")
    return _broadcast(tuple(shape), first)


@lru_cache(maxsize=1024)
def _broadcast(shape: tuple[int, ...], first: int) -> Relation:
    rules = [fixed(0, 1) if size == 1 else same(axis + first) for axis, size in enumerate(shape)]
    return per_axis(shape, rules)


def transposed(shape: Sequence[int], axis_of: Sequence[int]) -> Relation:
    """Dimension d of the tensor has the range of the block's dimension `axis_of[d]`."""
    return per_axis(shape, [same(axis) for axis in axis_of])


def several(relations: Sequence[Relation]) -> Relation:
    """The boxes of several relations to one tensor, for each block."""

    def relation(lows: Ints, highs: Ints) -> Boxes:
        parts = [r(lows, highs) for r in relations]
        owners = [
            np.arange(len(lows), dtype=np.int64) if p.owner is None else p.owner for p in parts
        ]
        owner = np.concatenate(owners)
        order = np.argsort(owner, kind="stable")
        return Boxes(
            np.concatenate([p.lows for p in parts])[order],
            np.concatenate([p.highs for p in parts])[order],
            owner[order],
        )

    return relation


def composed(first: Relation, second: Relation) -> Relation:
    """The boxes that `second` gives for the boxes of `first`."""

    def relation(lows: Ints, highs: Ints) -> Boxes:
        outer = first(lows, highs)
        owner = np.arange(len(outer.lows)) if outer.owner is None else outer.owner
        kept = np.flatnonzero((outer.highs > outer.lows).all(axis=1))
        inner = second(outer.lows[kept], outer.highs[kept])
        at = kept if inner.owner is None else kept[inner.owner]
        return Boxes(inner.lows, inner.highs, owner[at].astype(np.int64))

    return relation


def emptied(boxes: Boxes, none: np.ndarray) -> Boxes:
    """The same boxes, except that those of the blocks in `none`, bool (n,), are empty."""
    if boxes.owner is not None:
        none = none[boxes.owner]
    if not boxes.lows.shape[1]:  # the box of a number cannot be empty, so there is none
        owner = np.arange(len(none)) if boxes.owner is None else boxes.owner
        return Boxes(boxes.lows[~none], boxes.highs[~none], owner[~none].astype(np.int64))
    highs = boxes.highs.copy(order="F")
    highs[none] = boxes.lows[none]
    return Boxes(boxes.lows, highs, boxes.owner)


def where(relation: Relation, condition: Callable[[Ints, Ints], np.ndarray]) -> Relation:
    """The same boxes, except that blocks whose condition, bool (n,), is false read nothing."""
    return lambda lows, highs: emptied(relation(lows, highs), ~condition(lows, highs))


def backwards(axis: int, size: int) -> AxisRule:
    """The block's range along a dimension of this size, counted from its end."""
    return lambda lows, highs: (size - highs[:, axis], size - lows[:, axis])


def divided(axis: int, by: int) -> AxisRule:
    """Element i reads i // by (several elements share a group)."""
    return lambda lows, highs: (lows[:, axis] // by, (highs[:, axis] - 1) // by + 1)


def repeated(axis: int, size: int, offset: int = 0) -> AxisRule:
    """Element i reads (i - offset) modulo a size; a block that wraps around reads the hull."""

    def rule(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        low, last = lows[:, axis] - offset, highs[:, axis] - 1 - offset
        one = low // size == last // size
        return np.where(one, low % size, 0), np.where(one, last % size + 1, size)

    return rule
