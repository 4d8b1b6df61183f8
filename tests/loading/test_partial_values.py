"""Sizes that a model takes out of shapes of which it knows only some."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.loading.partial_values import Partial, moved, sizes_of
from tests.onnx_text import loaded, parse, shape_of

FOUND = """
    z = NonZero(x) flat = Squeeze(z, zero) rows = Gather(table, flat) s = Shape(rows)
"""
"""As many rows of 5 as `x` has numbers that are not 0."""

USES = {
    "one element": ("d = Gather(s, one) y = ConstantOfShape(d)", (5,)),
    "the last ones": ("d = Slice(s, one, most) y = ConstantOfShape(d)", (5,)),
    "a part of a shape": ("d = Shape<start=-1>(rows) y = ConstantOfShape(d)", (5,)),
    "joined with others": ("d = Concat<axis=0>(s, three) y = ConstantOfShape(d)", (None, 5, 3)),
    "an element of a list": (
        "a = Concat<axis=0>(three, s) d = Gather(a, both) y = ConstantOfShape(d)",
        (3, 5),
    ),
    "as a scalar": (
        "k = Gather(s, at) u = Unsqueeze(k, zero) d = Concat<axis=0>(three, u) "
        "y = ConstantOfShape(d)",
        (3, 5),
    ),
    "expanded": ("y = Expand(one, s)", (None, 5)),
    "reshaped": ("t = Transpose(rows) y = Reshape(t, s)", (None, 5)),
    "open": ("d = Gather(s, zero) y = ConstantOfShape(d)", (None,)),
    "scattered": (
        "d = Slice(s, one, most) e = Concat<axis=0>(three, d) c = ConstantOfShape(e) y = Add(c, c)",
        (3, 5),
    ),
}


@pytest.mark.parametrize("name", USES)
def test_known_sizes_are_taken_out_of_shapes(tmp_path, name):  # type: ignore[no-untyped-def]
    nodes, wanted = USES[name]
    model = parse(
        f"""net (float[4] x, float[7,5] table) => (y)
        <int64[1] zero = {{0}}, int64[1] one = {{1}}, int64[1] most = {{9}},
         int64[1] three = {{3}}, int64[2] both = {{0, 2}}, int64 at = {{1}}>
        {{ {FOUND} {nodes} }}"""
    )
    assert shape_of(loaded(tmp_path, model), "y") == wanted
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    for count in (2, 4):
        x, table = np.float32([1] * count + [0] * (4 - count)), np.zeros((7, 5), np.float32)
        (made,) = session.run(["y"], {"x": x, "table": table})
        sizes = zip(wanted, made.shape, strict=True)
        assert all(size in (None, real) for size, real in sizes)


NUMPY = {
    "Gather": lambda x, at: x[at],
    "Slice": lambda x, at: x[at.min() : at.max()],
    "Unsqueeze": lambda x, at: x[:, None],
    "Concat": lambda x, at: np.concatenate([x, at]),
    "Cast": lambda x, at: x.astype(np.int32),
}


@given(
    shape=st.lists(st.one_of(st.none(), st.integers(0, 9)), min_size=1, max_size=5),
    kind=st.sampled_from([*NUMPY]),
    data=st.data(),
)
def test_what_is_known_is_so_whatever_the_rest_is(shape, kind, data):  # type: ignore[no-untyped-def]
    at = np.array(data.draw(st.lists(st.integers(0, len(shape) - 1), min_size=1)), np.int64)
    part = sizes_of(tuple(shape))
    found = moved(kind, [part, at], lambda fed: NUMPY[kind](*fed))
    real = [data.draw(st.integers(0, 99)) if size is None else size for size in shape]
    truth = NUMPY[kind](np.array(real, np.int64), at)
    assert (found.values == truth)[found.known].all()
    mask = np.array([size is not None for size in shape])
    known = NUMPY[kind](mask, np.ones(len(at), np.bool_) if kind == "Concat" else at)
    assert (found.known == known.astype(np.bool_)).all()


def test_what_says_where_elements_go_has_to_be_known():
    part = sizes_of((None, 3))
    assert moved("Gather", [np.arange(4), part], lambda fed: fed[0][fed[1] % 4]) is None
    assert moved("Add", [part, np.zeros(2, np.int64)], lambda fed: fed[0] + fed[1]) is None
    assert isinstance(moved("Identity", [part], lambda fed: fed[0]), Partial)
    assert sizes_of(None) is None
