"""Moves a folded drawing closer to the true distances, without unfolding it.

A fold shortens more distances than it must. Each body in turn moves to where a quadratic upper
bound of the stress is least while all others stay (localised stress majorisation; Gansner, Koren,
North, Graph drawing by stress majorization, 2004, https://doi.org/10.1007/978-3-540-31843-9_25), so
that no move raises the stress. A few sweeps mend what is near and leave the bend of the whole,
which would take hundreds. Meanwhile a circle closes in around all bodies, so that they give way to
the inside.
"""

from __future__ import annotations

import numpy as np

from gallery.jit import kernel
from gallery.placement.distances import Hops, between_discs
from gallery.placement.graph_levels import FloatArray
from gallery.placement.roundness import circle


def truer(
    hops: Hops, places: FloatArray, reach: FloatArray, sweeps: int, *, width: float | None = None
) -> FloatArray:
    """Places with less stress: float32 (n, 2).

    Args:
        hops: The sums from which the stress is computed.
        places: float32 (n, 2), the bodies' places.
        reach: float32 (n,), the radii of the discs that they extend over.
        sweeps: How often each body moves.
        width: Width of the circle that bodies stay in at last, relative to the one around them;
            without, they may go anywhere.
    """
    centre, radius = circle(places, reach)
    found, extent = places.astype(np.float64), reach.astype(np.float64)
    for sweep in range(sweeps):
        scale = hops.scale(found.astype(np.float32), reach)
        _sweep(found, extent, hops.near, hops.square, scale, sweep % 2 == 1)
        if width is not None:
            share = (sweep + 1) / sweeps
            _confine(found, extent, centre, radius * (1 - share * (1 - width)))
    return found.astype(np.float32)


@kernel
def _sweep(places, reach, near, square, scale, backwards):  # type: ignore[no-untyped-def]
    """Move each body once, INOUT places; `scale` turns distances in the plane into true ones."""
    n = len(places)
    own = reach * reach
    x, y = places[:, 0].copy(), places[:, 1].copy()
    pull = np.empty(n)
    for number in range(n):
        i = n - 1 - number if backwards else number
        # By themselves, many at a time: sums have an order, and their loop does one at a time.
        for j in range(n):
            dx, dy = x[i] - x[j], y[i] - y[j]
            _, length, slope = between_discs(dx * dx + dy * dy, own[i] + own[j])
            pull[j] = near[i, j] * slope / (scale * max(length, 1e-12)) - square[i, j]
        pull[i] = 0.0
        across, up, stiffness = 0.0, 0.0, 0.0
        for j in range(n):
            across += pull[j] * (x[i] - x[j])
            up += pull[j] * (y[i] - y[j])
            stiffness += square[i, j]
        stiffness -= square[i, i]
        if stiffness > 0:
            x[i] += across / stiffness
            y[i] += up / stiffness
    places[:, 0], places[:, 1] = x, y


@kernel
def _confine(places, reach, centre, radius):  # type: ignore[no-untyped-def]
    """Move discs that cross a circle straight inwards, to its middle if they are larger."""
    for i in range(len(places)):
        dx, dy = places[i, 0] - centre[0], places[i, 1] - centre[1]
        away = np.sqrt(dx * dx + dy * dy)
        most = max(radius - reach[i], 0.0)
        if away > most:
            places[i, 0] = centre[0] + dx * most / away
            places[i, 1] = centre[1] + dy * most / away
