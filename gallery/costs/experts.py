"""Costs of ONNX Runtime's mixtures of experts.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from gallery.costs.registry import Cost, UnknownError, View, contraction, costs
from gallery.expert_sizes import expert_sizes

_ACTIVATIONS = {"relu": 1, "relu2": 2, "gelu": 5, "silu": 5, "swiglu": 8, "geglu": 10}
"""Operations for each element between the products."""


@costs("MoE", "QMoE", domain="com.microsoft")
def experts(view: View) -> Cost:
    """The products of the k experts that a token goes to.

    The others do not run. A token also takes a Softmax (5) of its probabilities, and weighs and
    sums what its experts make (2 an element).
    """
    shapes = {slot: view.shape(slot) for slot in range(15) if view.has(slot)}
    sizes = expert_sizes(view.operator.type, view.operator.attributes, shapes)
    if sizes is None:
        raise UnknownError("experts")
    runs = sizes.tokens * sizes.chosen
    products = sizes.hidden * sizes.first + sizes.inner * sizes.hidden
    products += sizes.hidden * sizes.inner * sizes.gated
    active = _ACTIVATIONS.get(str(view.get("activation_type", "relu")), 0) * sizes.inner
    biases = sizes.first * sizes.biases[0] + sizes.hidden * sizes.biases[1]
    biases += sizes.inner * sizes.biases[2]
    extra = runs * (active + biases + 2 * sizes.hidden) + 5 * sizes.tokens * sizes.experts
    return contraction(runs * products, extra)
