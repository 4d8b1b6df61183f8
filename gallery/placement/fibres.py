"""Fibres: the edges that cross from one hemisphere to the other or meet in the middle, as curves.

A fibre is a cubic Bézier curve. It leaves and enters across, and gathers towards the middle, as
fibres do in the corpus callosum. Those that begin or end at the loss, which is on the middle line,
run together as they would on their way to the other hemisphere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import prange

from gallery.jit import kernel, parallel_kernel
from gallery.placement.types import Layout

PULL = 0.35
"""Distance of a control point from the middle line, in that of its end."""
GATHER = 0.45
"""Height at which a straight line's middle passes the middle line, as a share of its own."""

TURN = np.uint32(2654435769)
"""2**32 over the golden ratio."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fibres:
    """The edges that cross or reach the middle line, or an even sample of them.

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
            places: float32 (p,) or, if they differ, (k, p): the curve's parameter at each, from 0
                at the source to 1.
        """
        start = layout.positions[layout.graph.sources[self.edges]][:, None]
        end = layout.positions[self.readers][:, None]
        t = np.atleast_2d(places)[:, :, None]
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
    side = _sides(layout)
    return np.asarray(side[graph.sources] * np.repeat(side, np.diff(graph.indptr)) <= 0)


def straight(layout: Layout) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """The edges that are no fibres, as `indptr` int64 (n + 1,) and `sources` int32 (k,).

    Without fibres, they are the graph's own arrays.
    """
    graph = layout.graph
    if layout.arrangement != "hemispheres":
        return graph.indptr, graph.sources
    side = _sides(layout)
    indptr = np.zeros(graph.vertices + 1, np.int64)
    _count_straight(graph.indptr, graph.sources, side, indptr)
    np.cumsum(indptr, out=indptr)
    if indptr[-1] == graph.edges:
        return graph.indptr, graph.sources
    kept = np.empty(int(indptr[-1]), np.int32)
    _keep_straight(graph.indptr, graph.sources, side, indptr, kept)
    return indptr, kept


def fibres(layout: Layout, most: int | None = None) -> Fibres:
    """The fibres of a layout; none if it is free.

    Args:
        layout: The layout.
        most: If there are more, about as many of them, evenly chosen.
    """
    graph, side = layout.graph, _sides(layout)
    if layout.arrangement != "hemispheres":
        side[:] = 1
    found = _count_fibres(graph.indptr, graph.sources, side)
    # Multiples of an irrational number are even in every stretch of the edges.
    wanted = found if most is None else min(most, found)
    share = int(wanted / max(found, 1) * 2**32)
    edges = np.empty(min(found, 2 * wanted + 64), np.int64)
    readers = np.empty(len(edges), np.int32)
    kept = _list_fibres(graph.indptr, graph.sources, side, share, edges, readers)
    edges, readers = edges[:kept], readers[:kept]
    ends = layout.positions[graph.sources[edges]], layout.positions[readers]
    return Fibres(
        edges=edges, readers=readers, controls=_controls(*ends), stands_for=found / max(kept, 1)
    )


def _sides(layout: Layout) -> npt.NDArray[np.int8]:
    """-1 left of the middle line, 1 right of it, 0 on it: int8 (n,)."""
    return np.sign(layout.positions[:, 0]).astype(np.int8)


@parallel_kernel
def _count_straight(indptr, sources, side, counts):  # type: ignore[no-untyped-def]
    for v in prange(len(indptr) - 1):
        for e in range(indptr[v], indptr[v + 1]):
            counts[v + 1] += side[v] * side[sources[e]] > 0


@parallel_kernel
def _keep_straight(indptr, sources, side, starts, kept):  # type: ignore[no-untyped-def]
    for v in prange(len(indptr) - 1):
        at = starts[v]
        for e in range(indptr[v], indptr[v + 1]):
            if side[v] * side[sources[e]] > 0:
                kept[at] = sources[e]
                at += 1


@kernel
def _count_fibres(indptr, sources, side):  # type: ignore[no-untyped-def]
    found = 0
    for v in range(len(indptr) - 1):
        for e in range(indptr[v], indptr[v + 1]):
            found += side[v] * side[sources[e]] <= 0
    return found


@kernel
def _list_fibres(indptr, sources, side, share, edges, readers):  # type: ignore[no-untyped-def]
    """OUT edges and readers of the fibres whose turn is below a share of 2**32; how many."""
    turn, kept = np.uint32(0), 0
    for v in range(len(indptr) - 1):
        for e in range(indptr[v], indptr[v + 1]):
            if side[v] * side[sources[e]] <= 0:
                if np.int64(turn) < share:
                    edges[kept] = e
                    readers[kept] = v
                    kept += 1
                turn = np.uint32(turn + TURN)
    return kept


def _controls(
    start: npt.NDArray[np.float32], end: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    height = np.float32(GATHER / 2) * (start[:, 1] + end[:, 1])
    one, two = (np.stack([np.float32(PULL) * at[:, 0], height], axis=1) for at in (start, end))
    return np.stack([one, two], axis=1)
