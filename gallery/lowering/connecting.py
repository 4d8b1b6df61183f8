"""Connects the vertices of all sets: what each reads.

Most sets read all that they read by straight relations: their edges are written by one kernel.
Those of the others are found by boxes, once for equal sets. Sets are equal if their grids,
relations and producers are, wherever these producers are numbered: so the layers of a transformer
are connected once, and instanced.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from gallery.graph import ComputeSet
from gallery.jit import kernel
from gallery.lowering.access.part import Ints, Part, Read
from gallery.lowering.access.relations import Moving, Straight, straight
from gallery.lowering.edges import (
    DIFFERENTIABLE,
    SAVED,
    Edges,
    Pattern,
    Producer,
    Rows,
    meeting,
    merged,
    pattern_of,
)
from gallery.lowering.forward import Numbering, Piece
from gallery.lowering.lines import Lines, StraightRead, lines_of, straight_reads
from gallery.lowering.straight import count, fill, rows_of
from gallery.lowering.tiling.traffic import FAN_IN

CHUNK = 1 << 18
"""Vertices to connect by boxes at a time: enough to keep numpy busy, few enough for memory."""


class Lined(NamedTuple):
    """The pieces of a numbering that read by straight relations alone.

    Attributes:
        number_of: The number of each piece's set among the lines; none for the other pieces.
        lines: What they read.
        tensors: Tensor of the program that each read reads; -1 for partial results.
    """

    number_of: dict[int, int]
    lines: Lines
    tensors: Sequence[int]


def lined(numbering: Numbering) -> Lined:
    """The pieces of a numbering that read by straight relations alone."""
    sets, tensors = [], []
    number_of: dict[int, int] = {}
    for place, piece in enumerate(numbering.pieces):
        if not isinstance(piece.does, Part):
            continue
        if piece.level:
            sets.append(_sum(numbering.pieces[place - 1], piece))
            tensors.append(-1)
        else:
            reads, makers = in_order(piece.does, numbering)
            found = straight_reads(piece.grid, reads, makers, [_flag(read) for read in reads])
            if found is None:
                continue
            sets.append((piece.grid, found))
            tensors += [read.tensor for read in reads]
        number_of[place] = len(number_of)
    return Lined(number_of=number_of, lines=lines_of(sets), tensors=tensors)


def connect(numbering: Numbering, known: Lined) -> Edges:
    """The edges of all vertices.

    Args:
        numbering: The sets.
        known: Those that read by straight relations alone.
    """
    pieces, lines = numbering.pieces, known.lines
    direct = [
        place
        for place in known.number_of
        if not pieces[place].grid.period and not _sorts(pieces[place])
    ]
    chosen = np.array([known.number_of[place] for place in direct], np.int64)
    firsts = np.array([pieces[place].grid.first for place in direct], np.int64)
    others = _others(numbering, known, set(direct))
    indptr = np.zeros(numbering.vertices + 1, np.int64)
    count(lines, chosen, firsts, indptr[1:])
    for place, chunks in others.items():
        lengths = [rows.counts for rows in chunks]
        indptr[1:][pieces[place].grid.index()] = np.concatenate(lengths)
    np.cumsum(indptr, out=indptr)
    sources = np.empty(int(indptr[-1]), np.int32)
    flags = np.empty(len(sources), np.uint8)
    fill(lines, chosen, indptr[firsts], sources, flags)
    for place, chunks in others.items():
        own = pieces[place].grid.vertices()
        while chunks:
            rows = chunks.pop(0)
            _place(
                own[: len(rows.counts)],
                rows.counts,
                rows.sources,
                rows.flags,
                indptr,
                sources,
                flags,
            )
            own = own[len(rows.counts) :]
    return Edges(indptr=indptr, sources=sources, flags=flags)


def _others(numbering: Numbering, known: Lined, direct: set[int]) -> dict[int, list[Rows]]:
    """What the vertices of all pieces but some read, chunk by chunk, by the pieces' numbers."""
    places = [
        place
        for place, piece in enumerate(numbering.pieces)
        if place not in direct and isinstance(piece.does, Part)
    ]
    kinds = {place: alike(numbering.pieces[place], numbering) for place in places}
    left = Counter(kind[0] for kind in kinds.values() if kind)
    patterns: dict[Hashable, list[Pattern]] = {}
    found: dict[int, list[Rows]] = {}
    for place, kind in kinds.items():
        if kind and kind[0] in patterns:
            found[place] = [pattern.rows(kind[1]) for pattern in patterns[kind[0]]]
            continue
        piece, number = numbering.pieces[place], known.number_of.get(place)
        found[place] = (
            list(_boxes(piece, numbering))
            if number is None
            else [rows_of(known.lines, number, _sorts(piece))]
        )
        if kind and left[kind[0]] > 1:
            patterns[kind[0]] = [pattern_of(rows, kind[1]) for rows in found[place]]
    return found


def alike(piece: Piece, numbering: Numbering) -> tuple[Hashable, Sequence[int]] | None:
    """What is the same in sets that are connected alike, and the first vertices of what one reads.

    Args:
        piece: The set.
        numbering: All sets.

    Returns:
        None where no other set can be connected alike, as in a recurrence.
    """
    part, grid = piece.does, piece.grid
    if not isinstance(part, Part) or piece.level or part.time >= 0:
        return None
    reads, makers = in_order(part, numbering)
    if any(maker.period for maker in makers):
        return None
    firsts = sorted({maker.first for maker in makers})
    of_reads = tuple(
        [
            (read.relation, _flag(read), maker.shape, maker.splits, firsts.index(maker.first))
            for read, maker in zip(reads, makers, strict=True)
        ]
    )
    return (grid.shape, grid.splits, of_reads, _sorts(piece)), firsts


def in_order(part: Part, numbering: Numbering) -> tuple[list[Read], list[Producer]]:
    """The reads of a part in the order of the vertices that make what they read, and the latter."""
    reads = sorted(part.reads, key=lambda read: numbering.producers[read.tensor].first)
    return reads, [numbering.producers[read.tensor] for read in reads]


def _sorts(piece: Piece) -> bool:
    """Whether the rows of a piece's reads, one after another, may repeat or not ascend."""
    part = piece.does
    if not isinstance(part, Part) or piece.level:
        return False
    distinct = len({read.tensor for read in part.reads}) == len(part.reads)
    exact = all(read.exact or isinstance(read.relation, Straight) for read in part.reads)
    return part.time >= 0 or not (distinct and exact)


def _boxes(piece: Piece, numbering: Numbering) -> Iterator[Rows]:
    """What the vertices of a piece read, found by boxes."""
    assert isinstance(piece.does, Part)
    grid, part = piece.grid, piece.does
    reads, makers = in_order(part, numbering)
    for start in range(0, grid.size, CHUNK):
        stop = min(start + CHUNK, grid.size)
        lows, highs = grid.boxes(start, stop)
        rows = [_met(read, lows, highs, maker) for read, maker in zip(reads, makers, strict=True)]
        joined_rows = merged(rows, stop - start, _sorts(piece))
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


def _sum(below: Piece, piece: Piece) -> tuple[ComputeSet, list[StraightRead]]:
    """A level of a reduction, whose vertices each read `FAN_IN` consecutive ones of that below.

    Its index space is that of the time steps, the blocks of one step, and their sums.
    """
    period, rank = below.grid.period, piece.grid.rank
    steps = below.grid.splits[0] if period else 1
    many, few = (math.prod(grid.splits[rank:]) for grid in (below.grid, piece.grid))
    each = steps, piece.grid.size // few // steps
    grid = replace(piece.grid, shape=(*each, few), splits=(*each, few))
    made = Producer(
        first=below.grid.first, shape=(*each, many), splits=(*each, many), period=period
    )
    rules = Moving(0, 1, 0, 0), Moving(1, 1, 0, 0), Moving(2, FAN_IN, 0, 0)
    flag = DIFFERENTIABLE * piece.differentiable
    return grid, [(straight(made.shape, rules), made, flag)]


@kernel
def _place(own, counts, row_sources, row_flags, indptr, sources, flags):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    """Copy the edges of some vertices to their places (OUT: sources, flags)."""
    at = 0
    for k in range(len(own)):
        begin = indptr[own[k]]
        for j in range(counts[k]):
            sources[begin + j] = row_sources[at]
            flags[begin + j] = row_flags[at]
            at += 1
