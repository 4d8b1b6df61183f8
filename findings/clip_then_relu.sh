#!/usr/bin/env bash
# onnxscript's optimiser merges Clip and Relu wrongly when the bounds do not overlap.
#
# Expected: optimizer.optimize() keeps what a model computes. Relu(Clip(x, max=-1)) is 0 for every
#   x; Clip(Clip(x, 0, 1), 2, 3) is 2 for every x.
# Happens: both pairs become one Clip whose minimum is above its maximum, and a Clip with min > max
#   returns max (ONNX says so). The Relu gives -1, the pair of Clips gives 1. The pair Relu then
#   Clip, and pairs whose bounds overlap, are merged rightly: a test with ReLU6 does not notice.
#   torch.onnx.export(dynamo=True) runs this optimiser unless told optimize=False, so a model that
#   is right in PyTorch is exported wrong without a word: "clip_then_relu.sh torch" shows it (1 GB
#   more).
# Seen on: torch 2.13.0, onnxscript 0.7.2, onnx 1.23.2, onnxruntime 1.32.0.
# For us: the operators of an "optimised" file may not compute what its author wrote; a picture of
#   the file shows what the file says, and two files of one model can't be proved equal by their
#   names.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0 numpy==2.4.6
if [ "${1:-}" = torch ]; then
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0
fi

"$folder/venv/bin/python" -W ignore - "${1:-}" <<'PY'
import sys

import numpy as np
import onnx
import onnxruntime
import onnxscript
from onnx import TensorProto, helper, numpy_helper
from onnxscript import optimizer

print("onnx", onnx.__version__, "onnxscript", onnxscript.__version__, "onnxruntime", onnxruntime.__version__)
X = np.float32([-3, -1, 0, 1, 3])


def chain(*steps):
    nodes, bounds, last = [], [], "x"
    for number, (operator, *values) in enumerate(steps):
        names = [last]
        for place, value in enumerate(values):
            names.append("" if value is None else f"bound_{number}_{place}")
            if value is not None:
                bounds.append(numpy_helper.from_array(np.float32(value), names[-1]))
        last = "y" if number == len(steps) - 1 else f"h{number}"
        nodes.append(helper.make_node(operator, names, [last]))
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [5]) for name in "xy"]
    graph = helper.make_graph(nodes, "chain", ends[:1], ends[1:], bounds)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def run(model):
    plain = onnxruntime.SessionOptions()
    plain.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), plain, providers=["CPUExecutionProvider"]
    )
    return session.run(None, {model.graph.input[0].name: X})[0].tolist()


cases = (  # the steps, what they give, what they give once optimised
    ((("Clip", None, -1), ("Relu",)), [0] * 5, [-1] * 5),
    ((("Clip", 0, 1), ("Clip", 2, 3)), [2] * 5, [1] * 5),
    ((("Relu",), ("Clip", -2, -1)), [-1] * 5, [-1] * 5),
    ((("Clip", -1, 2), ("Relu",)), [0, 0, 0, 1, 2], [0, 0, 0, 1, 2]),
)
for steps, before, after in cases:
    model = chain(*steps)
    onnx.checker.check_model(model, full_check=True)
    optimised = optimizer.optimize(model)
    found = run(model), run(optimised)
    print(steps, "gives", found[0], "and optimised", found[1], [n.op_type for n in optimised.graph.node])
    assert found == (before, after), f"behaviour has changed: {steps} gives {found}"

if sys.argv[1] == "torch":
    import torch

    class Net(torch.nn.Module):
        def forward(self, x):
            return torch.relu(torch.clamp(x, max=-1.0))

    x = torch.from_numpy(X)
    exported = {
        optimise: run(torch.onnx.export(Net(), (x,), dynamo=True, optimize=optimise).model_proto)
        for optimise in (True, False)
    }
    print("torch", torch.__version__, "gives", Net()(x).tolist(), "and by optimize:", exported)
    assert exported == {True: [-1] * 5, False: [0] * 5}, f"behaviour has changed: {exported}"
print("as seen: Relu after Clip returns a negative number")
PY
