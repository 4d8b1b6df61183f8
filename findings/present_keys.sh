#!/usr/bin/env bash
# What Attention returns as present keys has a wrong rank in files, and onnx's full check passes it.
#
# Expected: present_key is [batch, heads of keys, tokens, size of a head], as the operator's text says,
#   whether keys come with their heads side by side (rank 3) or by head (rank 4), with or without
#   past_key; shape inference says so.
# Happens: without past_key, which is how cross attention hands on its keys, onnx's inference says
#   nothing about present_key and present_value. onnx-shape-inference, with which Microsoft's
#   mobius-onnx 0.1.0 makes its files, takes them to be like the keys: [2, 5, 8] instead of
#   [2, 2, 5, 4], so its decoders of BART and T5 declare outputs of rank 3. The full check
#   passes such a file; ONNX Runtime announces the declared shape (in get_outputs), returns the other
#   one, and logs a warning. The reference evaluator returns what ONNX Runtime does. With past_key, or
#   at rank 4, all agree.
# Seen on: onnx 1.23.2, onnx-ir 1.1.0, onnx-shape-inference 0.4.0, onnxruntime 1.32.0, numpy 2.4.6.
# For us: what a file declares where inference is silent is a hint and no fact: present keys are to be
#   computed from the keys.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    onnx==1.23.2 onnx-ir==1.1.0 onnx-shape-inference==0.4.0 onnxruntime==1.32.0 numpy==2.4.6

"$folder/venv/bin/python" - <<'PY'
from importlib.metadata import version

import numpy as np
import onnx
import onnx_ir
import onnx_shape_inference
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

packages = ("onnx", "onnx-ir", "onnx-shape-inference", "onnxruntime", "numpy")
print(*(f"{name} {version(name)}" for name in packages))
onnxruntime.set_default_logger_severity(4)
QUERIES, KEYS, PAST = (2, 3, 16), (2, 5, 8), (2, 2, 7, 4)
BY_HEAD = (2, 4, 3, 4), (2, 2, 5, 4)


def attention(rank, past):
    queries, keys = (QUERIES, KEYS) if rank == 3 else BY_HEAD
    fed = {"q": queries, "k": keys, "v": keys} | ({"pk": PAST, "pv": PAST} if past else {})
    heads = {"q_num_heads": 4, "kv_num_heads": 2} if rank == 3 else {}
    read = ["q", "k", "v", *(["", "pk", "pv"] if past else [])]
    made = ["y", "present_key", "present_value"]
    graph = helper.make_graph(
        [helper.make_node("Attention", read, made, **heads)],
        "attention",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n, shape in fed.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in made],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 24)], ir_version=10)
    return model, {name: np.ones(shape, np.float32) for name, shape in fed.items()}


def declared(model):
    kind = model.graph.output[1].type.tensor_type
    return [dim.dim_value for dim in kind.shape.dim] if kind.HasField("shape") else None


def seen(rank, past):
    model, fed = attention(rank, past)
    silent = declared(onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True))
    named = onnx_ir.to_proto(onnx_shape_inference.infer_symbolic_shapes(onnx_ir.from_proto(model)))
    onnx.checker.check_model(named, full_check=True)
    session = onnxruntime.InferenceSession(
        named.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    announced = session.get_outputs()[1].shape
    made = list(session.run(None, fed)[1].shape)
    assert list(ReferenceEvaluator(model).run(None, fed)[1].shape) == made, "behaviour has changed"
    return silent, declared(named), announced, made


rows = {
    (3, False): (None, [2, 5, 8], [2, 5, 8], [2, 2, 5, 4]),
    (4, False): (None, [2, 2, 5, 4], [2, 2, 5, 4], [2, 2, 5, 4]),
    (3, True): ([2, 2, 12, 4],) * 4,
    (4, True): ([2, 2, 12, 4],) * 4,
}
print("present_key by onnx, onnx-shape-inference, get_outputs, and as it is returned:")
for (rank, past), expected in rows.items():
    found = seen(rank, past)
    print(f"keys of rank {rank}, {'with' if past else 'no'} past:", *found)
    assert found == expected, f"behaviour has changed: {found}, not {expected}"
print("as seen: a declared shape that is not returned")
PY
