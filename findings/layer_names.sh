#!/usr/bin/env bash
# Which tools keep the layer of an operator: names, metadata_props and doc_string fare differently.
#
# Expected: a tool that keeps an operator keeps what is written on it.
# Happens: exporters write the layer into the metadata_props of each node ("namespace"). These are
#   lost, while name and doc_string of the very same node stay, in onnx's version converter, in
#   onnxsim and in all levels of ONNX Runtime's optimiser but DISABLE_ALL. onnxslim and onnx's text
#   format lose both and keep the name. onnxscript's optimiser keeps metadata and gives the node
#   merged from Conv and BatchNormalization a name of its own; onnxslim names it like its output
#   tensor; ONNX Runtime and onnxsim keep the Conv's. onnxsim adds 19 properties of its own to the
#   model. onnxoptimizer "optimises" the six operators into fifteen, ten of them without a name.
# Seen on: onnx 1.23.2, onnxruntime 1.32.0, onnxscript 0.7.2, onnx-ir 1.1.0, onnxslim 0.1.98,
#   onnxsim 0.8.1, onnxoptimizer 0.4.2.
# For us: layers have to come from several sources (metadata, then names, then tensor names), and a
#   file that has names without metadata has most likely been through a converter: not a reason for
#   a warning.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    onnx==1.23.2 onnxruntime==1.32.0 onnxscript==0.7.2 onnx-ir==1.1.0 \
    onnxslim==0.1.98 onnxsim==0.8.1 onnxoptimizer==0.4.2 numpy==2.4.6

cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

import numpy as np
import onnx
import onnx.parser
import onnx.printer
import onnx.version_converter
import onnx_ir
import onnxoptimizer
import onnxruntime
import onnxsim
import onnxslim
from onnx import TensorProto, helper, numpy_helper
from onnxscript import optimizer

packages = ("onnx", "onnxruntime", "onnxscript", "onnx-ir", "onnxslim", "onnxsim", "onnxoptimizer")
print(*(f"{name} {version(name)}" for name in packages))


def original():
    """Conv, BatchNormalization and Relu of layer1, a constant Mul and a Mul of layer2, a Sigmoid."""
    random = np.random.default_rng(0)
    values = {"w": random.standard_normal((4, 3, 3, 3)).astype(np.float32)}
    values |= {name: (random.random(4) + 0.5).astype(np.float32) for name in "sbmv"}
    values |= {"two": np.float32([2]), "three": np.float32([3])}
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], name="/layer1/conv", pads=[1] * 4),
        helper.make_node("BatchNormalization", ["c", *"sbmv"], ["n"], name="/layer1/bn"),
        helper.make_node("Relu", ["n"], ["r"], name="/layer1/relu"),
        helper.make_node("Mul", ["two", "three"], ["six"], name="/layer2/constant"),
        helper.make_node("Mul", ["r", "six"], ["z"], name="/layer2/mul"),
        helper.make_node("Sigmoid", ["z"], ["y"], name="/layer3/sigmoid"),
    ]
    for node in nodes:
        node.doc_string = "a line of the source"
        node.metadata_props.add(key="namespace", value=node.name.rsplit("/", 1)[0])
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 4, 8, 8])],
        [numpy_helper.from_array(value, name) for name, value in values.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return model


def runtime(level):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, f"ORT_{level}")
    options.optimized_model_filepath = f"{level}.onnx"
    onnxruntime.InferenceSession(
        original().SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return onnx.load(f"{level}.onnx")


tools = {  # the model, and the first node's name, nodes, those with metadata, those with doc_string
    "the model": (original, ("/layer1/conv", 6, 6, 6)),
    "shape inference": (lambda: onnx.shape_inference.infer_shapes(original()), ("/layer1/conv", 6, 6, 6)),
    "onnx-ir, read and written": (
        lambda: onnx_ir.to_proto(onnx_ir.from_proto(original())),
        ("/layer1/conv", 6, 6, 6),
    ),
    "version converter to 21": (
        lambda: onnx.version_converter.convert_version(original(), 21),
        ("/layer1/conv", 6, 0, 6),
    ),
    "onnx's text format": (
        lambda: onnx.parser.parse_model(onnx.printer.to_text(original())),
        ("/layer1/conv", 6, 0, 0),
    ),
    "ONNX Runtime DISABLE_ALL": (lambda: runtime("DISABLE_ALL"), ("/layer1/conv", 6, 6, 6)),
    "ONNX Runtime ENABLE_BASIC": (lambda: runtime("ENABLE_BASIC"), ("/layer1/conv", 4, 0, 4)),
    "ONNX Runtime ENABLE_EXTENDED": (lambda: runtime("ENABLE_EXTENDED"), ("/layer1/conv", 3, 0, 3)),
    "onnxscript's optimiser": (lambda: optimizer.optimize(original()), ("node_Conv_0", 4, 4, 3)),
    "onnxslim": (lambda: onnxslim.slim(original()), ("c", 4, 0, 0)),
    "onnxsim": (lambda: onnxsim.simplify(original())[0], ("/layer1/conv", 4, 0, 4)),
}
print(f"{'':30} first node, nodes, with metadata_props, with doc_string")
for name, (make, seen) in tools.items():
    model = make()
    nodes = model.graph.node
    documented = sum(bool(node.doc_string) for node in nodes)
    found = nodes[0].name, len(nodes), sum(bool(node.metadata_props) for node in nodes), documented
    print(f"{name:30} {found}")
    assert found == seen, f"behaviour has changed: {name} {found}, not {seen}"
    if name == "onnxsim":
        added = len(model.metadata_props)
        print(f"{'':30} {added} properties of the model, {model.metadata_props[0].key} and others")
        assert added == 19, "behaviour has changed: onnxsim's own properties"

nodes = onnxoptimizer.optimize(original()).graph.node
unnamed = sum(not node.name for node in nodes)
print(f"{'onnxoptimizer':30} {len(nodes)} nodes, {unnamed} without a name")
assert (len(nodes), unnamed) == (15, 10), "behaviour has changed: onnxoptimizer"
print("as seen: names outlive metadata")
PY
