#!/usr/bin/env bash
# One large value makes ONNX Runtime's LRN return infinity in all channels after it.
#
# Expected: an output of LRN depends on the few channels of its window, and on nothing else.
# Happens: the CPU kernel keeps one running sum of squares: it adds the channel that enters the
#   window and subtracts the one that leaves. What float32 loses of the small squares beside a large
#   one never comes back. With values of 1 and one of 12345 in channel 2, channels 0 to 3 are right
#   and all later ones are inf (the sum stays at -1 where 3 is right, so the divisor is 0), the last
#   is NaN. With one of 123 all are right. With random values and one of 3000, the later channels are
#   off by some percent, without a sign. An infinity or a NaN stays in the sum for good and spoils
#   all later channels, too.
# Seen on: onnxruntime 1.32.0 (CPU), onnx 1.23.2, numpy 2.4.6.
# For us: our edges of LRN are those of the window, which is what the operator's text says; a probe
#   that changes one input and looks which outputs change finds more edges than there are.
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

print("onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__, "numpy", np.__version__)
CHANNELS, LARGE = 12, 2  # channel 2 holds the large value; windows of 3 see it from channels 1, 2, 3
SHAPE = (1, CHANNELS, 1, 1)

node = helper.make_node("LRN", ["x"], ["y"], size=3, alpha=3.0, beta=0.5, bias=1.0)
ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, SHAPE) for name in "xy"]
graph = helper.make_graph([node], "normalise", ends[:1], ends[1:])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
onnx.checker.check_model(model, full_check=True)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def outputs(values, large):
    """The channels as ONNX Runtime returns them, and by the formula of the schema in float32."""
    x = np.float32(values)
    x[LARGE] = large
    sums = np.float32([(x[max(0, c - 1) : c + 2] ** 2).sum() for c in range(CHANNELS)])
    return session.run(None, {"x": x.reshape(SHAPE)})[0].ravel(), x / np.sqrt(1 + sums)


def check(what, condition):
    assert condition, f"behaviour has changed: {what}"


ones = np.ones(CHANNELS)
for large in (1, 123.45, 12345):
    got, right = outputs(ones, large)
    print(f"ones and {large}: {got.round(4)}\n    by the schema {right.round(4)}")
    check(f"channels near {large}", np.allclose(got[:4], right[:4]))
    if large < 1000:
        check(f"channels after {large}", np.allclose(got[4:], right[4:]))
    else:
        check("the schema's formula is finite", np.isfinite(right).all())
        check(f"channels after {large} are finite", not np.isfinite(got[4:]).any())

worst = []
for seed in range(5):
    got, right = outputs(np.random.default_rng(seed).normal(size=CHANNELS), 3000)
    check("random values", np.allclose(got[:4], right[:4], rtol=1e-4))
    worst.append(abs(got[4:] / right[4:] - 1).max())
print("random values and 3000, largest relative errors after it:", np.round(worst, 4))
check("random values are right", max(worst) > 0.02)

for large in (np.inf, np.nan):
    got, right = outputs(ones, large)
    print(f"ones and {large}: {got.round(4)}")
    check("the schema's formula keeps to the window", np.isfinite(right[4:]).all())
    check(f"{large} keeps to its window", np.isnan(got[4:]).all())
print("as seen: a channel changes outputs that don't see it")
PY
