"""A tensor's blocks as the page shows them; apart from the figures, whose drawing takes numba."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """How a tensor is split, seen along two of its dimensions.

    Attributes:
        name: Of the tensor.
        shape: Of the tensor, as text.
        rows: Blocks along the first of the two dimensions.
        columns: Blocks along the second.
        lit: (row, column) of the highlighted blocks.
    """

    name: str
    shape: str
    rows: int
    columns: int
    lit: tuple[tuple[int, int], ...]
