#!/usr/bin/env bash
# tf2onnx converts TensorFlow's GELU to an operator that ONNX does not have, and returns the model.
#
# Expected: what can't be converted raises an error; GELU, an everyday activation, can be.
# Happens: TensorFlow computes the exact GELU by erfc these days (by erf before). tf2onnx knows
#   erf only: it logs "not supported", copies the TensorFlow operator Erfc into ONNX's own operator
#   set, and returns as if all were well. onnx's checker and ONNX Runtime refuse the file. So it is
#   for tf.nn.gelu and for Keras layers with activation="gelu"; the approximation by tanh and a GELU
#   written with tf.math.erf are right. (onnx/tensorflow-onnx#2463 proposes a cure.)
# Seen on: tf2onnx 1.17.0, tensorflow-cpu 2.21.0, keras 3.15.1, onnx 1.23.2, onnxruntime 1.32.0.
# For us: the operator set "" may hold operators that no version of ONNX has: such a node is unknown,
#   not a broken file, and the rest of the picture can be drawn.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    tf2onnx==1.17.0 tensorflow-cpu==2.21.0 keras==3.15.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6

cat > "$folder/erfc.py" <<'PY'
from importlib.metadata import version

import keras
import numpy as np
import onnx
import onnxruntime
import tensorflow as tf
import tf2onnx

print(*(f"{name} {version(name)}" for name in ("tf2onnx", "tensorflow-cpu", "keras", "onnx", "onnxruntime")))
onnxruntime.set_default_logger_severity(4)
X = np.random.default_rng(0).normal(size=(2, 4)).astype(np.float32)
ends = keras.Input((4,))
dense = keras.Model(ends, keras.layers.Dense(3, activation="gelu")(ends))


def gelu(x):
    return tf.nn.gelu(x)


def keras_dense(x):
    return dense(x)


def gelu_by_tanh(x):
    return tf.nn.gelu(x, approximate=True)


def gelu_by_erf(x):
    return 0.5 * x * (1 + tf.math.erf(x * np.float32(np.sqrt(0.5))))


def outcome(function):
    """The operators of the converted model, the checker's first line and ONNX Runtime's result, if any."""
    signature = [tf.TensorSpec((None, 4), tf.float32, name="x")]
    traced = tf.function(function, input_signature=signature)
    model, _ = tf2onnx.convert.from_function(traced, input_signature=signature, opset=18)
    operators = {(node.domain, node.op_type) for node in model.graph.node}
    refusal = None
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        refusal = str(error).splitlines()[0]
    try:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        result = session.run(None, {"x": X})[0]
    except Exception as error:
        result = type(error).__name__
    return operators, refusal, result


for function, right in ((gelu, False), (keras_dense, False), (gelu_by_tanh, True), (gelu_by_erf, True)):
    name = function.__name__
    operators, refusal, result = outcome(function)
    refused = isinstance(result, str)
    print(f"{name}: {sorted(o for _, o in operators)}, checker: {refusal}, runtime: {result if refused else 'runs'}")
    assert (("", "Erfc") in operators) != right, f"behaviour has changed: operators of {name}"
    assert (refusal is None) == right, f"behaviour has changed: the check of {name}"
    assert refused != right, f"behaviour has changed: ONNX Runtime and {name}"
    if right:
        assert np.allclose(result, function(X), atol=1e-5), f"behaviour has changed: values of {name}"
print("as seen: Erfc in ONNX's own operator set")
PY
TF_CPP_MIN_LOG_LEVEL=3 "$folder/venv/bin/python" -W ignore "$folder/erfc.py"
