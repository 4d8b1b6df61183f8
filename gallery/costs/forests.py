"""The trees of an ensemble, level by level, from the attributes that list their nodes.

ai.onnx.ml has two forms. TreeEnsembleClassifier and TreeEnsembleRegressor list all nodes, each with
the number of its tree and its own within the tree; what a leaf adds to the results is listed apart.
TreeEnsemble (since version 5) lists inner nodes and leaves separately, and the root of each tree.
Definitions: https://onnx.ai/onnx/operators/index.html#ai-onnx-ml.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gallery.model import Operator

DEEPEST = 10_000
"""Levels of a tree after which its nodes are not followed."""

TYPES = ("TreeEnsemble", "TreeEnsembleClassifier", "TreeEnsembleRegressor")

_WIDEST = 2**31

Ints = npt.NDArray[np.int64]


class UnreadableError(Exception):
    """The nodes are not in the model, or do not make trees."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Level:
    """The nodes of one depth, tree by tree and in each tree from left to right.

    Attributes:
        features: int64 (k,), the feature that each inner node compares.
        parents: int64 (k,), position of its parent among the inner nodes of the level above; -1 for
            a root.
        trees: int64 (k,), its tree.
        leaf_parents: int64 (l,), the parent of each leaf, likewise.
        leaf_trees: int64 (l,), the tree of each leaf.
    """

    features: Ints
    parents: Ints
    trees: Ints
    leaf_parents: Ints
    leaf_trees: Ints


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forest:
    """The trees of an ensemble.

    Attributes:
        trees: Number of trees.
        levels: The nodes by depth.
        additions: Number of pairs of a tree and a result that it adds to.
        targets: int64 (trees,), ascending: the one result that each tree adds to; None if a tree
            adds to several.
    """

    trees: int
    levels: tuple[Level, ...]
    additions: int
    targets: Ints | None

    @property
    def inner(self) -> int:
        """Number of inner nodes, each of which compares a feature with a threshold."""
        return sum(len(level.features) for level in self.levels)

    @property
    def leaves(self) -> int:
        """Number of leaves."""
        return sum(len(level.leaf_trees) for level in self.levels)

    @property
    def depth(self) -> int:
        """Comparisons on the longest path of a row through a tree."""
        return len(self.levels) - 1

    @property
    def path(self) -> float:
        """Comparisons of a row in all trees if each leaf of a tree is as likely as the others."""
        counts = np.zeros(self.trees)
        depths = np.zeros(self.trees)
        for depth, level in enumerate(self.levels):
            leaves = np.bincount(level.leaf_trees, minlength=self.trees)
            counts += leaves
            depths += depth * leaves
        return float((depths / np.maximum(counts, 1)).sum())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Nodes:
    """All nodes of the trees: the leaves follow the inner ones.

    Attributes:
        features: int64 (inner,), the feature that each inner node compares.
        children: int64 (inner, 2), the nodes that follow where it is true and where it is not.
        roots: int64 (trees,), the root of each tree.
        leaves: Number of leaves.
        targets: int64 (k, 2), sorted pairs of a tree and a result that it adds to; None if
            `leaf_targets` tells them.
        leaf_targets: int64 (leaves,), the result that each leaf adds to.
    """

    features: Ints
    children: Ints
    roots: Ints
    leaves: int
    targets: Ints | None
    leaf_targets: Ints


def forest(operator: Operator) -> Forest:
    """The trees of an ensemble.

    Raises:
        UnreadableError: A list of nodes was left in the file, or the lists contradict each other.
    """
    try:
        nodes = _listed(operator) if operator.type == "TreeEnsemble" else _numbered(operator)
        return _followed(nodes)
    except (IndexError, ValueError, TypeError, OverflowError) as error:
        raise UnreadableError(str(error)) from error


def _ints(operator: Operator, name: str) -> Ints:
    value: Any = operator.attributes.get(name)
    if not isinstance(value, tuple | np.ndarray):
        raise UnreadableError(name)
    return np.asarray(value, np.int64)


def _numbered(operator: Operator) -> _Nodes:
    """The nodes of an ensemble that gives each node the number of its tree and its own."""
    numbers, modes = _ints(operator, "nodes_nodeids"), operator.attributes.get("nodes_modes")
    names, starts, tree = np.unique(
        _ints(operator, "nodes_treeids"), return_index=True, return_inverse=True
    )
    if not isinstance(modes, tuple) or not len(modes) == len(tree) == len(numbers) > 0:
        raise UnreadableError("nodes_modes")
    leaf = np.array([mode == "LEAF" for mode in modes])
    inner = np.flatnonzero(~leaf)
    rank = np.where(leaf, len(inner) + np.cumsum(leaf), np.cumsum(~leaf)) - 1
    keys = _keys(tree, numbers, numbers)
    order = np.argsort(keys, kind="stable")
    sides = []
    for side in ("true", "false"):
        wanted = _keys(tree[inner], _ints(operator, f"nodes_{side}nodeids")[inner], numbers)
        place = order[np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)]
        if (keys[place] != wanted).any():
            raise UnreadableError(f"nodes_{side}nodeids")
        sides.append(rank[place])
    kind = "class" if operator.type == "TreeEnsembleClassifier" else "target"
    adding = np.searchsorted(names, _ints(operator, f"{kind}_treeids"))
    return _Nodes(
        features=_ints(operator, "nodes_featureids")[inner],
        children=np.stack(sides, axis=1),
        roots=rank[starts],
        leaves=len(leaf) - len(inner),
        targets=np.unique(np.stack([adding, _ints(operator, f"{kind}_ids")], axis=1), axis=0),
        leaf_targets=np.empty(0, np.int64),
    )


def _keys(trees: Ints, numbers: Ints, known: Ints) -> Ints:
    """A number for each pair of a tree and a node's number in it."""
    first, last = int(known.min()), int(known.max())
    if (
        last - first > _WIDEST
        or numbers.min(initial=first) < first
        or numbers.max(initial=last) > last
    ):
        raise UnreadableError("nodes_nodeids")
    return trees.reshape(-1) * (last - first + 1) + numbers - first


def _listed(operator: Operator) -> _Nodes:
    """The nodes of an ensemble that lists inner nodes, leaves and roots."""
    features, results = _ints(operator, "nodes_featureids"), _ints(operator, "leaf_targetids")
    sides = []
    for side in ("true", "false"):
        to_leaf = _ints(operator, f"nodes_{side}leafs") != 0
        sides.append(_ints(operator, f"nodes_{side}nodeids") + len(features) * to_leaf)
    return _Nodes(
        features=features,
        children=np.stack(sides, axis=1),
        roots=_ints(operator, "tree_roots"),
        leaves=len(results),
        targets=None,
        leaf_targets=results,
    )


def _followed(nodes: _Nodes) -> Forest:
    """Follow the trees from their roots down, those that add to the same result side by side."""
    count, inner = len(nodes.roots), len(nodes.features)
    total = inner + nodes.leaves
    for places, end in ((nodes.children, total), (nodes.roots, total)):
        if places.min(initial=0) < 0 or places.max(initial=-1) >= end:
            raise UnreadableError("a child or root is not a node")
    order, targets = np.arange(count), nodes.targets
    if targets is None:
        targets = _added(nodes, list(_walk(nodes, order)))
    single = np.array_equal(targets[:, 0], order)
    if single:
        order = np.argsort(targets[:, 1], kind="stable")
    return Forest(
        trees=count,
        levels=tuple(_level(nodes, *row) for row in _walk(nodes, order)),
        additions=len(targets),
        targets=targets[order, 1] if single else None,
    )


def _walk(nodes: _Nodes, order: Ints) -> Iterator[tuple[Ints, Ints, Ints]]:
    """The nodes of each depth, their parents among the inner nodes above, and their trees."""
    inner = len(nodes.features)
    at, trees = nodes.roots[order], np.arange(len(order))
    parents, visits = np.full(len(at), -1), 0
    for _ in range(DEEPEST):
        yield at, parents, trees
        branching = at < inner
        above = at[branching]
        visits += len(above)
        if visits > inner:
            raise UnreadableError("a node has several parents")
        if not len(above):
            return
        below = nodes.children[above]
        # Both sides of a tree that is a single leaf lead to it.
        kept = np.stack([np.ones(len(above), bool), below[:, 0] != below[:, 1]], axis=1).ravel()
        at = below.ravel()[kept]
        parents = np.repeat(np.arange(len(above)), 2)[kept]
        trees = np.repeat(trees[branching], 2)[kept]
    raise UnreadableError("a tree is too deep")


def _level(nodes: _Nodes, at: Ints, parents: Ints, trees: Ints) -> Level:
    inner = at < len(nodes.features)
    return Level(
        features=nodes.features[at[inner]],
        parents=parents[inner],
        trees=trees[inner],
        leaf_parents=parents[~inner],
        leaf_trees=trees[~inner],
    )


def _added(nodes: _Nodes, rows: list[tuple[Ints, Ints, Ints]]) -> Ints:
    """Pairs of a tree and a result that one of its leaves adds to, sorted."""
    at, trees = (np.concatenate([row[k] for row in rows]) for k in (0, 2))
    leaf = at >= len(nodes.features)
    results = nodes.leaf_targets[at[leaf] - len(nodes.features)]
    return np.unique(np.stack([trees[leaf], results], axis=1), axis=0)
