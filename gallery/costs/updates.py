"""Costs of optimiser steps.

Definitions: https://onnx.ai/onnx/operators/index.html#ai-onnx-preview-training
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from gallery.costs.registry import Cost, UnknownError, View, costs, plain

_STEPS: Mapping[str, tuple[int, int]] = {
    # Regularised gradient 2; square and sum 2; root and shift 2; product, quotient, difference 3.
    "Adagrad": (1, 9),
    # Regularised gradient 2; the averages 3 and 4; root and shift 2; step 3; shrinking 1.
    "Adam": (2, 15),
    # Regularised gradient 2; average 3; step 2.
    "Momentum": (1, 7),
}
"""Moments kept for each parameter, and operations for each of its elements."""


@costs(*_STEPS, domain="ai.onnx.preview.training")
def update(view: View) -> Cost:
    """The operations of `_STEPS` for each element of all parameters.

    Inputs are R, T, then all parameters, all gradients and all moments of each kind. Work done once
    per step, such as on the learning rate, is not counted. Nesterov's momentum adds two operations.
    """
    moments, each = _STEPS[view.operator.type]
    groups = 2 + moments
    tensors = len(view.operator.inputs) - 2
    if tensors < groups or tensors % groups:
        raise UnknownError("inputs")
    elements = sum(prod(view.shape(2 + number)) for number in range(tensors // groups))
    nesterov = view.operator.type == "Momentum" and view.get("mode", "standard") == "nesterov"
    return plain((each + 2 * nesterov) * elements)
