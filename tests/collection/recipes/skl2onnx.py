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
"""scikit-learn estimators of all kinds, converted with skl2onnx."""

from functools import partial
from pathlib import Path

import numpy as np
from skl2onnx import to_onnx
from skl2onnx.common.data_types import StringTensorType
from sklearn import (
    cluster,
    compose,
    decomposition,
    discriminant_analysis,
    ensemble,
    feature_extraction,
    feature_selection,
    gaussian_process,
    impute,
    linear_model,
    mixture,
    multiclass,
    multioutput,
    naive_bayes,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    svm,
    tree,
)
from sklearn.base import BaseEstimator
from sklearn.datasets import make_classification

from tests.collection.files import Truth, make, source

X, LABELS = make_classification(300, 8, n_informative=6, n_classes=3, random_state=0)
X = X.astype(np.float32)
VALUES = (X[:, 0] * 2 - X[:, 3]).astype(np.float32)
TWO = np.stack([VALUES, X[:, 1]], 1)
COUNTS = np.abs(X).round()
HOLES = np.where(X > 1.5, np.float32(np.nan), X)
OPSETS = {"": 18, "ai.onnx.ml": 3}
COLOURS = np.array([["red", "green", "blue"][n] for n in LABELS])[:, None]
TEXTS = np.array(["a red car", "the green house", "blue car and red house"] * 20)

CLASSIFIERS = {
    "logistic_regression": linear_model.LogisticRegression(),
    "sgd_classifier": linear_model.SGDClassifier(random_state=0),
    "perceptron": linear_model.Perceptron(random_state=0),
    "lda": discriminant_analysis.LinearDiscriminantAnalysis(),
    "qda": discriminant_analysis.QuadraticDiscriminantAnalysis(reg_param=0.1),
    "gaussian_nb": naive_bayes.GaussianNB(),
    "decision_tree_classifier": tree.DecisionTreeClassifier(max_depth=6, random_state=0),
    "random_forest_classifier": ensemble.RandomForestClassifier(20, max_depth=6, random_state=0),
    "extra_trees_classifier": ensemble.ExtraTreesClassifier(20, max_depth=6, random_state=0),
    "gradient_boosting_classifier": ensemble.GradientBoostingClassifier(
        n_estimators=15, random_state=0
    ),
    "ada_boost": ensemble.AdaBoostClassifier(n_estimators=10, random_state=0),
    "bagging": ensemble.BaggingClassifier(tree.DecisionTreeClassifier(max_depth=3), random_state=0),
    "voting": ensemble.VotingClassifier(
        [("tree", tree.DecisionTreeClassifier(max_depth=3)), ("bayes", naive_bayes.GaussianNB())],
        voting="soft",
        flatten_transform=False,
    ),
    "stacking": ensemble.StackingClassifier(
        [("tree", tree.DecisionTreeClassifier(max_depth=3)), ("bayes", naive_bayes.GaussianNB())]
    ),
    "svc": svm.SVC(random_state=0),
    "svc_probability": svm.SVC(probability=True, random_state=0),
    "linear_svc": svm.LinearSVC(random_state=0),
    "nu_svc_polynomial": svm.NuSVC(kernel="poly", nu=0.3),
    "neighbors_classifier": neighbors.KNeighborsClassifier(),
    "mlp_classifier": neural_network.MLPClassifier((16, 8), max_iter=50, random_state=0),
    "one_vs_rest": multiclass.OneVsRestClassifier(linear_model.LogisticRegression()),
}
REGRESSORS = {
    "linear_regression": linear_model.LinearRegression(),
    "elastic_net": linear_model.ElasticNet(),
    "decision_tree_regressor": tree.DecisionTreeRegressor(max_depth=8, random_state=0),
    "random_forest_regressor": ensemble.RandomForestRegressor(20, max_depth=6, random_state=0),
    "gradient_boosting_regressor": ensemble.GradientBoostingRegressor(random_state=0),
    "svr": svm.SVR(),
    "neighbors_regressor": neighbors.KNeighborsRegressor(),
    "gaussian_process": gaussian_process.GaussianProcessRegressor(random_state=0),
    "mlp_regressor": neural_network.MLPRegressor(
        hidden_layer_sizes=(32,), max_iter=50, random_state=0
    ),
    "isolation_forest": ensemble.IsolationForest(n_estimators=20, random_state=0),
    "local_outlier_factor": neighbors.LocalOutlierFactor(novelty=True),
}
TRANSFORMERS = {
    "pca": decomposition.PCA(3),
    "truncated_svd": decomposition.TruncatedSVD(3, random_state=0),
    "k_means": cluster.KMeans(4, n_init=1, random_state=0),
    "gaussian_mixture": mixture.GaussianMixture(3, reg_covar=0.01, random_state=0),
    "standard_scaler": preprocessing.StandardScaler(),
    "power_transformer": preprocessing.PowerTransformer(),
    "polynomial_features": preprocessing.PolynomialFeatures(2),
    "k_bins": preprocessing.KBinsDiscretizer(5, encode="onehot-dense", subsample=None),
    "kernel_pca": decomposition.KernelPCA(2, kernel="rbf"),
    "select_k_best": feature_selection.SelectKBest(k=3),
}
# Estimators with an input or a target of their own.
OTHERS = {
    "multinomial_nb": (naive_bayes.MultinomialNB(), COUNTS, LABELS),
    "multi_output": (multioutput.MultiOutputRegressor(linear_model.Ridge()), X, TWO),
    "imputer": (impute.SimpleImputer(), HOLES, None),
    "nearest_imputer": (impute.KNNImputer(n_neighbors=3), HOLES, None),
    "one_hot": (preprocessing.OneHotEncoder(handle_unknown="ignore"), COLOURS, None),
    "ordinal": (preprocessing.OrdinalEncoder(), COLOURS, None),
    "text_counts": (feature_extraction.text.CountVectorizer(), TEXTS, None),
    "text_tfidf": (feature_extraction.text.TfidfVectorizer(ngram_range=(1, 2)), TEXTS, None),
    "hashing_lemmas": (
        pipeline.make_pipeline(
            feature_extraction.text.TfidfVectorizer(), linear_model.LogisticRegression()
        ),
        TEXTS,
        LABELS[: len(TEXTS)],
    ),
    "columns": (
        pipeline.make_pipeline(
            compose.ColumnTransformer(
                [
                    ("scaled", preprocessing.StandardScaler(), [0, 1, 2]),
                    (
                        "binned",
                        preprocessing.KBinsDiscretizer(4, encode="ordinal", subsample=None),
                        [3, 4],
                    ),
                    ("kept", "passthrough", [5, 6, 7]),
                ]
            ),
            ensemble.RandomForestClassifier(10, max_depth=4, random_state=0),
        ),
        X,
        LABELS,
    ),
}
TABLE = (
    {name: (model, X, LABELS) for name, model in CLASSIFIERS.items()}
    | {name: (model, X, VALUES) for name, model in REGRESSORS.items()}
    | {name: (model, X, LABELS) for name, model in TRANSFORMERS.items()}
    | OTHERS
)


def convert(
    model: BaseEstimator, x: np.ndarray, y: np.ndarray | None, options: dict | None, path: Path
) -> Truth:
    """Fit an estimator and write it."""
    model.fit(x, y)
    strings = {} if x.dtype.kind == "f" else {"initial_types": [("x", _strings(x))]}
    converted = to_onnx(
        model, x[:1] if not strings else None, options=options, target_opset=OPSETS, **strings
    )
    path.write_bytes(converted.SerializeToString())
    return Truth(source=source("scikit-learn", "skl2onnx", how=type(model).__name__))


def _strings(x: np.ndarray) -> StringTensorType:
    return StringTensorType([None, *x.shape[1:]])


if __name__ == "__main__":
    make(
        {name: partial(convert, model, x, y, None) for name, (model, x, y) in TABLE.items()}
        | {
            f"{name}_plain": partial(convert, CLASSIFIERS[name], X, LABELS, {"zipmap": False})
            for name in ("logistic_regression", "random_forest_classifier", "svc_probability")
        }
    )
