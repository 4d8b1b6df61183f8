# /// script
# dependencies = [
#     "lightgbm==4.7.0",
#     "onnx==1.23.2",
#     "onnxmltools==1.16.0",
#     "onnxruntime==1.32.0",
#     "scikit-learn==1.9.1",
#     "skl2onnx==1.20.0",
#     "xgboost==3.2.0",
# ]
# ///
"""LightGBM's boosted trees, converted with onnxmltools."""

from functools import partial
from pathlib import Path

import numpy as np
from lightgbm import LGBMClassifier, LGBMModel, LGBMRegressor
from onnxmltools import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType

from tests.collection.files import Truth, make, source

SETTINGS = {"n_estimators": 20, "num_leaves": 15, "verbose": -1, "n_jobs": 1, "random_state": 0}
X = np.random.default_rng(0).standard_normal((400, 8)).astype(np.float32)
BINS = X.round()
TABLE = {
    "binary": (LGBMClassifier(**SETTINGS), X, X[:, :2].argmax(1), {}),
    "multiclass": (LGBMClassifier(**SETTINGS), X, X[:, :3].argmax(1), {}),
    "plain_outputs": (LGBMClassifier(**SETTINGS), X, X[:, :3].argmax(1), {"zipmap": False}),
    "regression": (LGBMRegressor(**SETTINGS), X, X[:, 0] * X[:, 1], {}),
    "quantile": (LGBMRegressor(objective="quantile", **SETTINGS), X, X[:, 0] * X[:, 1], {}),
    "poisson": (LGBMRegressor(objective="poisson", **SETTINGS), X, abs(X[:, 0]), {}),
    "split": (LGBMRegressor(**SETTINGS), X, X[:, 0] * X[:, 1], {"split": 5}),
    "random_forest": (
        LGBMRegressor(boosting_type="rf", bagging_freq=1, bagging_fraction=0.7, **SETTINGS),
        X,
        X[:, 2],
        {},
    ),
    "rounded": (LGBMClassifier(**SETTINGS), BINS, BINS[:, :2].argmax(1), {}),
}


def convert(model: LGBMModel, x: np.ndarray, y: np.ndarray, options: dict, path: Path) -> Truth:
    """Fit a model and write it."""
    model.fit(x, y)
    types = [("x", FloatTensorType([None, x.shape[1]]))]
    path.write_bytes(convert_lightgbm(model, initial_types=types, **options).SerializeToString())
    return Truth(source=source("lightgbm", "onnxmltools"))


if __name__ == "__main__":
    make({name: partial(convert, *row) for name, row in TABLE.items()})
