#!/usr/bin/env bash
# Two model simplifiers change what a small valid model computes; two refuse another one.
#
# Expected: a simplifier gives a model with the same outputs, or leaves the model alone.
# Happens:
#   - onnxslim folds a Mul after a Conv into the weights when the factor has as many values as the
#     Conv has channels, also when the values lie along the width: columns 1, 2, 3 become channels
#     1, 2, 3. Add, Sub and Div with the same operand are left alone.
#   - onnxoptimizer drops the first of two Reshapes; a 0 of the second ("copy this dimension") then
#     means another dimension: (6, 2, 2) becomes (2, 6, 2).
#   - onnxoptimizer moves a Pad of zeros into MaxPool, whose own padding counts as minus infinity:
#     the maximum at the border of negative numbers is -1 instead of 0.
#   - onnxoptimizer and onnxsim raise RuntimeError for Softmax without its optional axis before a
#     Log.
# Seen on: onnxslim 0.1.98, onnxoptimizer 0.4.2, onnxsim 0.8.1, onnx 1.23.2, onnxruntime 1.32.0.
# For us: don't simplify a model on the user's behalf before drawing it, and don't take a simplified
#   file as a judge for the file that it came from.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    onnx==1.23.2 onnxslim==0.1.98 onnxoptimizer==0.4.2 onnxsim==0.8.1 onnxruntime==1.32.0 numpy==2.4.6

"$folder/venv/bin/python" - <<'PY'
from importlib.metadata import version

import numpy as np
import onnx
import onnxoptimizer
import onnxruntime
import onnxsim
import onnxslim
from onnx import TensorProto, helper, numpy_helper

print(*(f"{name} {version(name)}" for name in ("onnx", "onnxslim", "onnxoptimizer", "onnxsim", "onnxruntime")))


def model_of(nodes, shape, result, constants):
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, result)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return model


def run(model, x):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


def same(what, found, seen):
    print(what, found)
    assert found == seen, f"behaviour has changed: {what} {found}, not {seen}"


def scaled(operator):
    nodes = [helper.make_node("Conv", ["x", "w"], ["h"]), helper.make_node(operator, ["h", "k"], ["y"])]
    weights = {"w": np.ones((3, 1, 1, 1), np.float32), "k": np.float32([1, 2, 3])}
    return model_of(nodes, [1, 1, 3, 3], [1, 3, 3, 3], weights)


ones = np.ones((1, 1, 3, 3), np.float32)
model = scaled("Mul")
slim = onnxslim.slim(model)
same("onnxslim keeps", [n.op_type for n in slim.graph.node], ["Conv"])
same("  channel 0, row 0 of the model:", run(model, ones)[0, 0, 0].tolist(), [1, 2, 3])
same("  channel 0, row 0 of the slim model:", run(slim, ones)[0, 0, 0].tolist(), [1, 1, 1])
same("  channel 2, row 0 of the slim model:", run(slim, ones)[0, 2, 0].tolist(), [3, 3, 3])
for operator in ("Add", "Sub", "Div"):
    left = [n.op_type for n in onnxslim.slim(scaled(operator)).graph.node]
    same(f"  with {operator} it keeps", left, ["Conv", operator])

model = model_of(
    [helper.make_node("Reshape", ["x", "a"], ["h"]), helper.make_node("Reshape", ["h", "b"], ["y"])],
    [2, 3, 4],
    [6, 2, 2],
    {"a": np.int64([6, 4]), "b": np.int64([0, -1, 2])},
)
x = np.zeros((2, 3, 4), np.float32)
same("two Reshapes give", run(model, x).shape, (6, 2, 2))
same("  and after onnxoptimizer", run(onnxoptimizer.optimize(model), x).shape, (2, 6, 2))
same("  and after onnxsim", run(onnxsim.simplify(model)[0], x).shape, (6, 2, 2))

model = model_of(
    [
        helper.make_node("Pad", ["x", "p"], ["h"]),
        helper.make_node("MaxPool", ["h"], ["y"], kernel_shape=[2], strides=[2]),
    ],
    [1, 1, 4],
    [1, 1, 3],
    {"p": np.int64([0, 0, 1, 0, 0, 1])},
)
x = -np.ones((1, 1, 4), np.float32)
same("Pad and MaxPool give", run(model, x).ravel().tolist(), [0, -1, 0])
same("  and after onnxoptimizer", run(onnxoptimizer.optimize(model), x).ravel().tolist(), [-1, -1, -1])
same("  and after onnxsim", run(onnxsim.simplify(model)[0], x).ravel().tolist(), [0, -1, 0])

model = model_of(
    [helper.make_node("Softmax", ["x"], ["h"]), helper.make_node("Log", ["h"], ["y"])], [2, 3], [2, 3], {}
)
for name, simplify in (("onnxoptimizer", onnxoptimizer.optimize), ("onnxsim", onnxsim.simplify)):
    try:
        simplify(model)
        raised = "nothing"
    except Exception as error:
        raised = type(error).__name__
    same(f"Softmax and Log: {name} raises", raised, "RuntimeError")
print("as seen: simplifiers change results")
PY
