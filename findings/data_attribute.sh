#!/usr/bin/env bash
# `.data` within a network makes PyTorch's TorchScript exporter write the answer down as a constant.
#
# Expected: a network whose forward() reads `h.data` is exported like one that calls `h.detach()`, or
#   a warning says that it is not; PyTorch warns so of `h.numpy()`.
# Happens: the trace loses everything before `.data`. The file has a single Constant, no input, and the
#   answers to the example that was exported, for all times. There is no warning, and onnx's full check
#   passes. torch.export, which the exporter uses by default since PyTorch 2.9, refuses the network and
#   asks for an issue. With `.detach()` all is well in both.
#   It happens in the wild: hummingbird-ml 0.4.11 has `votes.data.cpu()` in its support vector machines,
#   so its ONNX file of an SVC with three classes gives the training rows' classes to whatever it is
#   asked (its file of two classes is right).
# Seen on: torch 2.13.0, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6.
# For us: a model without inputs, all of whose outputs are constants, can be a whole network gone wrong:
#   it has to load, and its facts say that it has no inputs, parameters or arithmetic.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    torch==2.13.0 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0 numpy==2.4.6

cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import contextlib
import io
import warnings

import numpy as np
import onnx
import onnxruntime
import torch
from torch import nn

print(f"torch {torch.__version__}, onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}")
onnxruntime.set_default_logger_severity(4)


class Net(nn.Module):
    def __init__(self, middle):
        super().__init__()
        self.linear, self.middle = nn.Linear(8, 4), middle

    def forward(self, x):
        return self.middle(self.linear(x)).softmax(1)


def exported(middle, dynamo):
    """Types of the nodes, number of inputs, whether it answers as the network, warnings of the trace."""
    torch.manual_seed(0)
    net, example, other = Net(middle).eval(), torch.randn(3, 8), torch.randn(3, 8)
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("always")
        try:
            torch.onnx.export(net, (example,), "net.onnx", dynamo=dynamo)
        except Exception:
            return "refused"
    onnx.checker.check_model("net.onnx", full_check=True)
    model = onnx.load("net.onnx")
    session = onnxruntime.InferenceSession("net.onnx", providers=["CPUExecutionProvider"])
    fed = {one.name: other.numpy() for one in session.get_inputs()}
    (made,) = session.run(None, fed)
    with torch.no_grad():
        whose = {"the example's": net(example), "its own": net(other)}
    answer = [name for name, one in whose.items() if np.allclose(made, one, atol=1e-5)]
    told = any(issubclass(one.category, torch.jit.TracerWarning) for one in caught)
    return [node.op_type for node in model.graph.node], len(fed), answer, told


ways = {
    "h.detach()": lambda h: h.detach(),
    "h.data": lambda h: h.data,
    "h.detach().numpy()": lambda h: torch.from_numpy(h.detach().numpy()),
}
constant, whole = (["Constant"], 0, ["the example's"]), (["Gemm", "Softmax"], 1, ["its own"], False)
expected = {
    ("h.detach()", False): whole,
    ("h.detach()", True): whole,
    ("h.data", False): (*constant, False),
    ("h.data", True): "refused",
    ("h.detach().numpy()", False): (*constant, True),
    ("h.detach().numpy()", True): whole,
}
print("nodes, inputs, whose answer to another input, whether the trace warned:")
for (name, dynamo), seen in expected.items():
    found = exported(ways[name], dynamo)
    print(f"{name:20} {'torch.export' if dynamo else 'TorchScript':13}", found)
    assert found == seen, f"behaviour has changed: {found}, not {seen}"
print("as seen: answers instead of a network")
PY
