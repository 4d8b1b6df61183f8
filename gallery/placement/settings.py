"""Settings of the shape of a layout."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutSettings:
    """How a layout is shaped, and how long it is relaxed.

    Attributes:
        fill: Share of the smallest circle around the drawing that it should cover: empty space is
            weighed against stress; 0 leaves long paths as straight as the data flows.
        bodies: Area of the bodies, relative to the one that suits the drawing best.
        hold: How strongly each vertex is held at its body's place, relative to 1 for its edges.
        reach: How far charges repel, in distances of neighbouring bodies.
        rounds: How often each pair of bodies is moved.
        steps: Number of relaxation steps on the coarsest level that is relaxed.
        fine_steps: Number of relaxation steps on the finest level.
        dense_steps: The same for more vertices than can be told apart.
    """

    fill: float = 1.0
    bodies: float = 1.0
    hold: float = 0.3
    reach: float = 1.0
    rounds: int = 30
    steps: int = 20
    fine_steps: int = 9
    dense_steps: int = 4
