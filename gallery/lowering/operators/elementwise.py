"""Operators that work element by element, with broadcasting."""

from __future__ import annotations

from gallery.lowering.access.part import Part, Read
from gallery.lowering.access.registry import Context, lowers
from gallery.lowering.access.relations import broadcast, broadcast_from, identity
from gallery.lowering.operators.parts import making

_NEEDS_NOTHING = ("Add", "Identity", "Neg", "Sub", "Sum", "Cast", "Mean",
                  "ai.onnx.ml.Scaler")  # fmt: skip
_NEEDS_OUTPUT = (
    "Elu", "Exp", "LeakyRelu", "Reciprocal", "Relu", "Sigmoid", "Sqrt", "Tanh", "ThresholdedRelu",
)  # fmt: skip
_NEEDS_INPUTS = (
    "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Celu", "Clip", "Cos", "Cosh",
    "Div", "Erf", "Gelu", "HardSigmoid", "HardSwish", "Log", "Max", "Min", "Mish", "Mod", "Mul",
    "PRelu", "Pow", "Selu", "Shrink", "Sin", "Sinh", "Softplus", "Softsign", "Swish", "Tan",
    "SwiGLU", "com.microsoft.Gelu", "com.microsoft.QuickGelu", "com.microsoft.BiasGelu",
    "com.microsoft.FastGelu",
)  # fmt: skip
_NO_GRADIENT = (
    "And", "BitShift", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor", "Ceil", "Equal",
    "Floor", "Greater", "GreaterOrEqual", "IsInf", "IsNaN", "Less", "LessOrEqual", "Not", "Or",
    "Round", "Sign", "Xor", "BitCast", "Bernoulli", "StringNormalizer",
    "StringConcat", "RegexFullMatch",
    "ai.onnx.ml.Binarizer", "ai.onnx.ml.Imputer",
    "ai.onnx.ml.LabelEncoder", "ai.onnx.ml.CategoryMapper",
)  # fmt: skip


_NUMPY_BROADCASTS = 7
"""The first opset in which operands are broadcast as NumPy does."""


def elementwise(context: Context, *, saved: bool, output: bool, gradient: bool) -> list[Part]:
    """One part over the output, which reads the box of every input that broadcasts to the block.

    Args:
        context: The operator.
        saved: Whether the derivative needs the inputs.
        output: Whether the derivative needs the output.
        gradient: Whether there is a derivative.
    """
    reads = [
        _read(context, index, saved=saved, differentiable=gradient)
        for index in range(len(context.operator.inputs))
        if context.has(index)
    ]
    return [making(context, reads, saves_output=output)]


def _read(context: Context, index: int, *, saved: bool, differentiable: bool) -> Read:
    """A read of the box of an input that broadcasts to the block."""
    shape, rank = context.shape(index), len(context.out_shape())
    first = _first_axis(context, index)
    relation = broadcast(shape, rank) if first is None else broadcast_from(shape, rank, first)
    return context.read(index, relation, saved=saved, differentiable=differentiable)


def _first_axis(context: Context, index: int) -> int | None:
    """The output's dimension that the input's first one stands for, if it is not from the end.

    Before opset 7, `axis` says where the second operand goes, and the slope of PRelu belongs to
    channels.
    """
    if context.operator.version >= _NUMPY_BROADCASTS or index != 1:
        return None
    if context.operator.type == "PRelu":
        return 1 if len(context.shape(1)) == 1 else None
    if context.attribute("broadcast", 0) and context.attribute("axis") is not None:
        return context.axis("axis", 0, len(context.out_shape()))
    return None


@lowers(*_NEEDS_NOTHING)
def linear(context: Context) -> list[Part]:
    """The derivative is constant."""
    return elementwise(context, saved=False, output=False, gradient=True)


@lowers(*_NEEDS_OUTPUT)
def from_output(context: Context) -> list[Part]:
    """The derivative follows from the output."""
    return elementwise(context, saved=False, output=True, gradient=True)


@lowers(*_NEEDS_INPUTS)
def from_inputs(context: Context) -> list[Part]:
    """The derivative needs the inputs."""
    return elementwise(context, saved=True, output=False, gradient=True)


@lowers(*_NO_GRADIENT)
def stepwise(context: Context) -> list[Part]:
    """The derivative is zero or does not exist."""
    return elementwise(context, saved=False, output=False, gradient=False)


@lowers("CastLike")
def cast_like(context: Context) -> list[Part]:
    """A cast to the type of the second input, whose values are not read."""
    own = context.read(0, identity(context.shape(0)))
    return [making(context, [own])]


@lowers("Where")
def where(context: Context) -> list[Part]:
    """Selects from two inputs; the derivative needs the condition."""
    reads = [_read(context, k, saved=k == 0, differentiable=k > 0) for k in range(3)]
    return [making(context, reads)]
