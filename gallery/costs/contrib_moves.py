"""ONNX Runtime's own operators that only generate, move or select data: they cost nothing.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from gallery.contrib.stand_ins import BLOCKED, CHANNELS_LAST, MICROSOFT
from gallery.costs.registry import Cost, View, costs, plain

MOVES = (
    "BifurcationDetector", "BitmaskDropout", "ConvStateReplay", "ExpandDims", "Tokenizer",
    "UnfoldTensor",
)  # fmt: skip
"""Operators of com.microsoft."""


@costs(*MOVES, domain=MICROSOFT)
@costs("ReorderInput", "ReorderOutput", domain=BLOCKED)
@costs("MaxUnpool", domain=CHANNELS_LAST)
def moves(view: View) -> Cost:
    """Nothing, whatever the shapes."""
    assert view.operator.outputs
    return plain(0)
