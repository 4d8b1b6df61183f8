"""Costs of classical machine learning's operators, and of what updates parameters."""

import itertools

import pytest

from gallery.costs.registry import Cost
from tests.costs.one_operator import of

ML = "ai.onnx.ml"
ROWS, FEATURES = 5, 3


def products(pairs: int, length: int) -> int:
    """Multiplications of this many products of vectors, one at a time."""
    return sum(1 for _ in itertools.product(range(pairs), range(length)))


CLASSICAL = [
    ("ArrayFeatureExtractor", [(5, 3), (2,)], [(5, 2)], {}, 0),
    ("CategoryMapper", [(5, 3)], [(5, 3)], {}, 0),
    ("LabelEncoder", [(5, 3)], [(5, 3)], {}, 0),
    ("OneHotEncoder", [(5,)], [(5, 4)], {"cats_int64s": (1, 2, 3, 4)}, 0),
    ("FeatureVectorizer", [(5, 3), (5, 2)], [(5, 5)], {}, 0),
    ("Binarizer", [(5, 3)], [(5, 3)], {}, 15),
    ("Imputer", [(5, 3)], [(5, 3)], {}, 15),
    ("Scaler", [(5, 3)], [(5, 3)], {}, 30),
    ("Normalizer", [(5, 3)], [(5, 3)], {}, 30),
    ("Normalizer", [(5, 3)], [(5, 3)], {"norm": "L1"}, 45),
    ("Normalizer", [(5, 3)], [(5, 3)], {"norm": "L2"}, 45),
]


@pytest.mark.parametrize(("kind", "inputs", "outputs", "attributes", "flops"), CLASSICAL)
def test_classical_operators_that_are_not_a_contraction(kind, inputs, outputs, attributes, flops):
    assert of(inputs, outputs, kind, ML, **attributes) == Cost(macs=0, flops=flops)


def test_linear_models():
    weights = {"coefficients": (0.5,) * 12}
    macs = products(ROWS * 4, FEATURES)
    plain = of([(5, 3)], [(5, 4)], "LinearRegressor", ML, targets=4, **weights)
    assert plain == Cost(macs=macs, flops=2 * macs)
    shifted = of([(5, 3)], [(5,), (5, 4)], "LinearClassifier", ML, intercepts=(1.0,) * 4, **weights)
    assert shifted == Cost(macs=macs, flops=2 * macs + 20)
    soft = of([(5, 3)], [(5,), (5, 4)], "LinearClassifier", ML, post_transform="SOFTMAX", **weights)
    assert soft == Cost(macs=macs, flops=2 * macs + 5 * 20)
    assert of([(3,)], [(1, 4)], "LinearRegressor", ML, **weights) == Cost(macs=12, flops=24)
    assert of([(5, 3)], [(5, 4)], "LinearRegressor", ML) is None
    assert of([(5, 5)], [(5, 4)], "LinearRegressor", ML, **weights) is None


@pytest.mark.parametrize(
    ("kernel", "each"), [("LINEAR", 0), ("POLY", 3), ("SIGMOID", 3), ("RBF", 2 + FEATURES)]
)
def test_support_vectors(kernel, each):
    vectors, classes = 7, 4
    attributes = {"support_vectors": (0.5,) * 21, "kernel_type": kernel}
    one = products(ROWS * vectors, FEATURES) + ROWS * vectors
    found = of([(5, 3)], [(5, 1)], "SVMRegressor", ML, coefficients=(1.0,) * 7, **attributes)
    assert found == Cost(macs=one, flops=2 * one + ROWS * (vectors * each + 1))
    pairs = list(itertools.combinations(range(classes), 2))
    of_vector = len([pair for pair in pairs if 0 in pair])
    many = products(ROWS * vectors, FEATURES) + ROWS * vectors * of_vector
    attributes |= {"classlabels_ints": (0, 1, 2, 3), "coefficients": (1.0,) * 21}
    found = of([(5, 3)], [(5,), (5, 4)], "SVMClassifier", ML, **attributes)
    assert found == Cost(macs=many, flops=2 * many + ROWS * (vectors * each + len(pairs)))


def test_support_vectors_that_are_planes():
    labels = {"classlabels_strings": ("a", "b"), "coefficients": (1.0,) * 6}
    found = of([(5, 3)], [(5,), (5, 2)], "SVMClassifier", ML, **labels)
    assert found == Cost(macs=30, flops=60 + 10)
    assert of([(5, 3)], [(5, 1)], "SVMRegressor", ML) is None
    assert of([(5, 3)], [(5, 1)], "SVMRegressor", ML, kernel_type="?", **labels) is not None


def test_trees_take_a_comparison_a_level_and_a_sum_a_tree():
    # Two balanced trees of eight leaves: three comparisons each.
    modes = ("BRANCH_LEQ",) * 7 + ("LEAF",) * 8
    attributes = {"nodes_treeids": (0,) * 15 + (1,) * 15, "nodes_modes": modes * 2}
    for kind in ("TreeEnsembleRegressor", "TreeEnsembleClassifier"):
        found = of([(5, 3)], [(5, 1)], kind, ML, **attributes)
        assert found == Cost(macs=0, flops=ROWS * 2 * (3 + 1))
    leaves = {"nodes_trueleafs": (0, 1, 1) * 2, "nodes_falseleafs": (0, 1, 1) * 2}
    found = of([(5, 3)], [(5, 1)], "TreeEnsemble", ML, tree_roots=(0, 3), **leaves)
    assert found == Cost(macs=0, flops=ROWS * 2 * (2 + 1))
    assert of([(5, 3)], [(5, 1)], "TreeEnsemble", ML) is None


@pytest.mark.parametrize(
    ("kind", "moments", "each", "attributes"),
    [
        ("Adagrad", 1, 9, {}),
        ("Adam", 2, 15, {}),
        ("Momentum", 1, 7, {}),
        ("Momentum", 1, 9, {"mode": "nesterov"}),
    ],
)
def test_updates_touch_each_element_of_each_parameter(kind, moments, each, attributes):
    shapes = [(4, 6), (3,)]
    inputs = [(), (), *shapes * (2 + moments)]
    found = of(inputs, shapes * (1 + moments), kind, "ai.onnx.preview.training", **attributes)
    assert found == Cost(macs=0, flops=27 * each)
    assert of(inputs[:-1], shapes, kind, "ai.onnx.preview.training") is None
