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
"""XGBoost's boosted trees, converted with onnxmltools."""

from functools import partial
from pathlib import Path

import numpy as np
from onnxmltools import convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType
from xgboost import XGBClassifier, XGBModel, XGBRegressor, XGBRFClassifier, XGBRFRegressor

from tests.collection.files import Truth, make, source

SETTINGS = {"n_estimators": 20, "max_depth": 4, "n_jobs": 1, "random_state": 0}
X = np.random.default_rng(0).standard_normal((400, 8)).astype(np.float32)
PRODUCT = X[:, 0] * X[:, 1]
LARGEST = X[:, :3].argmax(1)
TABLE = {
    "binary": (XGBClassifier(**SETTINGS), PRODUCT > 0),
    "multiclass": (XGBClassifier(**SETTINGS), LARGEST),
    "softmax": (XGBClassifier(objective="multi:softmax", **SETTINGS), LARGEST),
    "random_forest_classifier": (XGBRFClassifier(**SETTINGS), PRODUCT > 0),
    "regression": (XGBRegressor(**SETTINGS), PRODUCT),
    "logistic_regression": (
        XGBRegressor(objective="reg:logistic", **SETTINGS),
        (PRODUCT > 0).astype(float),
    ),
    "poisson": (XGBRegressor(objective="count:poisson", **SETTINGS), abs(PRODUCT)),
    "tweedie": (XGBRegressor(objective="reg:tweedie", **SETTINGS), abs(PRODUCT)),
    "random_forest_regressor": (XGBRFRegressor(**SETTINGS), PRODUCT),
}


def convert(model: XGBModel, y: np.ndarray, path: Path) -> Truth:
    """Fit a model and write it."""
    model.fit(X, y)
    types = [("x", FloatTensorType([None, X.shape[1]]))]
    path.write_bytes(convert_xgboost(model, initial_types=types).SerializeToString())
    return Truth(source=source("xgboost", "onnxmltools"))


if __name__ == "__main__":
    make({name: partial(convert, *row) for name, row in TABLE.items()})
