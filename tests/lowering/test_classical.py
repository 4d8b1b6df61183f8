"""Classical models: what depends on what, as ONNX Runtime runs them, and the shape of a forest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import numpy_helper

from gallery.graph import ComputeGraph
from gallery.lowering import lower
from gallery.lowering.access.relations import same
from gallery.lowering.operators import trees as trees_module
from gallery.lowering.operators.trees import picked
from tests.classical_models import ensemble, grown, listed_ensemble, model_of, session_of
from tests.lowering.cases import Case
from tests.lowering.operator_cases import judged
from tests.lowering.reach import reach
from tests.lowering.test_relations import elements
from tests.onnx_text import loaded

RNG = np.random.default_rng(11)
X = RNG.normal(size=(4, 6)).astype(np.float32)
TREES = [grown(RNG, depth, features) for depth, features in
         ((4, [0, 2]), (3, [5]), (5, [1, 2]), (3, [5]), (0, [0]), (2, [0, 1]))]  # fmt: skip
TO = [0, 2, 1, 2, 0, 1]
KERNEL = {"kernel_type": "RBF", "kernel_params": [0.1, 0.0, 3.0]}


def planes(scores: int, classes: int, after: str = "NONE") -> dict[str, Any]:
    return {
        "coefficients": RNG.normal(size=6 * scores).tolist(),
        "intercepts": [0.5] * scores,
        "classlabels_ints": list(range(classes)),
        "post_transform": after,
    }


def vectors(classes: int, **more: Any) -> dict[str, Any]:
    return {
        **KERNEL,
        "support_vectors": RNG.normal(size=12 * classes).tolist(),
        "coefficients": RNG.normal(size=2 * classes * (classes - 1)).tolist(),
        "rho": [0.1] * (classes * (classes - 1) // 2),
        "vectors_per_class": [2] * classes,
        "classlabels_ints": list(range(classes)),
        **more,
    }


def forest(kind: str, to: list[list[int]], classes: int = 3, **more: Any) -> dict[str, Any]:
    labels = {"classlabels_int64s": list(range(classes))}
    found = ensemble(TREES, to, kind)
    return {**found, **(labels if kind == "class" else {"n_targets": classes}), **more}


ONE = [[to] for to in TO]
CASES: dict[str, tuple[str, list[Any], dict[str, Any]]] = {
    "regressor": ("TreeEnsembleRegressor", [X], forest("target", ONE)),
    "regressor of one result": (
        "TreeEnsembleRegressor", [X], forest("target", [[0]] * 6, 1)),
    "regressor that takes the largest": (
        "TreeEnsembleRegressor", [X], forest("target", ONE, aggregate_function="MAX")),
    "regressor with softmax": (
        "TreeEnsembleRegressor", [X], forest("target", ONE, post_transform="SOFTMAX")),
    "regressor, each tree for all": (
        "TreeEnsembleRegressor", [X], forest("target", [[0, 1, 2]] * 6)),
    "classifier": ("TreeEnsembleClassifier", [X], forest("class", ONE)),
    "classifier with softmax": (
        "TreeEnsembleClassifier", [X], forest("class", ONE, post_transform="SOFTMAX")),
    "classifier with logistic": (
        "TreeEnsembleClassifier", [X], forest("class", ONE, post_transform="LOGISTIC")),
    "classifier, each tree for some": (
        "TreeEnsembleClassifier", [X], forest("class", [[0, 1], [2], [1], [2], [0], [1, 2]])),
    "classifier of one score": (
        "TreeEnsembleClassifier", [X], forest("class", [[0]] * 6, 2, post_transform="LOGISTIC")),
    "classifier, one of three": ("TreeEnsembleClassifier", [X], forest("class", [[1]] * 6)),
    "ensemble-5": ("TreeEnsemble", [X], {
        **listed_ensemble([t for t in TREES if t[0]], [0, 2, 1, 2, 1]), "n_targets": 3,
        "version": 5}),
    "linear regressor": ("LinearRegressor", [X], {
        "coefficients": RNG.normal(size=18).tolist(), "targets": 3}),
    "linear regressor, a row": ("LinearRegressor", [X[0]], {
        "coefficients": RNG.normal(size=6).tolist()}),
    "linear classifier": ("LinearClassifier", [X], planes(3, 3)),
    "linear classifier with softmax": ("LinearClassifier", [X], planes(3, 3, "SOFTMAX")),
    "linear classifier of one score": ("LinearClassifier", [X], planes(1, 2, "LOGISTIC")),
    "SVM regressor": ("SVMRegressor", [X], {
        **KERNEL, "n_supports": 3, "support_vectors": RNG.normal(size=18).tolist(),
        "coefficients": [1.0, -1.0, 0.5], "rho": [0.1]}),
    "SVM classifier": ("SVMClassifier", [X], vectors(3)),
    "SVM classifier of two": ("SVMClassifier", [X], vectors(2)),
    "SVM classifier with probabilities": ("SVMClassifier", [X], vectors(
        3, prob_a=[-1.0] * 3, prob_b=[0.1] * 3)),
    "SVM classifier, planes": ("SVMClassifier", [X], {
        "kernel_type": "LINEAR", "kernel_params": [0.0, 0.0, 3.0], "rho": [0.1] * 3,
        "coefficients": RNG.normal(size=18).tolist(), "classlabels_ints": [0, 1, 2]}),
    "one-hot encoder": ("OneHotEncoder", [np.array([[0, 1], [2, 2]])], {
        "cats_int64s": [0, 1, 2]}),
    "feature vectorizer": ("FeatureVectorizer", [X, X[:, :2]], {"inputdimensions": [6, 2]}),
    "feature vectorizer, some": ("FeatureVectorizer", [X, X[:, :2]], {"inputdimensions": [4, 1]}),
    "feature vectorizer, a row": ("FeatureVectorizer", [X[0], X[0]], {"inputdimensions": [6, 6]}),
    "feature vectorizer, more": (
        "FeatureVectorizer", [X.reshape(2, 4, 3), X[:2]], {"inputdimensions": [12, 6]}),
    "array feature extractor": ("ArrayFeatureExtractor", [X, np.array([0, 4, 5])], {}),
    "array feature extractor, a row": ("ArrayFeatureExtractor", [X[0], np.array([0, 4, 5])], {}),
    "array feature extractor, an index": ("ArrayFeatureExtractor", [X, np.array([[3]])], {}),
    "scaler": ("Scaler", [X], {"offset": [0.5] * 6, "scale": [2.0] * 6}),
    "normalizer": ("Normalizer", [X], {"norm": "L2"}),
    "label encoder": ("LabelEncoder", [np.array([[0, 1], [2, 2]])], {
        "keys_int64s": [0, 1, 2], "values_int64s": [5, 6, 7]}),
}  # fmt: skip


def case_of(folder: Path, name: str) -> Case:
    kind, inputs, given = CASES[name]
    proto = model_of(kind, inputs, 2 if kind.endswith("Classifier") else 1, **given)
    feeds = {f"x{number}": array for number, array in enumerate(inputs)}
    if kind == "ArrayFeatureExtractor":
        proto.graph.initializer.append(numpy_helper.from_array(feeds.pop("x1"), "x1"))
        del proto.graph.input[1:]
    return Case(name=name, operator=name, proto=proto, feeds=feeds, model=loaded(folder, proto))


@pytest.mark.parametrize("name", CASES)
def test_as_the_runtime_runs_it(tmp_path: Path, name: str) -> None:
    case = case_of(tmp_path, name)
    tally = judged(case, budgets=(2000, 40, 8), session=session_of(case.proto))
    assert (tally.misses, tally.unknown) == ([], set())
    # Whether a change of a feature moves a row to another leaf, or a label, depends on the data.
    least = 0.3 if "Tree" in CASES[name][0] else 0.6
    assert tally.precision > least


def graph_of(
    folder: Path, vertices: int, inputs: list[Any], kind: str, **given: Any
) -> ComputeGraph:
    outputs = 2 if kind.endswith("Classifier") else 1
    return lower(loaded(folder, model_of(kind, inputs, outputs, **given)), vertices=vertices)


def reaching(graph: ComputeGraph, vertex: int) -> set[int]:
    """All vertices whose data gets to one."""
    seen, left = {vertex}, [vertex]
    while left:
        at = left.pop()
        for source in graph.sources[graph.indptr[at] : graph.indptr[at + 1]].tolist():
            if source not in seen:
                seen.add(source)
                left.append(source)
    return seen


def test_with_vertices_enough_each_node_is_a_vertex(tmp_path: Path) -> None:
    grove = [grown(RNG, 5, range(6)) for _ in range(16)]
    nodes = sum(map(len, grove))
    inner = sum(bool(node) for tree in grove for node in tree)
    given = {**ensemble(grove, [[0]] * 16), "n_targets": 1}
    graph = graph_of(tmp_path, 20_000, [X[:1]], "TreeEnsembleRegressor", **given)
    sums = 2 + 1  # 16 trees, eight at a time
    assert graph.vertices == 6 + nodes + 16 + 16 + sums
    degrees = np.diff(graph.indptr)
    # An inner node reads a feature and, unless it is a root, the node above it; a leaf that only.
    first = 6
    assert (degrees[first : first + nodes] <= 2).all()
    below = degrees[first : first + nodes].sum()
    assert below == inner + (nodes - 16)


@pytest.mark.parametrize("budget", [1, 60, 200, 1000, 5000])
def test_the_budget_is_kept(tmp_path: Path, budget: int) -> None:
    grove = [grown(RNG, 6, range(6)) for _ in range(50)]
    given = {**ensemble(grove, [[0]] * 50), "n_targets": 1}
    graph = graph_of(tmp_path, budget, [X], "TreeEnsembleRegressor", **given)
    least = 2 * 6 + 5  # the nodes and leaves of each depth, the trees, their sum, the input
    assert graph.vertices <= max(1.5 * budget, least)
    assert graph.vertices >= min(budget / 2, least)


@pytest.mark.parametrize(
    "own", [[(3, 1), (3, 3), (3, 4), (3, 3), (2, 3)], [(1, 1), (1, 3), (1, 4)]]
)
def test_a_tree_reads_no_feature_that_it_does_not_name(
    tmp_path: Path, own: list[tuple[int, int]]
) -> None:
    grove = [grown(RNG, depth, [feature]) for depth, feature in own]
    given = {**ensemble(grove, [[0], [1], [2], [1], [1]][: len(own)]), "n_targets": 3}
    model = loaded(tmp_path, model_of("TreeEnsembleRegressor", [X], **given))
    graph = lower(model, vertices=5000)
    x, y = graph.producers(model.inputs[0]), graph.producers(model.outputs[0])
    features = {int(vertex): graph.box(int(vertex))[0] for vertex in x}
    assert len(y) == X.shape[0] * 3
    for vertex in y:
        row, target = graph.box(int(vertex))[0]
        read = {features[one] for one in reaching(graph, int(vertex)) if one in features}
        assert read == {(row, (1, 3, 4)[target])}


def test_a_single_comparison_reads_a_single_feature(tmp_path: Path) -> None:
    given = {**ensemble([grown(RNG, 1, [3])], [[0]]), "n_targets": 1}
    model = loaded(tmp_path, model_of("TreeEnsembleRegressor", [X], **given))
    graph = lower(model, vertices=5000)
    assert len(graph.producers(model.inputs[0])) == X.size


def test_the_rest_of_deep_trees_is_one_piece_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trees_module, "MOST_LEVELS", 2)
    case = case_of(tmp_path, "classifier")
    tally = judged(case, budgets=(2000, 40, 8), session=session_of(case.proto))
    assert (tally.misses, tally.unknown) == ([], set())
    assert tally.precision > 0.3


def test_trees_that_cannot_be_read_are_lowered_by_rows(tmp_path: Path) -> None:
    given = forest("target", ONE)
    given["nodes_truenodeids"] = [99] * len(given["nodes_truenodeids"])
    model = loaded(tmp_path, model_of("TreeEnsembleRegressor", [X], **given))
    graph = lower(model, vertices=5000)
    assert graph.unknown_operators == ()
    x = {int(v): graph.box(int(v))[0][0] for v in graph.producers(model.inputs[0])}
    for vertex in graph.producers(model.outputs[0]):
        row = graph.box(int(vertex))[0][0]
        assert {x[one] for one in reaching(graph, int(vertex)) if one in x} == {row}


@pytest.mark.parametrize(
    "broken",
    [
        {"nodes_featureids": [2**60] * sum(map(len, TREES))},
        {"nodes_featureids": [-1] * sum(map(len, TREES))},
        {"target_ids": [2**50] * len(forest("target", ONE)["target_ids"])},
        {"target_ids": [-3] * len(forest("target", ONE)["target_ids"])},
        {"n_targets": 2**35},
    ],
)
def test_numbers_out_of_range_take_no_memory(tmp_path: Path, broken: dict[str, Any]) -> None:
    given = {**forest("target", ONE), **broken}
    graph = graph_of(tmp_path, 500, [X], "TreeEnsembleRegressor", **given)
    assert graph.vertices < 1000


def test_features_that_blocks_name() -> None:
    features = np.array([5, 1, 2, 2, 9, 0])
    starts = np.array([0, 1, 1, 4, 6])
    lows = np.array([[0, 0], [1, 0], [0, 1], [2, 2], [0, 3]])
    highs = np.array([[1, 4], [3, 1], [1, 2], [3, 4], [2, 4]])
    boxes = picked(features, starts, [same(0)], 10)(lows, highs)
    wanted = [
        {(0, 5), (0, 1), (0, 2), (0, 9), (0, 0)},
        {(1, 5), (2, 5)},
        set(),
        {(2, 1), (2, 2), (2, 9), (2, 0)},
        {(0, 9), (0, 0), (1, 9), (1, 0)},
    ]
    assert [elements(boxes, block) for block in range(5)] == wanted
    assert (boxes.highs > boxes.lows).all()
    assert len(boxes.lows) == 3 + 1 + 0 + 2 + 2  # neighbours make one box


@pytest.mark.parametrize("passes", ["forward", "training"])
def test_a_pipeline_to_maps_of_probabilities(tmp_path: Path, passes: str) -> None:
    body = """<ir_version: 9, opset_import: ["": 18, "ai.onnx.ml": 3]>
    net (float[4,6] x) => (l, m) {
        s = ai.onnx.ml.Scaler<offset=[0.5], scale=[2.0]>(x)
        l, p = ai.onnx.ml.LinearClassifier<coefficients=[%s], intercepts=[0.1,0.2,0.3],
            classlabels_ints=[0,1,2], post_transform="SOFTMAX">(s)
        m = ai.onnx.ml.ZipMap<classlabels_int64s=[0,1,2]>(p) }"""
    text = body % ",".join("0.5" for _ in range(18))
    model = loaded(tmp_path, text)
    graph = lower(model, vertices=2000, passes=passes)
    assert graph.unknown_operators == ()
    x = {int(v): graph.box(int(v))[0] for v in graph.producers(model.inputs[0])}
    maps = graph.producers(model.outputs[1])
    assert len(maps) == 4
    for vertex in maps:
        row = graph.box(int(vertex))[0][0]
        read = {x[one] for one in reaching(graph, int(vertex)) if one in x}
        assert read == {(row, column) for column in range(6)}


def test_texts_read_the_texts_that_they_are_made_of(tmp_path: Path) -> None:
    text = """<ir_version: 10, opset_import: ["": 20]>
        net (string[4] a, string[1] b) => (m, string[4,3] words, n) {
        c = StringConcat(a, b) m = RegexFullMatch<pattern = "x">(c)
        words, n = StringSplit<delimiter = " ">(c) }"""
    model = loaded(tmp_path, text)
    graph = lower(model, vertices=400)
    assert graph.unknown_operators == ()
    texts = [int(v) for v in graph.producers(model.inputs[0])]
    assert len(texts) == 4
    for output in model.outputs:
        for vertex in map(int, graph.producers(output)):
            read = reaching(graph, vertex).intersection(texts)
            assert read == {texts[graph.box(vertex)[0][0]]}


def test_items_of_a_sequence_read_their_inputs(tmp_path: Path) -> None:
    text = "net (float[2] a, float[3] b) => (y) { y = SequenceConstruct(a, b) }"
    model = loaded(tmp_path, text)
    found = reach(model, 100)
    assert [list(found.row(t, 0)[found.outputs[0].vertices]) for t in model.inputs] == [
        [True, False],
        [False, True],
    ]
