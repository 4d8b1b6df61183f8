#!/usr/bin/env bash
# PyTorch's exporters write equal weights once: a fresh nn.TransformerEncoder becomes one layer's.
#
# Expected: a file holds each parameter of a network; only those that are one tensor in PyTorch are
#   one tensor in the file.
# Happens: both exporters merge initializers whose numbers are equal. nn.TransformerEncoder makes
#   its layers by copy.deepcopy, so that those of a network that was not trained all read the
#   weights of the first: 2,176 of 6,672 parameters are left, and the names of the others are gone.
#   What every network begins with, such as biases of 0, is merged within a layer as well. With
#   other numbers in them, all parameters are there.
# Seen on: torch 2.13.0, onnxscript 0.7.2, onnx 1.23.2, onnxruntime 1.32.0.
# For us: of networks with random weights, such as tests and examples have, the count of parameters
#   may be too low, and layers share parameters that are their own. Counts can only be checked
#   against the framework if every parameter was given numbers of its own.
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
import math
import warnings

import onnx
import onnxruntime
import onnxscript
import torch

def export(module, given, path, **options):
    """Export a module; the warnings that its export gave."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            torch.onnx.export(
                module.eval(), given, path, **{"dynamo": True, "verbose": False} | options
            )
    return [str(one.message) for one in told]


print("torch", torch.__version__, "onnxscript", onnxscript.__version__, "onnx", onnx.__version__)
onnxruntime.set_default_logger_severity(4)
torch.manual_seed(0)
torch.backends.mha.set_fastpath_enabled(False)
layer = torch.nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True)
net = torch.nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)
x = torch.randn(2, 5, 16)
own = sum(one.numel() for one in net.parameters())


def held(path):
    """Number of 32-bit floats in the initializers of a file, without single numbers."""
    found = onnx.load(path).graph.initializer
    counts = [math.prod(one.dims) for one in found if one.data_type == onnx.TensorProto.FLOAT]
    return sum(count for count in counts if count > 1)


kept = {}
for dynamo in (True, False):
    export(net, (x,), "fresh.onnx", dynamo=dynamo)
    kept[dynamo] = held("fresh.onnx")
print(f"not trained: PyTorch {own}, new exporter {kept[True]}, old exporter {kept[False]}")
with torch.no_grad():
    for one in net.parameters():
        one += 0.01 * torch.randn(one.shape)
for dynamo in (True, False):
    export(net, (x,), "other.onnx", dynamo=dynamo)
    kept[dynamo, "other"] = held("other.onnx")
print(f"other numbers: new exporter {kept[True, 'other']}, old exporter {kept[False, 'other']}")
assert (own, kept[True], kept[False]) == (6672, 2176, 2176), f"behaviour has changed: {kept}"
others = kept[True, "other"], kept[False, "other"]
assert others == (own, own), f"behaviour has changed: {others}"
print("as seen: equal weights are one weight")
PY
