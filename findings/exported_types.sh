#!/usr/bin/env bash
# PyTorch's new exporter writes operators on types they don't take, and onnx's check passes them.
#
# Expected: torch.onnx.export(dynamo=True) inserts a Cast, chooses an opset that has the type, or
#   says that it can't.
# Happens: at its own choice of opset (20), it writes Conv on bfloat16 (from opset 22 on), Add on
#   booleans (no opset; PyTorch's is Or) and SoftmaxCrossEntropyLoss with probabilities for labels
#   (no opset). onnx.checker.check_model passes the files; ONNX Runtime refuses each, and so does
#   the check with `full_check`. Multiplication of booleans becomes And, as it should.
# Seen on: torch 2.13.0, onnxscript 0.7.2, onnx 1.23.2, onnxruntime 1.32.0.
# For us: types that an operator's schema does not name are in real files; shapes have to be found
#   nonetheless, as ONNX's inference refuses such an operator.
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

import onnx
import onnxruntime
import onnxscript
import torch
import torch.nn.functional as F

class Call(torch.nn.Module):
    """A function as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *given):
        return self.function(*given)


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


def add(x):
    return (x > 0) + (x > 1)


def multiply(x):
    return (x > 0) * (x < 1)


def loss(x, p):
    return F.cross_entropy(x, p)


numbers, rows = torch.tensor([0.5, 2]), torch.ones(2, 3)
convolution = torch.nn.Conv1d(1, 1, 2).bfloat16()
cases = {
    "bfloat16": (convolution, (torch.ones(1, 1, 4, dtype=torch.bfloat16),), "Conv", False),
    "a sum of booleans": (Call(add), (numbers,), "Add", False),
    "probabilities": (Call(loss), (rows, rows / 3), "SoftmaxCrossEntropyLoss", False),
    "a product of booleans": (Call(multiply), (numbers,), "And", True),
}
for name, (module, given, kind, valid) in cases.items():
    export(module, given, "net.onnx")
    model = onnx.load("net.onnx")
    opset, nodes = model.opset_import[0].version, [one.op_type for one in model.graph.node]
    onnx.checker.check_model(model)
    try:
        onnx.checker.check_model(model, full_check=True)
        full = "passes"
    except onnx.shape_inference.InferenceError as error:
        full = str(error).strip().rpartition("): ")[2]
    try:
        onnxruntime.InferenceSession("net.onnx", providers=["CPUExecutionProvider"])
        runs = "loads"
    except Exception as error:  # the class is onnxruntime's own
        runs = str(error).rpartition("This is an invalid model. ")[2]
    print(f"{name}: opset {opset}, {nodes}; full check: {full}; ONNX Runtime: {runs[:70]}")
    assert opset == 20 and nodes[-1] == kind, f"behaviour has changed: {opset} {nodes}"
    assert (full == "passes") == valid, f"behaviour has changed: {full}"
    as_seen = runs == "loads" if valid else runs.startswith("Type Error")
    assert as_seen, f"behaviour has changed: {runs}"
print("as seen: what the exporter writes is checked, but does not load")
PY
