"""Types of ai.onnx.ml's outputs are those that ONNX Runtime gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.classical_models import ensemble, grown, listed_ensemble, model_of, run
from tests.onnx_text import loaded, shape_of, the

RNG = np.random.default_rng(3)
X = RNG.normal(size=(5, 3)).astype(np.float32)
ROW, CUBE, WHOLE = X[0], np.stack([X, X]), X.astype(np.int64)
WORDS = np.array([["a", "b"], ["c", "a"]], object)
KERNEL = {"kernel_type": "RBF", "kernel_params": [0.1, 0.0, 3.0]}
FLAT = {"kernel_type": "LINEAR", "kernel_params": [0.0, 0.0, 3.0]}
TREES = [grown(RNG, 2, [0, 2]) for _ in range(4)]


def planes(scores: int, classes: int, **labels: Any) -> dict[str, Any]:
    labels = labels or {"classlabels_ints": list(range(classes))}
    return {"coefficients": [1.0] * 3 * scores, "intercepts": [0.5] * scores, **labels}


def vectors(classes: int, **more: Any) -> dict[str, Any]:
    pairs = classes * (classes - 1) // 2
    return {
        **KERNEL,
        "support_vectors": [0.5] * 3 * classes,
        "coefficients": [1.0] * classes * (classes - 1),
        "rho": [0.1] * pairs,
        "vectors_per_class": [1] * classes,
        "classlabels_ints": list(range(classes)),
        **more,
    }


def forest(kind: str, classes: int, ids: list[int], **labels: Any) -> dict[str, Any]:
    labels = labels or {"classlabels_int64s": list(range(classes))}
    found = ensemble(TREES, [[one] for one in ids], kind)
    return {**found, **(labels if kind == "class" else {"n_targets": classes})}


CASES: dict[str, tuple[str, list[Any], dict[str, Any]]] = {
    **{
        f"{name}, {label}": (name, [x], given)
        for label, x in (("rows", X), ("a row", ROW), ("more", CUBE))
        for name, given in {
            "Scaler": {"offset": [0.0], "scale": [2.0]},
            "Imputer": {"imputed_value_floats": [0.0]},
            "Binarizer": {"threshold": 0.5},
            "OneHotEncoder": {"cats_int64s": [0, 1, 2, 7]},
        }.items()
    },
    "Scaler, of doubles": ("Scaler", [X.astype(float)], {"offset": [0.0], "scale": [2.0]}),
    "Imputer, of integers": ("Imputer", [WHOLE], {"imputed_value_int64s": [0]}),
    "Normalizer": ("Normalizer", [X], {"norm": "L2"}),
    "Normalizer, of integers": ("Normalizer", [WHOLE], {"norm": "L1"}),
    "Normalizer, a row": ("Normalizer", [ROW], {}),
    "OneHotEncoder, words": ("OneHotEncoder", [WORDS], {"cats_strings": ["a", "b", "c"]}),
    "ArrayFeatureExtractor": ("ArrayFeatureExtractor", [X, np.array([0, 2])], {}),
    "ArrayFeatureExtractor, a row": ("ArrayFeatureExtractor", [ROW, np.array([0, 2])], {}),
    "ArrayFeatureExtractor, more": ("ArrayFeatureExtractor", [CUBE, np.array([0, 2, 1, 1])], {}),
    "ArrayFeatureExtractor, rows of indices": (
        "ArrayFeatureExtractor", [X, np.array([[0, 2], [1, 1]])], {}),
    "FeatureVectorizer": ("FeatureVectorizer", [X, X], {"inputdimensions": [3, 3]}),
    "FeatureVectorizer, a row": ("FeatureVectorizer", [ROW, ROW], {"inputdimensions": [3, 3]}),
    "FeatureVectorizer, some": ("FeatureVectorizer", [X, X], {"inputdimensions": [2, 3]}),
    "FeatureVectorizer, more": ("FeatureVectorizer", [CUBE, CUBE], {"inputdimensions": [15, 15]}),
    "LabelEncoder-1": ("LabelEncoder", [WORDS], {"version": 1, "classes_strings": ["a", "b"]}),
    "LabelEncoder, words to reals": (
        "LabelEncoder", [WORDS], {"keys_strings": ["a"], "values_floats": [1.0]}),
    "LabelEncoder, integers to words": (
        "LabelEncoder", [WHOLE], {"keys_int64s": [1], "values_strings": ["one"]}),
    "LabelEncoder, reals to integers": (
        "LabelEncoder", [X], {"keys_floats": [1.0], "values_int64s": [4]}),
    "LabelEncoder-4, words to short integers": ("LabelEncoder", [WORDS], {
        "version": 4, "keys_tensor": helper.make_tensor("k", TensorProto.STRING, [2], ["a", "b"]),
        "values_tensor": numpy_helper.from_array(np.array([1, 2], np.int16)),
        "default_tensor": numpy_helper.from_array(np.array([0], np.int16))}),
    "CategoryMapper, words": (
        "CategoryMapper", [WORDS], {"cats_strings": ["a"], "cats_int64s": [1]}),
    "CategoryMapper, integers": (
        "CategoryMapper", [WHOLE], {"cats_strings": ["a"], "cats_int64s": [1]}),
    "LinearRegressor": ("LinearRegressor", [X], {"coefficients": [1.0] * 6, "targets": 2}),
    "LinearRegressor, a row": ("LinearRegressor", [ROW], {"coefficients": [1.0] * 3}),
    "LinearClassifier, one score": ("LinearClassifier", [X], planes(1, 2)),
    "LinearClassifier, a row": ("LinearClassifier", [ROW], planes(1, 2)),
    "LinearClassifier, two": ("LinearClassifier", [X], planes(2, 2)),
    "LinearClassifier, of doubles": ("LinearClassifier", [X.astype(float)], planes(3, 3)),
    "LinearClassifier, words": (
        "LinearClassifier", [X], planes(3, 3, classlabels_strings=["a", "b", "c"])),
    "SVMRegressor": ("SVMRegressor", [X], {
        **KERNEL, "n_supports": 2, "support_vectors": [0.5] * 6, "coefficients": [1.0] * 2,
        "rho": [0.1]}),
    "SVMRegressor, a row": ("SVMRegressor", [ROW], {
        **FLAT, "coefficients": [1.0] * 3, "rho": [0.1]}),
    **{f"SVMClassifier, {n}": ("SVMClassifier", [X], vectors(n)) for n in (2, 3, 4)},
    **{f"SVMClassifier, {n} with probabilities": ("SVMClassifier", [X], vectors(
        n, prob_a=[0.1] * (n * (n - 1) // 2), prob_b=[0.1] * (n * (n - 1) // 2))) for n in (2, 4)},
    "SVMClassifier, planes": ("SVMClassifier", [X], {
        **FLAT, "coefficients": [1.0] * 12, "rho": [0.1], "classlabels_ints": [0, 1, 2, 3]}),
    "SVMClassifier, a row": ("SVMClassifier", [ROW], vectors(4)),
    "TreeEnsembleRegressor": ("TreeEnsembleRegressor", [X], forest("target", 2, [0, 1, 1, 0])),
    "TreeEnsembleRegressor, of doubles": (
        "TreeEnsembleRegressor", [X.astype(float)], forest("target", 1, [0, 0, 0, 0])),
    "TreeEnsembleClassifier": (
        "TreeEnsembleClassifier", [X], forest("class", 3, [0, 1, 2, 2])),
    "TreeEnsembleClassifier, of doubles": (
        "TreeEnsembleClassifier", [X.astype(float)], forest("class", 3, [0, 1, 2, 2])),
    "TreeEnsembleClassifier, one score": (
        "TreeEnsembleClassifier", [X],
        forest("class", 2, [0, 0, 0, 0], classlabels_strings=["a", "b"])),
    "TreeEnsemble-5": ("TreeEnsemble", [X], {
        **listed_ensemble(TREES, [0, 1, 2, 1]), "n_targets": 3, "version": 5}),
    "TreeEnsemble-5, of doubles": ("TreeEnsemble", [X.astype(float)], {
        **listed_ensemble(TREES, [0, 1, 2, 1], float), "n_targets": 3, "version": 5}),
    "ZipMap": ("ZipMap", [X], {"classlabels_int64s": [0, 1, 2]}),
    "ZipMap, a row": ("ZipMap", [ROW], {"classlabels_strings": ["a", "b", "c"]}),
}  # fmt: skip

NAMES = {"float32": "float", "float64": "double", "object": "string"}


@pytest.mark.parametrize("name", CASES)
def test_as_the_runtime_says(tmp_path: Path, name: str) -> None:
    kind, inputs, given = CASES[name]
    outputs = 2 if kind.endswith("Classifier") else 1
    proto = model_of(kind, inputs, outputs, **given)
    model = loaded(tmp_path, proto)
    assert model.warnings == ()
    for index, wanted in zip(model.outputs, run(proto, inputs), strict=True):
        made = model.tensors[index]
        if isinstance(wanted, list):
            key = "string" if isinstance(next(iter(wanted[0])), str) else "int64"
            assert (made.shape, made.dtype) == ((len(wanted),), f"seq(map({key}, float))")
            continue
        dtype = NAMES.get(str(wanted.dtype), str(wanted.dtype))
        assert (made.shape, made.dtype) == (wanted.shape, dtype if "<U" not in dtype else "string")


def of_map(key: int, value: int, kind: str, **attributes: Any) -> onnx.ModelProto:
    fed = onnx.ValueInfoProto(name="x")
    fed.type.map_type.key_type = key
    fed.type.map_type.value_type.tensor_type.elem_type = value
    node = helper.make_node(kind, ["x"], ["y"], domain="ai.onnx.ml", **attributes)
    graph = helper.make_graph([node], "g", [fed], [onnx.ValueInfoProto(name="y")])
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def test_a_row_of_the_values_of_a_map(tmp_path: Path) -> None:
    # ONNX Runtime makes (1, 3), (1, 7) and, of a dense map, as many columns as it has keys.
    text, whole, real = TensorProto.STRING, TensorProto.INT64, TensorProto.FLOAT
    model = loaded(
        tmp_path, of_map(text, real, "DictVectorizer", string_vocabulary=["a", "b", "c"])
    )
    assert (shape_of(model, "y"), shape_of(model, "x"), model.warnings) == ((1, 3), (), ())
    assert model.tensors[model.inputs[0]].dtype == "map(string, float)"
    assert model.tensors[model.outputs[0]].dtype == "float"
    sparse = {"map_form": "SPARSE", "max_map": 7, "cast_to": "TO_STRING"}
    model = loaded(tmp_path, of_map(whole, real, "CastMap", **sparse))
    assert (shape_of(model, "y"), model.tensors[model.outputs[0]].dtype) == ((1, 7), "string")
    assert shape_of(loaded(tmp_path, of_map(whole, real, "CastMap")), "y") == (1, None)


def test_a_sequence_has_an_item_of_each_input(tmp_path: Path) -> None:
    text = "net (float[2] a, float[2,3] b) => (y) { y = SequenceConstruct(a, b, a) }"
    model = loaded(tmp_path, text)
    assert (shape_of(model, "y"), model.warnings) == ((3,), ())
    assert the(model, "SequenceConstruct").outputs


@pytest.mark.parametrize("words", [[], ["the"]])
def test_normalised_words_keep_their_shape_without_stop_words(
    tmp_path: Path, words: list[str]
) -> None:
    node = helper.make_node(
        "StringNormalizer", ["x"], ["y"], **({"stopwords": words} if words else {})
    )
    x = helper.make_tensor_value_info("x", TensorProto.STRING, [4])
    model = loaded(tmp_path, helper.make_model(helper.make_graph([node], "g", [x], [])))
    assert shape_of(model, "y") == ((4,) if not words else (None,))
