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
"""Bounds of what is chosen. Below, blocks fall apart into lines; above, a screen shows no more."""

# Measured on two cores with all variants of the defaults: ResNet-50 takes 6 s of processor time
# with 160,000 vertices and 11 s with a million, GPT-2 (with three times its operators) 8 and 12 s,
# AlexNet (with half as many edges again) 10 and 17 s; a training scan of 20 million vertices and
# 158 million edges takes 3.4 GiB.
_START = 5.0
"""Seconds that depend on neither operators nor vertices."""

_OPERATOR, _MOST_OPERATORS = 0.008, 1600
"""Seconds for each operator, for diagrams and skeletons; with more, layers are drawn instead."""

_VERTEX = 15e-6
"""Seconds for each vertex, twice those of ResNet-50, as other models have twice its edges."""

_SPARE = 4
"""How many times slower, or busier, another machine may be."""

_BASE, _VERTEX_BYTES = 700 << 20, 250
"""Bytes of memory of the program itself, and for each vertex."""


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
