"""Costs of ONNX Runtime's own recurrent operators."""

from __future__ import annotations

from gallery.contrib.stand_ins import MICROSOFT
from gallery.costs.recurrent import POINTWISE
from gallery.costs.registry import Cost, View, contraction, costs


@costs("DynamicQuantizeLSTM", domain=MICROSOFT)
def quantised_lstm(view: View) -> Cost:
    """As LSTM; W and R are (directions, size, gates · hidden). Quantising is not counted."""
    steps, batch, size = view.shape(0)
    directions, hidden, rows = view.shape(2)
    positions = steps * batch * directions
    sums = rows * (1 + view.has(3))
    return contraction(
        positions * rows * (size + hidden), positions * (sums + POINTWISE["LSTM"] * hidden)
    )


@costs("AttnLSTM", domain=MICROSOFT)
def attentive_lstm(view: View) -> Cost:
    """As LSTM on the input and the attention of the step before, and the attention of each step.

    Keys are the memory times its weights, once. Each step multiplies the state by the weights of
    the query, adds it to all keys (a sum, a tanh, a product and a sum for each element), takes a
    Softmax (5) and the weighted sum of the memory, and multiplies both by the attention layer.
    """
    steps, batch = view.shape(0)[:2]
    directions, rows, hidden = view.shape(2)
    _, slots, depth = view.shape(11)
    width = view.shape(9)[2]
    attention = view.shape(13)[2] if view.has(13) else depth
    positions = steps * batch * directions
    cell = rows * (view.shape(1)[2] + hidden)
    layer = (depth + hidden) * attention if view.has(13) else 0
    macs = positions * (cell + hidden * width + slots * depth + layer)
    macs += directions * batch * slots * depth * width
    each = rows * (1 + view.has(3)) + POINTWISE["LSTM"] * hidden + slots * (4 * width + 5)
    return contraction(macs, positions * each)
