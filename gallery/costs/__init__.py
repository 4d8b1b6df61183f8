"""The work of operators by formula: a registry by ONNX type, filled by the modules of this folder.

Conventions, the same for all formulas:

- A multiply-accumulate of a contraction is 1 MAC and 2 FLOPs; a bias adds 1 FLOP per element.
  The published figures of torchvision and timm count like this ("GMACs"; torchvision labels them
  GFLOPS, https://docs.pytorch.org/vision/stable/models.html).
- Only contractions have MACs. Everything else counts the additions, multiplications, comparisons
  and functions (exp, sqrt, ...) of its definition at https://onnx.ai/onnx/operators/, 1 FLOP each,
  whatever the element type.
- Operators that only move, select or generate data cost 0.
- Positions in the padding that a convolution or pool reads count like all others.
"""

from gallery.costs import (
    attention,
    classical,
    contraction,
    contrib,
    contrib_fused,
    contrib_moves,
    experts,
    extensions,
    fused_attention,
    indexers,
    packed,
    pointwise,
    quantised_recurrent,
    recurrent,
    reduction,
    stand_ins,
    streams,
    updates,
    window,
)
from gallery.costs.registry import FORMULAS, Cost, cost

__all__ = [
    "FORMULAS",
    "Cost",
    "attention",
    "classical",
    "contraction",
    "contrib",
    "contrib_fused",
    "contrib_moves",
    "cost",
    "experts",
    "extensions",
    "fused_attention",
    "indexers",
    "packed",
    "pointwise",
    "quantised_recurrent",
    "recurrent",
    "reduction",
    "stand_ins",
    "streams",
    "updates",
    "window",
]
