"""Checks that the relations of an operator are consistent: models are not trusted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from gallery.lowering.access.part import Part, Relation
from gallery.lowering.access.relations import Straight

CONTRADICTIONS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)
"""What a family may raise if attributes, shapes and inputs contradict each other."""


def check_parts(
    parts: Sequence[Part],
    rank_of: Callable[[int], int | None],
    ranks: dict[tuple[Relation, tuple[int, ...]], int],
) -> None:
    """Try every relation of an operator on its whole index space.

    Args:
        parts: The parts of the operator.
        rank_of: Returns the rank of a tensor of the program, or None if it is not known.
        ranks: Dimensions of the boxes of relations that were tried already, each with the index
            space that it was tried on (IN, OUT).

    Raises:
        ValueError: The boxes of a relation and its tensor differ in rank.
        Exception: One of `CONTRADICTIONS`: a relation cannot be evaluated.
    """
    for part in parts:
        if min(part.shape, default=1) < 0:
            raise ValueError(f"the index space is {part.shape}")
        for read in part.reads:
            rank = rank_of(read.tensor)
            if isinstance(read.relation, Straight):
                found = read.relation.rank(len(part.shape))
            else:
                tried = read.relation, part.shape
                if tried not in ranks:
                    ranks[tried] = _boxes_rank(*tried)
                found = ranks[tried]
            if rank is not None and found != rank:
                raise ValueError(f"boxes of {found} dimensions for a tensor of {rank}")


def _boxes_rank(relation: Relation, shape: tuple[int, ...]) -> int:
    """Number of dimensions of the boxes that a relation gives for a whole index space."""
    lows = np.zeros((1, len(shape)), np.int64, order="F")
    highs = np.full_like(lows, shape)
    return int(relation(lows, highs).lows.shape[1])
