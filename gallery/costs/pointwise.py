"""Costs of operators that work element by element, and of those that only move data."""

from __future__ import annotations

from collections.abc import Mapping

from gallery.costs.registry import Cost, View, costs, plain

# fmt: off
PER_ELEMENT: Mapping[str, int] = {
    **dict.fromkeys((
        "Abs", "Acos", "Acosh", "Add", "And", "Asin", "Asinh", "Atan", "Atanh", "BitShift",
        "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor", "Ceil", "Cos", "Cosh", "Div",
        "Equal", "Erf", "Exp", "Floor", "Greater", "GreaterOrEqual", "IsInf", "IsNaN", "Less",
        "LessOrEqual", "Log", "Mod", "Mul", "Neg", "Not", "Or", "Pow", "Reciprocal", "Relu",
        "Round", "Sign", "Sin", "Sinh", "Sqrt", "Sub", "Tan", "Tanh", "ThresholdedRelu",
        "Where", "Xor",
    ), 1),
    **dict.fromkeys(("Clip", "LeakyRelu", "PRelu", "DequantizeLinear"), 2),
    **dict.fromkeys(("Elu", "QuantizeLinear", "Softplus", "Softsign", "Shrink"), 3),
    **dict.fromkeys(("Sigmoid", "HardSigmoid", "Selu", "Celu"), 4),
    **dict.fromkeys(("Gelu", "HardSwish", "Mish", "Swish"), 5),
    "SwiGLU": 6,
}
"""Operations per output element, by the definition of the operator."""

MOVES = (
    "BlackmanWindow", "Cast", "CastLike", "CenterCropPad", "Col2Im", "Compress", "Concat",
    "ConcatFromSequence", "Constant", "ConstantOfShape", "DepthToSpace", "Dropout", "Expand",
    "EyeLike", "Flatten", "Gather", "GatherElements", "GatherND", "Identity", "If", "ImageDecoder",
    "Loop", "MaxUnpool", "NonZero", "OneHot", "Optional", "OptionalGetElement",
    "OptionalHasElement", "Pad", "RandomNormal", "RandomNormalLike", "RandomUniform",
    "RandomUniformLike", "Range", "Reshape", "ReverseSequence", "Scan", "SequenceAt",
    "SequenceConstruct", "SequenceEmpty", "SequenceErase", "SequenceInsert", "SequenceLength",
    "SequenceMap", "Shape", "Size", "Slice", "SpaceToDepth", "Split", "SplitToSequence", "Squeeze",
    "Tile", "Transpose", "Trilu", "Unsqueeze", "HammingWindow", "HannWindow", "BitCast",
    "RegexFullMatch", "StringConcat", "StringNormalizer", "StringSplit", "TfIdfVectorizer",
    "MelWeightMatrix",
)
"""Operators that generate, move or select data, and If, Loop and Scan, whose bodies do the work."""
# fmt: on


@costs(*PER_ELEMENT)
def pointwise(view: View) -> Cost:
    """The operations of `PER_ELEMENT` for each output element."""
    return plain(PER_ELEMENT[view.operator.type] * view.made())


@costs("Max", "Min", "Sum")
def variadic(view: View) -> Cost:
    """One operation per output element and input after the first."""
    return plain(max(view.given - 1, 0) * view.made())


@costs("Mean")
def mean(view: View) -> Cost:
    """As Sum, plus a division."""
    return plain(view.given * view.made())


@costs("BatchNormalization")
def batch_normalization(view: View) -> Cost:
    """A scale and a shift per element with fixed statistics; 7 operations in training mode.

    In training mode it normalises like InstanceNormalization.
    """
    return plain((7 if view.get("training_mode", 0) else 2) * view.made())


@costs("ScatterElements", "ScatterND", "Scatter")
def scatter(view: View) -> Cost:
    """One operation per element of the updates if they are combined with the data, else none."""
    reduces = view.get("reduction", "none") not in ("none", "")
    return plain(view.read(2) if reduces else 0)


@costs("TensorScatter")
def tensor_scatter(view: View) -> Cost:
    """Nothing: it only copies a block into another tensor."""
    return plain(0 * view.made())


@costs("Bernoulli", "Multinomial")
def random_choice(view: View) -> Cost:
    """One comparison per element of the input."""
    return plain(view.read())


@costs("RotaryEmbedding")
def rotary_embedding(view: View) -> Cost:
    """A rotation of each pair: 4 products and 2 sums per 2 elements."""
    return plain(3 * view.made())


@costs(*MOVES)
def moves(view: View) -> Cost:
    """Nothing, whatever the shapes."""
    assert view.operator.type in MOVES
    return plain(0)
