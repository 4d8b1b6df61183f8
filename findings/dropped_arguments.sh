#!/usr/bin/env bash
# PyTorch's new exporter leaves out arguments that ONNX's operators don't have, without a word.
#
# Expected: torch.onnx.export(dynamo=True) writes what PyTorch computes, by other operators if need
#   be, or says that it can't.
# Happens: `divisor_override` of avg_pool2d, `label_smoothing` of cross_entropy and "mean" of
#   scatter_reduce are gone from the file, without an error or a warning about them. The results
#   differ by any factor: of what is scattered to one place, the last alone is left
#   (ScatterElements with reduction "none"). The old exporter refuses two of the three and leaves
#   out the divisor as well.
# Seen on: torch 2.13.0, onnxscript 0.7.2, onnx 1.23.2, onnxruntime 1.32.0.
# For us: the operators of a file tell what the file computes, which need not be what the network
#   computes; graph networks that average what they gather are such networks.
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


def pool(x):
    return F.avg_pool2d(x, 2, divisor_override=1)


def loss(x, t):
    return F.cross_entropy(x, t, label_smoothing=0.5)


def scatter(x, i):
    return torch.zeros(2).scatter_reduce(0, i, x, "mean", include_self=False)


cases = {
    "avg_pool2d": (
        pool,
        (torch.arange(16.0).reshape(1, 1, 4, 4),),
        lambda: F.avg_pool2d(torch.arange(16.0).reshape(1, 1, 4, 4), 2),
        "exported",
    ),
    "cross_entropy": (
        loss,
        (torch.tensor([[2.0, 0, 0]]), torch.tensor([0])),
        lambda: F.cross_entropy(torch.tensor([[2.0, 0, 0]]), torch.tensor([0])),
        "ONNX does not support label_smoothing",
    ),
    "scatter_reduce": (
        scatter,
        (torch.tensor([1.0, 2, 6]), torch.tensor([0, 0, 1])),
        lambda: torch.tensor([2.0, 6]),
        "ONNX does not support mean reduction",
    ),
}
for name, (function, given, without, old) in cases.items():
    warned = export(Call(function), given, "new.onnx")
    about = [w for w in warned if any(word in w for word in ("divisor", "smooth", "mean", "reduc"))]
    right, made = function(*given).numpy(), run("new.onnx", given)
    nodes = [one.op_type for one in onnx.load("new.onnx").graph.node]
    print(f"{name}: PyTorch {right.ravel()}, file {made.ravel()}, {nodes}, warned of it: {about}")
    assert about == [], f"behaviour has changed: {about}"
    assert not np.allclose(made, right), f"behaviour has changed: {name} is right"
    assert np.allclose(made, without().numpy()), f"behaviour has changed: {made}"
    try:
        export(Call(function), given, "old.onnx", dynamo=False)
        outcome = "exported"
    except Exception as error:  # the exporter raises several classes
        outcome = str(error).splitlines()[0]
    print("  old exporter:", outcome[:60])
    assert old in outcome, f"behaviour has changed: {outcome}"
print("as seen: three arguments are left out without a word")
PY
