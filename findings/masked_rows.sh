#!/usr/bin/env bash
# PyTorch gives 0 for a query that may look at nothing, its exporter the mean of what is masked.
#
# Expected: the file of scaled_dot_product_attention computes what PyTorch does at every opset.
# Happens: PyTorch gives 0 for a row of the mask that is all false, and so does ONNX's Attention,
#   which the exporter writes from opset 23 on. Up to opset 22 it writes the operators one by one
#   and a Where that is to turn NaN into 0; but its mask adds the least float, not minus infinity,
#   so that there never is a NaN: Softmax of equal numbers makes the row the mean of all values,
#   the masked ones. Such rows are those of padding before a sentence under a causal mask.
# Seen on: torch 2.13.0, onnxscript 0.7.2, onnx 1.23.2, onnxruntime 1.32.0.
# For us: which values a row depends on follows from the opset; what reads masked blocks as well is
#   never too little.
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
import torch.nn.functional as F
from onnx.reference import ReferenceEvaluator

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


def run(path, given):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    fed = {i.name: x.numpy() for i, x in zip(session.get_inputs(), given, strict=True)}
    return session.run(None, fed)[0]


print("torch", torch.__version__, "onnxscript", onnxscript.__version__, "onnx", onnx.__version__)
onnxruntime.set_default_logger_severity(4)


def attend(q, k, v, mask):
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


one = torch.ones(1, 1, 2, 2)
mask = torch.tensor([[False, False], [True, False]])
given = (one, one, torch.tensor([[[[1.0, 2], [3, 4]]]]), mask)
right = attend(*given).numpy().ravel()
print("PyTorch:", right)
assert right.tolist() == [0, 0, 1, 2], f"behaviour has changed: {right}"
for opset, seen in ((20, [2, 3, 1, 2]), (23, [0, 0, 1, 2])):
    warned = export(Call(attend), given, "net.onnx", opset_version=opset)
    assert not any("mask" in one for one in warned), f"behaviour has changed: {warned}"
    model = onnx.load("net.onnx")
    nodes = [one.op_type for one in model.graph.node]
    made = run("net.onnx", given).ravel()
    fed = {i.name: x.numpy() for i, x in zip(model.graph.input, given, strict=True)}
    (reference,) = ReferenceEvaluator(model).run(None, fed)
    print(f"opset {opset}: ONNX Runtime {made}, reference evaluator {reference.ravel()}, {nodes}")
    assert ("IsNaN" in nodes) == (opset == 20), f"behaviour has changed: {nodes}"
    assert np.allclose(made, seen), f"behaviour has changed: {made}"
    assert np.allclose(reference.ravel(), seen), f"behaviour has changed: {reference}"
print("as seen: below opset 23 a row that is masked is the mean of all values")
PY
