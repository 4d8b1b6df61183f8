"""What operators of ai.onnx.ml hold in their attributes: learned numbers, trees and tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from gallery.costs.forests import TYPES, UnreadableError, forest
from gallery.model import Model, Operator, Unread

_ML = "ai.onnx.ml"
_TREES = frozenset(TYPES)

_LEARNED: Mapping[str, tuple[str, ...]] = {
    "LinearClassifier": ("coefficients", "intercepts"),
    "LinearRegressor": ("coefficients", "intercepts"),
    "SVMClassifier": ("coefficients", "support_vectors", "rho", "prob_a", "prob_b"),
    "SVMRegressor": ("coefficients", "support_vectors", "rho"),
    "TreeEnsemble": ("leaf_weights",),
    "TreeEnsembleClassifier": ("class_weights", "class_weights_as_tensor", "base_values",
                               "base_values_as_tensor"),
    "TreeEnsembleRegressor": ("target_weights", "target_weights_as_tensor", "base_values",
                              "base_values_as_tensor"),
}  # fmt: skip
"""Attributes that training changes; of trees, the thresholds of their inner nodes come on top.

The numbers of a Scaler or Imputer are statistics of the data, as the running means of a
BatchNormalization are, and do not count.
"""

_TABLES: Mapping[tuple[str, str], tuple[str, ...]] = {
    (_ML, "CategoryMapper"): ("cats_int64s", "cats_strings"),
    (_ML, "DictVectorizer"): ("string_vocabulary", "int64_vocabulary"),
    (_ML, "LabelEncoder"): ("keys_strings", "keys_int64s", "keys_floats", "keys_tensor",
                            "classes_strings"),
    (_ML, "OneHotEncoder"): ("cats_int64s", "cats_strings"),
    ("", "TfIdfVectorizer"): ("ngram_indexes",),
}  # fmt: skip
"""Attributes that list the words, keys or categories of a table, of which one is given."""


def attribute_parameters(operator: Operator) -> int:
    """Number of parameters that the attributes of an operator hold."""
    if operator.domain != _ML:
        return 0
    held = sum(_length(operator, name) for name in _LEARNED.get(operator.type, ()))
    return held + (_thresholds(operator) if operator.type in _TREES else 0)


def attribute_dtype(model: Model, operator: Operator) -> str:
    """Element type of an operator's parameters: ensembles of doubles hold them as tensors."""
    fed = model.tensors[operator.inputs[0]].dtype if operator.inputs else ""
    tensors = operator.type == "TreeEnsemble" or "nodes_values_as_tensor" in operator.attributes
    return "double" if fed == "double" and tensors else "float"


def forest_counts(model: Model) -> dict[str, int]:
    """Number of ensembles of trees, of their trees, nodes and leaves, and the deepest tree's depth.

    Of ensembles whose nodes cannot be read only the nodes that they list are counted; a model
    without ensembles has no counts.
    """
    ensembles = [o for o in model.operators if o.domain == _ML and o.type in _TREES]
    if not ensembles:
        return {}
    try:
        forests = [forest(operator) for operator in ensembles]
    except UnreadableError:
        nodes = sum(_length(operator, "nodes_featureids") for operator in ensembles)
        return {"ensembles": len(ensembles), "nodes": nodes}
    leaves = sum(one.leaves for one in forests)
    return {
        "ensembles": len(ensembles),
        "trees": sum(one.trees for one in forests),
        "nodes": sum(one.inner for one in forests) + leaves,
        "leaves": leaves,
        "depth": max(one.depth for one in forests),
    }


def table_entries(model: Model) -> dict[str, int]:
    """Number of words, keys and categories in the tables of operators, by type."""
    found: Counter[str] = Counter()
    for operator in model.operators:
        names = _TABLES.get((operator.domain, operator.type), ())
        found[operator.type] += max((_length(operator, name) for name in names), default=0)
    return {kind: count for kind, count in sorted(found.items()) if count}


def _length(operator: Operator, name: str) -> int:
    value = operator.attributes.get(name)
    if isinstance(value, np.ndarray):
        return int(value.size)
    return len(value) if isinstance(value, tuple | Unread) else 0


def _thresholds(operator: Operator) -> int:
    """Number of inner nodes: leaves have a place among the thresholds of the older form, too."""
    modes = operator.attributes.get("nodes_modes")
    if operator.type != "TreeEnsemble" and isinstance(modes, tuple):
        return sum(mode != "LEAF" for mode in modes)
    return _length(operator, "nodes_featureids")
