"""A program as arrays, for the kernels that choose its grids.

All grids of a program are in one array, so that the kernels find those of a part, of what it reads
and of what reads it by their offsets.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gallery.lowering.access.part import Part, Read
from gallery.lowering.program import Program
from gallery.lowering.tiling.footprints import Axis, footprint

ALONE = -1
"""As an offset: there is none."""
OWN = -2
"""As the offset of what splits a leaf: the grid of its reader, which it follows."""

APART = -3
"""As what a leaf's dimension follows: nothing, it is always split wholly."""

_Places = npt.NDArray[np.int64]
_Reals = npt.NDArray[np.float64]


class Tables(NamedTuple):
    """A program as the kernels see it.

    The grid dimensions are those of all parts, then those of all leaves: `splits`, the array that
    the kernels work on, has one number for each.

    Attributes:
        shape: int64 (dims,), size of each grid dimension.
        frozen: bool (dims,), grid dimensions that are never split.
        dims: int64 (parts + 1,), first grid dimension of each part.
        rank: int64 (parts,), how many of a part's dimensions are those of the tensors it makes.
        after: int64 (k, 3), rows (b, a, k): dimension b is split only once a has k splits.
        afters: int64 (parts + 1,), first of these rows of each part.
        reads: int64 (parts + 1,), first read of each part.
        axes: int64 (reads + 1,), first axis of each read.
        gradient: bool (reads,), whether a gradient flows back; nowhere without a backward pass.
        of: int64 (axes,), the part's dimension that an axis follows, or -1.
        maker: int64 (axes,), grid dimension that splits an axis of what is read; -1 if nothing
            does, -2 if it follows the reader (a leaf of its own).
        size, slope, halo: float64 (axes,), see `Axis`.
        readers: int64 (parts + 1,), first entry of each part in the next two.
        reader: int64 (k,), parts that read what a part makes.
        by: int64 (k,), the reads by which they do.
        leaves: int64 (parts + 1,), first of the leaves that follow each part.
        leaf: int64 (leaves + 1,), first grid dimension of each leaf, in the order of `leaves`.
        follows: int64 (dims,), for a leaf's dimension, the part's dimension that it follows; -1 if
            there is none, -3 if it is always split wholly.
        picked: bool (dims,), for a leaf's dimension, whether the part picks single indices of it.
        copies: int64 (leaves,), vertices per block: itself, its gradient and its update.
    """

    shape: _Places
    frozen: npt.NDArray[np.bool_]
    dims: _Places
    rank: _Places
    after: _Places
    afters: _Places
    reads: _Places
    axes: _Places
    gradient: npt.NDArray[np.bool_]
    of: _Places
    maker: _Places
    size: _Reals
    slope: _Reals
    halo: _Reals
    readers: _Places
    reader: _Places
    by: _Places
    leaves: _Places
    leaf: _Places
    follows: _Places
    picked: npt.NDArray[np.bool_]
    copies: _Places


def largest_readers(program: Program) -> dict[int, tuple[int, int]]:
    """The part and read whose grid each input or parameter follows, by tensor.

    It is the largest reader: an embedding that is also the matrix of the last layer is split as in
    the matrix product, not by the few rows that the tokens select.
    """
    readers: dict[int, tuple[int, int]] = {}
    largest: dict[int, float] = {}
    for i, part in enumerate(program.parts):
        size = float(math.prod(part.shape))
        for j, read in enumerate(part.reads):
            leaf = program.tensors[read.tensor].leaf
            if leaf and size > largest.get(read.tensor, -1.0):
                readers[read.tensor] = (i, j)
                largest[read.tensor] = size
    return readers


def tables(program: Program, training: bool) -> tuple[Tables, tuple[int, ...]]:
    """The tables of a program, and its leaves in the order of their grid dimensions.

    Args:
        program: The program.
        training: Whether there is a backward pass.
    """
    parts = program.parts
    owners = largest_readers(program)
    leaves = tuple(sorted(owners, key=lambda tensor: (*owners[tensor], tensor)))
    shapes = [program.tensors[tensor].shape for tensor in leaves]
    prints = _footprints(program)
    axes = _axes(prints)
    dims = _offsets([len(part.shape) for part in parts])
    leaf = dims[-1] + _offsets([len(shape) for shape in shapes])
    readers = _readers(program)
    at = [owners[tensor] for tensor in leaves]
    apart = _apart(program, prints)
    followed = [
        APART if (tensor, d) in apart else _followed(parts[i], axis)
        for tensor, (i, j) in zip(leaves, at, strict=True)
        for d, axis in enumerate(prints[i][j])
    ]
    picked = [
        d in dict(parts[i].reads[j].picks)
        for (i, j), shape in zip(at, shapes, strict=True)
        for d in range(len(shape))
    ]
    table = Tables(
        shape=_ints(chain.from_iterable([*[part.shape for part in parts], *shapes])),
        frozen=np.array([frozen for part in parts for frozen in _frozen(part)], bool),
        dims=dims,
        rank=_ints(part.rank for part in parts),
        after=_ints(x for part in parts for a, b, k in part.after for x in (b, a, k)).reshape(
            -1, 3
        ),
        afters=_offsets([len(part.after) for part in parts]),
        reads=_offsets([len(part.reads) for part in parts]),
        axes=_offsets([len(axes) for rows in prints for axes in rows]),
        gradient=np.array(
            [training and read.differentiable for part in parts for read in part.reads], bool
        ),
        of=axes[:, 1].astype(np.int64),
        maker=_makers(program, owners, dims, dict(zip(leaves, leaf.tolist(), strict=False))),
        size=np.maximum(axes[:, 0], 1.0),
        slope=axes[:, 2].copy(),
        halo=axes[:, 3].copy(),
        readers=_offsets([len(rows) for rows in readers]),
        reader=_ints(j for rows in readers for j, _ in rows),
        by=_ints(k for rows in readers for _, k in rows),
        leaves=_offsets(np.bincount(_ints(i for i, _ in at), minlength=len(parts))),
        leaf=leaf,
        follows=_ints([*([ALONE] * int(dims[-1])), *followed]),
        picked=np.array([*([False] * int(dims[-1])), *picked], bool),
        copies=_ints(_copies(program, tensor, training) for tensor in leaves),
    )
    return table, leaves


def _footprints(program: Program) -> list[list[tuple[Axis, ...]]]:
    """The footprint of each read of each part; those of equal parts are measured once."""
    known: dict[tuple[Hashable, ...], tuple[Axis, ...]] = {}

    def measured(part: Part, read: Read) -> tuple[Axis, ...]:
        shape = program.tensors[read.tensor].shape
        like = read.relation, read.picks, part.shape, shape
        found = known.get(like)
        if found is None:
            found = known[like] = footprint(part, read, shape)
        return found

    return [[measured(part, read) for read in part.reads] for part in program.parts]


def _axes(prints: Sequence[Sequence[Sequence[Axis]]]) -> _Reals:
    """All axes of all reads, one after another: float64 (axes, 4), see `Axis`."""
    rows = [axes for reads in prints for axes in reads]
    distinct = {id(axes): axes for axes in rows}
    known = {key: np.array(axes, np.float64).reshape(-1, 4) for key, axes in distinct.items()}
    return np.concatenate([np.empty((0, 4)), *[known[id(axes)] for axes in rows]])


def _ints(numbers: Iterable[int]) -> _Places:
    return np.fromiter(numbers, np.int64)


def _offsets(counts: Sequence[int] | _Places) -> _Places:
    return np.concatenate(([0], np.cumsum(np.asarray(counts, np.int64)))).astype(np.int64)


def _frozen(part: Part) -> list[bool]:
    """Whether each dimension of a part is never split."""
    if not part.whole and part.time < 0:
        return [False] * len(part.shape)
    return [d in part.whole or (part.time >= 0 and d == 0) for d in range(len(part.shape))]


def _apart(program: Program, prints: Sequence[Sequence[Sequence[Axis]]]) -> set[tuple[int, int]]:
    """Dimensions of leaves, as (tensor, dimension), whose readers take one index each.

    They are the trips of an unrolled loop, which read a row each.
    """
    axes: dict[tuple[int, int], list[Axis]] = {}
    for part, rows in zip(program.parts, prints, strict=True):
        for read, row in zip(part.reads, rows, strict=True):
            for d, axis in enumerate(row if program.tensors[read.tensor].leaf else ()):
                axes.setdefault((read.tensor, d), []).append(axis)
    return {
        place
        for place, found in axes.items()
        if len(found) > 1 and all(a.of < 0 and a.halo == 1 and a.size > 1 for a in found)
    }


def _followed(part: Part, axis: Axis) -> int:
    """The dimension of its reader that a leaf's dimension follows; time is not followed."""
    return ALONE if part.time >= 0 and axis.of == 0 else axis.of


def _copies(program: Program, tensor: int, training: bool) -> int:
    leaf = program.tensors[tensor]
    return 3 if training and leaf.leaf == "parameter" and leaf.differentiable else 1


def _makers(
    program: Program,
    owners: Mapping[int, tuple[int, int]],
    dims: _Places,
    leaf: Mapping[int, int],
) -> _Places:
    """The grid dimension that splits each axis of each read (see `Tables.maker`)."""
    maker = {tensor: i for i, part in enumerate(program.parts) for tensor in part.makes}
    first = dims.tolist()
    rows = []  # of each read: axes, the first of these dimensions, how many there are, and the rest
    for i, part in enumerate(program.parts):
        for read in part.reads:
            rank = len(program.tensors[read.tensor].shape)
            made = maker.get(read.tensor, -1)
            if made >= 0:
                rows.append((rank, first[made], program.parts[made].rank, ALONE))
            elif owners[read.tensor][0] == i:
                rows.append((rank, 0, 0, OWN))
            else:
                rows.append((rank, leaf[read.tensor], rank, ALONE))
    ranks, begin, split, rest = np.array(rows, np.int64).reshape(-1, 4).T
    axis = np.arange(ranks.sum()) - np.repeat(np.cumsum(ranks) - ranks, ranks)
    known = axis < np.repeat(split, ranks)
    return np.where(known, np.repeat(begin, ranks) + axis, np.repeat(rest, ranks))


def _readers(program: Program) -> list[list[tuple[int, int]]]:
    """The parts that read what each part makes, and the numbers of these reads among all."""
    maker = {tensor: i for i, part in enumerate(program.parts) for tensor in part.makes}
    readers: list[list[tuple[int, int]]] = [[] for _ in program.parts]
    number = 0
    for j, part in enumerate(program.parts):
        for read in part.reads:
            i = maker.get(read.tensor, j)
            if i != j:
                readers[i].append((j, number))
            number += 1
    return readers
