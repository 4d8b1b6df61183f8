"""How much of the blocks that they read the vertices of a set need.

A block that a window only just reaches into, such as a neighbour's in a convolution, is an edge,
but hardly any of it is needed.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from gallery.graph import ComputeSet
from gallery.jit import kernel
from gallery.lowering.access.part import Part, by_dimension
from gallery.lowering.connecting import Lined
from gallery.lowering.edges import Producer
from gallery.lowering.forward import Numbering
from gallery.lowering.program import Program
from gallery.lowering.straight import elements_along, shares

SAMPLE = 128
"""Vertices in the middle of a set that stand for all of it."""


def sets_with_shares(
    program: Program, numbering: Numbering, known: Lined
) -> tuple[ComputeSet, ...]:
    """The sets of a numbering with their `reads`; equal sets are looked at once.

    Args:
        program: The parts.
        numbering: The sets.
        known: Those that read by straight relations alone.
    """
    sizes = [program.tensors[t].itemsize if t >= 0 else 0.0 for t in known.tensors]
    straight = shares(known.lines, np.array(sizes, np.float64), SAMPLE).tolist()
    found: dict[Hashable, float] = {}
    sets = []
    for place, piece in enumerate(numbering.pieces):
        share, grid = 1.0, piece.grid
        if place in known.number_of:
            share = straight[known.number_of[place]]
        elif isinstance(piece.does, Part) and grid.size:
            makers = [numbering.producers[read.tensor] for read in piece.does.reads]
            items = [program.tensors[read.tensor].itemsize for read in piece.does.reads]
            relations = tuple([read.relation for read in piece.does.reads])
            grids = tuple([(maker.shape, maker.splits) for maker in makers])
            like = grid.shape, grid.splits, relations, grids, tuple(items)
            if like not in found:
                found[like] = share_read(piece.does, grid, makers, items)
            share = found[like]
        sets.append(grid.reading(share) if share != 1.0 else grid)
    return tuple(sets)


def share_read(
    part: Part, grid: ComputeSet, makers: Sequence[Producer], sizes: Sequence[float]
) -> float:
    """Bytes that the vertices need, divided by those of the blocks that they meet, by boxes."""
    start = max(0, (grid.size - SAMPLE) // 2)
    lows, highs = grid.boxes(start, min(start + SAMPLE, grid.size))
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
