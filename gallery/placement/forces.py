"""Moves the vertices of one level towards a balance of springs and charges.

The energy has three terms: springs of zero length along the edges; charges of 1 + degree that
repel each other (as in ForceAtlas2; Jacomy et al., 2014,
https://doi.org/10.1371/journal.pone.0098679) up to a limited reach; and a spring from each vertex
to the place of its body. Damped Jacobi steps reduce it: every vertex moves by its force over its
stiffness, from the positions of the previous step, so that the result is the same to the byte for
any number of threads.

A body of charge Q that is held by springs of stiffness k per charge spreads to a disc of uniform
density, because the potential is that of two dimensions: its area is pi push Q / k.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numba import prange

from gallery.jit import parallel_kernel
from gallery.placement.graph_levels import FloatArray, IntArray, Level
from gallery.placement.repulsion import field, potential, square_over

_DAMPING = 0.7

_SINGLE_THREAD = 500_000
"""Neighbours below which one thread is faster than waking others up."""


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
    level: Level, positions: FloatArray, anchors: Anchors, forces: Forces, steps: int
) -> FloatArray:
    """Positions nearer to balance: float32 (n, 2).

    Args:
        level: The graph.
        positions: float32 (n, 2), where the vertices start.
        anchors: The places that vertices are held at.
        forces: How strongly vertices are held and repelled.
        steps: Number of steps; the limit on their length shrinks linearly to zero.
    """
    unit = 1.0 / max(_total(level), 1e-30)
    low, high = anchors.places.min(axis=0), anchors.places.max(axis=0)
    side = float((high - low).max()) + 2 * anchors.margin
    square = square_over((low + high) / 2, side, grid_size(level.vertices))
    unit_charge = potential(square, forces.reach)
    here, there = positions.copy(), np.empty_like(positions)
    threads = numba.get_num_threads()
    if len(level.neighbours) < _SINGLE_THREAD:
        numba.set_num_threads(1)
    for step in range(steps):
        push = field(square, unit_charge, here, level.charge)
        limit = forces.reach * (1 - step / steps)
        constants = np.array(
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
            constants,
            there,
        )
        here, there = there, here
    numba.set_num_threads(threads)
    return here


def grid_size(vertices: int) -> int:
    """Nodes along a side of the charge grid: about one cell per vertex, 128 to 1024.

    >>> grid_size(10), grid_size(60_000), grid_size(10**7)
    (128, 256, 1024)
    """
    return int(2 ** np.clip(round(np.log2(max(vertices, 1)) / 2), 7, 10))


def _total(level: Level) -> float:
    if len(level.weights):
        return float(level.weights.sum(dtype=np.float64))
    return float(len(level.neighbours))


@parallel_kernel
def _move(indptr, neighbours, weights, charge, here, places, body, field, origin, constants, there):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    unit, hold, push, limit = constants[0], constants[1], constants[2], constants[3]
    scale, damping = constants[4], constants[5]
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
