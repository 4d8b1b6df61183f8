#!/usr/bin/env bash
# ONNX Runtime turns its own .ort files back into ONNX, but into files that onnx's checker refuses.
#
# Expected: the ORT format is a one-way street: its documentation tells how to make such a file of an
#   ONNX file, not the reverse. Or, if there is a way back (microsoft/onnxruntime#16216 says so), it
#   gives a valid model.
# Happens: load the .ort file with an optimized_model_filepath that does not end in .ort, and the
#   session writes ONNX: same operators, names, weights, symbolic sizes, doc_strings and metadata of
#   the model. Lost are the name of the graph, for which onnx's checker refuses the file (ONNX
#   Runtime runs it, to the same bytes), and the metadata_props of the nodes; an ONNX file saved by
#   the same session options keeps both. An unset model_version comes back as 9223372036854775807.
#   The imports name operator sets that nothing uses, as in all files that ONNX Runtime saves. With a
#   name for the graph, the file passes the full check.
# Seen on: onnxruntime 1.32.0, onnx 1.23.2, numpy 2.4.6.
# For us: who only has the .ort file can be told how to get a picture of it. A reader of ONNX must
#   not ask for a graph's name, nor believe model_version.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6

cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

print("onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__, "numpy", np.__version__)
onnxruntime.set_default_logger_severity(4)
random = np.random.default_rng(0)
X = random.normal(size=(2, 4)).astype(np.float32)


def check(what, condition):
    assert condition, f"behaviour has changed: {what}"


def session_of(model, saved_as=None):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    if saved_as:
        options.optimized_model_filepath = saved_as
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def steps(model):
    return [(n.op_type, n.name, n.doc_string, list(n.input), list(n.output)) for n in model.graph.node]


def refusal(model):
    try:
        onnx.checker.check_model(model, full_check=True)
    except onnx.checker.ValidationError as error:
        return str(error)


graph = helper.make_graph(
    [
        helper.make_node("MatMul", ["x", "w"], ["h"], name="product", doc_string="a product"),
        helper.make_node("Relu", ["h"], ["y"], name="relu"),
    ],
    "net",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])],
    [numpy_helper.from_array(random.normal(size=(4, 3)).astype(np.float32), "w")],
)
graph.node[0].metadata_props.add(key="layer", value="head")
original = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
original.metadata_props.add(key="author", value="somebody")
onnx.checker.check_model(original, full_check=True)

session_of(original.SerializeToString(), "saved.onnx")
session_of(original.SerializeToString(), "model.ort")
with open("model.ort", "rb") as file:
    check("the .ort file is no ORT file", file.read(8)[4:] == b"ORTM")
session_of("model.ort", "back.onnx")
saved, back = onnx.load("saved.onnx"), onnx.load("back.onnx")

for name, model in (("original", original), ("saved as ONNX", saved), ("back from ORT", back)):
    print(f"{name}: graph {model.graph.name!r}, model_version {model.model_version},", end=" ")
    print(f"{len(model.opset_import)} operator sets, metadata of the nodes", end=" ")
    print([len(n.metadata_props) for n in model.graph.node], "refused:", refusal(model))

check("operators and names", steps(back) == steps(original))
weights = [numpy_helper.to_array(m.graph.initializer[0]) for m in (original, back)]
check("weights", np.array_equal(*weights))
check("symbolic sizes", list(back.graph.input) == list(original.graph.input))
check("metadata of the model", list(back.metadata_props) == list(original.metadata_props))

check("saved as ONNX keeps the name", saved.graph.name == "net" and refusal(saved) is None)
check("saved as ONNX lacks the nodes' metadata", saved.graph.node[0].metadata_props)
check("back has the nodes' metadata", not back.graph.node[0].metadata_props)
check("back has a graph's name", back.graph.name == "")
check("the checker takes it", "name" in (refusal(back) or ""))
check("model_version", back.model_version == 2**63 - 1)
check("operator sets", len(back.opset_import) > 1)

results = [session_of(source).run(None, {"x": X})[0] for source in ("saved.onnx", "model.ort", "back.onnx")]
check("results", all(np.array_equal(results[0], result) for result in results[1:]))
back.graph.name = "net"
check("a name does not mend it", refusal(back) is None)
print("as seen: back from ORT, without a name")
PY
