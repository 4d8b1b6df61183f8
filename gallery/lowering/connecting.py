"""Connects the vertices of all sets: what each reads, once for equal sets.

Sets are equal if their grids, relations and producers are, wherever these producers are numbered:
so the layers of a transformer are connected once, and instanced.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence

import numpy as np

from gallery.lowering.access.part import Ints, Part, Read
from gallery.lowering.edges import (
    DIFFERENTIABLE,
    SAVED,
    Pattern,
    Producer,
    Rows,
    meeting,
    merged,
    pattern_of,
)
from gallery.lowering.forward import Numbering, Piece
from gallery.lowering.straight import Lines, are_straight, rows_of
from gallery.lowering.tiling.traffic import FAN_IN

ALONE = -1
"""As the number of a kind of sets: no other set is like it."""

CHUNK = 1 << 18
"""Vertices to connect at a time: enough to keep numpy busy, few enough to fit in memory."""


def connect(numbering: Numbering) -> None:
    """Fill in what the vertices of every piece read."""
    below = (None, *numbering.pieces)
    kinds = [alike(*pair, numbering) for pair in zip(below, numbering.pieces, strict=False)]
    # By numbers, as the sets' own keys take long to hash.
    numbers: dict[Hashable, int] = {}
    like = [numbers.setdefault(kind[0], len(numbers)) if kind else ALONE for kind in kinds]
    left = np.bincount(np.array(like, np.int64) + 1, minlength=len(numbers) + 1)[1:].tolist()
    patterns: dict[int, list[Pattern]] = {}
    for before, piece, kind, number in zip(below, numbering.pieces, kinds, like, strict=False):
        if not kind:
            piece.chunks = list(_rows(before, piece, numbering))
            continue
        firsts = kind[1]
        if number in patterns:
            piece.chunks = [pattern.rows(firsts) for pattern in patterns[number]]
        else:
            piece.chunks = list(_rows(before, piece, numbering))
            if left[number] > 1:
                patterns[number] = [pattern_of(rows, firsts) for rows in piece.chunks]
        left[number] -= 1
        if not left[number]:
            patterns.pop(number, None)


def alike(
    before: Piece | None, piece: Piece, numbering: Numbering
) -> tuple[Hashable, Sequence[int]] | None:
    """What is the same in sets that are connected alike, and the first vertices of what one reads.

    Args:
        before: The set before it, which a sum reads.
        piece: The set.
        numbering: All sets.

    Returns:
        None where no other set can be connected alike, as in a recurrence.
    """
    part, grid = piece.does, piece.grid
    if not isinstance(part, Part):
        return None
    if piece.level:
        assert before is not None
        below = before.grid
        like = below.splits, grid.splits, grid.rank, piece.differentiable
        return None if below.period else (like, [below.first])
    reads = _in_order(part, numbering)
    makers = [numbering.producers[read.tensor] for read in reads]
    if part.time >= 0 or any(maker.period for maker in makers):
        return None
    firsts = sorted({maker.first for maker in makers})
    of_reads = tuple(
        [
            (read.relation, _flag(read), maker.shape, maker.splits, firsts.index(maker.first))
            for read, maker in zip(reads, makers, strict=True)
        ]
    )
    return (grid.shape, grid.splits, of_reads, _sorts(part)), firsts


def _rows(before: Piece | None, piece: Piece, numbering: Numbering) -> Iterator[Rows]:
    if not isinstance(piece.does, Part):
        yield merged([], piece.grid.size, False)
    elif piece.level:
        assert before is not None
        yield _sums(before, piece)
    else:
        yield from _reads(piece.does, piece, numbering)


def _in_order(part: Part, numbering: Numbering) -> list[Read]:
    """The reads of a part in the order of the vertices that make what they read."""
    return sorted(part.reads, key=lambda read: numbering.producers[read.tensor].first)


def _sorts(part: Part) -> bool:
    """Whether the rows of a part's reads, one after another, may repeat or not ascend."""
    distinct = len({read.tensor for read in part.reads}) == len(part.reads)
    return part.time >= 0 or not distinct or not all(read.exact for read in part.reads)


def _reads(part: Part, piece: Piece, numbering: Numbering) -> Iterator[Rows]:
    grid, sort, reads = piece.grid, _sorts(part), _in_order(part, numbering)
    makers = [numbering.producers[read.tensor] for read in reads]
    if part.time < 0 and are_straight(grid, reads, makers):
        lines = Lines(grid, reads, makers, [_flag(read) for read in reads])
        for start in range(0, grid.size, CHUNK):
            yield rows_of(lines, start, min(start + CHUNK, grid.size), sort)
        return
    for start in range(0, grid.size, CHUNK):
        stop = min(start + CHUNK, grid.size)
        lows, highs = grid.boxes(start, stop)
        rows = [_met(read, lows, highs, maker) for read, maker in zip(reads, makers, strict=True)]
        joined_rows = merged(rows, stop - start, sort)
        if part.time >= 0:
            joined_rows = _without_self(joined_rows, piece, start)
        yield joined_rows


def _met(read: Read, lows: Ints, highs: Ints, producer: Producer) -> Rows:
    return meeting(read.relation(lows, highs), producer, len(lows), _flag(read))


def _flag(read: Read) -> int:
    return DIFFERENTIABLE * read.differentiable | SAVED * read.saved


def _without_self(rows: Rows, piece: Piece, start: int) -> Rows:
    """The rows without edges from a vertex to itself (a chunk of time reads its own state)."""
    own = piece.grid.vertices()[start : start + len(rows.counts)]
    reader = np.repeat(own, rows.counts)
    keep = rows.sources != reader
    row = np.repeat(np.arange(len(own)), rows.counts)[keep]
    return Rows(
        counts=np.bincount(row, minlength=len(own)).astype(np.int64),
        sources=rows.sources[keep],
        flags=rows.flags[keep],
    )


def _sums(below: Piece, piece: Piece) -> Rows:
    """Each vertex of a reduction level reads `FAN_IN` consecutive vertices of the level below."""
    rank = piece.grid.rank
    many = math.prod(below.grid.splits[rank:])
    few = math.prod(piece.grid.splits[rank:])
    blocks = piece.grid.size // few
    begin = np.arange(few, dtype=np.int64) * FAN_IN
    width = np.minimum(begin + FAN_IN, many) - begin
    base = np.repeat(np.arange(blocks, dtype=np.int64) * many, many)
    index = base + np.tile(np.arange(many, dtype=np.int64), blocks)
    if below.grid.period:
        inner = below.grid.size // below.grid.splits[0]
        index = index // inner * below.grid.period + index % inner
    sources = (below.grid.first + index).astype(np.int32)
    flags = np.full(len(sources), DIFFERENTIABLE * piece.differentiable, np.uint8)
    return Rows(counts=np.tile(width, blocks), sources=sources, flags=flags)
