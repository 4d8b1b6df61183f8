"""Operators whose results depend on all values at once: sorting, searching, counting."""

from __future__ import annotations

from math import prod

from gallery.lowering.access.part import Part, Read
from gallery.lowering.access.registry import Context, lowers
from gallery.lowering.access.relations import AxisRule, fixed, full, identity, per_axis, same
from gallery.lowering.operators.parts import asked, given, inside, making


def gathered(context: Context) -> list[Part]:
    """A gather vertex that reads all inputs, and the blocks of the outputs, which read it."""
    hub = context.virtual(())
    reads = [
        context.read(index, full(context.shape(index)), saved=True) for index in given(context)
    ]
    parts = [inside(hub, (), reads, 0, context.flops)]
    for output in asked(context):
        read = Read(tensor=hub, relation=full(()))
        parts.append(making(context, [read], (output,), share=0.0))
    return parts


@lowers(
    "NonZero", "Unique", "NonMaxSuppression", "ImageDecoder", "TfIdfVectorizer",
    "com.microsoft.BifurcationDetector", "com.microsoft.DequantizeBFP",
    "com.microsoft.DynamicTimeWarping", "com.microsoft.QuantizeBFP", "com.microsoft.Unique",
)  # fmt: skip
def all_at_once(context: Context) -> list[Part]:
    """Every element of the outputs may depend on every element of the inputs."""
    return gathered(context)


@lowers("TopK")
def top_k(context: Context) -> list[Part]:
    """The largest of each row, found from the largest of its pieces: [row, 1 | row's elements]."""
    shape, made = context.shape(0), context.out_shape(asked(context)[0])
    axis = context.axis("axis", -1, len(shape))
    kept = tuple(1 if d == axis else size for d, size in enumerate(shape))
    best = context.virtual(kept)
    rules = [same(d) if d != axis else same(len(shape)) for d in range(len(shape))]
    read = context.read(0, per_axis(shape, rules), saved=True)
    parts = [inside(best, (*kept, shape[axis]), [read], len(shape), context.flops)]
    rules = [same(d) if d != axis else fixed(0, 1) for d in range(len(made))]
    chosen = Read(tensor=best, relation=per_axis(kept, rules))
    parts.append(making(context, [chosen], asked(context), share=0.0, saves_output=True))
    return parts


@lowers("Det")
def determinant(context: Context) -> list[Part]:
    """[matrices | rows, columns], by elimination."""
    shape, made = context.shape(0), context.out_shape()
    rules: list[AxisRule] = [same(d) for d in range(len(shape))]
    read = context.read(0, per_axis(shape, rules), saved=True)
    return [making(context, [read], summed=shape[len(made) :], saves_output=True)]


@lowers(
    "ai.onnx.ml.LinearRegressor", "ai.onnx.ml.LinearClassifier", "ai.onnx.ml.SVMRegressor",
    "ai.onnx.ml.SVMClassifier", "ai.onnx.ml.TreeEnsemble", "ai.onnx.ml.TreeEnsembleRegressor",
    "ai.onnx.ml.TreeEnsembleClassifier", "Multinomial",
)  # fmt: skip
def by_row(context: Context) -> list[Part]:
    """Each row of the outputs reads its row of features (ONNX ML operator specification)."""
    shape = context.shape(0)
    parts: list[Part] = []
    for output in asked(context):
        made = context.out_shape(output)
        own = [same(0), *(fixed(0, size) for size in shape[1:])]
        plain = len(shape) < 2 or not made or made[0] != shape[0]
        relation = full(shape) if plain else per_axis(shape, own)
        share = 1.0 if not parts else 0.0
        parts.append(making(context, [context.read(0, relation)], (output,), share=share))
    return parts


@lowers("ai.onnx.ml.OneHotEncoder")
def one_hot_encoder(context: Context) -> list[Part]:
    """Each element becomes a row of zeros and a one."""
    return [making(context, [context.read(0, identity(context.shape(0)), differentiable=False)])]


@lowers("ai.onnx.ml.FeatureVectorizer")
def feature_vectorizer(context: Context) -> list[Part]:
    """The columns of all inputs side by side."""
    reads, offset = [], 0
    for index in given(context):
        shape = context.shape(index)
        rows = [same(0)] if len(shape) > 1 else []
        rules = [*rows, same(1, -offset), *(fixed(0, s) for s in shape[2:])]
        reads.append(context.read(index, per_axis(shape, rules)))
        offset += prod(shape[1:]) if len(shape) > 1 else shape[0]
    return [making(context, reads)]
