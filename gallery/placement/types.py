"""The noun that the layout returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gallery.errors import LayoutError
from gallery.graph import ComputeGraph
from gallery.model import freeze


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layout:
    """A compute graph with a place for each vertex.

    Attributes:
        graph: The graph that was laid out.
        positions: float32 (n, 2), points, y up, centred on the bounding box; read-only.
        skeleton: The Graphviz engine that was asked for.
        engine: The engine that made the skeleton; another one where the first failed.
        fallback: Why another engine had to be taken, or "".
        seed: What the random spread started from.
    """

    graph: ComputeGraph
    positions: npt.NDArray[np.float32]
    skeleton: str
    engine: str
    fallback: str = ""
    seed: int = 0

    def __post_init__(self) -> None:
        """Check shape, dtype and finiteness; make the positions read-only."""
        shape = (self.graph.vertices, 2)
        if self.positions.dtype != np.float32 or self.positions.shape != shape:
            found = f"positions are {self.positions.dtype} {self.positions.shape}, not {shape}"
            raise LayoutError(found, self.graph.model)
        if not np.isfinite(self.positions).all():
            raise LayoutError("a position is not finite", self.graph.model)
        freeze(self.positions)
