"""Of long lists of attributes as much is kept as tells how an ensemble of trees hangs together."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from gallery.loading import long_lists, wire
from gallery.loading.values import attribute_value
from gallery.loading.wire import slim, varint
from gallery.model import Unread
from tests.onnx_text import loaded, shape_of, the

MODES = ("BRANCH_LEQ", "BRANCH_LEQ", "LEAF")


def kept(folder: Path, **lists: Any) -> dict[str, Any]:
    """The values of attributes after a file with them was read."""
    node = helper.make_node("T", [], ["y"], **lists)
    return read_back(folder, helper.make_model(helper.make_graph([node], "g", [], [])))


def read_back(folder: Path, model: onnx.ModelProto | bytes) -> dict[str, Any]:
    path = folder / "m.onnx"
    path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
    descriptor = os.open(path, os.O_RDONLY)
    try:
        content = slim(descriptor, path.stat().st_size).content
    finally:
        os.close(descriptor)
    (node,) = onnx.ModelProto.FromString(content).graph.node
    return {attribute.name: attribute_value(attribute) for attribute in node.attribute}


numbers = st.one_of(st.integers(0, 300), st.integers(-(2**63), 2**63 - 1))


@given(st.lists(numbers, min_size=1, max_size=50), st.integers(1, 400), st.sampled_from([30, 300]))
def test_whole_numbers_are_kept_as_they_are(
    tmp_path_factory: pytest.TempPathFactory, some: list[int], times: int, chunk: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wire, "LARGE_ATTRIBUTE", 200)
        patch.setattr(long_lists, "CHUNK", chunk)
        patch.setattr(wire, "SMALL", 100)
        found = kept(tmp_path_factory.mktemp("lists"), a=some * times, text="x")
    assert list(found["a"]) == some * times
    assert found["text"] == "x"


def test_what_is_kept_of_each_kind_of_list(tmp_path: Path) -> None:
    found = kept(
        tmp_path,
        reals=[0.5] * 70_000,
        modes=MODES * 30_000,
        words=[f"word {n}" for n in range(20_000)],
        long=["x" * 300] * 500,
        small=[3, -1],
        numbers=[-1, 200] * 40_000,
    )
    assert found["reals"] == Unread(70_000)
    assert found["modes"] == MODES * 30_000
    assert found["words"] == Unread(20_000)
    assert found["long"] == Unread(500)
    assert found["small"] == (3, -1)
    assert found["numbers"].dtype == np.int16
    assert found["numbers"].tolist() == [-1, 200] * 40_000
    assert not found["numbers"].flags.writeable


@pytest.mark.parametrize("packed", [True, False])
def test_packed_lists_count_too(tmp_path: Path, packed: bool) -> None:
    values = [0, 5, 300, 70_000] * 10_000
    if packed:
        body = b"".join(map(varint, values))
        lists = varint(8 << 3 | 2) + varint(len(body)) + body
    else:
        lists = b"".join(varint(8 << 3) + varint(value) for value in values)
    reals = varint(7 << 3 | 2) + varint(4 * 30_000) + bytes(4 * 30_000)
    content = b""
    for name, kind, data in (("ints", 7, lists), ("reals", 6, reals)):
        attribute = varint(1 << 3 | 2) + varint(len(name)) + name.encode()
        attribute += data + varint(20 << 3) + varint(kind)
        content += varint(5 << 3 | 2) + varint(len(attribute)) + attribute
    node = varint(1 << 3 | 2) + varint(len(content)) + content
    found = read_back(tmp_path, b"\x08\x08" + varint(7 << 3 | 2) + varint(len(node)) + node)
    assert list(found["ints"]) == values
    assert found["reals"] == Unread(30_000)


def test_more_than_there_is_room_for_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "LARGE_LISTS", 300_000)
    found = kept(tmp_path, first=[70_000] * 60_000, second=[70_000] * 60_000, modes=MODES * 30_000)
    assert found["first"].tolist() == [70_000] * 60_000
    assert found["second"] == Unread(60_000)
    assert found["modes"] == Unread(90_000)


def test_lists_that_are_cut_up_are_counted(tmp_path: Path) -> None:
    """Nothing that programs write, but a file may alternate the fields of an attribute."""
    unit = varint(7 << 3 | 5) + bytes(4) + varint(8 << 3) + b"\x01"
    attribute = varint(1 << 3 | 2) + b"\x01a" + unit * 15_000 + varint(20 << 3) + b"\x07"
    node = varint(5 << 3 | 2) + varint(len(attribute)) + attribute
    graph = varint(1 << 3 | 2) + varint(len(node)) + node
    found = read_back(tmp_path, b"\x08\x08" + varint(7 << 3 | 2) + varint(len(graph)) + graph)
    assert found["a"] == Unread(30_000)


@pytest.mark.parametrize(
    "tensor",
    [
        {"dims": [2**62], "data_location": TensorProto.EXTERNAL},
        {"dims": [-1], "data_location": TensorProto.EXTERNAL},
        {"dims": [2, 2], "data_type": TensorProto.INT8, "raw_data": b"abcd"},
        {"dims": [9], "data_type": TensorProto.INT8, "raw_data": b"abcd"},
        {"dims": [1], "data_type": 999, "raw_data": b"abcd"},
    ],
)
def test_a_file_that_writes_the_form_itself_is_not_believed(tensor: dict[str, Any]) -> None:
    attribute = onnx.AttributeProto(name="a", type=onnx.AttributeProto.INTS)
    attribute.t.CopyFrom(TensorProto(**tensor))
    assert attribute_value(attribute) is None


def test_codes_without_a_text_are_not_believed() -> None:
    attribute = onnx.AttributeProto(name="a", type=onnx.AttributeProto.STRINGS, strings=[b"LEAF"])
    tensor = {"dims": [2], "data_type": TensorProto.UINT8, "raw_data": b"\0\1"}
    attribute.t.CopyFrom(TensorProto(**tensor))
    assert attribute_value(attribute) is None
    assert long_lists.MOST_TEXTS < 256


def test_the_shape_of_a_constant_whose_list_is_not_read(tmp_path: Path) -> None:
    """ONNX's inference would see an empty list."""
    floats = helper.make_node("Constant", [], ["f"], value_floats=[0.5] * 30_000)
    ints = helper.make_node("Constant", [], ["i"], value_ints=list(range(40_000)))
    words = helper.make_node("Constant", [], ["s"], value_strings=[str(n) for n in range(30_000)])
    graph = helper.make_graph([floats, ints, words], "g", [], [])
    model = loaded(tmp_path, helper.make_model(graph))
    found = [(shape_of(model, name)) for name in "fis"]
    assert found == [(30_000,), (40_000,), (30_000,)]
    assert model.warnings == ("the file has no network: nothing but constants, and no inputs",)


def test_n_grams_whose_list_is_long_have_their_columns(tmp_path: Path) -> None:
    places = [*range(1, 30_000), 0]
    node = helper.make_node(
        "TfIdfVectorizer", ["x"], ["y"], mode="TF", min_gram_length=1, max_gram_length=1,
        max_skip_count=0, ngram_counts=[0], ngram_indexes=places, pool_int64s=places,
    )  # fmt: skip
    x = helper.make_tensor_value_info("x", TensorProto.INT64, [3, 7])
    model = loaded(tmp_path, helper.make_model(helper.make_graph([node], "g", [x], [])))
    assert shape_of(model, "y") == (3, 30_000)
    assert model.warnings == ()


def test_an_operator_whose_list_is_left_in_the_file_is_not_accused(tmp_path: Path) -> None:
    """Without its ten thousands of keys, LabelEncoder-4 has fewer keys than values."""
    node = helper.make_node(
        "LabelEncoder", ["x"], ["y"], domain="ai.onnx.ml",
        keys_strings=[f"key {n}" for n in range(20_000)], values_int64s=[1, 2] * 10_000,
    )  # fmt: skip
    x = helper.make_tensor_value_info("x", TensorProto.STRING, [3])
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("ai.onnx.ml", 4)]
    graph = helper.make_graph([node], "g", [x], [])
    model = loaded(tmp_path, helper.make_model(graph, opset_imports=opsets, ir_version=10))
    assert (shape_of(model, "y"), model.warnings) == ((3,), ())
    assert the(model, "LabelEncoder").attributes["keys_strings"] == Unread(20_000)
