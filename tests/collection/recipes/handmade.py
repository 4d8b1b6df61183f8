# /// script
# dependencies = [
#     "ndonnx==0.23.0",
#     "onnx==1.23.2",
#     "onnxscript==0.7.2",
#     "spox==0.18.2",
# ]
# ///
"""Graphs written by hand with onnx.parser, onnxscript, Spox and ndonnx."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import ndonnx as ndx
import numpy as np
import onnx
import spox.opset.ai.onnx.v18 as op
from onnxscript import FLOAT, INT64, script
from onnxscript import opset18 as ops
from spox import Tensor, argument, build

from tests.collection.files import Truth, make, source

RANDOM = np.random.default_rng(0)
W, B = RANDOM.standard_normal((8, 4), np.float32), RANDOM.standard_normal(4, np.float32)

PERCEPTRON = """
<ir_version: 9, opset_import: ["" : 18, "local" : 1]>
perceptron (float[batch, 8] x) => (float[batch, 4] y) {
    hidden = local.dense (x, w, b)
    y = Softmax <axis = -1> (hidden)
}
<opset_import: ["" : 18], domain: "local">
dense (x, w, b) => (y) {
    product = MatMul (x, w)
    sum = Add (product, b)
    y = Relu (sum)
}
"""
CONDITION = """
<ir_version: 8, opset_import: ["" : 17]>
condition (float[N] x, bool flag) => (float[N] y) {
    y = If (flag) <
        then_branch = twice () => (float[N] a) { a = Add (x, x) },
        else_branch = opposite () => (float[N] b) { b = Neg (x) }
    >
}
"""


@script()
def gelu(x: FLOAT[...]) -> FLOAT[...]:
    """GELU by the error function."""
    half = ops.Constant(value_float=0.5)
    root = ops.Constant(value_float=0.7071067811865475)
    one = ops.Constant(value_float=1.0)
    return half * x * (ops.Erf(x * root) + one)


@script()
def powers(x: FLOAT[16], count: INT64) -> FLOAT[16]:
    """A loop that multiplies and halves."""
    y = ops.Identity(x)
    for _ in range(count):
        y = y * x
    return y


@script()
def attention(q: FLOAT[2, 4, 10, 16], k: FLOAT[2, 4, 10, 16], v: FLOAT[2, 4, 10, 16]) -> FLOAT[...]:
    """Attention of queries, keys and values."""
    scores = ops.MatMul(q, ops.Transpose(k, perm=[0, 1, 3, 2]))
    return ops.MatMul(ops.Softmax(scores * ops.Constant(value_float=0.25), axis=-1), v)


def parsed(text: str, weights: dict[str, np.ndarray]) -> onnx.ModelProto:
    """A graph in ONNX's own text format, with its weights."""
    model = onnx.parser.parse_model(text)
    model.graph.initializer.extend(onnx.numpy_helper.from_array(weights[n], n) for n in weights)
    return model


def spox_dense() -> onnx.ModelProto:
    """A dense layer and a normalization."""
    x = argument(Tensor(np.float32, ("N", 8)))
    y = op.relu(op.add(op.matmul(x, op.const(W)), op.const(B)))
    mean = op.reduce_mean(y, op.const(np.array([1])), keepdims=1)
    return build({"x": x}, {"y": op.sub(y, mean)})


def spox_branches() -> onnx.ModelProto:
    """An If that reads values from outside of it, and a Loop."""
    x, flag = argument(Tensor(np.float32, ("N",))), argument(Tensor(np.bool_, ()))
    (chosen,) = op.if_(
        flag,
        then_branch=lambda: [op.exp(x)],
        else_branch=lambda: [op.mul(x, op.const(np.float32(2)))],
    )
    (looped,) = op.loop(
        op.const(np.int64(3)),
        v_initial=[chosen],
        body=lambda _, going, value: [going, op.add(value, x)],
    )
    return build({"x": x, "flag": flag}, {"y": looped})


def ndonnx_array() -> onnx.ModelProto:
    """Standard scores and quantities of a table, as the array API's functions."""
    x = ndx.argument(shape=("N", 8), dtype=ndx.float32)
    scores = (x - ndx.mean(x, axis=0)) / (ndx.std(x, axis=0) + 1e-6)
    kept = ndx.where(ndx.abs(scores) < 3, scores, ndx.zeros_like(scores))
    return ndx.build({"x": x}, {"scores": kept, "order": ndx.argsort(kept, axis=1)})


def ndonnx_nullable() -> onnx.ModelProto:
    """Integers that may be missing."""
    x = ndx.argument(shape=("N",), dtype=ndx.nint64)
    return ndx.build({"x": x}, {"y": ndx.extensions.fill_null(x * 2 + 1, 0)})


def write(make_model: Callable[[], onnx.ModelProto], package: str, path: Path) -> Truth:
    """Write a graph."""
    onnx.save(make_model(), path)
    return Truth(source=source(package, "onnx"))


TABLE = {
    "perceptron": (partial(parsed, PERCEPTRON, {"w": W, "b": B}), "onnx"),
    "condition": (partial(parsed, CONDITION, {}), "onnx"),
    "gelu": (gelu.to_model_proto, "onnxscript"),
    "powers": (powers.to_model_proto, "onnxscript"),
    "attention": (attention.to_model_proto, "onnxscript"),
    "spox_dense": (spox_dense, "spox"),
    "spox_branches": (spox_branches, "spox"),
    "ndonnx_array": (ndonnx_array, "ndonnx"),
    "ndonnx_nullable": (ndonnx_nullable, "ndonnx"),
}

if __name__ == "__main__":
    make({name: partial(write, *row) for name, row in TABLE.items()})
