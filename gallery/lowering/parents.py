"""Parents: for each vertex, the vertex of a coarser graph whose block contains its block."""

from __future__ import annotations

import math
from collections.abc import Hashable

import numpy as np
import numpy.typing as npt

from gallery.graph import ComputeSet
from gallery.lowering.forward import Numbering, Piece

SMALL = 1 << 12
"""Most vertices of a set whose parents are kept for equal sets."""


def forward_parents(fine: Numbering, coarse: Numbering) -> npt.NDArray[np.int32]:
    """The parent of each forward vertex: int32 (n,), vertices of the coarse numbering."""
    sets = {(p.part, p.leaf, p.level): p.grid for p in coarse.pieces}
    last: dict[int, int] = {}
    for piece in coarse.pieces:
        if piece.leaf < 0:
            last[piece.part] = max(last.get(piece.part, 0), piece.level)
    parents = np.empty(fine.vertices, np.int32)
    joined = _joined(fine, coarse)
    known: dict[Hashable, npt.NDArray[np.int32]] = {}
    for piece in fine.pieces:
        part = joined.get(piece.part, piece.part)
        level = min(piece.level, last[part]) if piece.leaf < 0 else 0
        grid = sets[part, piece.leaf, level]
        parents[piece.grid.index()] = grid.first + _known_parents(piece.grid, grid, known)
    return parents


def _joined(fine: Numbering, coarse: Numbering) -> dict[int, int]:
    """For parts of a recurrence that the coarse graph has collapsed: the part that has its set."""
    have = {p.part for p in coarse.pieces if p.leaf < 0}
    result: dict[int, int] = {}
    current = -1
    for piece in sorted((p for p in fine.pieces if p.leaf < 0), key=_part):
        if piece.part in have:
            current = piece.part
        else:
            result[piece.part] = current
    return result


def _part(piece: Piece) -> int:
    return piece.part


def _known_parents(
    fine: ComputeSet, coarse: ComputeSet, known: dict[Hashable, npt.NDArray[np.int32]]
) -> npt.NDArray[np.int32] | int:
    """Parents counted from the coarser set's first, once for equal small sets (IN, OUT: known)."""
    if coarse.size == 1:
        return 0
    if fine.size > SMALL:
        return set_parents(fine, coarse)
    like = fine.shape, fine.splits, coarse.shape, coarse.splits, coarse.period
    if like not in known:
        known[like] = set_parents(fine, coarse)
    return known[like]


def set_parents(fine: ComputeSet, coarse: ComputeSet) -> npt.NDArray[np.int32]:
    """Parents of a set's vertices, counted from the coarser set's first: int32 (size,).

    Dimensions that the coarse set does not split, or does not have, are merged. Along a summed
    dimension of different size (a reduction), blocks are matched by their share of the dimension.
    """
    index = np.zeros((1,), np.int64)
    for d, split in enumerate(fine.splits):
        if split == 1:
            continue
        if d < len(coarse.splits) and coarse.splits[d] > 1:
            size, blocks = fine.shape[d], coarse.splits[d]
            low = np.arange(split, dtype=np.int64) * size // split
            block = (
                ((low + 1) * blocks - 1) // size
                if size == coarse.shape[d]
                else _scaled(split, blocks)
            )
            weight = math.prod(coarse.splits[d + 1 :])
            step = block * weight
        else:
            step = np.zeros(split, np.int64)
        index = (index[:, None] + step[None, :]).ravel()
    if coarse.period:
        inner = coarse.size // coarse.splits[0]
        index = index // inner * coarse.period + index % inner
    return index.astype(np.int32)


def _scaled(fine: int, coarse: int) -> npt.NDArray[np.int64]:
    """The block of a coarser reduction level that contains each block of a finer one."""
    return np.arange(fine, dtype=np.int64) * coarse // fine


def training_parents(
    forward: npt.NDArray[np.int32], gradient_of: npt.NDArray[np.int32], loss: int, first_update: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], int, int]:
    """Parents of all vertices of a training step, from those of the forward vertices.

    Args:
        forward: int32 (n,), parents of the forward vertices: 0..k-1 without gaps.
        gradient_of: int32 (N,), that of the fine graph.
        loss: Number of the loss vertex in the fine graph.
        first_update: Number of the first update vertex in the fine graph.

    Returns:
        Parents int32 (N,), and `gradient_of`, `loss` and `first_update` of the coarse graph.
    """
    k = int(forward.max()) + 1 if len(forward) else 0
    backward = forward[gradient_of[loss + 1 : first_update]]
    updates = forward[gradient_of[first_update:]]
    parents = np.empty(len(gradient_of), np.int32)
    parents[:loss] = forward
    parents[loss] = k
    used, numbers = _compact(backward, k)
    parents[loss + 1 : first_update] = k + 1 + numbers
    used_updates, update_numbers = _compact(updates, k)
    first = k + 1 + len(used)
    parents[first_update:] = first + update_numbers
    coarse = np.concatenate((np.full(k + 1, -1, np.int32), used, used_updates)).astype(np.int32)
    return parents, coarse, k, first


def _compact(
    labels: npt.NDArray[np.int32], limit: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """The labels that occur, ascending, and the rank of each label among them."""
    occurs = np.zeros(limit, bool)
    occurs[labels] = True
    rank = np.cumsum(occurs, dtype=np.int32) - 1
    return np.flatnonzero(occurs).astype(np.int32), rank[labels].astype(np.int32)
