"""The splits of a graph and of its levels, for a budget of vertices.

How many vertices a forward pass has follows from its splits. How many of a training step sum
gradients follows from its edges alone: so its splits are tried, first those that are right by
estimate, and then others as `following` says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from gallery.graph import FORM_VERTICES
from gallery.lowering.tiling.splits import Splits, Splitter

LEVEL_RATIO = 8
"""Ratio of the vertex counts of successive levels."""

_FORM_RATIO = 6
"""The same for levels of up to about `FORM_VERTICES`; the bodies of few operators are one."""

_TRAINING_SIZE = 2.4
"""About how many times as large as its forward pass a training graph is."""

_NEAR = 0.02
"""How far a graph may be from its budget, as a part of it, where other splits would be nearer."""

_NEARER = 0.005
"""The same for the forward passes that are tried for a training step, which grows in larger steps.
"""

_TRIES = 4
"""Most splits that are tried for a training step."""


class Try(NamedTuple):
    """Splits that were tried for a training step.

    Attributes:
        steps: Those of all levels, coarse to fine.
        forward: Number of vertices of the forward pass.
        whole: Number of vertices in all passes.
    """

    steps: list[Splits]
    forward: int
    whole: int


def forward_splits(start: Splitter, vertices: int, near: float = _NEAR) -> list[Splits]:
    """The splits of all levels of a forward pass, coarse to fine; at least two.

    Args:
        start: The unsplit program.
        vertices: Number of vertices of the forward pass.
        near: How far it may be from that, as a part of it, where other splits would be nearer.
    """
    splitter = start.fork()
    smaller = [size for size in _levels(start, vertices) if size < vertices]
    steps = _along(splitter, smaller, np.iinfo(np.int64).max)
    # The doubling that reached the last level may have gone too far.
    walk = splitter if splitter.totals[0] < vertices else start.fork()
    last = walk.settle(vertices, near)
    steps = [splits for splits in steps if splits.vertices <= last.vertices and splits != last]
    return [*steps, last] if steps else [last, last]


def training_splits(start: Splitter, vertices: int) -> list[Splits]:
    """The first splits to try for a training step, coarse to fine; at least two.

    Args:
        start: The unsplit program.
        vertices: Number of vertices in all passes.
    """
    smaller = _levels(start, int(vertices / _TRAINING_SIZE))
    steps = _along(start.fork(), [*smaller, vertices], vertices)
    return steps if len(steps) > 1 else 2 * steps


def following(start: Splitter, tried: Sequence[Try], vertices: int) -> list[Splits] | None:
    """The splits to try next for a training step; None if the last ones are near enough or best.

    Args:
        start: The unsplit program.
        tried: Those that were tried.
        vertices: Number of vertices in all passes.
    """
    last = tried[-1]
    if not _far(last.whole, vertices, _NEAR):
        return None
    for aim in _aims(tried, vertices) if len(tried) < _TRIES else ():
        steps = forward_splits(start, aim, _NEARER)
        if all(steps[-1] != one.steps[-1] for one in tried):
            return steps
    most = (1 + _NEAR) * vertices
    best = min(tried, key=lambda one: (one.whole > most, abs(one.whole - vertices)))
    return best.steps if best.steps[-1] != last.steps[-1] else None


def _far(found: int, wanted: int, near: float) -> bool:
    return abs(found - wanted) > near * wanted


def _aims(tried: Sequence[Try], vertices: int) -> Iterator[int]:
    """Numbers of forward vertices that may give a training step its vertices, the likeliest first.

    The first is in between those of a step that has too few and of one that has too many, or in
    proportion. Those around it are split otherwise: how many vertices sum gradients may change a
    lot with a single doubling.
    """
    few = max((one[1:] for one in tried if one.whole < vertices), default=None)
    many = min((one[1:] for one in tried if one.whole > vertices), default=None)
    if few and many and few[0] < many[0]:
        aim = few[0] + (many[0] - few[0]) * (vertices - few[1]) // (many[1] - few[1])
    else:
        aim = tried[-1].forward * vertices // tried[-1].whole
    yield max(aim, 1)
    for percent in range(1, 7):
        yield from (max(aim * (100 + percent) // 100, 1), max(aim * (100 - percent) // 100, 1))


def _along(splitter: Splitter, sizes: Sequence[int], whole: int) -> list[Splits]:
    """Splits along the one sequence, coarse to fine, with those at its start; at least one.

    Args:
        splitter: At the start; it walks along.
        sizes: About how many vertices their forward passes have, ascending.
        whole: Number of vertices in all passes, by estimate, at which to stop at the latest.
    """
    steps = [splitter.snapshot()]
    for size in sizes:
        splits = splitter.advance(whole, size)
        if splits != steps[-1]:
            steps.append(splits)
        if splitter.totals[1] >= whole:
            break
    return steps


def _levels(start: Splitter, vertices: int) -> list[int]:
    """The sizes of the levels of a forward pass, coarse to fine.

    Those are left out that have less than twice as many vertices as the unsplit program.
    """
    enough = 2 * int(start.totals[0])
    return [size for size in reversed(level_sizes(vertices)) if size > enough]


def level_sizes(vertices: int) -> list[int]:
    """About the sizes of the levels of a forward pass, fine to coarse.

    Small ones are the same for all forward passes that are larger.

    >>> level_sizes(1_000_000)
    [125000, 18000, 3000, 500, 83, 13, 2]
    """
    sizes = []
    while vertices > 2 * FORM_VERTICES * LEVEL_RATIO:
        vertices //= LEVEL_RATIO
        sizes.append(vertices)
    size = FORM_VERTICES
    while size > 1:
        sizes.append(size)
        size //= _FORM_RATIO
    return sizes
