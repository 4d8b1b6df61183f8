#!/usr/bin/env bash
# ONNX Runtime writes Relu, Softmax and Clip in place, and Add, Mul and Sqrt never: the Add of a
#   residual block holds three buffers where two would do.
#
# Expected: an elementwise operator whose input nobody reads afterwards overwrites it; of all
#   operators, one with one input and one output of the same type does.
# Happens: in a chain of six equal operators on one tensor, most memory in use at a time is that of
#   one tensor with Relu, Sigmoid, Tanh, Elu, Softmax and Clip, and that of two with Abs, Exp, Neg,
#   Sqrt, Reciprocal, Erf, Floor, Add, Sub, Mul and Div. So a peak of memory that counts every
#   elementwise operator as one that overwrites is too low, and one that counts none is too high.
# Seen on: onnxruntime 1.32.0, onnx 1.23.2, CPU, no optimisation, one thread, no memory patterns.
# For us: which operators overwrite is a table, taken from runs and not from the operators' nature.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6

cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import json

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

print("onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__)
SHAPE, LENGTH = [512, 512], 6
BYTES = 512 * 512 * 4
PAIRS = ("Add", "Sub", "Mul", "Div")
OVERWRITE = ("Relu", "Sigmoid", "Tanh", "Elu", "Softmax", "Clip")
KEEP = ("Abs", "Exp", "Neg", "Sqrt", "Reciprocal", "Erf", "Floor", *PAIRS)


def tensors_in_use(operator):
    """Most tensors of the chain that are in memory at a time, by the events of a profile."""
    names = ["x", *(f"t{n}" for n in range(LENGTH - 1)), "y"]
    nodes = [
        helper.make_node(operator, [read, "one"] if operator in PAIRS else [read], [made], name=made)
        for read, made in zip(names, names[1:])
    ]
    one = helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])
    value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, SHAPE)
    graph = helper.make_graph(nodes, "chain", [value("x")], [value("y")], [one])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.enable_mem_pattern = False
    options.enable_profiling = True
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    session.run(None, {"x": np.ones(SHAPE, np.float32)})
    events = json.load(open(session.end_profiling()))
    runs = [event["args"] for event in events if event["name"].endswith("_kernel_time")]
    first = runs[0]
    before = int(first["mem_bytes_requested_in_use"]) - int(first["mem_requested_in_use_delta"])
    # The last tensor is the output, whose memory is the caller's.
    return max(round((int(run["mem_bytes_requested_in_use"]) - before) / BYTES) for run in runs[:-1])


for many, operators in ((1, OVERWRITE), (2, KEEP)):
    seen = {operator: tensors_in_use(operator) for operator in operators}
    print(f"{many} in use:", *(operator for operator, found in seen.items() if found == many))
    assert set(seen.values()) == {many}, f"behaviour has changed: {seen}"
print("as seen: what looks alike is not alike in memory")
PY
