"""Fibres: the edges that cross from one hemisphere to the other, as curves.

A fibre is a cubic Bézier curve. It leaves and enters across, and gathers towards the middle, as
fibres do in the corpus callosum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gallery.graph import ComputeGraph
from gallery.placement.types import Layout

PULL = 0.35
"""Distance of a control point from the middle line, in that of its end."""
GATHER = 0.45
"""Height at which a straight line's middle passes the middle line, as a share of its own."""

_TURN = np.uint32(2654435769)
"""2**32 over the golden ratio."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fibres:
    """The edges that cross the middle line, or an even sample of them.

    Attributes:
        edges: int64 (k,), their positions in `ComputeGraph.sources`, ascending.
        readers: int32 (k,), the vertices that read.
        controls: float32 (k, 2, 2), the inner control points of each, from source to reader.
        stands_for: How many edges each stands for.
    """

    edges: npt.NDArray[np.int64]
    readers: npt.NDArray[np.int32]
    controls: npt.NDArray[np.float32]
    stands_for: float

    def curves(self, layout: Layout, places: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Points along each: float32 (k, p, 2).

        Args:
            layout: The layout that they are of.
            places: float32 (p,), the curve's parameter at each, from 0 at the source to 1.
        """
        start = layout.positions[layout.graph.sources[self.edges]][:, None]
        end = layout.positions[self.readers][:, None]
        t = places.astype(np.float32)[None, :, None]
        s = np.float32(1) - t
        one, two = self.controls[:, :1], self.controls[:, 1:]
        return np.asarray(
            s * s * s * start + 3 * (s * s * t * one) + 3 * (s * t * t * two) + t * t * t * end,
            np.float32,
        )


def crosses(layout: Layout) -> npt.NDArray[np.bool_]:
    """Whether each edge is a fibre: bool (m,)."""
    graph = layout.graph
    if layout.arrangement != "hemispheres":
        return np.zeros(graph.edges, bool)
    side = np.sign(layout.positions[:, 0]).astype(np.int8)
    return np.asarray(side[graph.sources] * np.repeat(side, np.diff(graph.indptr)) < 0)


def fibres(layout: Layout, most: int | None = None) -> Fibres:
    """The fibres of a layout; none if it is free.

    Args:
        layout: The layout.
        most: If there are more, about as many of them, evenly chosen.
    """
    edges = np.flatnonzero(crosses(layout))
    found = len(edges)
    if most is not None and found > most:
        # Multiples of an irrational number are even in every stretch of the edges.
        turns = np.arange(found, dtype=np.uint32) * _TURN
        edges = edges[turns < np.uint32(most / found * 2**32)]
    graph = layout.graph
    readers = _readers(graph, edges)
    ends = layout.positions[graph.sources[edges]], layout.positions[readers]
    return Fibres(
        edges=edges,
        readers=readers,
        controls=_controls(*ends),
        stands_for=found / max(len(edges), 1),
    )


def _readers(graph: ComputeGraph, edges: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    found = np.searchsorted(graph.indptr, edges, side="right") - 1
    return np.asarray(found, np.int32)


def _controls(
    start: npt.NDArray[np.float32], end: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    height = np.float32(GATHER / 2) * (start[:, 1] + end[:, 1])
    one, two = (np.stack([np.float32(PULL) * at[:, 0], height], axis=1) for at in (start, end))
    return np.stack([one, two], axis=1)
