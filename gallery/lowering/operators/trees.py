"""Ensembles of trees: every node, every tree and their sums.

    x [rows, features] -> nodes of depth 0 [rows, nodes] -> nodes of depth 1 ... -> leaves
      -> trees [rows, trees] -> results [rows, results | trees] -> labels

A node reads the feature that it compares and the node above it; a tree reads its leaves. So a
vertex is a block of rows and of trees, or of the nodes of one depth in some trees; where there are
vertices enough, the scan shows the trees.

Definitions: https://onnx.ai/onnx/operators/index.html#ai-onnx-ml.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from gallery.costs.forests import TYPES, Forest, Level, UnreadableError, forest
from gallery.lowering.access.part import Boxes, Ints, Part, Read, Relation
from gallery.lowering.access.registry import Context, NoGridError, lowers
from gallery.lowering.access.relations import AxisRule, per_axis, same
from gallery.lowering.operators.parts import inside
from gallery.lowering.operators.scores import (
    by_row,
    classes_of,
    classifies,
    of_rows,
    results,
    rows_of,
)

MOST_LEVELS = 64
"""Depth from which on the rest of each tree is one piece."""

_TWO = 2

_MOST_COLUMNS = 1 << 20
"""Results above which they are not told apart by the trees that add to them."""


@lowers(*(f"ai.onnx.ml.{name}" for name in TYPES))
def trees(context: Context) -> list[Part]:
    """The nodes depth by depth, the trees, their sums and what follows from these."""
    try:
        grown = forest(context.operator)
    except UnreadableError:
        return by_row(context)
    each = context.flops / max(rows_of(context) * (grown.path + grown.additions), 1.0)
    growing = _Growing(context, grown, rows_of(context), each * rows_of(context) * grown.path)
    for level in grown.levels[:MOST_LEVELS]:
        growing.add(level)
    growing.add_rest(grown.levels[MOST_LEVELS:])
    added = each * rows_of(context) * grown.additions
    return [*growing.parts, growing.whole_trees(), *_sums(context, grown, growing.trees, added)]


@dataclass(slots=True)
class _Growing:
    """The nodes while their parts are made.

    Attributes:
        context: The operator.
        forest: Its trees.
        rows: Number of rows of features.
        flops: Work of all comparisons.
        parts: The parts so far.
        above: Tensor of the inner nodes of the depth before, and their trees.
        ends: For each tensor that trees read: the first of its elements of each tree, and the one
            after the last.
        trees: Tensor of the trees.
    """

    context: Context
    forest: Forest
    rows: int
    flops: float
    parts: list[Part] = field(default_factory=list)
    above: tuple[int, Ints] = (-1, np.empty(0, np.int64))
    ends: list[tuple[int, tuple[int, int], AxisRule]] = field(default_factory=list)
    trees: int = -1

    def add(self, level: Level) -> None:
        """Add the nodes of a depth."""
        if len(level.leaf_trees):
            tensor, shape = self._tensor(len(level.leaf_trees))
            # A tree that is a single leaf reads nothing.
            self.parts.append(inside(tensor, shape, self._parents(level.leaf_parents), 2))
            self.ends.append((tensor, shape, _ranges(level.leaf_trees, self.forest.trees)))
        if len(level.features):
            tensor, shape = self._tensor(len(level.features))
            reads = [self._features(level.features), *self._parents(level.parents)]
            share = len(level.features) / max(self.forest.inner, 1)
            self.parts.append(inside(tensor, shape, reads, 2, self.flops * share))
            self.above = tensor, level.trees

    def add_rest(self, levels: tuple[Level, ...]) -> None:
        """Add what is deeper as one piece for each tree."""
        if not levels:
            return
        tensor, shape = self._tensor(self.forest.trees)
        owner = np.concatenate([level.trees for level in levels])
        features = np.concatenate([level.features for level in levels])
        order = np.argsort(owner, kind="stable")
        starts = np.searchsorted(owner[order], np.arange(self.forest.trees + 1))
        above, its_trees = self.above
        reach = per_axis(
            (self.rows, len(its_trees)), [same(0), _ranges(its_trees, self.forest.trees)]
        )
        reads = [
            self._features(features[order], starts),
            Read(tensor=above, relation=reach, differentiable=False),
        ]
        share = len(features) / max(self.forest.inner, 1)
        self.parts.append(inside(tensor, shape, reads, 2, self.flops * share))
        self.ends.append((tensor, shape, same(1)))

    def whole_trees(self) -> Part:
        """The trees: what a row gets from each."""
        self.trees, shape = self._tensor(self.forest.trees)
        reads = [
            Read(tensor=tensor, relation=per_axis(size, [same(0), rule]), differentiable=False)
            for tensor, size, rule in self.ends
        ]
        return inside(self.trees, shape, reads, 2)

    def _tensor(self, size: int) -> tuple[int, tuple[int, int]]:
        shape = (self.rows, size)
        return self.context.virtual(shape, differentiable=False), shape

    def _parents(self, parents: Ints) -> list[Read]:
        """What nodes read of the depth before."""
        tensor, its_trees = self.above
        if tensor < 0:
            return []
        relation = per_axis((self.rows, len(its_trees)), [same(0), _ascending(parents)])
        return [Read(tensor=tensor, relation=relation, differentiable=False)]

    def _features(self, features: Ints, starts: Ints | None = None) -> Read:
        """The features that blocks of nodes name; `starts` are the first of each element's."""
        shape = self.context.shape(0)
        if starts is None:
            starts = np.arange(len(features) + 1)
        relation = picked(features, starts, of_rows(self.context), shape[-1])
        read = self.context.read(0, relation, differentiable=False, exact=False)
        return replace(read, picks=((len(shape) - 1, 1),))


def _sums(context: Context, grown: Forest, of: int, flops: float) -> list[Part]:
    """The results, each summed over the trees that add to it."""
    rows, count = rows_of(context), grown.trees
    columns = classes_of(context) if classifies(context) else context.out_shape()[-1]
    if grown.targets is None or columns > _MOST_COLUMNS:
        relation = per_axis((rows, count), [same(0), same(2)])
        summed = count
    else:
        if not 0 <= grown.targets[0] <= grown.targets[-1] < columns:
            raise NoGridError("a tree adds to a result that there is not")
        if classifies(context) and columns <= _TWO and len(np.unique(grown.targets)) == 1:
            columns = 1  # a single score tells both classes apart
        counts = np.bincount(grown.targets, minlength=columns) if columns > 1 else np.array([count])
        relation = per_axis((rows, count), [same(0), _adding(counts)])
        summed = int(counts.max())
    read = Read(tensor=of, relation=relation, differentiable=False)
    return results(context, [read], (rows, columns, summed), flops)


def picked(features: Ints, starts: Ints, rows: list[AxisRule], width: int) -> Relation:
    """The features that a block's elements along dimension 1 name, each as a box of its own.

    Args:
        features: int64, the features of all elements, one after another.
        starts: int64 (elements + 1,), the first feature of each element.
        rows: The rule for the rows, if the features have rows.
        width: Number of features.
    """
    if features.min(initial=0) < 0 or features.max(initial=-1) >= width:
        raise NoGridError("a node names a feature that there is not")

    def relation(lows: Ints, highs: Ints) -> Boxes:
        spans, block = np.unique(
            starts[lows[:, 1]] * (len(features) + 1) + starts[highs[:, 1]], return_inverse=True
        )
        first, last = np.divmod(spans, len(features) + 1)
        span, index = _expanded(first, last - first)
        span, named = np.divmod(np.unique(span * width + features[index]), width)
        # Neighbouring features make one box.
        begins = np.flatnonzero(np.diff(span * (width + 1) + named, prepend=-2) != 1)
        ends = np.append(begins[1:], len(named)) - 1 if len(begins) else begins
        counts = np.bincount(span[begins], minlength=len(spans))
        places = np.cumsum(counts) - counts
        owner, box = _expanded(places[block.ravel()], counts[block.ravel()])
        boxes = [rule(lows, highs) for rule in rows]
        got_lows = np.stack([*(low[owner] for low, _ in boxes), named[begins][box]], axis=1)
        got_highs = np.stack([*(high[owner] for _, high in boxes), named[ends][box] + 1], axis=1)
        return Boxes(got_lows, got_highs, owner)

    return relation


def _expanded(starts: Ints, lengths: Ints) -> tuple[Ints, Ints]:
    """All numbers of some ranges, range by range: the range of each, and the number."""
    owner = np.repeat(np.arange(len(starts)), lengths)
    ahead = np.cumsum(lengths) - lengths
    return owner, np.arange(len(owner)) - ahead[owner] + starts[owner]


def _adding(counts: Ints) -> AxisRule:
    """The trees of a block of results and of places among the trees that add to each."""
    starts = np.concatenate(([0], np.cumsum(counts)))

    def rule(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        last = highs[:, 1] - 1
        return starts[lows[:, 1]] + lows[:, 2], np.minimum(
            starts[last] + highs[:, 2], starts[last + 1]
        )

    return rule


def _ascending(positions: Ints) -> AxisRule:
    """The range of ascending positions that a block's elements have along dimension 1."""
    return lambda lows, highs: (positions[lows[:, 1]], positions[highs[:, 1] - 1] + 1)


def _ranges(owners: Ints, count: int) -> AxisRule:
    """The elements that a block's owners have along dimension 1; owners are ascending."""
    starts = np.searchsorted(owners, np.arange(count + 1))
    return lambda lows, highs: (starts[lows[:, 1]], starts[highs[:, 1]])
