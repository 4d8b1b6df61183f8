"""Per-vertex arrays of the forward graph, from its sets."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate, chain
from typing import Any

import numpy as np
import numpy.typing as npt

from gallery.jit import inner_kernel, kernel
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
        grids = [piece.grid for piece in pieces]
        self.flops, self.bytes = _spread(
            np.array([(grid.first, grid.period) for grid in grids], np.int64),
            np.array([0, *accumulate(len(grid.shape) for grid in grids)], np.int64),
            np.fromiter(chain.from_iterable([grid.shape for grid in grids]), np.int64),
            np.fromiter(chain.from_iterable([grid.splits for grid in grids]), np.int64),
            np.array([(piece.flops, piece.bytes) for piece in pieces], np.float64),
            numbering.vertices,
        )


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


@kernel
def _spread(sets, dims, shape, splits, work, vertices):  # type: ignore[no-untyped-def]
    """Spread the work and bytes of sets over their vertices, by the sizes of their blocks.

    Args:
        sets: int64 (sets, 2), first vertex, and distance between two time steps or 0.
        dims: int64 (sets + 1,), first dimension of each set.
        shape: int64 (dims,), size of each dimension.
        splits: int64 (dims,), its splits.
        work: float64 (sets, 2), what all vertices of each set do and write together.
        vertices: Number of vertices.

    Returns:
        float32 (2, vertices).
    """
    out = np.empty((2, vertices), np.float32)
    for one in range(len(sets)):
        begin, end = dims[one], dims[one + 1]
        blocks, even = 1, True
        for d in range(begin, end):
            blocks *= splits[d]
            even = even and shape[d] > 0 and shape[d] % splits[d] == 0
        share = np.full(blocks, 1.0 / blocks)
        if not even:
            _shares(shape[begin:end], splits[begin:end], share)
        first, period = sets[one]
        inner = blocks // splits[begin] if period else blocks
        for k in range(0, blocks, inner):
            for vertex in range(first, first + inner):
                out[0, vertex] = work[one, 0] * share[k + vertex - first]
                out[1, vertex] = work[one, 1] * share[k + vertex - first]
            first += period
    return out


@inner_kernel
def _shares(shape, splits, share):  # type: ignore[no-untyped-def]
    """Each block's share of the elements of a grid, row-major (OUT: share)."""
    share[0] = 1.0
    known = 1
    for d in range(len(shape)):
        size, split = shape[d], splits[d]
        if split == 1 and size:
            continue
        # Backwards, so that what is still to be read is not written over.
        for k in range(known - 1, -1, -1):
            outer, low = share[k], 0
            for block in range(split):
                high = (block + 1) * size // split
                share[k * split + block] = outer * ((high - low) / max(size, 1))
                low = high
        known *= split
