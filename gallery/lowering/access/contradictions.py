"""Checks that the relations of an operator are consistent: models are not trusted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from gallery.lowering.access.part import Part

CONTRADICTIONS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)
"""What a family may raise if attributes, shapes and inputs contradict each other."""


def check_parts(parts: Sequence[Part], rank_of: Callable[[int], int | None]) -> None:
    """Try every relation of an operator on its whole index space.

    Args:
        parts: The parts of the operator.
        rank_of: Returns the rank of a tensor of the program, or None if it is not known.

    Raises:
        ValueError: The boxes of a relation and its tensor differ in rank.
        Exception: One of `CONTRADICTIONS`: a relation cannot be evaluated.
    """
    for part in parts:
        if min(part.shape, default=1) < 0:
            raise ValueError(f"the index space is {part.shape}")
        lows = np.zeros((1, len(part.shape)), np.int64, order="F")
        highs = np.full_like(lows, part.shape)
        for read in part.reads:
            rank = rank_of(read.tensor)
            found = read.relation(lows, highs).lows.shape[1]
            if rank is not None and found != rank:
                raise ValueError(f"boxes of {found} dimensions for a tensor of {rank}")
