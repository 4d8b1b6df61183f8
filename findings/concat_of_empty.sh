#!/usr/bin/env bash
# ONNX Runtime joins an empty tensor whose other sizes differ, and counts its rows: memory is made up.
#
# Expected: Concat takes tensors whose sizes agree but along the axis ("All input tensors must have
#   the same shape, except for the dimension size of the axis"); what has no elements adds none.
# Happens: tensors of [2, 8] and [3, 0], joined along axis 0, become [5, 8] in ONNX Runtime. Two rows
#   are the first tensor; nobody writes the other 24 numbers, which are whatever the memory held
#   before. [0, 8] and [2, 10] become [2, 10]. Only tensors without elements are let through: [2, 8]
#   and [3, 7] are refused. Where the sizes stand in the file, onnx's shape inference refuses the
#   model, and so does ONNX Runtime when it loads it; with open dimensions both take it. onnx's
#   reference evaluator raises, as NumPy and PyTorch do.
# Seen on: onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6.
# For us: real files rest on it (of torchaudio's Emformer, PyTorch's TorchScript exporter joins masks
#   of [0, 8], [0, 6] and [2, 10], since it leaves out constants without rows of a cat along columns),
#   so other sizes of an empty tensor are no contradiction; and what such a model returns may be
#   chance.
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

print("onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__)
onnxruntime.set_default_logger_severity(4)


def model_of(*shapes):
    names = [f"x{slot}" for slot in range(len(shapes))]
    graph = helper.make_graph(
        [helper.make_node("Concat", names, ["y"], axis=0)],
        "joined",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in zip(names, shapes)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, None])],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def attempt(function):
    try:
        return function()
    except Exception as error:
        return type(error).__name__


def by_runtime(model, fed):
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, fed)[0]


def shape(result):
    return result if isinstance(result, str) else list(result.shape)


for shapes, runtime in {
    ((2, 8), (3, 0)): [5, 8],
    ((3, 0), (2, 8)): [5, 8],
    ((0, 8), (2, 10)): [2, 10],
    ((0, 8), (0, 6), (2, 3)): [2, 3],
    ((2, 8), (3, 7)): "Fail",
}.items():
    fed = {f"x{slot}": np.ones(shape, np.float32) for slot, shape in enumerate(shapes)}
    rows = model_of(*[(None, None)] * len(shapes))
    onnx.checker.check_model(rows, full_check=True)
    found = shape(attempt(lambda: by_runtime(rows, fed)))
    reference = shape(attempt(lambda: ReferenceEvaluator(rows).run(None, fed)[0]))
    fixed = model_of(*shapes)
    strict = attempt(lambda: onnx.shape_inference.infer_shapes(fixed, strict_mode=True) and "passes")
    loaded = shape(attempt(lambda: by_runtime(fixed, fed)))
    print(f"{shapes}: ONNX Runtime {found}, reference {reference}; sizes in the file: {strict}, {loaded}")
    seen = found, reference, strict, loaded
    expected = runtime, "ValueError", "InferenceError", "Fail"
    assert seen == expected, f"behaviour has changed: {seen}, not {expected}"

# The rows that nobody writes hold what another tensor left: [5, 8] is made, added up and freed first.
nodes = [
    helper.make_node("Add", ["big", "big"], ["twice"]),
    helper.make_node("ReduceSum", ["twice"], ["sum"], keepdims=0),
    helper.make_node("Mul", ["sum", "zero"], ["nothing"]),
    helper.make_node("Add", ["x0", "nothing"], ["first"]),
    helper.make_node("Concat", ["first", "x1"], ["y"], axis=0),
]
inputs = {
    "big": np.full((5, 8), 21, np.float32),
    "zero": np.zeros((), np.float32),
    "x0": np.ones((2, 8), np.float32),
    "x1": np.ones((3, 0), np.float32),
}
graph = helper.make_graph(
    nodes,
    "left",
    [helper.make_tensor_value_info(n, TensorProto.FLOAT, [None] * a.ndim) for n, a in inputs.items()],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, None])],
)
opsets = [helper.make_opsetid("", 20)]
left = by_runtime(helper.make_model(graph, opset_imports=opsets, ir_version=10), inputs)
print("rows of ones, then what the tensor of 42 left:", left[:, 0].tolist())
assert (left[:2] == 1).all() and (left[2:] == 42).any(), "behaviour has changed: what is left"
print("as seen: rows of an empty tensor are counted")
PY
