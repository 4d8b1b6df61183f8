#!/usr/bin/env bash
# ONNX Runtime's profile bears new names; the model that it can save is the missing link to the
#   file.
#
# Expected: the events of a profile carry the names of the file's operators; the optimiser invents
#   few.
# Happens: two layers of a transformer, 34 operators, give 22 events, and 12 of them have names that
#   the file does not have (Gelu, SkipLayerNormalization, gemm_input_reshape, ...). An invented name
#   says nothing of the layer: the first layer's is bare, the second's ends in _token_N, where N
#   does not count layers. node_index is an index neither into the file nor into the optimised
#   model. But every event has the name of one node of the model that optimized_model_filepath
#   saves, and the outputs of 18 of those 22 nodes are tensors of the original file; the other four
#   are the Reshape and the Gemm that stand for a MatMul, whose outputs lead on to such a tensor.
# Seen on: onnxruntime 1.32.0, onnx 1.23.2, at ENABLE_EXTENDED, on a CPU.
# For us: measured time is laid over the picture by joining profile, saved model and file over
#   tensor names, not over operators' names; or profiled at DISABLE_ALL, where all 34 events match
#   and the time is another.
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
from onnx import TensorProto, helper, numpy_helper

print("onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__)
WIDTH = 32
LAYER = (  # operator, inputs, output; capitals are shared by the layers, digits are added to the others
    ("MatMul", "X wq", "q"), ("MatMul", "X wk", "k"), ("MatMul", "X wv", "v"), ("Transpose", "k", "kt"),
    ("MatMul", "q kt", "qk"), ("Div", "qk SCALE", "qs"), ("Softmax", "qs", "p"), ("MatMul", "p v", "o"),
    ("Add", "o X", "res"), ("LayerNormalization", "res GAIN BIAS", "ln"), ("MatMul", "ln wo", "h"),
    ("Add", "h BIAS", "hb"), ("Div", "hb ROOT", "e1"), ("Erf", "e1", "e2"), ("Add", "e2 ONE", "e3"),
    ("Mul", "hb e3", "e4"), ("Mul", "e4 HALF", "out"),
)  # fmt: skip


def transformer():
    random = np.random.default_rng(0)
    values = {"GAIN": np.ones(WIDTH, np.float32), "BIAS": np.zeros(WIDTH, np.float32)}
    values |= {name: np.float32(v) for name, v in (("SCALE", 5.6), ("ROOT", 2**0.5), ("ONE", 1), ("HALF", 0.5))}
    nodes, last = [], "x"
    for layer in (0, 1):
        for weight in ("wq", "wk", "wv", "wo"):
            values[f"{weight}{layer}"] = (random.standard_normal((WIDTH, WIDTH)) / 6).astype(np.float32)
        for operator, inputs, output in LAYER:
            names = [last if n == "X" else n if n.isupper() else f"{n}{layer}" for n in inputs.split()]
            more = {"perm": [0, 2, 1]} if operator == "Transpose" else {}
            name = f"/layer{layer}/{output}"
            nodes.append(helper.make_node(operator, names, [f"{output}{layer}"], name=name, **more))
        last = f"out{layer}"
    shape = [1, 8, WIDTH]
    graph = helper.make_graph(
        nodes,
        "transformer",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(last, TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in values.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return model


def profile(model, level):
    """Names of the events in one run, their node_index, and the optimised model."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, f"ORT_{level}")
    options.enable_profiling = True
    options.optimized_model_filepath = f"{level}.onnx"
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    session.run(None, {"x": np.ones((1, 8, WIDTH), np.float32)})
    with open(session.end_profiling()) as file:
        events = [event for event in json.load(file) if event.get("cat") == "Node"]
    names = [event["name"].removesuffix("_kernel_time") for event in events]
    return names, [int(event["args"]["node_index"]) for event in events], onnx.load(f"{level}.onnx")


model = transformer()
operators = {node.name for node in model.graph.node}
tensors = {name for node in model.graph.node for name in node.output}
found = {}
for level in ("DISABLE_ALL", "ENABLE_EXTENDED"):
    names, indices, optimised = profile(model, level)
    saved = {node.name: node for node in optimised.graph.node}
    new = [name for name in names if name not in operators]
    in_file = sum(node.output[0] in tensors for node in saved.values())
    found[level] = len(names), len(new), set(names) == set(saved), in_file
    print(f"{level}: {len(operators)} operators, {len(names)} events, {len(new)} under new names")
    print(f"  new names {new}")
    print(f"  node_index up to {max(indices)}; all events are nodes of the saved model: {found[level][2]}")
    print(f"  {in_file} of its {len(saved)} nodes make a tensor of the file")
assert found["DISABLE_ALL"] == (34, 0, True, 34), f"behaviour has changed: {found}"
assert found["ENABLE_EXTENDED"] == (22, 12, True, 18), f"behaviour has changed: {found}"
assert max(indices) >= 34, "behaviour has changed: node_index"
left = [node for node in saved.values() if node.output[0] not in tensors]
readers = [r for n in left for r in saved.values() if n.output[0] in r.input]
assert {node.op_type for node in left} == {"Reshape", "Gemm"}, "behaviour has changed: what is left"
assert len(readers) == 4, "behaviour has changed: readers of invented tensors"
print("as seen: operators are renamed, tensors are not")
PY
