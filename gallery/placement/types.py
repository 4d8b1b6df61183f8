"""The value type that `layout` returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gallery.errors import LayoutError
from gallery.graph import ComputeGraph
from gallery.model import freeze

ARRANGEMENTS = ("hemispheres", "free")
"""How a training graph may be arranged: forward and backward pass as two hemispheres, or all of it
like a forward graph."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layout:
    """A compute graph with a position for each vertex.

    Attributes:
        graph: The graph that was laid out.
        positions: float32 (n, 2), points, y up, centred on the bounding box; of hemispheres, the
            middle line is x = 0. Read-only.
        skeleton: The Graphviz engine that was requested.
        engine: The engine that made the skeleton, or "layers" for our own rows.
        fallback: Why the requested engine was not used, or "".
        seed: Seed of all random choices.
        arrangement: One of `ARRANGEMENTS`.
    """

    graph: ComputeGraph
    positions: npt.NDArray[np.float32]
    skeleton: str
    engine: str
    fallback: str = ""
    seed: int = 0
    arrangement: str = "free"

    def __post_init__(self) -> None:
        """Check shape, dtype and finiteness; make the positions read-only."""
        shape = (self.graph.vertices, 2)
        if self.positions.dtype != np.float32 or self.positions.shape != shape:
            found = f"positions are {self.positions.dtype} {self.positions.shape}, not {shape}"
            raise LayoutError(found, self.graph.model)
        if not np.isfinite(self.positions).all():
            raise LayoutError("a position is not finite", self.graph.model)
        freeze(self.positions)
