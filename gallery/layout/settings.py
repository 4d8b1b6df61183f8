"""What can be chosen about the shape of a layout."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutSettings:
    """How the vertices are drawn together and how long they are relaxed.

    Attributes:
        fill: Share of the square that the drawing should cover: long ways are curled up until it
            does; 0 leaves them as straight as the data flows.
        bodies: Mean area of an operator's body, in squares of the distance of two operators.
        hold: How strongly each vertex is held at its operator's place, against 1 for its edges.
        reach: How far charges push, in distances of two operators.
        rounds: How often each pair of operators is moved.
        steps: Relaxation steps of the coarsest level that is relaxed.
        fine_steps: Relaxation steps of the finest level.
    """

    fill: float = 0.45
    bodies: float = 0.3
    hold: float = 0.3
    reach: float = 1.0
    rounds: int = 30
    steps: int = 100
    fine_steps: int = 16
