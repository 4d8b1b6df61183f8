"""Work of operators by formula: one registry by ONNX type, filled by the modules of this folder.

Conventions, the same for all formulas:

- A multiply-accumulate of a contraction is 1 MAC and 2 FLOPs; a bias adds 1 FLOP per element.
  This is how torchvision's and timm's published figures count ("GMACs"; torchvision labels them
  GFLOPS, https://docs.pytorch.org/vision/stable/models.html).
- Only contractions have MACs. All else counts the additions, multiplications, comparisons and
  functions (exp, sqrt, ...) of its definition at https://onnx.ai/onnx/operators/, 1 FLOP each,
  whatever the element type.
- What only moves, selects or makes up data costs 0.
- Positions that a convolution or pool reads in the padding count like all others.
"""

from gallery.costs import (
    attention,
    classical,
    contraction,
    contrib,
    pointwise,
    recurrent,
    reduction,
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
    "cost",
    "pointwise",
    "recurrent",
    "reduction",
    "updates",
    "window",
]
