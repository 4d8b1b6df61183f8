"""Sizes and values as ONNX Runtime computes them, by the rules of each opset."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from tests.onnx_text import loaded, shape_of


def run(model: onnx.ModelProto, **fed: np.ndarray) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, fed)[0]


def one_node(
    node: onnx.NodeProto, shape: tuple[int, ...], opset: int, **arrays: np.ndarray
) -> onnx.ModelProto:
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=min(10, 3 + opset // 2)
    )


def assert_shape_is_the_runtime_s(tmp_path, model: onnx.ModelProto, shape: tuple[int, ...]) -> None:
    try:
        wanted = run(model, x=np.zeros(shape, np.float32)).shape
    except Exception as error:  # what it cannot run is not judged
        assume(False)
        raise AssertionError from error
    assume(0 not in wanted)  # nothing fits
    assert shape_of(loaded(tmp_path, model), "y") == wanted


@given(
    kind=st.sampled_from(["MaxPool", "AveragePool", "LpPool"]),
    opset=st.sampled_from([11, 13, 19, 22]),
    size=st.integers(1, 20),
    window=st.tuples(*[st.integers(1, 5)] * 2, st.integers(1, 3), st.booleans()),
    pads=st.tuples(st.integers(0, 3), st.integers(0, 3)),
)
def test_pools(tmp_path_factory, kind, opset, size, window, pads):  # type: ignore[no-untyped-def]
    kernel, stride, dilation, ceil = window
    extra = {}
    if kind != "LpPool" or opset >= 18:
        extra["ceil_mode"] = int(ceil)
    if kind == "MaxPool" or opset >= 19:
        extra["dilations"] = [dilation]
    assume(max(pads) < kernel)
    node = helper.make_node(
        kind, ["x"], ["y"], kernel_shape=[kernel], strides=[stride], pads=list(pads), **extra
    )
    shape = (1, 1, size)
    model = one_node(node, shape, opset)
    assert_shape_is_the_runtime_s(tmp_path_factory.mktemp("pool"), model, shape)


@given(
    opset=st.sampled_from([9, 10, 11, 13, 18, 19]),
    size=st.integers(1, 300),
    scale=st.one_of(st.sampled_from([0.7, 0.29, 0.1, 1.1, 2.0, 1 / 3]), st.floats(0.05, 8)),
)
@example(opset=10, size=100, scale=0.29)
@example(opset=13, size=10, scale=0.7)
def test_scaled_sizes(tmp_path_factory, opset, size, scale):  # type: ignore[no-untyped-def]
    kind = "Upsample" if opset == 9 else "Resize"
    assume(size * scale >= 1)
    assume(kind == "Resize" or scale >= 1)
    inputs = ["x", "s"] if opset < 11 else ["x", "", "s"]
    node = helper.make_node(kind, inputs, ["y"], mode="nearest")
    shape = (1, 1, 1, size)
    scales = np.array([1, 1, 1, scale], np.float32)
    model = one_node(node, shape, opset, s=scales)
    assert_shape_is_the_runtime_s(tmp_path_factory.mktemp("resize"), model, shape)


def shaped(nodes: str, opset: int, **arrays: np.ndarray) -> onnx.ModelProto:
    """A model that makes a target `t` of Reshape from the shape `s` of its input."""
    body = f"g (float[2,3,4] x) => (y) {{ s = Shape(x) {nodes} y = Reshape(x, t) }}"
    header = f'<ir_version: {min(10, 3 + opset // 2)}, opset_import: ["" : {opset}]>'
    model = onnx.parser.parse_model(header + body)
    model.graph.initializer.extend(numpy_helper.from_array(a, n) for n, a in arrays.items())
    if opset < 9:
        model.graph.input.extend(
            helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
            for n, a in arrays.items()
        )
    return model


ZERO, ONE, TWO = (np.array([number], np.int64) for number in range(3))
AXES = {"axes": ZERO}
IDIOMS = {
    "unsqueeze, attribute": (
        (7, 12),
        "g = Gather<axis=0>(s, i) u = Unsqueeze<axes=[0]>(g) t = Concat<axis=0>(u, r)",
        {"i": np.int64(0), "r": np.array([12], np.int64)},
    ),
    "unsqueeze, input": (
        (13, 21),
        "g = Gather<axis=0>(s, i) u = Unsqueeze(g, axes) t = Concat<axis=0>(u, r)",
        {"i": np.int64(0), "r": np.array([12], np.int64), **AXES},
    ),
    "slice, attribute": (
        (7, 9),
        "a = Slice<axes=[0], starts=[1], ends=[3]>(s) t = Concat<axis=0>(a, two)",
        {"two": TWO},
    ),
    "slice, input": (
        (10, 21),
        "a = Slice(s, one, three, axes) t = Concat<axis=0>(a, two)",
        {"one": ONE, "three": np.array([3], np.int64), "two": TWO, **AXES},
    ),
    "split, attribute": (
        (7, 12),
        "a, b, c = Split<axis=0, split=[1,1,1]>(s) t = Concat<axis=0>(c, b, a)",
        {},
    ),
    "split, input": (
        (13, 17),
        "a, b = Split<axis=0>(s, parts) t = Concat<axis=0>(b, a)",
        {"parts": np.array([1, 2], np.int64)},
    ),
    "squeeze, attribute": (
        (7, 12),
        "g = Gather<axis=0>(s, one) q = Squeeze<axes=[0]>(g) u = Unsqueeze<axes=[0]>(q) "
        "t = Concat<axis=0>(r, u)",
        {"one": ONE, "r": np.array([8], np.int64)},
    ),
    "squeeze, input": (
        (13, 21),
        "g = Gather<axis=0>(s, one) q = Squeeze(g, axes) u = Unsqueeze(q, axes) "
        "t = Concat<axis=0>(r, u)",
        {"one": ONE, "r": np.array([8], np.int64), **AXES},
    ),
    "product": (
        (7, 17),
        "t = ReduceProd<axes=[0], keepdims=1>(s)",
        {},
    ),
    "sum, attribute": (
        (7, 12),
        "d = ReduceSum<axes=[0], keepdims=1>(s) e = Sub(d, one) t = Concat<axis=0>(e, r)",
        {"one": ONE, "r": np.array([3], np.int64)},
    ),
    "sum, input": (
        (13, 21),
        "d = ReduceSum<keepdims=1>(s, axes) e = Sub(d, one) t = Concat<axis=0>(e, r)",
        {"one": ONE, "r": np.array([3], np.int64), **AXES},
    ),
    "largest, attribute": (
        (7, 9),
        "f = Cast<to=1>(s) v, k = TopK<axis=0, k=1>(f) c = Cast<to=7>(v) t = Concat<axis=0>(c, r)",
        {"r": np.array([6], np.int64)},
    ),
    "largest, input": (
        (11, 21),
        "v, k = TopK<axis=0>(s, one) t = Concat<axis=0>(v, r)",
        {"one": ONE, "r": np.array([6], np.int64)},
    ),
    "clipped, attribute": (
        (7, 10),
        "f = Cast<to=1>(s) c = Clip<min=3.0, max=9.0>(f) d = Cast<to=7>(c) "
        "g = Gather<axis=0>(d, two) t = Concat<axis=0>(g, r)",
        {"two": TWO, "r": np.array([6], np.int64)},
    ),
    "clipped, input": (
        (12, 21),
        "c = Clip(s, three) g = Gather<axis=0>(c, two) t = Concat<axis=0>(g, r)",
        {"three": np.int64(3), "two": TWO, "r": np.array([6], np.int64)},
    ),
    "padded, input": (
        (13, 21),
        "g = Gather<axis=0>(s, two) p = Pad(g, pads, six) t = Identity(p)",
        {"two": TWO, "pads": np.array([1, 0], np.int64), "six": np.int64(6)},
    ),
}


@pytest.mark.parametrize("name", IDIOMS)
def test_values_follow_the_opset_of_the_file(tmp_path, name: str) -> None:
    (first, last), nodes, arrays = IDIOMS[name]
    for opset in range(first, last + 1):
        model = shaped(nodes, opset, **arrays)
        wanted = run(model, x=np.zeros((2, 3, 4), np.float32)).shape
        assert shape_of(loaded(tmp_path, model), "y") == wanted, opset


def test_an_operand_that_is_broadcast_along_an_axis_is_not_computed_as_numpy_would(
    tmp_path,
) -> None:
    body = "m = Mul<broadcast=1, axis=0>(s, k) t = Identity(m)"
    model = shaped(body, 6, k=np.array([1, 2, 2], np.int64))
    assert shape_of(loaded(tmp_path, model), "y") in (None, (None, None, None))


def test_indices_of_einsum_broadcast(tmp_path) -> None:
    text = 'g (float[1,4] x) => (y) { y = Einsum<equation="ij,ij->ij">(x, b) }'
    model = onnx.parser.parse_model(f'<ir_version: 8, opset_import: ["" : 17]> {text}')
    model.graph.initializer.append(numpy_helper.from_array(np.ones((3, 4), np.float32), "b"))
    wanted = run(model, x=np.ones((1, 4), np.float32)).shape
    assert shape_of(loaded(tmp_path, model), "y") == wanted == (3, 4)


@pytest.mark.parametrize("rank", [3, 4])
@pytest.mark.parametrize("opset", [23, 24])
@pytest.mark.parametrize("declared", [None, (2, 5, 8)])
def test_present_keys_without_past_ones(tmp_path, rank, opset, declared) -> None:  # type: ignore[no-untyped-def]
    # onnx 1.23.2 infers nothing for the outputs after the first if past_key is left out, and
    # mobius-onnx 0.1.0 declares the keys of cross attention [batch, tokens, width] there;
    # onnxruntime 1.32.0 makes [batch, heads, tokens, size of a head], as the operator's text says.
    shapes = {3: ((2, 3, 16), (2, 5, 8), (2, 5, 12)), 4: ((2, 4, 3, 4), (2, 2, 5, 4), (2, 2, 5, 6))}
    heads = {"q_num_heads": 4, "kv_num_heads": 2} if rank == 3 else {}
    names = ["y", "key", "value", "scores"]
    fed = {
        name: np.zeros(shape, np.float32) for name, shape in zip("xkv", shapes[rank], strict=True)
    }
    graph = helper.make_graph(
        [helper.make_node("Attention", list("xkv"), names, **heads)],
        "g",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, a.shape) for n, a in fed.items()],
        [
            helper.make_tensor_value_info(n, TensorProto.FLOAT, declared if n == "key" else None)
            for n in names
        ],
    )
    opsets = [helper.make_opsetid("", opset)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    read = loaded(tmp_path, model)
    for name, made in zip(names, session.run(None, fed), strict=True):
        assert shape_of(read, name) == made.shape, name


@given(
    shapes=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=4),
    axis=st.integers(-2, 1),
)
@example(shapes=[(0, 8), (2, 10)], axis=0)
@example(shapes=[(2, 8), (3, 0)], axis=0)
def test_empty_tensors_of_other_sizes_are_joined(tmp_path_factory, shapes, axis):  # type: ignore[no-untyped-def]
    # PyTorch 2.13.0's TorchScript exporter makes such of torchaudio's Emformer. Inference of onnx
    # 1.23.2 refuses them; onnxruntime 1.32.0 runs them where it does not know the sizes before.
    names = [f"x{slot}" for slot in range(len(shapes))]

    def joined(*dims: tuple[int | None, ...]) -> onnx.ModelProto:
        values = [
            helper.make_tensor_value_info(n, TensorProto.FLOAT, d)
            for n, d in zip(names, dims, strict=True)
        ]
        node = helper.make_node("Concat", names, ["y"], axis=axis)
        y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
        return helper.make_model(
            helper.make_graph([node], "g", values, [y]),
            opset_imports=[helper.make_opsetid("", 20)],
            ir_version=10,
        )

    fed = {name: np.ones(shape, np.float32) for name, shape in zip(names, shapes, strict=True)}
    try:
        wanted = run(joined(*[(None, None)] * len(shapes)), **fed).shape
    except Exception as error:  # what it cannot run is not judged
        assume(False)
        raise AssertionError from error
    constants = [
        helper.make_node("Constant", [], [name], value=numpy_helper.from_array(array))
        for name, array in fed.items()
    ]
    model = joined(*shapes)
    del model.graph.input[:]
    nodes = [*constants, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    read = loaded(tmp_path_factory.mktemp("joined"), model)
    assert shape_of(read, "y") == wanted
    assert not any("contradict" in one for one in read.warnings)
