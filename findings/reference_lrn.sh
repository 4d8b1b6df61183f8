#!/usr/bin/env bash
# onnx's reference evaluator normalises only as many channels as the batch has pictures.
#
# Expected: LRN divides each value by a sum over its neighbouring channels, whatever the batch is.
# Happens: the evaluator's loop over the channels runs to the size of the batch. With one picture,
#   channel 0 alone is divided; all the others come out as if the sum were 0. The same picture gets
#   another result in a batch of two, and so on until the batch is as large as the channels are
#   many; one picture more raises an IndexError. onnx's own tests of LRN have 5 pictures of 5
#   channels, where all is right.
# Seen on: onnx 1.23.2, numpy 2.4.6; ONNX Runtime 1.32.0 obeys the operator's text in all cases.
# For us: for the edges and values of LRN (AlexNet, GoogLeNet) the evaluator is no judge: a proof by
#   it shows no edge between channels. Compute the formula of the schema with numpy, or ask ONNX
#   Runtime.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6

"$folder/venv/bin/python" - <<'PY'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

print("onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__, "numpy", np.__version__)
SIZE, CHANNELS = 3, 6


def by_the_schema(x):
    """LRN with alpha 3, beta 0.5, bias 1, by the formula of the operator's text."""
    sums = np.zeros_like(x)
    for c in range(CHANNELS):
        sums[:, c] = (x[:, max(0, c - 1) : c + 2] ** 2).sum(axis=1)
    return x / np.sqrt(1 + sums)


def results(x):
    """What ONNX Runtime and the reference evaluator give: an array, or the error's name."""
    node = helper.make_node("LRN", ["x"], ["y"], size=SIZE, alpha=3.0, beta=0.5, bias=1.0)
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, x.shape) for name in "xy"]
    graph = helper.make_graph([node], "normalise", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    runtime = session.run(None, {"x": x})[0]
    try:
        return runtime, ReferenceEvaluator(model).run(None, {"x": x})[0]
    except IndexError as error:
        return runtime, type(error).__name__


for batch in (1, 2, 5, 6):
    x = np.ones((batch, CHANNELS, 2, 2), np.float32)
    right = by_the_schema(x)
    runtime, reference = results(x)
    print(f"batch {batch}: ONNX Runtime {runtime[0, :, 0, 0].round(3)}, reference {reference[0, :, 0, 0].round(3)}")
    assert np.allclose(runtime, right), f"behaviour has changed: ONNX Runtime, batch {batch}"
    assert np.allclose(reference[:, :batch], right[:, :batch]), f"behaviour has changed: batch {batch}"
    assert (reference[:, batch:] == x[:, batch:]).all(), f"behaviour has changed: batch {batch}"

x = np.ones((CHANNELS + 1, CHANNELS, 2, 2), np.float32)
runtime, reference = results(x)
print(f"batch {len(x)}: ONNX Runtime right {np.allclose(runtime, by_the_schema(x))}, reference {reference}")
assert np.allclose(runtime, by_the_schema(x)), f"behaviour has changed: ONNX Runtime, batch {len(x)}"
assert isinstance(reference, str) and reference == "IndexError", f"behaviour has changed: batch {len(x)}"
print("as seen: the reference's LRN depends on the size of the batch")
PY
