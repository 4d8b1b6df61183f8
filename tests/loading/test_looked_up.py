"""Tables of biases that an exporter has looked up in advance: the numbers behind them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from gallery.loading.looked_up import LARGEST, numbers_behind
from gallery.loading.wire import slim
from tests.onnx_text import loaded

TABLE = np.random.default_rng(3).standard_normal((31, 4)).astype(np.float32)
PLACES = np.arange(16)[:, None] - np.arange(16) + 15


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_all_layouts_have_the_same_table_behind_them(dtype: type) -> None:
    result = TABLE.astype(dtype)[PLACES]
    for array in (result, result.reshape(256, 4), np.moveaxis(result, -1, 0)[None]):
        tensor = numpy_helper.from_array(np.ascontiguousarray(array), "b")
        assert numbers_behind(tensor) == 31 * 4


@pytest.mark.parametrize("shape", [(64, 3, 7, 7), (16, 16), (255, 4), (0, 16, 16), (2, 65, 16, 16)])
def test_other_shapes_are_no_such_tables(shape: tuple[int, ...]) -> None:
    assert numbers_behind(numpy_helper.from_array(np.zeros(shape, np.float32), "b")) is None


def test_a_payload_that_is_too_short_has_no_table(tmp_path: Path) -> None:
    tensor = numpy_helper.from_array(TABLE[PLACES], "b")
    tensor.raw_data = tensor.raw_data[:-4]
    assert numbers_behind(tensor) is None


def test_such_payloads_are_read_up_to_a_size_and_are_no_values(tmp_path: Path) -> None:
    for heads, held in ((4, True), (64, False)):
        tokens = 17 if held else 72
        array = np.zeros((1, heads, tokens, tokens), np.float32)
        assert (array.nbytes <= LARGEST) == held
        node = helper.make_node("Identity", ["b"], ["y"])
        graph = helper.make_graph([node], "g", [], [], [numpy_helper.from_array(array, "b")])
        model = loaded(tmp_path, helper.make_model(graph))
        assert model.tensors[0].value is None
        assert model.tensors[0].behind == (heads if held else None)


def test_weights_of_these_shapes_in_integers_stay_in_the_file(tmp_path: Path) -> None:
    tensor = numpy_helper.from_array(np.zeros((1, 4, 64, 64), np.int32), "b")
    graph = helper.make_graph([helper.make_node("Neg", ["b"], ["y"])], "g", [], [], [tensor])
    path = tmp_path / "net.onnx"
    onnx.save(helper.make_model(graph), path)
    with path.open("rb") as file:
        assert slim(file.fileno(), os.fstat(file.fileno()).st_size).dropped
