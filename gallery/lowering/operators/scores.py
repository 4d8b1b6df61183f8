"""From the scores of classical models to their results: what linear models, SVMs and trees share.

A classifier makes a label for each row (output 0) and a row of scores or probabilities (output 1),
a regressor a row of targets. Definitions: https://onnx.ai/onnx/operators/index.html#ai-onnx-ml.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gallery.lowering.access.part import Part, Read
from gallery.lowering.access.registry import Context, NoGridError
from gallery.lowering.access.relations import AxisRule, fixed, full, per_axis, same
from gallery.lowering.operators.parts import asked, inside, making

_BY_ELEMENT = ("NONE", "LOGISTIC", "PROBIT")
"""Transforms of scores that take each by itself; the others take a row."""


def rows_of(context: Context) -> int:
    """Number of rows of the features; a tensor of one dimension is a single row."""
    shape = context.shape(0)
    return shape[0] if len(shape) > 1 else 1


def of_rows(context: Context, *rules: AxisRule) -> list[AxisRule]:
    """Rules for the features: the block's rows, and a rule for its columns."""
    return [same(0), *rules] if len(context.shape(0)) > 1 else [*rules]


def classifies(context: Context) -> bool:
    """Whether the operator makes labels."""
    return context.operator.type.endswith("Classifier")


def classes_of(context: Context) -> int:
    """Number of classes that a classifier tells apart; 1 for a regressor."""
    if not classifies(context):
        return 1
    kinds = ("ints", "int64s", "strings")
    return max(len(context.attribute(f"classlabels_{kind}", ())) for kind in kinds)


def results(
    context: Context, reads: Sequence[Read], shape: tuple[int, int, int], flops: float
) -> list[Part]:
    """The scores [rows, columns | summed], and the outputs that follow from them.

    The sums are split only once each column has a block of its own.

    Args:
        context: The operator.
        reads: What the scores are summed from.
        shape: Number of rows, of scores in a row, and of what each is the sum of.
        flops: Work of the sums; what is left of the operator's is that of the outputs.
    """
    rows, columns, summed = shape
    after = ((1, 2, columns),) if columns > 1 else ()
    by_element = str(context.attribute("post_transform", "NONE")) in _BY_ELEMENT
    if not classifies(context) and by_element:
        if context.out_shape() != (rows, columns):
            raise NoGridError(f"{context.operator.type} makes {context.out_shape()}")
        return [replace(making(context, reads, summed=(summed,)), after=after)]
    scores = context.virtual((rows, columns), any(read.differentiable for read in reads))
    parts = [replace(inside(scores, shape, reads, 2, flops), after=after)]
    rest = max(context.flops - flops, 0.0) / max(context.flops, 1.0)
    for output in asked(context):
        made = context.out_shape(output)
        own = by_element and made == (rows, columns)
        rules = [same(0), same(1) if own else fixed(0, columns)]
        read = Read(tensor=scores, relation=per_axis((rows, columns), rules))
        share = rest if output == asked(context)[-1] else 0.0
        parts.append(making(context, [read], (output,), share=share))
    return parts


def by_row(context: Context) -> list[Part]:
    """Each row of the outputs reads its row of the first input."""
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
