"""What can be chosen about the shape of a layout."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutSettings:
    """How the vertices are drawn together and how long they are relaxed.

    Attributes:
        fill: Share of the square that the drawing should cover: emptiness is weighed against
            stress; 0 leaves long ways as straight as the data flows.
        bodies: Area of the operators' bodies, against the one that suits the drawing best.
        hold: How strongly each vertex is held at its operator's place, against 1 for its edges.
        reach: How far charges push, in distances of two operators.
        rounds: How often each pair of operators is moved.
        steps: Relaxation steps of the coarsest level that is relaxed.
        fine_steps: Relaxation steps of the finest level.
    """

    fill: float = 0.45
    bodies: float = 1.0
    hold: float = 0.3
    reach: float = 1.0
    rounds: int = 30
    steps: int = 100
    fine_steps: int = 16
