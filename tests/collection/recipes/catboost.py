# /// script
# dependencies = ["catboost==1.2.10", "onnx==1.23.2"]
# ///
"""CatBoost's boosted trees, saved as ONNX by CatBoost itself."""

from functools import partial
from pathlib import Path

import numpy as np
from catboost import CatBoost, CatBoostClassifier, CatBoostRegressor

from tests.collection.files import Truth, make, source

SETTINGS = {
    "iterations": 20,
    "depth": 4,
    "random_seed": 0,
    "thread_count": 1,
    "verbose": False,
    "allow_writing_files": False,
}
X = np.random.default_rng(0).standard_normal((400, 8)).astype(np.float32)
TABLE = {
    "binary": (CatBoostClassifier(**SETTINGS), X[:, :2].argmax(1)),
    "multiclass": (CatBoostClassifier(**SETTINGS), X[:, :4].argmax(1)),
    "regression": (CatBoostRegressor(**SETTINGS), X[:, 0] * X[:, 1]),
    "poisson": (CatBoostRegressor(loss_function="Poisson", **SETTINGS), abs(X[:, 0])),
}


def save(model: CatBoost, y: np.ndarray, path: Path) -> Truth:
    """Fit a model and write it."""
    model.fit(X, y)
    model.save_model(str(path), format="onnx", export_parameters={"onnx_graph_name": path.stem})
    return Truth(source=source("catboost"))


if __name__ == "__main__":
    make({name: partial(save, *row) for name, row in TABLE.items()})
