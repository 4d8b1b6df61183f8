#!/usr/bin/env bash
# onnx's reference evaluator runs a lone node by the newest opset, whatever `opsets` says.
#
# Expected: ReferenceEvaluator(node, opsets={"": 11}) runs an operator by the rules of opset 11, as it
#   does for a graph; and a FunctionProto, which carries its own opset_import, runs as well.
# Happens: for a NodeProto the argument is accepted and ignored. Operators whose attributes became
#   inputs (Unsqueeze and Squeeze in 13, Clip in 11) then raise TypeError on valid nodes of older
#   files. The same node in a GraphProto, with the same argument, gives the right value. A
#   FunctionProto of one node with an attribute raises TypeError too, at every version.
# Seen on: onnx 1.23.2.
# For us: who folds the shape computations of old files node by node, and takes an exception for
#   "not known", silently loses every shape that goes through Shape, Gather, Unsqueeze and Concat,
#   which is how PyTorch 1.x writes x.view(x.size(0), -1). Wrap the node in a graph.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check onnx==1.23.2

"$folder/venv/bin/python" - <<'PY'
import numpy as np
import onnx
from onnx import helper
from onnx.reference import ReferenceEvaluator

print("onnx", onnx.__version__)
VALUE = np.array(5, np.int64)
UNSQUEEZE = helper.make_node("Unsqueeze", ["x"], ["y"], axes=[0])
CLIP = helper.make_node("Clip", ["x"], ["y"], min=0.0, max=1.0)


def as_node(node, opset):
    return ReferenceEvaluator(node, opsets={"": opset})


def as_graph(node, opset):
    graph = onnx.GraphProto(name="g", node=[node])
    graph.input.add(name="x")
    graph.output.add(name="y")
    return ReferenceEvaluator(graph, opsets={"": opset})


def as_function(node, opset):
    opsets = [helper.make_opsetid("", opset)]
    return ReferenceEvaluator(helper.make_function("d", "f", ["x"], ["y"], [node], opsets))


def outcome(make, node, opset, value):
    try:
        return make(node, opset).run(None, {"x": value})[0].tolist()
    except TypeError:
        return "TypeError"


found = {}
for name, node, opset, value in (
    ("Unsqueeze-11", UNSQUEEZE, 11, VALUE),
    ("Clip-6", CLIP, 6, np.array(3, np.float32)),
):
    for way in (as_node, as_graph, as_function):
        found[name, way.__name__] = outcome(way, node, opset, value)
        print(f"{name:14} {way.__name__:12} {found[name, way.__name__]}")
for name, right in (("Unsqueeze-11", [5]), ("Clip-6", 1.0)):
    assert found[name, "as_graph"] == right, "behaviour has changed: a graph gives another value"
    for way in ("as_node", "as_function"):
        assert found[name, way] == "TypeError", f"behaviour has changed: {name} {way} runs"
PY
