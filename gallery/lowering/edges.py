"""Which vertices make a box: kernels from boxes to sorted rows of vertex numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gallery.jit import inner_kernel, kernel
from gallery.lowering.access.part import Boxes, by_dimension

DIFFERENTIABLE = 1
"""Flag: a gradient flows back along this edge."""
SAVED = 2
"""Flag: the derivative of the reader needs the data of this edge."""


_EACH_ITS_OWN = np.empty(0, np.int64)
"""The owners of boxes of which block i reads box i."""


class Producer(NamedTuple):
    """The vertices that make a tensor, as a grid of its blocks.

    Attributes:
        first: Number of the first vertex.
        shape: Sizes of the tensor.
        splits: Number of blocks in each dimension.
        period: Distance between the first vertices of two time steps, or 0.
    """

    first: int
    shape: tuple[int, ...]
    splits: tuple[int, ...]
    period: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """What some vertices read, as compressed sparse rows.

    Attributes:
        counts: int64 (n,), number of edges of each vertex.
        sources: int32 (m,), vertex numbers, ascending and distinct in each row.
        flags: uint8 (m,), flags of each edge.
    """

    counts: npt.NDArray[np.int64]
    sources: npt.NDArray[np.int32]
    flags: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Edges:
    """Edges of the forward graph.

    Attributes:
        indptr: int64 (n + 1,).
        sources: int32 (m,).
        flags: uint8 (m,), `DIFFERENTIABLE` and `SAVED`.
    """

    indptr: npt.NDArray[np.int64]
    sources: npt.NDArray[np.int32]
    flags: npt.NDArray[np.uint8]


def meeting(boxes: Boxes, producer: Producer, blocks: int, flag: int) -> Rows:
    """The blocks of a producer that the boxes of `blocks` readers overlap (with repeats).

    Boxes are clipped to the tensor: those of a model that contradicts itself may reach beyond it,
    and the kernels do not check.

    Raises:
        ValueError: The boxes and the tensor differ in rank.
    """
    if boxes.lows.shape[1] != len(producer.shape):
        found = f"boxes of {boxes.lows.shape[1]} dimensions"
        raise ValueError(f"{found} for a tensor of {len(producer.shape)}")
    owner = _EACH_ITS_OWN if boxes.owner is None else boxes.owner
    shape, splits = np.array(producer.shape, np.int64), np.array(producer.splits, np.int64)
    at = producer.first, producer.period, math.prod(producer.splits[1:])
    lows, highs = by_dimension(boxes.lows), by_dimension(boxes.highs)
    counts, sources = _met(lows, highs, owner, shape, splits, blocks, *at)
    return Rows(counts=counts, sources=sources, flags=np.full(len(sources), flag, np.uint8))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pattern:
    """What some vertices read, wherever the sets that they read are numbered.

    Attributes:
        counts: int64 (n,), number of edges of each vertex.
        places: int32 (m,), place within the set that is read.
        sets: int32 (m,), or uint8 for up to 256 sets: number of that set.
        flags: uint8 (m,), flags of each edge.
    """

    counts: npt.NDArray[np.int64]
    places: npt.NDArray[np.int32]
    sets: npt.NDArray[np.int32] | npt.NDArray[np.uint8]
    flags: npt.NDArray[np.uint8]

    def rows(self, firsts: Sequence[int]) -> Rows:
        """The rows for sets whose first vertices are these, ascending."""
        sources = np.array(firsts, np.int32)[self.sets] if len(firsts) != 1 else firsts[0]
        sources = np.asarray(self.places + sources, np.int32)
        return Rows(counts=self.counts, sources=sources, flags=self.flags)


def pattern_of(rows: Rows, firsts: Sequence[int]) -> Pattern:
    """The pattern of rows that read sets whose first vertices are these, ascending."""
    starts = np.array(firsts, np.int32)
    sets = np.searchsorted(starts, rows.sources, side="right") - 1
    places = rows.sources - starts[sets]
    few = sets.astype(np.uint8) if len(firsts) <= 256 else sets.astype(np.int32)
    return Pattern(counts=rows.counts, places=places, sets=few, flags=rows.flags)


def merged(rows: Sequence[Rows], blocks: int, sort: bool) -> Rows:
    """The rows of several reads, merged; with `sort`, sorted and without duplicates."""
    if not rows:
        return Rows(
            counts=np.zeros(blocks, np.int64),
            sources=np.empty(0, np.int32),
            flags=np.empty(0, np.uint8),
        )
    if len(rows) == 1 and not sort:
        return rows[0]
    counts = np.zeros(blocks, np.int64)
    for row in rows:
        counts += row.counts
    starts = np.concatenate(([0], np.cumsum(counts)))
    sources = np.empty(int(starts[-1]), np.int32)
    flags = np.empty(len(sources), np.uint8)
    cursor = starts[:-1].copy()
    for row in rows:
        _scatter(row.counts, row.sources, row.flags, cursor, sources, flags)
    joined = Rows(counts=counts, sources=sources, flags=flags)
    return distinct(joined) if sort else joined


def distinct(rows: Rows) -> Rows:
    """The rows sorted and without repeats, whose flags are joined; changes those given."""
    starts = np.concatenate(([0], np.cumsum(rows.counts)))
    kept = _distinct(starts, rows.sources, rows.flags, rows.counts)
    return Rows(
        counts=rows.counts, sources=rows.sources[:kept].copy(), flags=rows.flags[:kept].copy()
    )


@inner_kernel
def block_of(place, size, split):  # type: ignore[no-untyped-def]
    """The block of [i * size // split, (i + 1) * size // split) that holds an element."""
    return ((place + 1) * split - 1) // size


@inner_kernel
def _range(lows, highs, k, shape, splits, begin, end):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    """The blocks that a box meets along each dimension (OUT: begin, end), and how many in all."""
    product = 1
    for d in range(len(shape)):
        low, high = max(lows[d, k], 0), min(highs[d, k], shape[d])
        if high <= low:
            return 0
        begin[d] = end[d] = 0
        if splits[d] > 1:
            begin[d] = block_of(low, shape[d], splits[d])
            end[d] = block_of(high - 1, shape[d], splits[d])
            product *= end[d] - begin[d] + 1
    return product


@kernel
def _met(lows, highs, owner, shape, splits, blocks, first, period, inner):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    """Number of blocks that each reader meets, int64 (blocks,), and which: int32 (m,)."""
    rank = len(shape)
    begin = np.zeros(rank, np.int64)
    end = np.zeros(rank, np.int64)
    place = np.zeros(rank, np.int64)
    counts = np.zeros(blocks, np.int64)
    total = 0
    for k in range(lows.shape[1]):
        product = _range(lows, highs, k, shape, splits, begin, end)
        counts[owner[k] if len(owner) else k] += product
        total += product
    out = np.empty(total, np.int32)
    at = 0
    for k in range(lows.shape[1]):
        left = _range(lows, highs, k, shape, splits, begin, end)
        for d in range(rank):
            place[d] = begin[d]
        while left:
            number = 0
            for d in range(rank):
                number = number * splits[d] + place[d]
            if period:
                number = number // inner * period + number % inner
            out[at] = first + number
            at += 1
            left -= 1
            d = rank - 1
            while d >= 0 and place[d] == end[d]:
                place[d] = begin[d]
                d -= 1
            if d >= 0:
                place[d] += 1
    return counts, out


@kernel
def _scatter(counts, sources, flags, cursor, out, out_flags):  # type: ignore[no-untyped-def]
    at = 0
    for row in range(len(counts)):
        place = cursor[row]
        for _ in range(counts[row]):
            out[place] = sources[at]
            out_flags[place] = flags[at]
            place += 1
            at += 1
        cursor[row] = place


@kernel
def _distinct(starts, sources, flags, counts):  # type: ignore[no-untyped-def]
    """Sort each row in place and merge repeats with their flags; return the edges that remain."""
    kept = 0
    for row in range(len(counts)):
        begin, end = starts[row], starts[row + 1]
        keys = np.empty(end - begin, np.int64)
        ascending = True
        for k in range(begin, end):
            keys[k - begin] = (np.int64(sources[k]) << 8) | flags[k]
            if k > begin and keys[k - begin] < keys[k - begin - 1]:
                ascending = False
        if not ascending:
            keys.sort()
        count = 0
        for key in keys:
            source = np.int32(key >> 8)
            if count and sources[kept - 1] == source:
                flags[kept - 1] |= np.uint8(key & 255)
            else:
                sources[kept] = source
                flags[kept] = np.uint8(key & 255)
                kept += 1
                count += 1
        counts[row] = count
    return kept
