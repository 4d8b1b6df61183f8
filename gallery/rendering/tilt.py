"""Tilt: a scan seen from the side, with its operators stacked in the order of execution.

Seen from above a layout is what it is. Tipped away from the eye it is a stack of sheets: each pass
of each operator lies flat at a height of its own, and edges are the threads between them. By pass
there are as many sheets as passes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from gallery.coloring.attributes import VALUES, Given
from gallery.graph import ComputeGraph, Pass
from gallery.numerics.elementary import cosine, sine
from gallery.placement.types import Layout

RISE = 0.6
"""Height of the stack, in the longer side of the layout."""


def heights(graph: ComputeGraph, height: str = "order") -> npt.NDArray[np.float32]:
    """The height of each pass of each operator: float32 (operators, passes), from 0 to 1.

    Args:
        graph: The graph.
        height: "order" for the order of execution, or "pass" for one height for each pass.
    """
    if height == "pass":
        return _by_pass(graph)
    return _by_order(graph)


def _by_pass(graph: ComputeGraph) -> npt.NDArray[np.float32]:
    """Passes that the graph has lie evenly apart, in their order; a single one in the middle."""
    present = np.bincount(graph.vertex_pass, minlength=len(Pass)) > 0
    last = int(present.sum()) - 1
    rank = np.maximum(np.cumsum(present) - 1, 0)
    levels = rank / last if last > 0 else np.full(len(Pass), 0.5)
    return np.tile(levels.astype(np.float32), (len(graph.operators), 1))


def _by_order(graph: ComputeGraph) -> npt.NDArray[np.float32]:
    """The mean step at which the vertices could run.

    Those that read nothing could run at once, but would hang far below their readers: they count
    only where there are no others.
    """
    steps = VALUES["depth"](Given(graph=graph))
    sheet = graph.vertex_operator.astype(np.int64) * len(Pass) + graph.vertex_pass
    sheets = len(graph.operators) * len(Pass)
    waits = np.diff(graph.indptr) > 0
    # Sums of whole numbers are exact in any order.
    means = [
        np.bincount(sheet[of], steps[of], sheets)
        / np.maximum(np.bincount(sheet[of], None, sheets), 1)
        for of in (waits, slice(None))
    ]
    waiting = np.bincount(sheet[waits], minlength=sheets) > 0
    height = np.where(waiting, *means)
    height /= max(float(height.max(initial=0.0)), 1.0)
    return height.astype(np.float32).reshape(-1, len(Pass))


def tilted(layout: Layout, degrees: float, height: str = "order") -> Layout:
    """A layout as it looks from the side, without perspective.

    Args:
        layout: The layout as it looks from above.
        degrees: How far its top tips away from the eye: 0 changes nothing, at 90 height alone is
            seen.
        height: What its height stands for, see `heights`.

    Returns:
        A layout with the same `x`, so that fibres stay fibres.
    """
    if not degrees:
        return layout
    graph, turn = layout.graph, degrees * np.pi / 180
    side = float(np.ptp(layout.positions, axis=0).max()) if graph.vertices else 0.0
    above = heights(graph, height)[graph.vertex_operator, graph.vertex_pass] - np.float32(0.5)
    positions = layout.positions.copy()
    positions[:, 1] *= np.float32(cosine(turn))
    positions[:, 1] += above * np.float32(RISE * side * sine(turn))
    return replace(layout, positions=positions)
