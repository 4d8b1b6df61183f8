"""Linear models and support vector machines, whose weights are attributes.

    linear  [rows, scores | features] -> labels, probabilities
    SVM     [rows, vectors | features] -> [rows, scores | vectors] -> labels, probabilities

Definitions: https://onnx.ai/onnx/operators/index.html#ai-onnx-ml.
"""

from __future__ import annotations

from gallery.lowering.access.part import Part, Read
from gallery.lowering.access.registry import Context, NoGridError, lowers
from gallery.lowering.access.relations import per_axis, same
from gallery.lowering.operators.parts import inside
from gallery.lowering.operators.scores import by_row, classes_of, of_rows, results, rows_of


@lowers("ai.onnx.ml.LinearClassifier", "ai.onnx.ml.LinearRegressor")
def linear(context: Context) -> list[Part]:
    """A sum of products for each row and score."""
    features = context.shape(0)[-1]
    scores = _length(context, "coefficients") // max(features, 1)
    return _products(context, scores, context.flops) if scores else by_row(context)


@lowers("ai.onnx.ml.SVMClassifier", "ai.onnx.ml.SVMRegressor")
def support_vectors(context: Context) -> list[Part]:
    """The kernel of each row with each support vector, then weighted sums of these.

    Without support vectors the coefficients are one hyperplane for each class.
    """
    rows, features = rows_of(context), context.shape(0)[-1]
    classes = classes_of(context)
    vectors = _length(context, "support_vectors") // max(features, 1)
    if not vectors:
        return _products(context, classes, context.flops) if classes else by_row(context)
    kernels = context.virtual((rows, vectors))
    x = context.read(0, per_axis(context.shape(0), of_rows(context, same(2))), saved=True)
    share = features / (features + max(classes - 1, 1))
    similar = inside(kernels, (rows, vectors, features), [x], 2, context.flops * share)
    read = Read(tensor=kernels, relation=per_axis((rows, vectors), [same(0), same(2)]))
    scores = max(classes * (classes - 1) // 2, 1)
    rest = context.flops * (1 - share)
    return [similar, *results(context, [read], (rows, scores, vectors), rest)]


def _products(context: Context, scores: int, flops: float) -> list[Part]:
    """Sums of products of the features with coefficients."""
    shape = context.shape(0)
    if len(shape) > 2:
        raise NoGridError(f"features of {len(shape)} dimensions")
    x = context.read(0, per_axis(shape, of_rows(context, same(2))))
    return results(context, [x], (rows_of(context), scores, shape[-1]), flops)


def _length(context: Context, name: str) -> int:
    return len(context.attribute(name, ()))
