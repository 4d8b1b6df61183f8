"""Builds small networks with open dimensions, operator by operator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[Any]
FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


class Net:
    """A graph that is being built: each method adds operators and returns the last one's output."""

    def __init__(self, opset: int = 17) -> None:
        self.opset = opset
        self.nodes: list[onnx.NodeProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.random = np.random.default_rng(3)

    def input(self, name: str, shape: Sequence[int | str | None], kind: int = FLOAT) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def array(self, value: Any) -> str:
        name = f"c{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def weight(self, *shape: int) -> str:
        return self.array((self.random.normal(size=shape) * 0.1).astype(np.float32))

    def ints(self, *values: int) -> str:
        return self.array(np.array(values, np.int64))

    def op(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        made = [f"t{len(self.nodes)}_{slot}" for slot in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, made, **attributes))
        return made[0]

    def conv(
        self,
        x: str,
        deep: int,
        wide: int,
        size: int = 3,
        stride: int = 1,
        *,
        axes: int = 2,
        pad: int = -1,
    ) -> str:
        pad = size // 2 if pad < 0 else pad
        w = self.weight(wide, deep, *[size] * axes)
        made = self.op("Conv", x, w, strides=[stride] * axes, pads=[pad] * 2 * axes)
        return self.op("Relu", made)

    def linear(self, x: str, deep: int, wide: int) -> str:
        return self.op("MatMul", x, self.weight(deep, wide))

    def size(self, x: str, axis: int) -> str:
        """One size of a tensor, as a list."""
        return self.op("Gather", self.op("Shape", x), self.ints(axis))

    def attention(self, q: str, k: str, v: str, mask: str = "") -> str:
        """Of (batch, heads, tokens, size)."""
        score = self.op("MatMul", q, self.op("Transpose", k, perm=[0, 1, 3, 2]))
        score = self.op("Add", score, mask) if mask else score
        return self.op("MatMul", self.op("Softmax", score, axis=-1), v)

    def heads(self, x: str, count: int, size: int) -> str:
        split = self.op("Reshape", x, self.ints(0, 0, count, size))
        return self.op("Transpose", split, perm=[0, 2, 1, 3])

    def model(self, *outputs: str) -> onnx.ModelProto:
        made = [onnx.ValueInfoProto(name=name) for name in outputs]
        graph = helper.make_graph(self.nodes, "net", self.inputs, made, self.weights)
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8
        )


NETWORKS: dict[str, Callable[[], onnx.ModelProto]] = {}


def network(build: Callable[[], onnx.ModelProto]) -> Callable[[], onnx.ModelProto]:
    NETWORKS[build.__name__] = build
    return build


def feeds(model: onnx.ModelProto, shapes: dict[str, tuple[int, ...]]) -> dict[str, Array]:
    """Random inputs of these shapes; integers are small."""
    random = np.random.default_rng(5)
    made: dict[str, Array] = {}
    for value in model.graph.input:
        shape, kind = shapes[value.name], value.type.tensor_type.elem_type
        dtype = helper.tensor_dtype_to_np_dtype(kind)
        floats = np.issubdtype(dtype, np.floating)
        made[value.name] = (
            random.normal(size=shape) if floats else random.integers(0, 2, shape)
        ).astype(dtype)
    return made
