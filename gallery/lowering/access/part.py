"""The unsplit work of an operator: its parts, what they make and what they read.

An operator consists of one or more parts. A part has an index space: the dimensions of the tensor
that it makes, then those that it sums over. Splitting the index space into a grid of blocks turns
the part into a set of vertices; splitting a summed dimension adds the reduce vertices that sum the
partials.

    Conv      [n, m, h, w | c]                       partial, reduce
    Softmax   [rows, 1 | columns] -> [rows, columns]  statistics, then the quotient
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gallery.graph import Kind

Ints = npt.NDArray[np.int64]


class Boxes(NamedTuple):
    """Boxes of a tensor, each read by one block.

    Attributes:
        lows: int64 (k, rank), first element in each dimension.
        highs: int64 (k, rank), one after the last; a box is empty if a high is not above its low.
        owner: int64 (k,), ascending: the block that reads each box; None if block i reads box i.
    """

    lows: Ints
    highs: Ints
    owner: Ints | None = None


def by_dimension(places: Ints) -> Ints:
    """Corners of boxes, int64 (n, rank), for kernels: (rank, n), contiguous.

    Kernels are compiled once for each order of arrays, and those of one column have two.
    """
    return np.asfortranarray(places).T


Relation = Callable[[Ints, Ints], Boxes]
"""From blocks of an index space (lows, highs: int64 (n, dims)) to the boxes that they read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What a part reads of one tensor.

    Attributes:
        tensor: Index of a tensor of the program.
        relation: From blocks of the part's index space to boxes of the tensor.
        saved: Whether the part's derivative needs the values that are read.
        differentiable: Whether a gradient flows back to the tensor.
        exact: Whether the relation gives one box per block, so that no edge is listed twice.
        picks: Pairs (a, b): along its dimension a, each block picks single indices that do not
            follow one another. An input is then split there as far as dimension b of the part is.
    """

    tensor: int
    relation: Relation
    saved: bool = False
    differentiable: bool = True
    exact: bool = True
    picks: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The work of an operator over one index space.

    Attributes:
        shape: Size of each dimension of the index space.
        rank: Number of dimensions of the tensors that it makes; the others are summed over.
        makes: Tensors of the program, all of the shape `shape[:rank]`.
        reads: What it reads.
        flops: Floating-point operations of the whole part, including its reductions.
        itemsize: Bytes written for each element of `shape[:rank]`.
        saves_output: Whether its derivative needs the values that it makes.
        whole: Dimensions that are never split.
        after: Triples (a, b, k): dimension b is split only once dimension a has k or more splits, k
            a power of two (a channel group is split only once it has a block of its own).
        kind: Kind of the vertices that make its tensors, unless they are reduce vertices.
        operator: Index of the operator (set by the program).
        time: Number of the recurrence that the part belongs to, or -1. The first dimension of a
            recurrent part is time.
    """

    shape: tuple[int, ...]
    rank: int
    makes: tuple[int, ...]
    reads: tuple[Read, ...]
    flops: float = 0.0
    itemsize: float = 4.0
    saves_output: bool = False
    whole: tuple[int, ...] = ()
    after: tuple[tuple[int, int, int], ...] = ()
    kind: Kind = Kind.COMPUTE
    operator: int = -1
    time: int = -1

    def of(self, operator: int, reads: tuple[Read, ...], time: int) -> Part:
        """The same part of an operator, in a third of the time that `replace` takes."""
        return Part(
            shape=self.shape,
            rank=self.rank,
            makes=self.makes,
            reads=reads,
            flops=self.flops,
            itemsize=self.itemsize,
            saves_output=self.saves_output,
            whole=self.whole,
            after=self.after,
            kind=self.kind,
            operator=operator,
            time=time,
        )
