"""Whether what an operator says of itself fits together: models are not to be trusted."""

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
"""What a family may raise on attributes, shapes and inputs that contradict each other."""


def check_parts(parts: Sequence[Part], rank_of: Callable[[int], int | None]) -> None:
    """Try every relation of an operator on its whole index space.

    Args:
        parts: Of the operator.
        rank_of: Number of dimensions of a tensor of the program, or None where it is not known.

    Raises:
        ValueError: A relation gives boxes of another rank than its tensor's.
        Exception: One of `CONTRADICTIONS`: a relation cannot be followed.
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
