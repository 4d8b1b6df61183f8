"""Types of ONNX Runtime's own operators, as the runtime infers or makes them, or by the schema."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from tests.onnx_text import loaded, shape_of

HEADER = '<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]>'

Shape = tuple[int | None, ...] | None

# fmt: off
DECLARED: dict[str, tuple[str, str, Shape]] = {
    # An operator, its inputs, the type and shape of its first result.
    "AttnLSTM<hidden_size=5>(x, w, r)": (
        "float[3,2,4] x, float[1,20,4] w, float[1,20,5] r", "float", (3, 1, 2, 5)),
    "BifurcationDetector(x, q, i)": (
        "int64[5] x, int64[3] q, int64 i", "int64", (None,)),
    "DequantizeBFP<bfp_type=1, dtype=1>(x, n, t)": (
        "uint8[99] x, int64[2] n, int64[2] t", "float", (2, 3)),
    "DequantizeWithOrder<to=10, order_input=2, order_output=1>(x, s)": (
        "int8[4,8] x, float s", "float16", (4, 8)),
    "DynamicTimeWarping(x)": ("float[1,4,6] x", "int32", (2, None)),
    "GemmFloat8<transA=1, dtype=10>(x, w)": ("float[4,2] x, float[4,3] w", "float16", (2, 3)),
    "QuantizeBFP<bfp_type=1>(x)": ("float[4,6] x", "uint8", (None,)),
    "Rfft<signal_ndim=1>(x)": ("float[2,9] x", "float", (2, 5, 2)),
    "SwiGLU(x)": ("float16[2,6] x", "float16", (2, 3)),
    "Tokenizer<mark=0, mincharnum=1, pad_value=\"\">(x)": ("string[2,3] x", "string", (2, 3, None)),
    "Unique(x)": ("float[7] x", "float", (None,)),
    "FusedMatMulActivation<activation=\"Relu\", transA=1>(x, w)": (
        "float[2,4,3] x, float[4,5] w", "float", (2, 3, 5)),
    "SparseToDenseMatMul<transB=1>(x, w)": ("float[2,4] x, float[5,4] w", "float", (2, 5)),
}  # fmt: skip
# fmt: on


@pytest.mark.parametrize("call", DECLARED)
def test_types_by_the_schema(tmp_path: Path, call: str) -> None:
    inputs, dtype, shape = DECLARED[call]
    text = f"{HEADER} g ({inputs}) => (y) {{ y = com.microsoft.{call} }}"
    proto = onnx.parser.parse_model(text)
    if call.startswith("DequantizeBFP"):
        proto.graph.input.pop(1)
        proto.graph.initializer.append(numpy_helper.from_array(np.array([2, 3]), "n"))
    model = loaded(tmp_path, proto)
    (made,) = (one for one in model.tensors if one.name == "y")
    assert (made.dtype, shape_of(model, "y")) == (dtype, shape)


RUN: dict[str, tuple[str, dict[str, np.ndarray]]] = {
    "y, i, c = com.microsoft.Unique(x)": ("i, c", {"x": np.array([2, 1, 1, 3], np.float32)}),
    "y = com.microsoft.DynamicTimeWarping(x)": ("y", {"x": np.eye(3, 4, dtype=np.float32)}),
}


@pytest.mark.parametrize("body", RUN)
def test_sizes_that_data_decide_are_not_told(tmp_path: Path, body: str) -> None:
    outputs, feeds = RUN[body]
    inputs = ", ".join(f"float[{','.join(map(str, a.shape))}] {n}" for n, a in feeds.items())
    proto = onnx.parser.parse_model(f"{HEADER} g ({inputs}) => ({outputs}) {{ {body} }}")
    model = loaded(tmp_path, proto)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    for index, array in zip(model.outputs, session.run(None, feeds), strict=True):
        made = model.tensors[index]
        assert made.dtype == str(array.dtype)
        assert made.shape is not None
        assert len(made.shape) == array.ndim
        known = zip(made.shape, array.shape, strict=True)
        assert all(size is None or size == have for size, have in known)
