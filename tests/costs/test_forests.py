"""The trees of an ensemble, against a walk from node to node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.costs.facts import facts
from gallery.costs.forests import Forest, UnreadableError, forest
from gallery.model import Operator, Unread
from tests.classical_models import ensemble, grown, listed_ensemble, model_of
from tests.onnx_text import loaded


def operator(kind: str, attributes: dict[str, Any]) -> Operator:
    known = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in attributes.items()
    }
    return Operator(
        name="o", type=kind, domain="ai.onnx.ml", inputs=(0,), outputs=(1,), attributes=known
    )


def walked(nodes: list[dict[str, Any]], at: int = 0, depth: int = 0) -> list[tuple[int, int, bool]]:
    """Depth, feature (-1 for a leaf) and kind of each node below one."""
    node = nodes[at]
    if not node:
        return [(depth, -1, True)]
    below = [walked(nodes, node[side], depth + 1) for side in ("true", "false")]
    return [(depth, node["feature"], False), *below[0], *below[1]]


def assert_walks(found: Forest, trees: list[list[dict[str, Any]]], order: list[int]) -> None:
    rows = [walked(trees[tree]) for tree in order]
    assert found.trees == len(trees)
    assert found.inner == sum(not leaf for row in rows for _, _, leaf in row)
    assert found.leaves == sum(leaf for row in rows for _, _, leaf in row)
    assert found.depth == max(depth for row in rows for depth, _, _ in row)
    paths = [np.mean([depth for depth, _, leaf in row if leaf]) for row in rows]
    assert found.path == pytest.approx(sum(paths))
    for depth, level in enumerate(found.levels):
        for tree, row in enumerate(rows):
            wanted = [feature for at, feature, leaf in row if at == depth and not leaf]
            assert level.features[level.trees == tree].tolist() == wanted
            leaves = sum(leaf for at, _, leaf in row if at == depth)
            assert (level.leaf_trees == tree).sum() == leaves
        if depth:
            above = found.levels[depth - 1]
            for parents, own in (
                (level.parents, level.trees),
                (level.leaf_parents, level.leaf_trees),
            ):
                assert (above.trees[parents] == own).all()
                assert (np.diff(parents) >= 0).all()
            children = np.concatenate([level.parents, level.leaf_parents])
            assert (np.bincount(children, minlength=len(above.features)) == 2).all()


@given(st.integers(0, 2**32), st.lists(st.integers(0, 5), min_size=1, max_size=6))
def test_both_forms_are_walked_alike(seed: int, depths: list[int]) -> None:
    rng = np.random.default_rng(seed)
    trees = [grown(rng, depth, range(9)) for depth in depths]
    targets = rng.integers(0, 3, len(trees)).tolist()
    order = np.argsort(targets, kind="stable").tolist()
    numbered = forest(operator("TreeEnsembleRegressor", ensemble(trees, [[to] for to in targets])))
    assert_walks(numbered, trees, order)
    assert numbered.targets is not None
    assert numbered.targets.tolist() == sorted(targets)
    assert numbered.additions == len(trees)
    if all(depths):
        listed = forest(operator("TreeEnsemble", listed_ensemble(trees, targets)))
        assert_walks(listed, trees, order)
        assert listed.targets is not None
        assert listed.targets.tolist() == sorted(targets)


def test_nodes_in_any_order_and_with_any_numbers() -> None:
    rng = np.random.default_rng(4)
    trees = [grown(rng, 4, range(9)) for _ in range(3)]
    attributes = ensemble(trees, [[0], [0], [0]])
    lists = {name: np.array(attributes[name]) for name in attributes if name.startswith("nodes_")}
    for name in ("nodes_nodeids", "nodes_truenodeids", "nodes_falsenodeids"):
        lists[name] = lists[name] * 3 - 5
    firsts = np.flatnonzero(np.array(attributes["nodes_nodeids"]) == 0)
    rest = rng.permutation(np.setdiff1d(np.arange(len(lists["nodes_values"])), firsts))
    order = np.concatenate([firsts, rest])  # a tree begins with its root
    shuffled = {name: values[order].tolist() for name, values in lists.items()}
    found = forest(operator("TreeEnsembleRegressor", {**attributes, **shuffled}))
    assert_walks(found, trees, [0, 1, 2])


def test_a_tree_that_adds_to_several_results() -> None:
    rng = np.random.default_rng(4)
    trees = [grown(rng, 2, range(3)) for _ in range(3)]
    found = forest(operator("TreeEnsembleClassifier", ensemble(trees, [[0, 1], [0], [1]], "class")))
    assert (found.targets, found.additions) == (None, 4)


def test_a_tree_of_one_leaf_in_the_later_form() -> None:
    one = {
        "tree_roots": [0], "nodes_featureids": [0], "nodes_truenodeids": [0],
        "nodes_falsenodeids": [0], "nodes_trueleafs": [1], "nodes_falseleafs": [1],
        "leaf_targetids": [0],
    }  # fmt: skip
    assert forest(operator("TreeEnsemble", one)).leaves == 1


TWO = ensemble([grown(np.random.default_rng(0), 1, [0])] * 2, [[0], [0]])
BROKEN: dict[str, dict[str, Any]] = {
    "a list was not read": {"nodes_featureids": Unread(6)},
    "modes were not read": {"nodes_modes": Unread(6)},
    "a list is missing": {"nodes_truenodeids": None},
    "a list is short": {"nodes_falsenodeids": [1, 2]},
    "no nodes": {name: [] for name in TWO},
    "a child is no node": {"nodes_truenodeids": [7, 0, 0, 1, 0, 0]},
    "a node is its own child": {"nodes_truenodeids": [0, 0, 0, 1, 0, 0]},
    "numbers are far apart": {"nodes_nodeids": [0, 1, 2**62, 0, 1, 2]},
    "texts in place of numbers": {"nodes_treeids": ["a"] * 6},
}


@pytest.mark.parametrize("how", BROKEN)
def test_lists_that_make_no_trees(how: str) -> None:
    with pytest.raises(UnreadableError):
        forest(operator("TreeEnsembleRegressor", {**TWO, **BROKEN[how]}))


def test_a_ring_of_nodes_without_leaves() -> None:
    ring = {
        "tree_roots": [0], "nodes_featureids": [0, 1], "nodes_truenodeids": [1, 0],
        "nodes_falsenodeids": [1, 0], "nodes_trueleafs": [0, 0], "nodes_falseleafs": [0, 0],
        "leaf_targetids": [0],
    }  # fmt: skip
    with pytest.raises(UnreadableError, match="several parents"):
        forest(operator("TreeEnsemble", ring))
    with pytest.raises(UnreadableError):
        forest(operator("TreeEnsemble", {**ring, "tree_roots": [-1]}))
    with pytest.raises(UnreadableError):
        forest(operator("TreeEnsemble", {**ring, "nodes_truenodeids": [9, 9]}))


def test_a_chain_deeper_than_any_tree_is_not_followed() -> None:
    deep = 20_000
    chain = {
        "tree_roots": [0], "nodes_featureids": [0] * deep,
        "nodes_truenodeids": [*range(1, deep), 0], "nodes_falsenodeids": [0] * deep,
        "nodes_trueleafs": [0] * (deep - 1) + [1], "nodes_falseleafs": [1] * deep,
        "leaf_targetids": [0],
    }  # fmt: skip
    with pytest.raises(UnreadableError, match="deep"):
        forest(operator("TreeEnsemble", chain))


X = np.zeros((3, 9), np.float32)


def test_the_facts_of_an_ensemble(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    trees = [grown(rng, depth, range(9)) for depth in (2, 5, 3)]
    rows = [row for tree in trees for row in walked(tree)]
    inner, leaves = (sum(leaf == kind for *_, leaf in rows) for kind in (False, True))
    attributes = ensemble(trees, [[0, 1, 2]] * 3, "class") | {"classlabels_int64s": [0, 1, 2]}
    model = loaded(tmp_path, model_of("TreeEnsembleClassifier", [X], 2, **attributes))
    found = facts(model, 0)
    assert found.forest == {
        "ensembles": 1, "trees": 3, "nodes": inner + leaves, "leaves": leaves, "depth": 5,
    }  # fmt: skip
    assert found.parameters == inner + 3 * leaves
    assert found.parameter_bytes == {"float": 4 * found.parameters}
    assert found.layers[0].parameters == found.parameters
    paths = sum(np.mean([d for d, _, leaf in walked(tree) if leaf]) for tree in trees)
    assert (found.macs, found.flops, found.uncounted) == (0, 3 * (round(paths) + 9), {})


@pytest.mark.parametrize("kind", ["ensemble", "listed"])
def test_an_ensemble_whose_lists_are_long(tmp_path: Path, kind: str) -> None:
    """The reader keeps no such list as it is; nothing may be lost or called wrong."""
    rng = np.random.default_rng(8)
    trees = [grown(rng, 9, range(9)) for _ in range(400)]
    if kind == "ensemble":
        attributes = {**ensemble(trees, [[0]] * 400), "n_targets": 1}
        model = loaded(tmp_path, model_of("TreeEnsembleRegressor", [X], **attributes))
        assert isinstance(model.operators[0].attributes["nodes_values"], Unread)
    else:
        attributes = {**listed_ensemble(trees, [0] * 400, np.float64), "n_targets": 1}
        model = loaded(tmp_path, model_of("TreeEnsemble", [X.astype(float)], 1, 5, **attributes))
        assert isinstance(model.operators[0].attributes["nodes_splits"], Unread)
    rows = [row for tree in trees for row in walked(tree)]
    found = facts(model, 0)
    assert isinstance(model.operators[0].attributes["nodes_featureids"], np.ndarray)
    assert (found.forest["nodes"], found.forest["trees"]) == (len(rows), 400)
    assert found.parameters == len(rows)
    dtype, size = ("float", 4) if kind == "ensemble" else ("double", 8)
    assert found.parameter_bytes == {dtype: size * len(rows)}
    assert found.warnings == ()


def test_an_ensemble_that_cannot_be_read_counts_what_it_lists(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    attributes = ensemble([grown(rng, 3, range(9))], [[0]]) | {"n_targets": 1}
    attributes["nodes_truenodeids"] = [99] * len(attributes["nodes_truenodeids"])
    nodes, leaves = len(attributes["nodes_modes"]), attributes["nodes_modes"].count("LEAF")
    found = facts(loaded(tmp_path, model_of("TreeEnsembleRegressor", [X], **attributes)), 0)
    assert found.forest == {"ensembles": 1, "nodes": nodes}
    assert found.parameters == nodes
    assert found.flops == 3 * (int(np.ceil(np.log2(leaves))) + 1)


def test_models_without_trees_have_no_forest(tmp_path: Path) -> None:
    model = loaded(tmp_path, model_of("Scaler", [X], offset=[0.5] * 9, scale=[2.0] * 9))
    found = facts(model, 0)
    assert (found.forest, found.tables, found.parameters) == ({}, {}, 0)


LEARNED: dict[str, tuple[dict[str, Any], int]] = {
    "LinearRegressor": ({"coefficients": [1.0] * 18, "intercepts": [1.0] * 2, "targets": 2}, 20),
    "LinearClassifier": (
        {"coefficients": [1.0] * 27, "intercepts": [1.0] * 3, "classlabels_ints": [0, 1, 2]}, 30),
    "SVMRegressor": (
        {"support_vectors": [1.0] * 18, "coefficients": [1.0] * 2, "rho": [1.0], "n_supports": 2,
         "kernel_params": [0.5, 0.0, 3.0]}, 21),
    "SVMClassifier": (
        {"support_vectors": [1.0] * 18, "coefficients": [1.0] * 2, "rho": [1.0],
         "prob_a": [1.0], "prob_b": [1.0], "vectors_per_class": [1, 1],
         "classlabels_ints": [0, 1]}, 23),
}  # fmt: skip


@pytest.mark.parametrize("kind", LEARNED)
def test_numbers_in_attributes_that_are_learned_are_parameters(tmp_path: Path, kind: str) -> None:
    attributes, wanted = LEARNED[kind]
    outputs = 2 if kind.endswith("Classifier") else 1
    found = facts(loaded(tmp_path, model_of(kind, [X], outputs, **attributes)), 0)
    assert (found.parameters, found.parameter_bytes) == (wanted, {"float": 4 * wanted})
    assert found.layers[0].parameters == wanted


def test_tables_say_how_much_they_hold(tmp_path: Path) -> None:
    words = np.array([["a"]], object)
    attributes = {"keys_strings": ["a", "b", "c"], "values_int64s": [0, 1, 2]}
    found = facts(loaded(tmp_path, model_of("LabelEncoder", [words], **attributes)), 0)
    assert (found.tables, found.parameters, found.macs) == ({"LabelEncoder": 3}, 0, 0)
    found = facts(loaded(tmp_path, model_of("OneHotEncoder", [words], cats_strings=["a", "b"])), 0)
    assert found.tables == {"OneHotEncoder": 2}
