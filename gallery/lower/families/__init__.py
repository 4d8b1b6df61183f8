"""The access relations of ONNX's operators, one family a file; importing them registers them."""

from gallery.lower.families import (
    contraction,
    control,
    elementwise,
    movement,
    normalisation,
    pooling,
    recurrence,
    reduction,
)

__all__ = [
    "contraction",
    "control",
    "elementwise",
    "movement",
    "normalisation",
    "pooling",
    "recurrence",
    "reduction",
]
