"""Tensors that a loop carries and that grow: ONNX Runtime tells their sizes."""

import numpy as np
import onnxruntime
import pytest

from tests.onnx_text import HEADER, loaded, parse, shape_of

HEAD = HEADER.replace("20", "17").replace("10", "8")

LOOPS = {
    "cache": (4, "ao = Concat<axis=0>(a, n)"),
    "twice": (5, "ao = Concat<axis=0>(a, a)"),
    "shrinks": (2, "ao = Slice(a, one, many)"),
    "by_the_number_of_the_trip": (
        3,
        "p = Unsqueeze(i, zero) q = Concat<axis=0>(p, one) r = Tile(n, q)"
        " ao = Concat<axis=0>(a, r)",
    ),
    "by_its_own_size": (3, "s = Shape(a) u = ConstantOfShape(s) ao = Concat<axis=1>(a, u)"),
    "does_not": (6, "ao = Relu(a)"),
    "long": (3000, "ao = Concat<axis=0>(a, n)"),
    "none": (0, "ao = Concat<axis=0>(a, n)"),
}


def text(body, begins=1):
    return (
        HEAD
        + f"""net (float[3,2] c, float[1,2] n) => (float[r,s] y, float[p,q] z)
        <int64 m = {{{LOOPS[body][0]}}}, bool t = {{{begins}}},
         int64[1] zero = {{0}}, int64[1] one = {{1}},
         int64[1] many = {{99}}> {{
            y = Loop<body = b (int64 i, bool k, float[d,e] a) => (bool ko, float[f,g] ao)
                {{ ko = Identity(k) {LOOPS[body][1]} }}>(m, t, c)
            z = Neg(y) }}"""
    )


@pytest.mark.parametrize("body", LOOPS)
def test_sizes_after_the_last_trip(tmp_path, body):
    proto = parse(text(body))
    model = loaded(tmp_path, proto)
    session = onnxruntime.InferenceSession(proto.SerializeToString())
    made = session.run(["z"], {"c": np.ones((3, 2), np.float32), "n": np.ones((1, 2), np.float32)})
    assert shape_of(model, "z") == made[0].shape
    told = [text for text in model.warnings if "grow evenly" in text]
    assert len(told) == (body == "long")


def test_a_loop_whose_condition_is_false(tmp_path):
    proto = parse(text("cache", begins=0))
    session = onnxruntime.InferenceSession(proto.SerializeToString())
    made = session.run(["z"], {"c": np.ones((3, 2), np.float32), "n": np.ones((1, 2), np.float32)})
    assert shape_of(loaded(tmp_path, proto), "z") == made[0].shape == (3, 2)


def test_a_body_is_left_as_in_its_first_trip(tmp_path):
    model = loaded(tmp_path, text("cache"))
    assert (shape_of(model, "a"), shape_of(model, "ao")) == ((3, 2), (4, 2))


def test_sizes_that_grow_unevenly_for_too_long_are_unknown(tmp_path, monkeypatch):
    body = LOOPS["by_the_number_of_the_trip"][1]
    monkeypatch.setitem(LOOPS, "triangle", (5000, body))
    assert shape_of(loaded(tmp_path, text("triangle")), "z") == (None, 2)
