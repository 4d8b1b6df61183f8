"""How many vertices a scan has whose budget is "auto": as many as the model's limits allow.

What it will take is foreseen from the number of operators, never measured with a clock: the same
model and limits give the same scan on any machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

# Stages and products have this module's version, which must not change with the settings.
if TYPE_CHECKING:
    from gallery.settings.values import Limits

AUTO = "auto"

LEAST, MOST = 100_000, 1_000_000
"""Bounds of what is chosen. Below, blocks show their single lines; above, a screen shows no more
detail."""

_SPARE = 4
"""The machine may be so many times slower, or busier, than the one that the rest is measured on."""

_START = 10.0
"""Seconds for what depends on neither, most of it starting and compressing pictures."""

_OPERATOR, _MOST_OPERATORS = 0.02, 1600
"""Seconds for each operator, for the diagram and the places of bodies; more are drawn as layers."""

_VERTEX = 80e-6
"""Seconds for each vertex, with twice the edges that are usual."""

_MEGABYTE = 1 << 20
_BASE = 600 * _MEGABYTE
_VERTEX_BYTES = 1200
"""Memory of the program itself, and for each vertex."""


def budget(vertices: int | str, operators: int, limits: Limits, part: int = 1) -> int:
    """The vertex budget of a scan.

    Args:
        vertices: A number, or "auto".
        operators: How many the model has.
        limits: What making it may take.
        part: What a budget that is chosen is divided by.
    """
    if vertices != AUTO:
        return int(vertices)
    fixed = _START + _OPERATOR * min(operators, _MOST_OPERATORS)
    in_time = (limits.seconds / _SPARE - fixed) / _VERTEX
    in_memory = (limits.memory - _BASE) / _VERTEX_BYTES
    most = int(max(LEAST, min(in_time, in_memory, MOST)))
    return max(1, most // LEAST * LEAST // part)


def decided_by(vertices: int | str, limits: Limits, part: int) -> tuple[float, ...]:
    """What the vertex budget of a scan depends on besides the model; of a number, nothing."""
    return (limits.seconds, limits.memory, part) if vertices == AUTO else ()
