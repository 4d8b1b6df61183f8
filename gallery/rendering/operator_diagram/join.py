"""Joins neighbours where layers say too little: of a chain of 20,000 operators, 134 are a box."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from gallery.model import Layer
from gallery.rendering.operator_diagram.fold import common_layer
from gallery.text import counted

if TYPE_CHECKING:
    from gallery.rendering.operator_diagram.blocks import Block

_TIMES = 4
"""How many times the limit of boxes a diagram may have before neighbours are joined."""

_NAMED = 3
"""Most operator types that a box names."""


def join(
    blocks: Sequence[Block], layers: Sequence[Layer], limit: int
) -> tuple[list[Block], list[int]]:
    """Join blocks that follow each other, if there are far too many.

    Args:
        blocks: The boxes, each after what it reads.
        layers: Of the model, parents first.
        limit: How many boxes there should be at most, about.

    Returns:
        The boxes that remain, and the place among them of each of `blocks`.
    """
    count = len(blocks)
    step = -(-count // limit) if count > _TIMES * limit else 1
    boxes: list[Block] = []
    places: list[int] = []
    # Inputs and outputs of the model stay apart from operators.
    for _, alike in groupby(blocks, lambda block: "" if block.members else block.type):
        kind = list(alike)
        for start in range(0, len(kind), step):
            neighbours = kind[start : start + step]
            places += [len(boxes)] * len(neighbours)
            boxes.append(_one(neighbours, layers))
    return boxes, places


def _one(neighbours: Sequence[Block], layers: Sequence[Layer]) -> Block:
    first, last = neighbours[0], neighbours[-1]
    if len(neighbours) == 1:
        return first
    members = tuple(sorted(v for block in neighbours for v in block.members))
    types = Counter(block.type for block in neighbours)
    names = sorted(types, key=lambda name: (-types[name], name))
    if members:
        title = counted(len(members), "operator")
        notes = tuple(f"{types[name]} × {name}" for name in names[:_NAMED])
    else:
        title = counted(len(neighbours), names[0].lower())
        notes = (f"{first.title} … {last.title}",)
    return replace(
        first,
        title=title,
        notes=notes,
        type=names[0],
        layer=common_layer([block.layer for block in neighbours], layers),
        members=members,
    )
