"""Costs of ONNX Runtime's mixtures of experts.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from gallery.contrib.expert_sizes import activation, expert_sizes
from gallery.costs.registry import Cost, UnknownError, View, contraction, costs

_ACTIVATIONS = {
    "relu": 1,
    "relu2": 2,
    "relu_squared": 2,
    "gelu": 5,
    "silu": 5,
    "swiglu": 8,
    "geglu": 10,
}
"""Operations for each element between the products."""


@costs("MoE", "QMoE", "MoEPacked", domain="com.microsoft")
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
    function = activation(view.operator.type, view.operator.attributes)
    active = _ACTIVATIONS.get(function, 0) * sizes.inner
    biases = sizes.first * sizes.biases[0] + sizes.hidden * sizes.biases[1]
    biases += sizes.inner * sizes.biases[2]
    extra = runs * (active + biases + 2 * sizes.hidden) + 5 * sizes.tokens * sizes.experts
    return contraction(runs * products, extra)


@costs("MoEGroupRouter", domain="com.microsoft")
def expert_routes(view: View) -> Cost:
    """A Sigmoid (4) and a bias (1) for each token and expert, and a product where there is one.

    Where routes are chosen, a comparison for the groups, one for the experts and a logarithm.
    """
    if view.has(2):
        (experts_, width), tokens = view.shape(2), view.shape(0)[0]
        return contraction(tokens * experts_ * width, 5 * tokens * experts_)
    chosen = bool(view.operator.outputs) and view.operator.outputs[0] >= 0
    return contraction(0, (8 if chosen else 5) * view.read(0))
