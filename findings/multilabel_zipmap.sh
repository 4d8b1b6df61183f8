#!/usr/bin/env bash
# skl2onnx converts multi-label classifiers to files that ONNX Runtime refuses to load.
#
# Expected: to_onnx() of a fitted multi-label classifier gives a model that loads, as it does for a
#   classifier of one label; else the conversion raises an error.
# Happens: scikit-learn's trees, forests and nearest neighbours fit several labels at once when y
#   has several columns. The converter stacks the labels' probabilities into one tensor of rank 3
#   and ends, by default, in a ZipMap, which takes rank 1 or 2. Nothing is said; onnx's full check
#   and ONNX Runtime refuse the file. With the option zipmap=False it is right, and so is
#   MultiOutputClassifier around a classifier of one label. MLPClassifier's file runs, but the full
#   check refuses it for the labels' declared rank.
# Seen on: skl2onnx 1.20.0, scikit-learn 1.9.1, onnx 1.23.2, onnxruntime 1.32.0.
# For us: a ZipMap may stand behind a tensor of any rank; draw it from what its input is, not from
#   what the operator's text allows.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    skl2onnx==1.20.0 scikit-learn==1.9.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6

"$folder/venv/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

import numpy as np
import onnx
import onnxruntime
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.tree import DecisionTreeClassifier
from skl2onnx import to_onnx

print(*(f"{name} {version(name)}" for name in ("skl2onnx", "scikit-learn", "onnx", "onnxruntime")))
onnxruntime.set_default_logger_severity(4)
x = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
labels = (x[:, :3] > 0).astype(np.int64)  # three labels of two classes


def passes_full_check(model):
    try:
        onnx.checker.check_model(model, full_check=True)
    except onnx.shape_inference.InferenceError:
        return False
    return True


def run(model):
    """The labels that ONNX Runtime returns, or the last words of its error."""
    try:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), providers=["CPUExecutionProvider"]
        )
    except Exception as error:
        return str(error).rsplit("] ", 1)[-1].strip()
    return session.run(None, {model.graph.input[0].name: x})[0]


REFUSED = "ZipMap input shape should be 1D or 2D."
trees = {"max_depth": 3, "random_state": 0}
cases = (  # the classifier, whether y has one column, options, the full check passes, the error
    *(
        (classifier, one, options, *seen)
        for classifier in (
            DecisionTreeClassifier(**trees),
            RandomForestClassifier(3, **trees),
            ExtraTreesClassifier(3, **trees),
            KNeighborsClassifier(),
        )
        for one, options, seen in (
            (False, None, (False, REFUSED)),
            (False, {"zipmap": False}, (True, None)),
            (True, None, (True, None)),
        )
    ),
    (MultiOutputClassifier(LogisticRegression()), False, None, True, None),
    (MLPClassifier(max_iter=20, random_state=0), False, None, False, None),
)
for classifier, one, options, passes, error in cases:
    y = labels[:, 0] if one else labels
    classifier.fit(x, y)
    name = type(classifier).__name__
    model = to_onnx(classifier, x[:1], options=options and {type(classifier): options})
    checked, result = passes_full_check(model), run(model)
    told = result if isinstance(result, str) else f"runs, labels {result.shape}"
    print(f"{name:22} {1 if one else 3} labels {options or ''}: full check {checked}; ONNX Runtime: {told}")
    assert checked == passes, f"behaviour has changed: the full check of {name}"
    if error:
        assert isinstance(result, str) and result == error, f"behaviour has changed: {name} {told}"
    else:
        assert not isinstance(result, str), f"behaviour has changed: {name} {told}"
        agreeing = (result == classifier.predict(x)).mean()
        assert agreeing > 0.95, f"behaviour has changed: {name} has other labels"
print("as seen: a ZipMap of three dimensions")
PY
