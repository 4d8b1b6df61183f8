"""Types of the outputs of ai.onnx.ml, by the rules of ONNX Runtime's kernels.

ONNX's own inference covers half of these operators, and refuses some of which it cannot see the
long lists. Definitions: https://onnx.ai/onnx/operators/index.html#ai-onnx-ml.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import onnx

from gallery.loading.flat import FlatNode, Value
from gallery.loading.stand_in_types import Kinds, Rule
from gallery.loading.types import dims_of, element_of, tensor_type
from gallery.model import Dimension, Shape

DOMAIN = "ai.onnx.ml"

_T = onnx.TensorProto
_CASTS: Mapping[str, int] = {"TO_FLOAT": _T.FLOAT, "TO_STRING": _T.STRING, "TO_INT64": _T.INT64}


def _shape(fed: Sequence[Value | None]) -> Shape:
    return dims_of(fed[0].kind) if fed and fed[0] else None


def _rows(fed: Sequence[Value | None]) -> tuple[Dimension] | None:
    """Number of rows of features; a tensor of one dimension is a single row."""
    shape = _shape(fed)
    if not shape:
        return None
    return (shape[0],) if len(shape) > 1 else (1,)


def _count(step: FlatNode, *names: str) -> int:
    """Length of the first of these lists that is given."""
    lengths = (len(step.attributes.get(name) or ()) for name in names if _given(step, name))
    return next(lengths, 0)


def _given(step: FlatNode, name: str) -> bool:
    value = step.attributes.get(name)
    return value is not None and len(value) > 0


def _same(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    first = fed[0].kind if fed and fed[0] else None
    return {} if first is None else {0: first}


def _floats(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    return {0: tensor_type(_T.FLOAT, _shape(fed))}


def _table(*beginnings: tuple[str, int]) -> Rule:
    """The input's shape, with the type of what it is mapped to: of the first attribute given."""

    def rule(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
        kind = next((kind for name, kind in beginnings if _given(step, name)), 0)
        return {0: tensor_type(kind, _shape(fed))}

    return rule


def _labels(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    for attribute in step.plain:
        if attribute.name == "values_tensor":
            return {0: tensor_type(attribute.t.data_type, _shape(fed))}
    if _given(step, "classes_strings"):
        text = bool(fed and fed[0]) and element_of(fed[0].kind) == _T.STRING  # type: ignore[union-attr]
        return {0: tensor_type(_T.INT64 if text else _T.STRING, _shape(fed))}
    named = [(f"values_{k}", kind) for k, kind in _VALUES.items()]
    return _table(*named)(step, fed)


def _categories(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    text = bool(fed and fed[0]) and element_of(fed[0].kind) == _T.STRING  # type: ignore[union-attr]
    return {0: tensor_type(_T.INT64 if text else _T.STRING, _shape(fed))}


def _one_hot(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    shape, count = _shape(fed), _count(step, "cats_int64s", "cats_strings")
    if shape is None or not count:
        return None
    return {0: tensor_type(_T.FLOAT, (*shape, count))}


def _vocabulary(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    held = fed[0].kind if fed and fed[0] else None
    element = held.map_type.value_type.tensor_type.elem_type if held is not None else 0
    count = _count(step, "string_vocabulary", "int64_vocabulary")
    return {0: tensor_type(element, (1, count))}


def _cast_map(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    # A dense map has as many columns as there are keys, which the file does not tell.
    sparse = step.attributes.get("map_form", "DENSE") == "SPARSE"
    columns = int(step.attributes.get("max_map", 1)) if sparse else None
    return {0: tensor_type(_CASTS[step.attributes.get("cast_to", "TO_FLOAT")], (1, columns))}


def _extracted(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    shape = _shape(fed)
    chosen = dims_of(fed[1].kind) if len(fed) > 1 and fed[1] else None
    if not shape or chosen is None or not fed[0]:
        return None
    sizes = [size for size in chosen if isinstance(size, int)]
    count = prod(sizes) if len(sizes) == len(chosen) else None
    outer = shape[:-1] if len(shape) > 1 else (1,)
    return {0: tensor_type(element_of(fed[0].kind), (*outer, count))}


def _features(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    rows = _rows(fed)
    columns: int | None = int(sum(step.attributes.get("inputdimensions", ())))
    for value in fed if not columns else ():
        shape = dims_of(value.kind) if value else None
        sizes = None if shape is None else shape[-1:] if len(shape) < 2 else shape[1:]
        if sizes is None or not all(isinstance(size, int) for size in sizes) or columns is None:
            columns = None
            break
        columns += prod(int(size or 0) for size in sizes)
    return None if rows is None else {0: tensor_type(_T.FLOAT, (*rows, columns))}


def _targets(name: str) -> Rule:
    """A row of targets for each row of features; one that is not told is one."""

    def rule(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
        rows = _rows(fed)
        count = int(step.attributes.get(name, 1))
        return None if rows is None else {0: tensor_type(_T.FLOAT, (*rows, max(count, 1)))}

    return rule


def _tree_targets(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    found = _targets("n_targets")(step, fed)
    if not found or not fed[0]:
        return found
    return {0: tensor_type(element_of(fed[0].kind), dims_of(found[0]))}


def _classes(step: FlatNode, fed: Sequence[Value | None], scores: int, *names: str) -> Kinds | None:
    """A label and a row of scores for each row of features."""
    rows = _rows(fed)
    if rows is None:
        return None
    text = _given(step, "classlabels_strings")
    label = tensor_type(_T.STRING if text else _T.INT64, rows)
    return {0: label, 1: tensor_type(_T.FLOAT, (*rows, scores or None))}


def _linear_classes(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    labels = _count(step, "classlabels_strings", "classlabels_ints")
    scores = _count(step, "intercepts")
    shape = _shape(fed)
    if not scores and shape and isinstance(shape[-1], int) and shape[-1]:
        scores = _count(step, "coefficients") // shape[-1]
    # A single score of two classes is that of the second.
    return _classes(step, fed, 2 if scores == 1 and labels == 2 else scores)


def _vector_classes(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    labels = _count(step, "classlabels_strings", "classlabels_ints")
    pairs = labels * (labels - 1) // 2
    votes = _count(step, "support_vectors") and not _count(step, "prob_a") and labels > 2
    return _classes(step, fed, pairs if votes else labels)


def _tree_classes(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    return _classes(step, fed, _count(step, "classlabels_strings", "classlabels_int64s"))


def _maps(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    kind = onnx.TypeProto()
    item = kind.sequence_type.elem_type.map_type
    item.key_type = _T.STRING if _given(step, "classlabels_strings") else _T.INT64
    item.value_type.tensor_type.elem_type = _T.FLOAT
    item.value_type.tensor_type.shape.SetInParent()
    return {0: kind}


_VALUES: Mapping[str, int] = {"strings": _T.STRING, "int64s": _T.INT64, "floats": _T.FLOAT}

_BY_TYPE: Mapping[str, Rule] = {
    "ArrayFeatureExtractor": _extracted,
    "Binarizer": _same,
    "CastMap": _cast_map,
    "CategoryMapper": _categories,
    "DictVectorizer": _vocabulary,
    "FeatureVectorizer": _features,
    "Imputer": _same,
    "LabelEncoder": _labels,
    "LinearClassifier": _linear_classes,
    "LinearRegressor": _targets("targets"),
    "Normalizer": _floats,
    "OneHotEncoder": _one_hot,
    "SVMClassifier": _vector_classes,
    "SVMRegressor": _targets("n_targets"),
    "Scaler": _floats,
    "TreeEnsemble": _tree_targets,
    "TreeEnsembleClassifier": _tree_classes,
    "TreeEnsembleRegressor": _targets("n_targets"),
    "ZipMap": _maps,
}

RULES: Mapping[tuple[str, str], Rule] = {(DOMAIN, name): rule for name, rule in _BY_TYPE.items()}
"""The rules, by domain and operator type."""
