#!/usr/bin/env bash
# ONNX Runtime rounds when it casts to INT4 and truncates when it casts to INT8.
#
# Expected: Cast from float to an integer type truncates, whatever the type's width; 7.5 fits INT4
#   as 7.
# Happens: Cast to INT4, UINT4 and INT2 rounds half away from zero and then keeps the low bits: 0.5
#   is 1, and 7.5 is rounded to 8, which is -8 in INT4. Cast to INT8 truncates: 7. Casting to INT8
#   first and to INT4 then gives 7 as well. onnx's reference evaluator truncates in all cases. The
#   session says nothing; the types are new (opset 21 for INT4, opset 25 for INT2).
# Seen on: onnxruntime 1.32.0, onnx 1.23.2, numpy 2.4.6.
# For us: weights that were packed to four bits by a graph of Casts differ by runtime, in sign at
#   the ends of the range; a comparison by values needs the runtime that made them.
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
X = np.float32([-8, -7.5, -1.5, -0.5, -0.4, 0.4, 0.5, 1.5, 2.5, 7.4, 7.5])
TRUNCATED = [-8, -7, -1, 0, 0, 0, 0, 1, 2, 7, 7]
ROUNDED = [-8, -8, -2, -1, 0, 0, 1, 2, 3, 7, -8]


def cast(*types, source=TensorProto.FLOAT):
    kinds = [source, *(getattr(TensorProto, kind) for kind in types), TensorProto.FLOAT]
    names = ["x", *(f"h{place}" for place in range(len(kinds) - 1)), "y"]
    nodes = [
        helper.make_node("Cast", [names[place]], [names[place + 1]], to=kind)
        for place, kind in enumerate(kinds)
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [X.size]) for name in "xy"]
    model = helper.make_model(
        helper.make_graph(nodes, "casts", ends[:1], ends[1:]),
        opset_imports=[helper.make_opsetid("", 25)],
        ir_version=13,
    )
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return [runtime.run(None, {"x": X})[0].tolist() for runtime in (session, ReferenceEvaluator(model))]


def wrapped(values, low, size):
    return [(value - low) % size + low for value in values]


cases = (  # types, ONNX Runtime, reference evaluator
    (("INT8",), TRUNCATED, TRUNCATED),
    (("INT4",), ROUNDED, TRUNCATED),
    (("UINT4",), wrapped(ROUNDED, 0, 16), wrapped(TRUNCATED, 0, 16)),
    (("INT2",), wrapped(ROUNDED, -2, 4), wrapped(TRUNCATED, -2, 4)),
    (("INT8", "INT4"), TRUNCATED, TRUNCATED),
)
print(f"{'from':36}", X.tolist())
for types, runtime, reference in cases:
    found = cast(*types)
    print(f"to {'-'.join(types):10} by ONNX Runtime        ", found[0])
    print(f"   {'':10} by the reference evaluator", found[1])
    assert found == [runtime, reference], f"behaviour has changed: {types} {found}"
for source in (TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BFLOAT16):
    assert cast("INT4", source=source)[0] == ROUNDED, "behaviour has changed: casts from other floats"
print("as seen: 7.5 becomes -8 in INT4 and 7 in INT8")
PY
