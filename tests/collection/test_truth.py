"""What a file holds beside what its framework counts, and the judgement of counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import helper, numpy_helper

import gallery
from tests.collection.copies import copies
from tests.collection.faults import count_faults
from tests.collection.trained import trained

MATRIX = np.arange(2400.0, dtype=np.float32).reshape(40, 60)


def network(*weights: npt.NDArray[Any]) -> onnx.ModelProto:
    """Products of an input with each weight."""
    names = [f"w{n}" for n in range(len(weights))]
    values = [numpy_helper.from_array(w, n) for w, n in zip(weights, names, strict=True)]
    nodes = [helper.make_node("MatMul", [f"x{n}", n], [f"y{n}"]) for n in names]
    puts = [helper.make_tensor_value_info(f"x{n}", 1, None) for n in names]
    made = [helper.make_tensor_value_info(f"y{n}", 1, None) for n in names]
    return helper.make_model(helper.make_graph(nodes, "network", puts, made, values))


@pytest.mark.parametrize(
    ("weights", "number"),
    [
        ([MATRIX, MATRIX.T], 2400),
        ([MATRIX, MATRIX], 2400),
        ([MATRIX, MATRIX, MATRIX.T], 4800),
        ([MATRIX, MATRIX + 1], 0),
        ([MATRIX, MATRIX.reshape(60, 40)], 0),
        ([MATRIX[:2], MATRIX[:2]], 0),
    ],
)
def test_copies_are_equal_or_transposed(weights: list[npt.NDArray[Any]], number: int) -> None:
    assert copies(network(*weights)) == number


def test_the_whole_or_the_folded_count_is_right_and_no_other(tmp_path: Any) -> None:
    path = tmp_path / "network.onnx"
    onnx.save(network(MATRIX), path)
    facts = gallery.facts(gallery.load(path), path.stat().st_size)
    for count, right in ((2440, True), (2400, True), (2420, False), (2399, False)):
        told = list(count_faults(replace(facts, parameters=count), 2440, 2400, facts.macs))
        assert (not told) is right
    assert not list(count_faults(replace(facts, parameters=7), None, None, facts.macs))


def test_no_tensor_equals_another_after_training() -> None:
    zeros = np.zeros(64, np.float32)
    assert not np.array_equal(trained(zeros, 0), trained(zeros, 1))
    assert np.array_equal(trained(zeros, 0), trained(zeros, 0))
    assert (trained(zeros, 0, positive=True) > 0).all()
