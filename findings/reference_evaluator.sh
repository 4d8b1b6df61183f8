#!/usr/bin/env bash
# onnx's reference evaluator computes two everyday operators wrongly, mostly without an error.
#
# Expected: the reference evaluator is the judge of what an operator means, at each opset.
# Happens:
#   - MaxPool with stride 1 takes another path than with stride 2. That path ignores the padding of
#     1-D and 3-D windows (an IndexError, or a shorter result of other windows with ceil_mode), and
#     reads the four numbers of 2-D padding as top, bottom, left, right instead of top, left,
#     bottom, right. Padding that is the same on all sides of a picture comes out right, and so do
#     the tests of onnx.
#   - Softmax, LogSoftmax and Hardmax of opsets before 13 work on the flattened trailing dimensions
#     (axis 1 by default). The evaluator has one implementation for all opsets, along one axis:
#     other numbers.
# Seen on: onnx 1.23.2, numpy 2.4.6; ONNX Runtime 1.32.0 obeys the operators' text in all cases.
# For us: a proof of our edges by the evaluator needs a second opinion for these; what reads a block
#   at opset 11 is a whole row of blocks, which the evaluator does not show.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6

"$folder/venv/bin/python" - <<'PY'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

print("onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__, "numpy", np.__version__)


def both(node, x, opset):
    """What ONNX Runtime and the reference evaluator give: an array, or the error's name."""
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * x.ndim)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found = [session.run(None, {"x": x})[0]]
    try:
        found.append(ReferenceEvaluator(model).run(None, {"x": x})[0])
    except IndexError as error:
        found.append(type(error).__name__)
    return found


def told(result):
    return result if isinstance(result, str) else f"{result.shape} {result.ravel()[:6].tolist()}"


def agree(one, other):
    return not isinstance(other, str) and one.shape == other.shape and np.allclose(one, other)


def pool(dimensions, stride, pads, **more):
    sizes = {"kernel_shape": [3] * dimensions, "strides": [stride] * dimensions}
    return helper.make_node("MaxPool", ["x"], ["y"], pads=pads, **sizes, **more)


cases = (  # what, node, size of one side, whether they agree
    ("1-D, stride 2, padding 1", pool(1, 2, [1] * 2), 7, True),
    ("1-D, stride 1, padding 1", pool(1, 1, [1] * 2), 7, False),
    ("1-D, stride 1, padding 1, ceil_mode", pool(1, 1, [1] * 2, ceil_mode=1), 7, False),
    ("3-D, stride 1, padding 1", pool(3, 1, [1] * 6), 7, False),
    ("2-D, stride 1, padding 1", pool(2, 1, [1] * 4), 7, True),
    ("2-D, stride 2, padding left 1, right 1", pool(2, 2, [0, 1, 0, 1]), 7, True),
    ("2-D, stride 1, padding left 1, right 1", pool(2, 1, [0, 1, 0, 1]), 7, False),
)
for what, node, side, seen in cases:
    dimensions = next(len(a.ints) for a in node.attribute if a.name == "kernel_shape")
    x = np.arange(1, side**dimensions + 1, dtype=np.float32).reshape(1, 1, *[side] * dimensions)
    right, reference = both(node, x, 12)
    print(f"MaxPool {what}:\n    ONNX Runtime {told(right)}\n    reference    {told(reference)}")
    assert agree(right, reference) == seen, f"behaviour has changed: MaxPool {what}"

x = np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 10
flat = np.exp(x.reshape(2, 12) - x.reshape(2, 12).max(axis=1, keepdims=True))
flat = (flat / flat.sum(axis=1, keepdims=True)).reshape(x.shape)
right, reference = both(helper.make_node("Softmax", ["x"], ["y"]), x, 11)
print(f"Softmax at opset 11 sums to {right.sum():.3f} in ONNX Runtime, {reference.sum():.3f} in the reference")
assert np.allclose(right, flat), "behaviour has changed: ONNX Runtime's Softmax at opset 11"
assert not np.allclose(reference, flat), "behaviour has changed: the reference obeys opset 11"
for operator in ("LogSoftmax", "Hardmax"):
    right, reference = both(helper.make_node(operator, ["x"], ["y"]), x, 11)
    print(f"{operator} at opset 11 agrees: {agree(right, reference)}")
    assert not agree(right, reference), f"behaviour has changed: {operator} at opset 11"
print("as seen: the reference evaluator differs from the operators' text")
PY
