#!/usr/bin/env bash
# PyTorch's new exporter leaves the projection of an LSTM out and shrinks the LSTM to its size.
#
# Expected: torch.onnx.export(dynamo=True) of LSTM(8, 16, proj_size=4) computes what PyTorch does, or
#   says that it can't: ONNX's LSTM has no projection. The old exporter says so ("LSTMs with
#   projections").
# Happens: it exports without an error or a warning. The file has an LSTM with hidden_size 4, takes
#   the first 16 of 64 rows of both matrices and of the biases, and has no projection: 3/4 of the
#   weights are gone. Its initial cell state is still 16 wide, so ONNX Runtime loads the file and
#   fails when it runs; onnx's plain check passes it, the full one finds two shapes that differ.
# Seen on: torch 2.13.0, onnxscript 0.7.2, onnx 1.23.2, onnxruntime 1.32.0; also torch 2.14.1.
# For us: parameters of the file (224) are not those of the network (960), and neither is wrong: a
#   count can only be checked against the framework if the file is known to compute the same.
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
import onnxscript
import torch
from onnx import numpy_helper

print("torch", torch.__version__, "onnxscript", onnxscript.__version__, "onnx", onnx.__version__)
torch.manual_seed(0)
lstm = torch.nn.LSTM(8, 16, proj_size=4).eval()
x = torch.randn(10, 2, 8)
own = sum(one.numel() for one in lstm.parameters())

with warnings.catch_warnings(record=True) as told, contextlib.redirect_stderr(io.StringIO()):
    warnings.simplefilter("always")
    torch.onnx.export(lstm, (x,), "new.onnx", dynamo=True, verbose=False)
about = [str(one.message) for one in told if "proj" in str(one.message).lower()]
model = onnx.load("new.onnx")
onnx.checker.check_model(model)
try:
    onnx.checker.check_model(model, full_check=True)
    full = "passes"
except onnx.shape_inference.InferenceError as error:
    full = str(error).strip().rpartition("] ")[2]
print("full check:", full)
assert "(4) vs (16)" in full, f"behaviour has changed: {full}"
(node,) = (one for one in model.graph.node if one.op_type == "LSTM")
(size,) = (one.i for one in node.attribute if one.name == "hidden_size")
arrays = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
weights = [arrays[name] for name in node.input[1:4]]
kept = sum(one.size for one in weights)
print(f"PyTorch: {own} parameters, result {list(lstm(x)[0].shape)}")
print(f"file: hidden_size {size}, weights {[one.shape for one in weights]}, warned of it: {about}")
assert (own, about, size) == (960, [], 4), f"behaviour has changed: {own} {about} {size}"
shapes = [one.shape for one in weights]
assert shapes == [(1, 16, 8), (1, 16, 4), (1, 32)], f"behaviour has changed: {shapes}"
rows = {row.tobytes() for row in lstm.weight_ih_l0.detach().numpy()[:16]}
assert rows == {row.tobytes() for row in weights[0][0]}, "behaviour has changed: other rows"

onnxruntime.set_default_logger_severity(4)
session = onnxruntime.InferenceSession("new.onnx", providers=["CPUExecutionProvider"])
try:
    session.run(None, {session.get_inputs()[0].name: x.numpy()})
    outcome = "runs"
except Exception as error:  # the class is onnxruntime's own
    outcome = str(error).rpartition("Status Message: ")[2]
print("ONNX Runtime:", outcome)
assert outcome.startswith("Input initial_c must have shape"), f"behaviour has changed: {outcome}"

try:
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(lstm, (x,), "old.onnx", dynamo=False)
    refused = "exported"
except torch.onnx.errors.OnnxExporterError as error:
    refused = str(error).splitlines()[0]
print("old exporter:", refused[:90])
assert "LSTMs with projections" in refused, f"behaviour has changed: {refused}"
print("as seen: the new exporter exports another, smaller LSTM without a word")
PY
