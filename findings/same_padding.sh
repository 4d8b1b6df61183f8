#!/usr/bin/env bash
# With auto_pad=SAME_UPPER and dilations, ONNX Runtime's pools and onnx's shapes contradict each
#   other.
#
# Expected: SAME padding means what ONNX's text says: output size = ceil(input size / stride).
# Happens: ONNX Runtime pads for the kernel without its dilations, then counts windows of the
#   dilated kernel: with stride 1 and a 3x3 kernel, 9x9 becomes 7x7. onnx's shape inference says
#   9x9, and the model with that shape passes the full check; ONNX Runtime then warns and returns
#   7x7. Its Conv refuses the same attributes outright. Without dilations all agree, and so they do
#   with explicit pads.
# Seen on: onnxruntime 1.32.0, onnx 1.23.2 (opset 22: MaxPool, AveragePool and LpPool).
# For us: we draw the 9x9 blocks of ONNX's text. A run-time profile of such a file can't be laid
#   over it.
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
from onnx import TensorProto, helper, numpy_helper

print("onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__, "numpy", np.__version__)
onnxruntime.set_default_logger_severity(4)


def sizes(operator, dilation, **padding):
    """The output's sides that onnx infers, and those that ONNX Runtime returns (or its error)."""
    weights = [numpy_helper.from_array(np.ones((1, 1, 3, 3), np.float32), "w")] if operator == "Conv" else []
    node = helper.make_node(
        operator,
        ["x", *(w.name for w in weights)],
        ["y"],
        kernel_shape=[3, 3],
        strides=[1, 1],
        dilations=[dilation, dilation],
        **padding,
    )
    graph = helper.make_graph(
        [node],
        "pool",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 9, 9])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "c", "h", "w"])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    model = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    onnx.checker.check_model(model, full_check=True)
    inferred = [side.dim_value for side in model.graph.output[0].type.tensor_type.shape.dim][2:]
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    try:
        returned = list(session.run(None, {"x": np.ones((1, 1, 9, 9), np.float32)})[0].shape)[2:]
    except Exception as error:
        returned = type(error).__name__
    return inferred, returned


same, explicit = {"auto_pad": "SAME_UPPER"}, {"pads": [2, 2, 2, 2]}
pools = ("MaxPool", "AveragePool", "LpPool")
cases = [
    *((pool, 2, same, ([9, 9], [7, 7])) for pool in pools),
    *((pool, 1, same, ([9, 9], [9, 9])) for pool in pools),
    *((pool, 2, explicit, ([9, 9], [9, 9])) for pool in pools),
    ("Conv", 2, same, ([9, 9], "InvalidArgument")),
    ("Conv", 2, explicit, ([9, 9], [9, 9])),
]
for operator, dilation, padding, seen in cases:
    found = sizes(operator, dilation, **padding)
    print(f"{operator:12} dilation {dilation} {padding}: inferred {found[0]}, returned {found[1]}")
    assert found == seen, f"behaviour has changed: {found}, not {seen}"
print("as seen: the inferred shape is not the one that is returned")
PY
