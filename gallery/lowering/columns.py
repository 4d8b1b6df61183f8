"""Per-vertex arrays of the forward graph, from its sets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from gallery.lowering.forward import Numbering
from gallery.lowering.program import Program


class Columns:
    """Per-vertex arrays of the forward graph."""

    def __init__(self, program: Program, numbering: Numbering, inputs: dict[int, int]) -> None:
        pieces = numbering.pieces
        owners, sizes = _runs(numbering)

        def column(values: Iterable[float], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
            return np.repeat(np.array(list(values), dtype)[owners], sizes)

        leaf = np.array([piece.leaf >= 0 for piece in pieces], bool)
        differentiable = np.array([piece.differentiable for piece in pieces], bool)
        self.operator = column((inputs.get(p.leaf, p.operator) for p in pieces), np.int32)
        self.kind = column((piece.grid.kind for piece in pieces), np.uint8)
        self.through = column(differentiable & ~leaf, bool)
        self.parameter = column(differentiable & leaf, bool)
        self.own = column((piece.saves_output for piece in pieces), bool)
        self.contracts = column((piece.contracts for piece in pieces), bool)
        blocks = [1.0 / piece.grid.size for piece in pieces]
        self.flops = column((p.flops * b for p, b in zip(pieces, blocks, strict=True)), np.float32)
        self.bytes = column((p.bytes * b for p, b in zip(pieces, blocks, strict=True)), np.float32)
        known: dict[tuple[tuple[int, ...], tuple[int, ...]], npt.NDArray[np.float64]] = {}
        for piece in pieces:
            like = piece.grid.shape, piece.grid.splits
            if not _even(*like):
                if like not in known:
                    known[like] = _shares(*like)
                at, share = piece.grid.index(), known[like]
                self.flops[at] = piece.flops * share
                self.bytes[at] = piece.bytes * share


def _runs(numbering: Numbering) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The runs of vertices of one set each, in order: numbers of the sets, and sizes; int64 (k,).

    A set is one run, or one for each time step.
    """
    runs = []
    for number_, piece in enumerate(numbering.pieces):
        grid = piece.grid
        steps = grid.splits[0] if grid.period else 1
        size = grid.size // steps
        runs += [(grid.first + step * grid.period, number_, size) for step in range(steps)]
    if any(piece.grid.period for piece in numbering.pieces):
        runs.sort()
    found = np.array(runs, np.int64).reshape(-1, 3)
    return found[:, 1], found[:, 2]


def _even(shape: tuple[int, ...], splits: tuple[int, ...]) -> bool:
    """Whether all blocks of a grid have the same size."""
    return 0 not in shape and not any(a % b for a, b in zip(shape, splits, strict=True))


def _shares(shape: tuple[int, ...], splits: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Each block's share of the elements, row-major: float64 (blocks,)."""
    share = np.ones(1)
    for size, split in zip(shape, splits, strict=True):
        if split == 1 and size:
            continue
        ends = np.arange(split + 1, dtype=np.int64) * size // split
        share = (share[:, None] * (np.diff(ends) / max(size, 1))[None, :]).ravel()
    return share
