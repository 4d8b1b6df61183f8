"""Costs of the recurrent operators."""

from __future__ import annotations

from collections.abc import Mapping

from gallery.costs.registry import Cost, View, contraction, costs

POINTWISE: Mapping[str, int] = {"RNN": 1, "LSTM": 4 + 5, "GRU": 3 + 6}
"""Operations per hidden element and step besides the sums: activations and the state update.

LSTM: 4 activations; f·c + i·g, tanh, times o. GRU: 3 activations; r·h, (1 - z)·n + z·h and the sum
of n's two parts. By the equations of https://onnx.ai/onnx/operators/onnx__LSTM.html and GRU.html.
"""


@costs("RNN", "LSTM", "GRU")
def recurrent(view: View) -> Cost:
    """Steps × batch × directions × gates × hidden × (input + hidden) multiply-accumulates.

    W is (directions, gates × hidden, input) and R (directions, gates × hidden, hidden). Each gate
    adds its two products, and its bias if there is one. Steps after the end of a sequence, if its
    length is known, do not count.
    """
    steps, batch, size = view.shape(0)
    if view.get("layout", 0):
        steps, batch = batch, steps
    directions, rows, hidden = view.shape(2)
    positions = _steps(view, steps, batch) * directions
    sums = rows * (1 + view.has(3))
    return contraction(
        positions * rows * (size + hidden),
        positions * (sums + POINTWISE[view.operator.type] * hidden),
    )


def _steps(view: View, steps: int, batch: int) -> int:
    """Steps of all sequences together."""
    lengths = view.tensor(4).value if view.has(4) else None
    if lengths is None or lengths.size != batch:
        return steps * batch
    return sum(min(max(int(length), 0), steps) for length in lengths.reshape(-1))
