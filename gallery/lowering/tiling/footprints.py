"""How much of a tensor the blocks of a part read, measured on the access relations."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from gallery.lowering.access.part import Ints, Part, Read
from gallery.lowering.access.relations import Fixed, Moving, Straight


class Axis(NamedTuple):
    """How the box that a block reads depends on the block, along one dimension of the tensor.

    Attributes:
        size: Size of the tensor's dimension.
        of: The dimension of the index space that it follows, or -1 if it is read whole.
        slope: Elements that are read for each element of that dimension.
        halo: Elements that are read beyond these.
    """

    size: int
    of: int
    slope: float
    halo: float


def footprint(part: Part, read: Read, shape: Sequence[int]) -> tuple[Axis, ...]:
    """Measure a relation on the whole index space and on both halves of each dimension.

    One of the halves can read as much as the whole: that without the padding at its end.
    """
    if isinstance(read.relation, Straight) and not read.picks:
        rows = zip(shape, read.relation.shape, read.relation.rules, strict=True)
        return tuple([_straight(part.shape, *row) for row in rows])
    probes, lows, highs = _blocks(part.shape)
    extents = _extents(read, lows, highs, len(shape)).tolist()
    axes = [
        _axis(part, probes, size, [row[axis] for row in extents]) for axis, size in enumerate(shape)
    ]
    for axis, of in read.picks:
        axes[axis] = Axis(size=shape[axis], of=of, slope=0.0, halo=extents[0][axis])
    return tuple(axes)


def _straight(space: Sequence[int], size: int, most: int, rule: Moving | Fixed) -> Axis:
    """The same for one axis of a relation of straight lines, which it clips to `most`."""
    if isinstance(rule, Fixed):
        whole = _clip(rule.high, most) - _clip(rule.low, most)
        return Axis(size=size, of=-1, slope=0.0, halo=float(whole))

    _, scale, before, after = rule
    d = rule.axis if rule.axis >= 0 else rule.axis + len(space)
    n = space[d]
    if scale == 1 and before == after == 0 and n == most > 1:
        return Axis(size, d, 1.0, 0.0)
    begin = _clip(before, most)
    whole = _clip(n * scale + after, most) - begin
    least = _clip(n // 2 * scale + after, most) - begin if n > 1 else whole
    if least >= whole and n > 1:
        least = whole + begin - _clip((n - n // 2) * scale + before, most)
    if least >= whole:
        return Axis(size=size, of=-1, slope=0.0, halo=float(whole))
    slope = (whole - least) / (n - n // 2)
    return Axis(size=size, of=d, slope=slope, halo=whole - slope * n)


def _clip(place: int, most: int) -> int:
    return 0 if place < 0 else min(place, most)


@lru_cache(maxsize=256)
def _blocks(shape: tuple[int, ...]) -> tuple[tuple[int, ...], Ints, Ints]:
    """The whole index space, then both halves of each dimension.

    Returns:
        The dimension of each half; and the lows and highs of all, int64 (k, dims).
    """
    probes = [d for d, size in enumerate(shape) if size > 1 for _ in range(2)]
    lows = np.zeros((1 + len(probes), len(shape)), np.int64, order="F")
    highs = np.empty_like(lows, order="F")
    highs[:] = shape
    for row, d in enumerate(probes, 1):
        if row % 2:
            highs[row, d] = shape[d] // 2
        else:
            lows[row, d] = shape[d] - shape[d] // 2
    return tuple(probes), lows, highs


def _extents(read: Read, lows: np.ndarray, highs: np.ndarray, rank: int) -> np.ndarray:
    """Extent of the hull that each block reads: float64 (blocks, rank)."""
    boxes = read.relation(lows, highs)
    if boxes.owner is None:
        return (boxes.highs - boxes.lows).astype(np.float64)
    extents = np.zeros((len(lows), rank))
    some = (boxes.highs > boxes.lows).all(axis=1)
    for row in np.unique(boxes.owner).tolist():
        mine = boxes.owner == row
        # An empty box may lie anywhere; where all are empty, each axis still tells its own extent.
        at = mine & some if (mine & some).any() else mine
        extents[row] = boxes.highs[at].max(axis=0) - boxes.lows[at].min(axis=0)
    return extents


def _axis(part: Part, probes: Sequence[int], size: int, extents: Sequence[float]) -> Axis:
    """The dimension whose halving shrinks the extent most, and by how much per element."""
    whole, first, last = extents[0], extents[1::2], extents[2::2]
    halves = first if min(first, default=whole) < whole else last
    least = min(halves, default=whole)
    if least >= whole:
        return Axis(size=size, of=-1, slope=0.0, halo=whole)
    d = probes[2 * halves.index(least)]
    slope = (whole - least) / (part.shape[d] - part.shape[d] // 2)
    return Axis(size=size, of=d, slope=slope, halo=whole - slope * part.shape[d])
