"""Moves the vertices of one level towards a balance of springs and charges.

The energy has three terms: springs of zero length along the edges; charges of 1 + degree that
repel each other (as in ForceAtlas2; Jacomy et al., 2014,
https://doi.org/10.1371/journal.pone.0098679) up to a limited reach; and a spring from each vertex
to the place of its body. Jacobi steps with momentum reduce it: every vertex moves by its force over
its stiffness and by a share of its last step, from the positions of the previous step, so that the
result is the same to the byte for any number of threads.

A body of charge Q that is held by springs of stiffness k per charge spreads to a disc of uniform
density, because the potential is that of two dimensions: its area is pi push Q / k.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from gallery.placement.graph_levels import Finest, FloatArray, IntArray, Level
from gallery.placement.motion import divided, move, yields
from gallery.placement.repulsion import (
    CHUNKS,
    field,
    potential,
    spread_out,
    square_over,
)

_STIFFEST = 3.6
"""Bound of the change of a vertex's force, over its stiffness, as all vertices move: springs alone
stay below 2; in bodies that lie over each other, charges add as much. Measured."""

_LAST = 0.6
"""Damping of the last step."""

_SINGLE_THREAD = 500_000
"""Neighbours below which one thread is faster than waking others up."""

_MILLIONS = 1 << 22


@dataclass(frozen=True, slots=True, kw_only=True)
class Forces:
    """How strongly vertices are held and repelled.

    Attributes:
        hold: Stiffness of the spring to the body's place, relative to 1 for a vertex's edges.
        push: Strength of the repulsion, for a total charge of 1.
        reach: How far charges repel, in points.
    """

    hold: float
    push: float
    reach: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Anchors:
    """The places of the bodies.

    Attributes:
        places: float32 (bodies, 2).
        body: int32 (n,), the body of each vertex of the level.
        margin: Space around the places that vertices may use, in points.
    """

    places: FloatArray
    body: IntArray
    margin: float


def relax(
    level: Level | Finest, positions: FloatArray, anchors: Anchors, forces: Forces, steps: int
) -> FloatArray:
    """Positions nearer to balance: float32 (n, 2).

    Args:
        level: The graph.
        positions: float32 (n, 2), where the vertices start; changed in place.
        anchors: The places that vertices are held at.
        forces: How strongly vertices are held and repelled.
        steps: Number of steps; the limit on their length shrinks linearly to zero.
    """
    threads = numba.get_num_threads()
    if level.ends < _SINGLE_THREAD:
        numba.set_num_threads(1)
    low, high = anchors.places.min(axis=0), anchors.places.max(axis=0)
    side = float((high - low).max()) + 2 * anchors.margin
    square = square_over((low + high) / 2, side, grid_size(level.vertices), anchors.margin)
    unit_charge = potential(square, forces.reach)
    unit = np.float32(1.0 / max(_total(level), 1e-30))
    graph = level.runs()
    give = np.empty(level.vertices, np.float32)
    yields(graph, level.charge, unit, np.float32(forces.hold), give)
    bounds = divided(graph, CHUNKS)
    held = anchors.places, anchors.body
    here, there = positions, positions.copy()
    spread = spread_out(square, here, level.charge)
    for step in range(steps):
        push = field(square, unit_charge, spread), square.origin
        limit = forces.reach * (1 - step / steps)
        gain, momentum = _pace(step, steps)
        constants = np.array(
            [unit, forces.hold, forces.push, limit, 1 / square.cell, gain, momentum], np.float32
        )
        move(graph, level.charge, give, bounds, held, push, constants, here, there, spread)
        here, there = there, here
    numba.set_num_threads(threads)
    return here


def _pace(step: int, steps: int) -> tuple[float, float]:
    """What a step takes of a vertex's force over its stiffness, and of its step before.

    All steps but the last are a Chebyshev iteration of the fourth kind (Lottes, Optimal polynomial
    smoothers for multigrid V-cycles, 2023, https://doi.org/10.1002/nla.2492), which evens out
    as much over a distance as three times as many damped steps. The last one is a damped step: it
    takes away what is left between neighbours.
    """
    if step == steps - 1:
        return _LAST, 0.0
    return (8 * step + 4) / (2 * step + 3) / _STIFFEST, (2 * step - 1) / (2 * step + 3)


def grid_size(vertices: int) -> int:
    """Nodes along a side of the charge grid.

    About one cell a vertex, 128 to 512, and 1024 from four million vertices: the finest level needs
    no finer grid than the one before, which has spread out the vertices' parents.

    >>> grid_size(10), grid_size(60_000), grid_size(10**6), grid_size(10**7)
    (128, 256, 512, 1024)
    """
    if vertices >= _MILLIONS:
        return 1024
    return int(2 ** np.clip(round(np.log2(max(vertices, 1)) / 2), 7, 9))


def _total(level: Level | Finest) -> float:
    weights = level.runs()[2]
    return float(weights.sum(dtype=np.float64)) if len(weights) else float(level.ends)
