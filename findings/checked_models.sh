#!/usr/bin/env bash
# onnx's full check passes models that ONNX Runtime refuses, one of them with a dimension of -1.
#
# Expected: checker.check_model(full_check=True) finds what makes a model unusable; shape inference
#   gives sizes of 0 and more, or says nothing.
# Happens:
#   - Split with num_outputs=5 of 7 values: shape inference says 2, 2, 2, 2, -1 (and -2 for 10 into
#     7), writes that into the file, and the full check passes the file. ONNX Runtime refuses to run
#     it; the reference evaluator returns 2, 2, 2, 1, 0. For 3 into 4, where the rest is 0, all
#     three agree.
#   - two nodes of one graph with the same name: passes the full check; ONNX Runtime refuses the
#     model. The same name in both branches of an If and on the If itself is fine, and so are empty
#     names.
# Seen on: onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6.
# For us: an inferred dimension may be negative: check it before it becomes the size of an array.
#   And a name is not a key for an operator, although ONNX Runtime makes it look like one.
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


def tensor(name, *shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def model_of(nodes, inputs, outputs):
    graph = helper.make_graph(nodes, "checked", inputs, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    model = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    onnx.checker.check_model(model, full_check=True)
    return model


def run(model, **inputs):
    try:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        return session.run(None, inputs)
    except Exception as error:
        return type(error).__name__


def split(size, parts):
    names = [f"y{number}" for number in range(parts)]
    node = helper.make_node("Split", ["x"], names, num_outputs=parts)
    model = model_of([node], [tensor("x", size)], [tensor(name, None) for name in names])
    x = np.zeros(size, np.float32)
    inferred = [output.type.tensor_type.shape.dim[0].dim_value for output in model.graph.output]
    returned = run(model, x=x)
    returned = returned if isinstance(returned, str) else [len(part) for part in returned]
    return inferred, returned, [len(part) for part in ReferenceEvaluator(model).run(None, {"x": x})]


for (size, parts), seen in {
    (7, 5): ([2, 2, 2, 2, -1], "Fail", [2, 2, 2, 1, 0]),
    (10, 7): ([2, 2, 2, 2, 2, 2, -2], "Fail", [2, 2, 2, 2, 2, 0, 0]),
    (3, 4): ([1, 1, 1, 0], [1, 1, 1, 0], [1, 1, 1, 0]),
    (9, 5): ([2, 2, 2, 2, 1], [2, 2, 2, 2, 1], [2, 2, 2, 2, 1]),
}.items():
    found = split(size, parts)
    print(f"Split of {size} into {parts}: inferred {found[0]}, ONNX Runtime {found[1]}, reference {found[2]}")
    assert found == seen, f"behaviour has changed: {found}, not {seen}"

x = np.ones(4, np.float32)
for names, refused in ((("a", "a"), True), (("", ""), False), (("a", "b"), False)):
    steps = (("Relu", "x", "h"), ("Sigmoid", "h", "y"))
    nodes = [helper.make_node(op, [i], [o], name=name) for (op, i, o), name in zip(steps, names, strict=True)]
    found = run(model_of(nodes, [tensor("x", 4)], [tensor("y", 4)]), x=x)
    print(f"nodes named {names}: ONNX Runtime", found if isinstance(found, str) else "runs")
    assert isinstance(found, str) == refused, f"behaviour has changed: names {names}"

branch = helper.make_graph([helper.make_node("Relu", ["x"], ["b"], name="a")], "branch", [], [tensor("b", 4)])
node = helper.make_node("If", ["c"], ["y"], name="a", then_branch=branch, else_branch=branch)
inputs = [tensor("x", 4), tensor("c", kind=TensorProto.BOOL)]
found = run(model_of([node], inputs, [tensor("y", 4)]), x=x, c=np.array(True))
print("an If and its branches with one name: ONNX Runtime", found if isinstance(found, str) else "runs")
assert not isinstance(found, str), "behaviour has changed: names of branches"
print("as seen: checked, and refused")
PY
