"""How much of the blocks that they read the vertices of a set need.

A block that a window only just reaches into, such as a neighbour's in a convolution, is an edge,
but hardly any of it is needed.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np

from gallery.graph import ComputeSet
from gallery.jit import kernel
from gallery.lowering.access.part import Part, by_dimension
from gallery.lowering.edges import Producer
from gallery.lowering.forward import Numbering
from gallery.lowering.program import Program
from gallery.lowering.straight import Lines, are_straight, elements_along, needed_and_met

SAMPLE = 128
"""Vertices in the middle of a set that stand for all of it."""


def sets_with_shares(program: Program, numbering: Numbering) -> tuple[ComputeSet, ...]:
    """The sets of a numbering with their `reads`; equal sets are looked at once."""
    known: dict[Hashable, float] = {}
    sets = []
    for piece in numbering.pieces:
        share = 1.0
        if isinstance(piece.does, Part) and not piece.level and piece.grid.size:
            makers = [numbering.producers[read.tensor] for read in piece.does.reads]
            sizes = [program.tensors[read.tensor].itemsize for read in piece.does.reads]
            like = (
                piece.grid.shape,
                piece.grid.splits,
                tuple(
                    [
                        (read.relation, maker.shape, maker.splits, size)
                        for read, maker, size in zip(piece.does.reads, makers, sizes, strict=True)
                    ]
                ),
            )
            found = known.get(like)
            if found is None:
                found = known[like] = share_read(piece.does, piece.grid, makers, sizes)
            share = found
        sets.append(replace(piece.grid, reads=share) if share != 1.0 else piece.grid)
    return tuple(sets)


def share_read(
    part: Part, grid: ComputeSet, makers: Sequence[Producer], sizes: Sequence[float]
) -> float:
    """Bytes that the vertices need, divided by those of the blocks that they meet."""
    start = max(0, (grid.size - SAMPLE) // 2)
    stop = min(start + SAMPLE, grid.size)
    if are_straight(grid, part.reads, makers):
        lines = Lines(grid, part.reads, makers, [0] * len(makers))
        needed, met = needed_and_met(lines, sizes, start, stop)
        return min(needed / met, 1.0) if needed > 0.0 else 1.0
    lows, highs = grid.boxes(start, stop)
    needed = met = 0.0
    for read, maker, size in zip(part.reads, makers, sizes, strict=True):
        boxes = read.relation(lows, highs)
        shape, splits = np.array(maker.shape, np.int64), np.array(maker.splits, np.int64)
        corners = by_dimension(boxes.lows), by_dimension(boxes.highs)
        inside, blocks = _elements(*corners, shape, splits)
        needed += size * inside
        met += size * blocks
    return min(needed / met, 1.0) if needed > 0.0 else 1.0


@kernel
def _elements(lows, highs, shape, splits):  # type: ignore[no-untyped-def]
    """Elements in boxes, and in the blocks that they meet; boxes are clipped to the tensor."""
    inside = met = 0.0
    for k in range(lows.shape[1]):
        own = blocks = 1.0
        for d in range(len(shape)):
            inner, outer = elements_along(lows[d, k], highs[d, k], shape[d], splits[d])
            own *= inner
            blocks *= outer
        inside += own
        met += blocks
    return inside, met
