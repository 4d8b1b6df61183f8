"""Optimiser steps: every element of a parameter with its gradient and its moments.

Formulas: ONNX operator specification, ai.onnx.preview.training.
"""

from __future__ import annotations

from gallery.lowering.access.part import Part
from gallery.lowering.access.registry import Context, lowers
from gallery.lowering.access.relations import identity
from gallery.lowering.operators.parts import making, whole

_MOMENTS = {"Adagrad": 1, "Momentum": 1, "Adam": 2}


@lowers(
    "ai.onnx.preview.training.Adagrad", "ai.onnx.preview.training.Adam",
    "ai.onnx.preview.training.Momentum",
)  # fmt: skip
def update(context: Context) -> list[Part]:
    """Inputs are R, T, then all parameters, all gradients and all moments of each kind."""
    kinds = _MOMENTS[context.operator.type]
    count = (len(context.operator.inputs) - 2) // (2 + kinds)
    parts = []
    for number in range(count):
        inputs = [2 + number + k * count for k in range(2 + kinds)]
        shape = context.shape(inputs[0])
        reads = [context.read(index, identity(shape), differentiable=False) for index in inputs]
        reads += [whole(context, index, differentiable=False) for index in (0, 1)]
        for kind in range(1 + kinds):
            parts.append(
                making(context, reads, (number + kind * count,), share=1 / count / (1 + kinds))
            )
    return parts
