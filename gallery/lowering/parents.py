"""Parents: for each vertex, the vertex of a coarser graph whose block contains its block."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, chain, pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gallery.jit import inner_kernel, kernel
from gallery.lowering.access.part import Ints
from gallery.lowering.edges import block_of
from gallery.lowering.program import Program
from gallery.lowering.tiling.splits import Splits
from gallery.lowering.tiling.traffic import FAN_IN, grid_vertices


class Sets(NamedTuple):
    """The sets of a program as the kernels see them.

    The grid dimensions are those of all parts, then those of all leaves in the order in which they
    are numbered.

    Attributes:
        shape: int64 (dims,), size of each grid dimension.
        dims: int64 (parts + leaves + 1,), first grid dimension of each.
        rank: int64 (parts,), how many of a part's dimensions are those of the tensors it makes.
        groups: int64 (groups, 4): first part and that after the last, first leaf and that after
            the last.
    """

    shape: Ints
    dims: Ints
    rank: Ints
    groups: Ints


def forward_parents(program: Program, steps: Sequence[Splits]) -> list[npt.NDArray[np.int32]]:
    """The parents of the forward vertices, fine to coarse.

    Args:
        program: The parts.
        steps: How far they are split at each level, coarse to fine.

    Returns:
        For each level but the coarsest, the vertex of the next coarser one: int32 (n,).
    """
    leaves = [tensor for group in program.groups for tensor in group.leaves]
    shapes = [part.shape for part in program.parts] + [program.tensors[t].shape for t in leaves]
    ends = [0, *accumulate(len(group.leaves) for group in program.groups)]
    sets = Sets(
        shape=_flat(shapes),
        dims=np.array([0, *accumulate(map(len, shapes))], np.int64),
        rank=np.array([part.rank for part in program.parts], np.int64),
        groups=np.array(
            [
                (group.parts.start, group.parts.stop, *leaves_of)
                for group, leaves_of in zip(program.groups, pairwise(ends), strict=True)
            ],
            np.int64,
        ),
    )
    times = [program.parts[group.parts.start].time for group in program.groups]
    levels = [
        (
            _flat([*splits.parts, *(splits.leaves[tensor] for tensor in leaves)]),
            np.array([splits.chunks[time] if time >= 0 else 0 for time in times], np.int64),
        )
        for splits in reversed(steps)
    ]
    return [_parents(sets, *fine, *coarse) for fine, coarse in pairwise(levels)]


def _flat(rows: Sequence[Sequence[int]]) -> Ints:
    return np.fromiter(chain.from_iterable(rows), np.int64)


@inner_kernel
def _cells(splits, begin, end):  # type: ignore[no-untyped-def]
    cells = 1
    for d in range(begin, end):
        cells *= splits[d]
    return cells


@inner_kernel
def _counted(sets, splits, chunks, group):  # type: ignore[no-untyped-def]
    """Number of vertices of the parts of a group."""
    if chunks[group]:
        return chunks[group]
    total = 0
    for part in range(sets.groups[group, 0], sets.groups[group, 1]):
        middle, end = sets.dims[part] + sets.rank[part], sets.dims[part + 1]
        total += grid_vertices(splits, sets.dims[part], middle, end)
    return total


@inner_kernel
def _space(space, shape, fine, coarse, begin, end):  # type: ignore[no-untyped-def]
    """The sizes and splits of some dimensions (OUT: space, int64 (3, dims or more))."""
    for d in range(begin, end):
        space[0, d - begin], space[1, d - begin] = shape[d], fine[d]
        space[2, d - begin] = coarse[d]


@inner_kernel
def _onto(out, at, stride, to, coarse_stride, space, dims):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    """Give the vertices of a set their parents.

    Args:
        out: int32 (n,), parents (OUT).
        at: The set's first vertex.
        stride: Distance between vertices of successive blocks along the first dimension; 0 if they
            are in row-major order.
        to: First vertex of the coarser set.
        coarse_stride: The same as `stride` of that.
        space: int64 (3, dims or more), size, splits and coarser splits of each dimension.
        dims: Number of dimensions.
    """
    weight = _cells(space[2], 1, dims)
    coarse_stride = coarse_stride or weight
    inner = 1
    out[at] = to
    for d in range(1, dims):
        size, fine, coarse = space[0, d], space[1, d], space[2, d]
        weight //= coarse
        if fine == 1:
            continue
        steps = np.zeros(fine, np.int32)
        for block in range(fine if coarse > 1 else 0):
            steps[block] = weight * block_of(block * size // fine, size, coarse)
        # Backwards, so that what is still to be read is not written over.
        for k in range(inner - 1, -1, -1):
            parent = out[at + k]
            for block in range(fine):
                out[at + k * fine + block] = parent + steps[block]
        inner *= fine
    for block in range((space[1, 0] if dims else 1) - 1, 0, -1):
        further = 0
        if space[2, 0] > 1:
            low = block * space[0, 0] // space[1, 0]
            further = coarse_stride * block_of(low, space[0, 0], space[2, 0])
        begin = at + block * (stride or inner)
        for k in range(inner):
            out[begin + k] = out[at + k] + further


@kernel
def _parents(sets, fine, fine_chunks, coarse, coarse_chunks):  # type: ignore[no-untyped-def]
    """The parents of the vertices of a level: int32 (n,).

    Sums whose tree is higher than the coarser one belong to the last sum of that.

    Args:
        sets: The sets.
        fine: int64 (dims,), how far their grid dimensions are split.
        fine_chunks: int64 (groups,), chunks of time of a recurrence that is collapsed, else 0.
        coarse: int64 (dims,), the same as `fine` of the coarser level.
        coarse_chunks: int64 (groups,), the same as `fine_chunks`.
    """
    parts, total, most = len(sets.rank), 0, 0
    for leaf in range(parts, len(sets.dims) - 1):
        total += _cells(fine, sets.dims[leaf], sets.dims[leaf + 1])
    for group in range(len(sets.groups)):
        total += _counted(sets, fine, fine_chunks, group)
    for one in range(len(sets.dims) - 1):
        most = max(most, sets.dims[one + 1] - sets.dims[one])
    out = np.empty(total, np.int32)
    space = np.empty((3, most + 1), np.int64)
    # Constants would have types of their own, and `_onto` be compiled for each mix of them.
    none = np.int64(0)
    at = to = none
    for group in range(len(sets.groups)):
        first, last, leaf, leaf_end = sets.groups[group]
        for one in range(parts + leaf, parts + leaf_end):
            begin, end = sets.dims[one], sets.dims[one + 1]
            _space(space, sets.shape, fine, coarse, begin, end)
            _onto(out, at, none, to, none, space, end - begin)
            at += _cells(fine, begin, end)
            to += _cells(coarse, begin, end)
        own = _counted(sets, fine, fine_chunks, group)
        coarser = _counted(sets, coarse, coarse_chunks, group)
        steps, stride, coarse_stride = 1, none, none
        if fine_chunks[group]:
            last = first + 1
        elif last - first > 1:
            steps = sets.shape[sets.dims[first]]
            stride = own // steps
            coarse_stride = none if coarse_chunks[group] else coarser // steps
        this, onto = at, to
        for part in range(first, last):
            begin, end, rank = sets.dims[part], sets.dims[part + 1], sets.rank[part]
            blocks, partials = _cells(fine, begin, begin + rank), _cells(fine, begin + rank, end)
            fewer = _cells(coarse, begin, begin + rank)
            left = _cells(coarse, begin + rank, end)
            _space(space, sets.shape, fine, coarse, begin, end)
            _onto(out, this, stride, onto, coarse_stride, space, end - begin)
            this += blocks * partials // steps
            there = onto
            while partials > 1:
                partials = (partials + FAN_IN - 1) // FAN_IN
                if left > 1:
                    there += fewer * left // steps
                    left = (left + FAN_IN - 1) // FAN_IN
                space[0, rank] = space[1, rank] = partials
                space[2, rank] = left
                _onto(out, this, stride, there, coarse_stride, space, rank + 1)
                this += blocks * partials // steps
            if not coarse_chunks[group]:
                onto += grid_vertices(coarse, begin, begin + rank, end) // steps
        at += own
        to += coarser
    return out


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
