"""Small networks in the precisions and operator sets of real exports."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import cache

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

PRECISIONS = (
    *("fp16", "fp32", "int8", "uint8", "int4", "q4", "q4f16", "q8f16", "bnb4", "quantized"),
    *("quant", "qint8", "quint8", "qdq"),
)
"""As names of files tell them."""

_HALF = ("fp16", "q4f16", "q8f16")
_PACKED = ("q4", "q4f16", "bnb4", "int4")
_STORED = {"int8": "int8", "qint8": "int8", **dict.fromkeys(("uint8", "quint8"), "uint8")}
_STORED |= {"quantized": "uint8", "quant": "uint8", "q8f16": "int8", "qdq": "int8"}
_TALL = 12

Value = tuple[str, tuple[int, ...]]


class _Builder:
    """Collects the operators of a network whose products are in a precision."""

    def __init__(self, precision: str) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.precision = precision
        self.half = precision in _HALF

    def node(self, kind: str, *inputs: str, domain: str = "", **attributes: object) -> str:
        made = f"t{len(self.nodes)}"
        name = f"/{kind}_{made}"
        one = helper.make_node(kind, inputs, [made], name=name, domain=domain, **attributes)
        self.nodes.append(one)
        return made

    def weight(self, *shape: int, dtype: str = "") -> str:
        kind = dtype or ("float16" if self.half else "float32")
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.full(shape, 1, kind), name))
        return name

    def put(self, name: str) -> str:
        """An input of floats, in the network's own type."""
        return self.node("Cast", name, to=TensorProto.FLOAT16) if self.half else name

    def dense(self, x: str, rows: int, columns: int) -> str:
        """The product with a matrix, in the precision."""
        if self.precision in _PACKED:
            packed = self.weight(columns, 1, rows // 2, dtype="uint8")
            names = {"K": rows, "N": columns, "bits": 4, "block_size": rows}
            given = (x, packed, self.weight(columns))
            return self.node("MatMulNBits", *given, domain="com.microsoft", **names)
        if self.precision in _STORED and self.precision not in ("qdq", "q8f16"):
            return self._dynamic(x, rows, columns)
        return self.node("MatMul", x, self.stored(rows, columns))

    def _dynamic(self, x: str, rows: int, columns: int) -> str:
        number = len(self.nodes)
        made = [f"q{number}", f"s{number}", f"z{number}"]
        self.nodes.append(helper.make_node("DynamicQuantizeLinear", [x], made))
        matrix = self.weight(rows, columns, dtype=_STORED[self.precision])
        product = self.node("MatMulInteger", made[0], matrix, made[2])
        return self.node("Mul", self.node("Cast", product, to=TensorProto.FLOAT), made[1])

    def convolution(self, x: str, inner: int, outer: int) -> str:
        made = self.node("Conv", x, self.stored(outer, inner, 3, 3), pads=[1] * 4, strides=[2, 2])
        return self.node("Relu", made)

    def stored(self, *shape: int) -> str:
        """A weight, dequantised if the precision has it so."""
        if self.precision not in _STORED:
            return self.weight(*shape)
        return self.node("DequantizeLinear", self.weight(*shape, dtype="int8"), self.weight())


def _text(build: _Builder, width: int, *more: str) -> tuple[str, list[Value]]:
    x = build.node("Gather", build.weight(64, width), "input_ids")
    for name in more:
        x = build.node("Add", x, build.put(name))
    for _ in range(3):
        h = build.node("Relu", build.dense(x, width, 2 * width))
        x = build.node("Add", x, build.dense(h, 2 * width, width))
    return x, [("input_ids", (1, _TALL)), *((name, (1, _TALL, width)) for name in more)]


def _encoder(build: _Builder, width: int) -> tuple[str, list[Value], Value]:
    x, inputs = _text(build, width)
    return x, inputs, ("last_hidden_state", (1, _TALL, width))


def _decoder(build: _Builder, width: int, *more: str) -> tuple[str, list[Value], Value]:
    x, inputs = _text(build, width, "encoder_hidden_states", *more)
    return build.dense(x, width, 64), inputs, ("logits", (1, _TALL, 64))


def _past(build: _Builder, width: int) -> tuple[str, list[Value], Value]:
    return _decoder(build, width, "past")


def _image(build: _Builder, width: int) -> tuple[str, list[Value], Value]:
    x, inputs = _convolutions(build, "pixel_values", (3, 8, width, width), 32)
    x = build.node("Flatten", build.node("GlobalAveragePool", x))
    return build.node("MatMul", x, build.stored(width, 10)), inputs, ("scores", (1, 10))


def _audio(build: _Builder, width: int) -> tuple[str, list[Value], Value]:
    x, inputs = _convolutions(build, "features", (3, 8, width, width), 32)
    build.weights.append(numpy_helper.from_array(np.array([1, -1, width]), "shape"))
    x = build.dense(build.node("Reshape", x, "shape"), width, width)
    return x, inputs, ("last_hidden_state", (1, 16, width))


def _latent(build: _Builder, width: int) -> tuple[str, list[Value], Value]:
    x, inputs = _convolutions(build, "sample", (4, width, width, 4), 16)
    return x, inputs, ("out_sample", (1, 4, 2, 2))


def _convolutions(
    build: _Builder, name: str, widths: tuple[int, ...], side: int
) -> tuple[str, list[Value]]:
    x = build.put(name)
    for inner, outer in itertools.pairwise(widths):
        x = build.convolution(x, inner, outer)
    return x, [(name, (1, widths[0], side, side))]


_KINDS: dict[str, Callable[[_Builder, int], tuple[str, list[Value], Value]]] = {
    "text": _encoder, "decoder": _decoder, "past": _past,
    "image": _image, "audio": _audio, "latent": _latent,
}  # fmt: skip


@cache
def network(kind: str, precision: str = "fp32", opset: int = 20) -> bytes:
    """A small network as the content of its file.

    Args:
        kind: A key of `_KINDS`, or "pointer" for what Git LFS leaves in the place of a file. A
            number after it is its width.
        precision: One of `PRECISIONS`.
        opset: Version of the operator set.
    """
    name = kind.rstrip("0123456789")
    if name == "pointer":
        return b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345678\n"
    build = _Builder(precision)
    x, inputs, output = _KINDS[name](build, int(kind[len(name) :] or 16))
    if build.half:
        x = build.node("Cast", x, to=TensorProto.FLOAT)
    build.nodes.append(helper.make_node("Identity", [x], [output[0]]))
    values = [_value(*one) for one in inputs]
    made = [_value(*output)]
    graph = helper.make_graph(build.nodes, "net", values, made, initializer=build.weights)
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    model: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    return model


def _value(name: str, shape: tuple[int, ...]) -> onnx.ValueInfoProto:
    kind = TensorProto.INT64 if name == "input_ids" else TensorProto.FLOAT
    return helper.make_tensor_value_info(name, kind, shape)
