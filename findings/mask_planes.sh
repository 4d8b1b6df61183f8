#!/usr/bin/env bash
# ONNX Runtime's MaxpoolWithMask reads the mask of another plane, and a masked value hides its
#   neighbours.
#
# Expected: with a mask of the input's shape, each output is the largest of the values of its window
#   whose mask is not 0.
# Happens (CPU):
#   - a plane's mask begins at (its number times the values of a plane) modulo (the number of
#     planes). Where the size of a plane is a multiple of the number of planes, all use the mask of
#     plane 0 and the other masks don't matter. Elsewhere they begin in the middle of it: with 3
#     planes of 4 values, plane 1 at value 1 of plane 0, plane 2 at value 2.
#   - a 0 in the mask ends the window (in 2-D, its row): what follows is left out, too.
#   - in 2-D, the mask of a plane's very first value is ignored.
# Seen on: onnxruntime 1.32.0, numpy 2.4.6. The operator's whole text is "For internal use.", but it
#   is registered, takes valid files, and says nothing about the mask's shape.
# For us: which mask an output reads can't be told from the operator's name and its shapes: we draw
#   the window in all planes of the mask. Who asks the runtime instead needs more than one channel.
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

print("onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__, "numpy", np.__version__)
NOTHING = np.finfo(np.float32).min  # the maximum of no values


def pool(x, mask):
    """The maxima of windows of 2 (or 2x2) with stride 2."""
    sides = [2] * (x.ndim - 2)
    node = helper.make_node(
        "MaxpoolWithMask", ["x", "mask"], ["y"], domain="com.microsoft", kernel_shape=sides, strides=sides
    )
    graph = helper.make_graph(
        [node],
        "pool",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape),
            helper.make_tensor_value_info("mask", TensorProto.INT32, mask.shape),
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * x.ndim)],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x, "mask": mask})[0]


def check(what, found, seen):
    found = ["none" if value == NOTHING else int(value) for value in np.ravel(found)]
    print(f"{what}: {found}")
    assert found == seen, f"behaviour has changed: {what} gives {found}, not {seen}"


def counted(*shape):
    return np.arange(1, np.prod(shape) + 1, dtype=np.float32).reshape(shape)


def holes(shape, *places):
    mask = np.ones(shape, np.int32)
    for place in places:
        mask[place] = 0
    return mask


line, picture = (1, 2, 4), (1, 1, 4, 4)
check("no holes", pool(counted(*line), holes(line)), [2, 4, 6, 8])
check("all of plane 1 masked", pool(counted(*line), holes(line, np.s_[:, 1])), [2, 4, 6, 8])
check("all of plane 0 masked", pool(counted(*line), holes(line, np.s_[:, 0])), ["none"] * 4)

three = (1, 3, 4)
for hole, seen in (
    (1, [1, 4, "none", 8, 10, 12]),
    (3, [2, 3, 6, "none", 9, 12]),
):
    check(f"3 planes, value {hole} of plane 0 masked", pool(counted(*three), holes(three, (0, 0, hole))), seen)

check("value 1 masked", pool(counted(1, 1, 4), holes((1, 1, 4), (0, 0, 1))), [1, 4])
check("value 0 masked, value 1 is lost", pool(counted(1, 1, 4), holes((1, 1, 4), (0, 0, 0))), ["none", 4])
x = counted(*picture)
check("2-D, no holes", pool(x, holes(picture)), [6, 8, 14, 16])
check("2-D, (1, 0) masked, (1, 1) is lost", pool(x, holes(picture, (0, 0, 1, 0))), [2, 8, 14, 16])
check("2-D, the first of all masked", pool(-x, holes(picture, (0, 0, 0, 0))), [-1, -3, -9, -11])
print("as seen: a mask of another plane, and windows that end early")
PY
