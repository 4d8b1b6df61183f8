"""Costs of classical machine learning: linear models, SVMs, trees and their preprocessing.

Definitions: https://onnx.ai/onnx/operators/index.html#ai-onnx-ml. Each row of features gives a row
of scores; a one-dimensional input is a single row.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, log2, prod

import numpy as np

from gallery.costs.forests import TYPES, UnreadableError, forest
from gallery.costs.registry import Cost, UnknownError, View, contraction, costs, plain

_DOMAIN = "ai.onnx.ml"

PER_ELEMENT: Mapping[str, int] = {
    "ArrayFeatureExtractor": 0,
    "Binarizer": 1,
    "CastMap": 0,
    "CategoryMapper": 0,
    "DictVectorizer": 0,
    "FeatureVectorizer": 0,
    "Imputer": 1,
    "LabelEncoder": 0,
    "OneHotEncoder": 0,
    "Scaler": 2,
    "ZipMap": 0,
}
"""Operations per element read."""

_NORM: Mapping[str, int] = {"MAX": 2, "L1": 3, "L2": 3}
_AFTER: Mapping[str, int] = {
    "NONE": 0, "SOFTMAX": 5, "SOFTMAX_ZERO": 5, "LOGISTIC": 4, "PROBIT": 1,
}  # fmt: skip
_KERNEL: Mapping[str, int] = {"LINEAR": 0, "POLY": 3, "RBF": 2, "SIGMOID": 3}
"""Operations on the sum of products: scale, shift and power; scale and exp; ...; and tanh."""


@costs(*PER_ELEMENT, domain=_DOMAIN)
def per_element(view: View) -> Cost:
    """The operations of `PER_ELEMENT` for each element read."""
    return plain(PER_ELEMENT[view.operator.type] * view.read())


@costs("Normalizer", domain=_DOMAIN)
def normalizer(view: View) -> Cost:
    """As LpNormalization; a maximum needs no square or absolute value."""
    return plain(_NORM[_choice(view, "norm", "MAX", _NORM)] * view.read())


@costs("LinearRegressor", "LinearClassifier", domain=_DOMAIN)
def linear(view: View) -> Cost:
    """The product of each row with each score's coefficients, plus intercept and transform."""
    rows, features = _rows(view)
    coefficients = len(view.get("coefficients", ()))
    if not features or not coefficients or coefficients % features:
        raise UnknownError("coefficients")
    scores = coefficients // features
    after = _AFTER[_choice(view, "post_transform", "NONE", _AFTER)]
    shifted = bool(view.get("intercepts", ()))
    return contraction(rows * coefficients, rows * scores * (shifted + after))


@costs("SVMRegressor", "SVMClassifier", domain=_DOMAIN)
def support_vectors(view: View) -> Cost:
    """The kernel of each row with each support vector, their weighted sums, and the thresholds.

    With C classes, each pair of classes has its own sum, and each vector is in C - 1 of them.
    Without support vectors, the coefficients are one hyperplane per class. Turning the sums into
    probabilities depends on the data and is not counted.
    """
    rows, features = _rows(view)
    classes = max(len(view.get(f"classlabels_{kind}", ())) for kind in ("ints", "strings"))
    coefficients = len(view.get("coefficients", ()))
    if not features or not coefficients:
        raise UnknownError("coefficients")
    vectors = len(view.get("support_vectors", ())) // features
    if not vectors:
        return contraction(rows * coefficients, rows * max(classes, 1))
    kernel = _choice(view, "kernel_type", "LINEAR", _KERNEL)
    differences = features if kernel == "RBF" else 0
    sums = max(classes * (classes - 1) // 2, 1)
    return contraction(
        rows * vectors * (features + max(classes - 1, 1)),
        rows * (vectors * (_KERNEL[kernel] + differences) + sums),
    )


@costs(*TYPES, domain=_DOMAIN)
def trees(view: View) -> Cost:
    """A comparison per level of each tree, and an addition to each result that a tree adds to.

    The path through a tree depends on the data: each of its leaves counts as equally likely. Where
    the nodes cannot be read, the trees count as if they were balanced.
    """
    rows, _ = _rows(view)
    try:
        grown = forest(view.operator)
    except UnreadableError:
        return plain(rows * _balanced(view))
    return plain(rows * (round(grown.path) + grown.additions))


def _balanced(view: View) -> int:
    """Operations on a row if all trees are balanced and add to one result each."""
    if view.operator.type == "TreeEnsemble":
        count = len(view.get("tree_roots", ()))
        leaves = sum(int(sum(view.get(f"nodes_{kind}leafs", ()))) for kind in ("true", "false"))
    else:
        count = len(np.unique(view.get("nodes_treeids", ())))
        leaves = sum(mode == "LEAF" for mode in view.get("nodes_modes", ()))
    if not count or not leaves:
        raise UnknownError("nodes")
    return count * (ceil(log2(max(leaves / count, 1))) + 1)


def _rows(view: View) -> tuple[int, int]:
    """Number of rows of the input, and of features per row."""
    shape = view.shape(0)
    return (shape[0], prod(shape[1:])) if len(shape) > 1 else (1, prod(shape))


def _choice(view: View, name: str, default: str, known: Mapping[str, int]) -> str:
    given = str(view.get(name, default))
    if given not in known:
        raise UnknownError(name)
    return given
