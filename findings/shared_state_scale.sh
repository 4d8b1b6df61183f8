#!/usr/bin/env bash
# In ONNX Runtime's quantised LSTM the sequences of a batch change each other's results, and the
#   number of threads decides which ones.
#
# Expected: the sequences of a batch are independent, and the number of threads changes nothing but
#   the last bits.
# Happens: DynamicQuantizeLSTM quantises the hidden state at each step, with one scale for all the
#   sequences that one thread has. With one thread that is the whole batch: a sequence whose state
#   is small beside another's is rounded to nothing and forgets. With two threads each half of a
#   batch of four shares a scale; with four, each sequence has its own and gets what it gets alone.
#   Where a sequence stands in the batch decides as well. The input x is zero here, so the one scale
#   of x, which dynamic quantisation has by its nature, plays no part.
# Seen on: onnxruntime 1.32.0 (CPU), onnx 1.23.2, numpy 2.4.6.
# For us: the rounding ties sequences together in a way that the operator's text does not tell and
#   that is not a property of the file. We draw the case of one thread: the scale of a state reads
#   the states of the whole batch.
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
from onnx import TensorProto, helper, numpy_helper

print("onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__, "numpy", np.__version__)
HIDDEN, INPUT = 4, 3
random = np.random.default_rng(0)

tensors = {
    "w": random.integers(-127, 128, (1, INPUT, 4 * HIDDEN)).astype(np.int8),
    "r": random.integers(-127, 128, (1, HIDDEN, 4 * HIDDEN)).astype(np.int8),
    "scale": np.float32([0.02]),
    "zero": np.int8([0]),
}
node = helper.make_node(
    "DynamicQuantizeLSTM",
    ["x", "w", "r", "", "", "h", "c", "", "scale", "zero", "scale", "zero"],
    ["", "last", ""],
    domain="com.microsoft",
    hidden_size=HIDDEN,
)
graph = helper.make_graph(
    [node],
    "lstm",
    [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, "batch", INPUT]),
        helper.make_tensor_value_info("h", TensorProto.FLOAT, [1, "batch", HIDDEN]),
        helper.make_tensor_value_info("c", TensorProto.FLOAT, [1, "batch", HIDDEN]),
    ],
    [helper.make_tensor_value_info("last", TensorProto.FLOAT, [1, "batch", HIDDEN])],
    [numpy_helper.from_array(value, name) for name, value in tensors.items()],
)
opsets = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
model = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()


def run(states, threads):
    """The states (batch, hidden) after one step without input."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    h = states[None]
    x = np.zeros((1, len(states), INPUT), np.float32)
    return session.run(None, {"x": x, "h": h, "c": np.zeros_like(h)})[0][0]


def forgotten(states, threads):
    """Of each sequence whether it ends in zeros, as if its state had been zero."""
    return [bool(lost) for lost in (run(states, threads) == 0).all(axis=1)]


small = random.uniform(0.0005, 0.0015, (3, HIDDEN)).astype(np.float32)
large = np.ones((1, HIDDEN), np.float32)
states = np.concatenate([small, large])  # the last sequence has the large state
other = states[[0, 3, 1, 2]]  # the second has it

alone = {threads: np.concatenate([run(state[None], threads) for state in states]) for threads in (1, 2, 4)}
print("alone, first sequence:", alone[1][0])
assert (alone[1] != 0).all(), "behaviour has changed: a sequence alone forgets"
for threads in (2, 4):
    assert np.array_equal(alone[1], alone[threads]), "behaviour has changed: alone, by threads"

for threads, seen, seen_of_other in (
    (1, [True, True, True, False], [True, False, True, True]),
    (2, [False, False, True, False], [True, False, False, False]),
    (4, [False] * 4, [False] * 4),
):
    found = forgotten(states, threads), forgotten(other, threads)
    print(f"{threads} threads: forgotten {found[0]}, in another order {found[1]}")
    assert found == (seen, seen_of_other), f"behaviour has changed: {threads} threads, {found}"
assert np.array_equal(run(states, 4), alone[4]), "behaviour has changed: four threads are not as alone"
print("as seen: the sequences of a thread share one scale")
PY
