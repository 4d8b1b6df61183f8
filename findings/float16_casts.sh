#!/usr/bin/env bash
# onnxconverter-common's conversion to float16 makes invalid files of models with a Cast to float.
#
# Expected: convert_float_to_float16() turns a valid float model into a valid float16 model, or
#   raises an error.
# Happens: it leaves the attribute of Cast(to=FLOAT) as it is, and declares and uses the output as
#   float16. Each model that makes a float of an index, a mask or a shape has such a node. The
#   result is returned without a word; onnx's full check and ONNX Runtime refuse it, its plain check
#   passes it. keep_io_types=True and disable_shape_infer=True don't help. CastLike, which has no
#   attribute, comes out right, and op_block_list with Cast added mends it.
# Seen on: onnxconverter-common 1.16.0, onnx 1.23.2, onnxruntime 1.32.0.
# For us: files exist whose declared types are not those of their operators: the type of a Cast's
#   output is in its attribute, and value_info may say something else.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    onnxconverter-common==1.16.0 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6

"$folder/venv/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxconverter_common import float16

print(*(f"{name} {version(name)}" for name in ("onnxconverter-common", "onnx", "onnxruntime")))
onnxruntime.set_default_logger_severity(4)
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
node = helper.make_node


def model_of(nodes, kind=FLOAT):
    for number, one in enumerate(nodes):
        one.name = f"node{number}"
    graph = helper.make_graph(
        nodes,
        "cast",
        [helper.make_tensor_value_info("x", kind, [4])],
        [helper.make_tensor_value_info("y", FLOAT, [4])],
        [numpy_helper.from_array(np.float32([2]), "two")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return model


def valid(model):
    """Whether onnx's plain check, its full check and ONNX Runtime take the model."""
    ways = (
        lambda: onnx.checker.check_model(model),
        lambda: onnx.checker.check_model(model, full_check=True),
        lambda: onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]),
    )
    taken = []
    for way in ways:
        try:
            way()
            taken.append(True)
        except Exception:
            taken.append(False)
    return taken


def converted(make, **options):
    return float16.convert_float_to_float16(make(), **options)


def index():
    return model_of([node("Cast", ["x"], ["f"], to=FLOAT), node("Mul", ["f", "two"], ["y"])], INT64)


def mask():
    return model_of(
        [
            node("Greater", ["x", "two"], ["m"]),
            node("Cast", ["m"], ["f"], to=FLOAT),
            node("Mul", ["f", "x"], ["y"]),
        ]
    )


def shape():
    return model_of(
        [
            node("Shape", ["x"], ["s"]),
            node("Cast", ["s"], ["f"], to=FLOAT),
            node("Div", ["x", "f"], ["y"]),
        ]
    )


def cast_like():
    return model_of(
        [
            node("Shape", ["x"], ["s"]),
            node("CastLike", ["s", "x"], ["f"]),
            node("Div", ["x", "f"], ["y"]),
        ]
    )


blocked = {"op_block_list": [*float16.DEFAULT_OP_BLOCK_LIST, "Cast"]}
for make, options, seen in (
    *((make, {}, [True, False, False]) for make in (index, mask, shape)),
    *((make, {"keep_io_types": True}, [True, False, False]) for make in (index, mask, shape)),
    *((make, {"disable_shape_infer": True}, [True, False, False]) for make in (index, mask, shape)),
    (cast_like, {}, [True, True, True]),
    *((make, blocked, [True, True, True]) for make in (index, mask, shape)),
):
    found = valid(converted(make, **options))
    print(f"{make.__name__:10} {', '.join(options) or 'plain':20} plain check, full check, ONNX Runtime: {found}")
    assert found == seen, f"behaviour has changed: {make.__name__} {list(options)} {found}"

kept = [a.i for n in converted(mask).graph.node if n.op_type == "Cast" for a in n.attribute]
assert kept == [FLOAT], f"behaviour has changed: Cast is to {kept}"
print("as seen: a Cast to float within a float16 model")
PY
