"""Operators that turn maps, words, categories and columns into features, and results into maps.

Definitions: https://onnx.ai/onnx/operators/index.html#ai-onnx-ml.
"""

from __future__ import annotations

from math import prod

from gallery.lowering.access.part import Ints, Part
from gallery.lowering.access.registry import Context, lowers
from gallery.lowering.access.relations import AxisRule, fixed, identity, per_axis, same
from gallery.lowering.operators.parts import given, making, whole
from gallery.lowering.operators.scores import by_row


@lowers("ai.onnx.ml.OneHotEncoder")
def one_hot_encoder(context: Context) -> list[Part]:
    """Each element becomes a row of zeros and a one."""
    return [making(context, [context.read(0, identity(context.shape(0)), differentiable=False)])]


@lowers("ai.onnx.ml.DictVectorizer", "ai.onnx.ml.CastMap")
def from_map(context: Context) -> list[Part]:
    """A row of the values of a map."""
    return [making(context, [whole(context, 0, differentiable=False)])]


@lowers("ai.onnx.ml.ZipMap")
def zip_map(context: Context) -> list[Part]:
    """A map for each row."""
    shape = context.shape(0)
    rows = [same(0)] if len(shape) > 1 else []
    rules = [*rows, *(fixed(0, size) for size in shape[len(rows) :])]
    return [making(context, [context.read(0, per_axis(shape, rules))])]


@lowers("StringSplit")
def string_split(context: Context) -> list[Part]:
    """The words of each text, along a further dimension, and how many there are."""
    shape = context.shape(0)
    reads = [context.read(0, identity(shape))]
    words = [making(context, reads)] if context.makes(0) else []
    return [*words, making(context, reads, (1,))] if context.makes(1) else words


@lowers("TfIdfVectorizer")
def ngrams(context: Context) -> list[Part]:
    """Counts of the words and n-grams of each row."""
    return by_row(context)


@lowers("ai.onnx.ml.FeatureVectorizer")
def feature_vectorizer(context: Context) -> list[Part]:
    """The columns of all inputs side by side; an input of more dimensions gives all its elements.

    `inputdimensions` tells how many columns each gives.
    """
    reads, offset = [], 0
    dimensions = context.attribute("inputdimensions", ())
    for place, index in enumerate(given(context)):
        shape = context.shape(index)
        first = len(shape) > 1
        inner = prod(shape[first + 1 :])
        columns = int(dimensions[place]) if place < len(dimensions) else prod(shape[first:])
        rules = [same(0)] if first else []
        rules += [_columns(offset, columns, inner), *(fixed(0, s) for s in shape[first + 1 :])]
        reads.append(context.read(index, per_axis(shape, rules)))
        offset += columns
    return [making(context, reads)]


def _columns(offset: int, count: int, inner: int) -> AxisRule:
    """The indices of a block's columns: each stands for `inner` columns, from `offset` on."""

    def rule(lows: Ints, highs: Ints) -> tuple[Ints, Ints]:
        low, high = lows[:, 1] - offset, highs[:, 1] - offset
        return low.clip(0, count) // inner, -(-high.clip(0, count) // inner)

    return rule
