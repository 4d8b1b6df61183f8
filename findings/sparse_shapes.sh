#!/usr/bin/env bash
# onnx's shape inference takes a sparse initializer for a single number.
#
# Expected: infer_shapes() gives a sparse initializer of 32 x 16 the shape that its `dims` say, or says
#   nothing of what reads it. The format has them since IR version 5 ("initializers stored in sparse
#   format"), and ONNX Runtime runs them.
# Happens: it takes their rank for 0. The Transpose of one gets the shape [] instead of [16, 32], its
#   Shape gets [0] instead of [2], a sum of two gets [] instead of [32, 16], all without a word and
#   also in strict mode; with the same numbers in a dense initializer all are right. A MatMul gets no
#   shape, and strict mode refuses it ("wrong rank (0)"). The full check refuses all four, since no
#   operator takes the type sparse_tensor: models that run are called invalid.
# Seen on: onnx 1.23.2, onnxruntime 1.32.0.
# For us: what is inferred behind a sparse weight is wrong rather than unknown; its shape has to be
#   set from `dims`, as a dense one's, before inference.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6

"$folder/venv/bin/python" -W ignore - <<'PY'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

print("onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__)
DENSE = np.zeros((32, 16), np.float32)
DENSE.flat[::7] = 1


def model(operator, inputs, sparse):
    values = numpy_helper.from_array(DENSE[DENSE != 0], "w")
    places = numpy_helper.from_array(np.flatnonzero(DENSE), "places")
    graph = helper.make_graph(
        [helper.make_node(operator, inputs, ["h"]), helper.make_node("Size", ["h"], ["y"])],
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [8, 32])],
        [helper.make_tensor_value_info("y", TensorProto.INT64, [])],
        [] if sparse else [numpy_helper.from_array(DENSE, "w")],
        sparse_initializer=[helper.make_sparse_tensor(values, places, [32, 16])] if sparse else [],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def inferred(net, strict=False):
    try:
        made = onnx.shape_inference.infer_shapes(net, strict_mode=strict)
    except onnx.shape_inference.InferenceError as error:
        return "refused: " + str(error).strip().rpartition("] ")[2]
    shapes = {one.name: one.type.tensor_type for one in made.graph.value_info}
    known = "h" in shapes and shapes["h"].HasField("shape")
    return [d.dim_value for d in shapes["h"].shape.dim] if known else None


def run(net):
    told = onnx.ModelProto()
    told.CopyFrom(net)
    told.graph.output.append(helper.make_empty_tensor_value_info("h"))
    session = onnxruntime.InferenceSession(
        told.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return list(session.run(["h"], {"x": np.ones((8, 32), np.float32)})[0].shape)


REFUSED = "refused: Input tensors of wrong rank (0)."
CASES = (  # operator, inputs, shape of the result, what is inferred, what in strict mode
    ("Transpose", ["w"], [16, 32], [], []),
    ("Shape", ["w"], [2], [0], [0]),
    ("Add", ["w", "w"], [32, 16], [], []),
    ("MatMul", ["x", "w"], [8, 16], None, REFUSED),
)
for operator, inputs, shape, loose, strict in CASES:
    sparse, dense = (model(operator, inputs, how) for how in (True, False))
    onnx.checker.check_model(sparse)
    found = run(sparse), inferred(dense), inferred(sparse), inferred(sparse, strict=True)
    print(f"{operator}: runs as {found[0]}, dense {found[1]}, sparse {found[2]}, strictly {found[3]}")
    assert found == (shape, shape, loose, strict), f"behaviour has changed: {operator} {found}"
    try:
        onnx.checker.check_model(sparse, full_check=True)
        refused = ""
    except onnx.shape_inference.InferenceError as error:
        refused = str(error).strip().rpartition("] ")[2]
    print(f"    full check: {refused}")
    assert "sparse_tensor" in refused or "rank (0)" in refused, f"behaviour has changed: {refused}"
print("as seen: shapes behind a sparse initializer are inferred as if it were a single number")
PY
