"""Moves the vertices of one level until springs and charges balance.

The energy is that of springs of no length along the edges, of charges 1 + degree that push each
other away (the law of ForceAtlas2's model; Jacomy et al., 2014,
https://doi.org/10.1371/journal.pone.0098679) as far as a body reaches, and of a spring from each
vertex to its operator's place. It is made less by damped Jacobi steps: every vertex moves by its
force over its stiffness, from the positions of the step before, so that any number of threads
finds the same bytes.

A body of charge Q that springs of stiffness k per charge hold spreads to a disc of even density,
because the charges' potential is that of two dimensions: its area is pi push Q / k.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numba import prange

from gallery.jit import parallel_kernel
from gallery.placement.graph_levels import FloatArray, IntArray, Level
from gallery.placement.repulsion import field, kernel, square_over

_DAMPING = 0.7

_ALONE = 500_000
"""Neighbours below which one thread is faster than waking others up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forces:
    """How strongly vertices are held and pushed.

    Attributes:
        hold: Stiffness of the spring to the operator's place, against 1 for a vertex's edges.
        push: Strength of the charges, against a total charge of 1.
        reach: How far charges push, in points.
    """

    hold: float
    push: float
    reach: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Anchors:
    """The places of the operators.

    Attributes:
        places: float32 (bodies, 2).
        body: int32 (n,), which of them holds each vertex of the level.
        margin: Room around the places that vertices may take, in points.
    """

    places: FloatArray
    body: IntArray
    margin: float


def relax(
    level: Level, positions: FloatArray, anchors: Anchors, forces: Forces, steps: int
) -> FloatArray:
    """Positions nearer to balance: float32 (n, 2).

    Args:
        level: The graph.
        positions: float32 (n, 2), where the vertices start.
        anchors: Places that the vertices are held at.
        forces: How strongly.
        steps: Number of steps; the longest that is allowed shrinks to nothing in a line.
    """
    unit = 1.0 / max(_total(level), 1e-30)
    low, high = anchors.places.min(axis=0), anchors.places.max(axis=0)
    side = float((high - low).max()) + 2 * anchors.margin
    square = square_over((low + high) / 2, side, grid_size(level.vertices))
    potential = kernel(square, forces.reach)
    here, there = positions.copy(), np.empty_like(positions)
    threads = numba.get_num_threads()
    if len(level.neighbours) < _ALONE:
        numba.set_num_threads(1)
    for step in range(steps):
        push = field(square, potential, here, level.charge)
        limit = forces.reach * (1 - step / steps)
        knobs = np.array(
            [unit, forces.hold, forces.push, limit, 1 / square.cell, _DAMPING], np.float32
        )
        _move(
            level.indptr,
            level.neighbours,
            level.weights,
            level.charge,
            here,
            anchors.places,
            anchors.body,
            push,
            square.origin,
            knobs,
            there,
        )
        here, there = there, here
    numba.set_num_threads(threads)
    return here


def grid_size(vertices: int) -> int:
    """Nodes along a side of the charges' grid: about one cell a vertex, 128 to 1024.

    >>> grid_size(10), grid_size(60_000), grid_size(10**7)
    (128, 256, 1024)
    """
    return int(2 ** np.clip(round(np.log2(max(vertices, 1)) / 2), 7, 10))


def _total(level: Level) -> float:
    if len(level.weights):
        return float(level.weights.sum(dtype=np.float64))
    return float(len(level.neighbours))


@parallel_kernel
def _move(indptr, neighbours, weights, charge, here, places, body, field, origin, knobs, there):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    unit, hold, push, limit = knobs[0], knobs[1], knobs[2], knobs[3]
    scale, damping = knobs[4], knobs[5]
    one = np.float32(1)
    last = np.float32(len(field) - 1.001)
    for v in prange(len(charge)):
        x, y = here[v, 0], here[v, 1]
        fx, fy, stiffness = np.float32(0), np.float32(0), np.float32(0)
        if len(weights):
            for e in range(indptr[v], indptr[v + 1]):
                u = neighbours[e]
                fx += weights[e] * (here[u, 0] - x)
                fy += weights[e] * (here[u, 1] - y)
                stiffness += weights[e]
        else:
            for e in range(indptr[v], indptr[v + 1]):
                u = neighbours[e]
                fx += here[u, 0] - x
                fy += here[u, 1] - y
            stiffness = np.float32(indptr[v + 1] - indptr[v])
        gx = min(max((x - origin[0]) * scale, np.float32(0)), last)
        gy = min(max((y - origin[1]) * scale, np.float32(0)), last)
        i, j = int(gy), int(gx)
        gx -= np.float32(j)
        gy -= np.float32(i)
        a, b = (one - gx) * (one - gy), gx * (one - gy)
        c, d = (one - gx) * gy, gx * gy
        px = a * field[i, j, 0] + b * field[i, j + 1, 0] + c * field[i + 1, j, 0]
        px += d * field[i + 1, j + 1, 0]
        py = a * field[i, j, 1] + b * field[i, j + 1, 1] + c * field[i + 1, j, 1]
        py += d * field[i + 1, j + 1, 1]
        q = charge[v]
        fx = unit * fx + q * (push * px + hold * (places[body[v], 0] - x))
        fy = unit * fy + q * (push * py + hold * (places[body[v], 1] - y))
        step = damping / (unit * stiffness + q * hold)
        fx *= step
        fy *= step
        length = np.sqrt(fx * fx + fy * fy)
        if length > limit:
            fx *= limit / length
            fy *= limit / length
        there[v, 0] = x + fx
        there[v, 1] = y + fy
