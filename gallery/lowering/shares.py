"""How much of the blocks that they read the vertices of a set need.

A block that a window only just reaches into, such as a neighbour's in a convolution, is an edge,
but hardly any of it is needed.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np

from gallery.graph import ComputeSet
from gallery.lowering.access.part import Ints, Part
from gallery.lowering.edges import Producer
from gallery.lowering.forward import Numbering
from gallery.lowering.program import Program

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
                    (read.relation, maker.shape, maker.splits, size)
                    for read, maker, size in zip(piece.does.reads, makers, sizes, strict=True)
                ),
            )
            if like not in known:
                known[like] = _share(piece.does, piece.grid, makers, sizes)
            share = known[like]
        sets.append(replace(piece.grid, reads=share) if share != 1.0 else piece.grid)
    return tuple(sets)


def _share(
    part: Part, grid: ComputeSet, makers: Sequence[Producer], sizes: Sequence[float]
) -> float:
    """Bytes that the vertices need, divided by those of the blocks that they meet."""
    start = max(0, (grid.size - SAMPLE) // 2)
    lows, highs = grid.boxes(start, min(start + SAMPLE, grid.size))
    needed = met = 0.0
    for read, maker, size in zip(part.reads, makers, sizes, strict=True):
        boxes = read.relation(lows, highs)
        inside, blocks = _elements(boxes.lows, boxes.highs, maker)
        needed += size * inside
        met += size * blocks
    return min(needed / met, 1.0) if needed > 0.0 else 1.0


def _elements(lows: Ints, highs: Ints, maker: Producer) -> tuple[float, float]:
    """Elements in boxes, and in the blocks that they meet; boxes are clipped to the tensor."""
    inside, blocks = np.ones(len(lows)), np.ones(len(lows))
    for axis, (size, split) in enumerate(zip(maker.shape, maker.splits, strict=True)):
        low = np.clip(lows[:, axis], 0, max(size - 1, 0))
        high = np.clip(highs[:, axis], 0, size)
        first, last = low * split // max(size, 1), (high - 1) * split // max(size, 1)
        inside *= np.maximum(high - low, 0)
        blocks *= np.maximum((last + 1) * size // split - first * size // split, 0)
    return float(inside.sum()), float(blocks.sum())
