"""Every operator test of ONNX through `load`: no shape that we state may differ from the truth."""

import warnings
from collections import Counter

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from gallery.costs.facts import facts
from gallery.loading.load import load
from tests.onnx_text import write

OPEN = {
    "Compress",
    "FlexAttention",
    "ImageDecoder",
    "Loop",
    "NonMaxSuppression",
    "NonZero",
    "RegexFullMatch",
    "StringNormalizer",
    "StringSplit",
    "Unique",
    "Cast",
}
"""Operators whose sizes depend on data, or on values that are not followed through loops."""


@pytest.fixture(scope="module")
def cases():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tests' own arithmetic overflows on purpose
        from onnx.backend.test.case.node import collect_testcases  # noqa: PLC0415

        return collect_testcases("")


def with_values(case) -> tuple[onnx.ModelProto, list[tuple[int, ...] | None]]:
    """The model with its small inputs made initializers and the shapes of its outputs hidden."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    inputs, outputs = case.data_sets[0]
    for value, given in zip(model.graph.input, inputs, strict=False):
        if isinstance(given, np.ndarray | np.generic):
            array = np.asarray(given)
            if array.nbytes <= 4096 and array.dtype != object:
                model.graph.initializer.append(numpy_helper.from_array(array, value.name))
    for value in model.graph.output:
        if value.type.HasField("tensor_type"):
            value.type.Clear()
    shapes = [a.shape if isinstance(a, np.ndarray | np.generic) else None for a in outputs]
    return model, shapes


@pytest.mark.slow
def test_no_shape_is_wrong_and_few_are_open(cases, tmp_path):
    wrong, left_open = [], Counter()
    checked = 0
    for case in cases:
        if not case.data_sets:
            continue
        proto, shapes = with_values(case)
        model = load(write(tmp_path, proto))
        facts(model, 0)
        wrong += [(case.name, note) for note in model.warnings if "contradict" in note]
        for index, true in zip(model.outputs, shapes, strict=False):
            found = model.tensors[index].shape
            if true is None or 0 in true:  # a size of 0 in an input is open, see `symbols`
                continue
            checked += 1
            if found is None or not all(isinstance(size, int) for size in found):
                left_open[model.operators[-1].type] += 1
                known = [] if found is None else zip(found, true, strict=True)
                wrong += [case.name for a, b in known if isinstance(a, int) and a != b]
            elif found != true:
                wrong.append((case.name, found, true))
    assert wrong == []
    assert set(left_open) <= OPEN
    assert sum(left_open.values()) < 0.05 * checked
    assert checked > 1000
