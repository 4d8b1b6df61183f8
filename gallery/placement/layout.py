"""Lays out a graph in one of the arrangements."""

from __future__ import annotations

from dataclasses import replace

from gallery.errors import LayoutError
from gallery.graph import ComputeGraph
from gallery.placement.free import free_layout
from gallery.placement.hemispheres import forward_half, halves, hemispheres
from gallery.placement.settings import LayoutSettings
from gallery.placement.types import ARRANGEMENTS, Layout


def layout(
    graph: ComputeGraph,
    *,
    skeleton: str = "sfdp",
    seed: int = 1,
    seconds: float = 20.0,
    settings: LayoutSettings | None = None,
    arrangement: str = "hemispheres",
) -> Layout:
    """Place every vertex: Graphviz lays out the operators, then coarse to fine.

    Args:
        graph: What to lay out.
        skeleton: The Graphviz engine for the operators.
        seed: Seed of all random choices.
        seconds: Limit of processor time of the engine.
        settings: Shape of the layout, and effort.
        arrangement: One of `ARRANGEMENTS`; a graph without a backward pass is always "free".

    Raises:
        LayoutError: There is no such engine or arrangement.
    """
    if arrangement not in ARRANGEMENTS:
        found = f"there is no arrangement {arrangement!r}"
        raise LayoutError(found, graph.model, f"choose one of {', '.join(ARRANGEMENTS)}")
    both = arrangement == "hemispheres" and halves(graph)
    placed = free_layout(
        forward_half(graph) if both else graph,
        skeleton=skeleton,
        seed=seed,
        seconds=seconds,
        settings=settings,
    )
    if not both:
        return placed
    positions = hemispheres(graph, placed.positions)
    return replace(placed, graph=graph, positions=positions, arrangement="hemispheres")
