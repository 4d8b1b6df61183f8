"""Sets of blocks and what they read by straight relations, as numbers for kernels.

All sets are in the same arrays, as most are small.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from gallery.graph import ComputeSet
from gallery.lowering.access.part import Ints, Read
from gallery.lowering.access.relations import Straight
from gallery.lowering.edges import Producer

StraightRead = tuple[Straight, Producer, int]
"""A relation, what is read by it, and the flag of these edges."""


class Lines(NamedTuple):
    """Sets and what they read by straight relations, as numbers for the kernels.

    Attributes:
        sets: int64 (sets + 1, 2), first dimension and first read of each set.
        space: int64 (dims, 2), size and splits of each dimension of the sets' index spaces.
        reads: int64 (reads, 3), first rule, number in `made` of what is read, and flag.
        rules: int64 (rules, 6): axis, scale, before, after, size, whether it moves (see
            `Straight`).
        made: int64 (k + 1, 3), first dimension, first vertex and period of each set that is read.
        grids: int64 (dims, 2), size and splits of each dimension of what is read.
    """

    sets: Ints
    space: Ints
    reads: Ints
    rules: Ints
    made: Ints
    grids: Ints


def straight_reads(
    grid: ComputeSet, reads: Sequence[Read], makers: Sequence[Producer], flags: Sequence[int]
) -> list[StraightRead] | None:
    """What `Lines` can hold of a set, None if it reads anything by another relation."""
    found: list[StraightRead] = []
    for read, maker, flag in zip(reads, makers, flags, strict=True):
        relation = read.relation
        if not isinstance(relation, Straight) or relation.least > len(grid.shape):
            return None
        if len(relation.shape) != len(maker.shape):
            return None
        found.append((relation, maker, flag))
    return found


def lines_of(sets: Iterable[tuple[ComputeSet, Sequence[StraightRead]]]) -> Lines:
    """The lines of some sets."""
    offsets, reads = [(0, 0)], []
    rules: list[tuple[int, ...]] = []
    made: list[tuple[int, ...]] = []
    space: list[tuple[int, ...]] = []
    grids: list[tuple[int, ...]] = []
    rule_of: dict[Straight, int] = {}
    number_of: dict[int, int] = {}  # by the identity of a producer
    for grid, straight in sets:
        for relation, maker, flag in straight:
            rule = rule_of.get(relation)
            if rule is None:
                rule = rule_of[relation] = len(rules)
                rules += relation.lines
            number = number_of.get(id(maker))
            if number is None:
                number = number_of[id(maker)] = len(made)
                made.append((len(grids), maker.first, maker.period))
                grids += zip(maker.shape, maker.splits, strict=True)
            reads.append((rule, number, flag))
        space += zip(grid.shape, grid.splits, strict=True)
        offsets.append((len(space), len(reads)))
    made.append((len(grids), 0, 0))
    return Lines(
        sets=_table(offsets, 2),
        space=_table(space, 2),
        reads=_table(reads, 3),
        rules=_table(rules, 6),
        made=_table(made, 3),
        grids=_table(grids, 2),
    )


def _table(rows: Sequence[tuple[int, ...]], columns: int) -> Ints:
    return np.array(rows, np.int64).reshape(-1, columns)
