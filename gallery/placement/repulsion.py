"""The field of charges that repel each other, computed by fast Hartley transforms.

Charges are spread on a square grid (each on its four nearest nodes), their potential on the grid
is a convolution by a zero-padded transform, and its gradient is interpolated in the same way as
the charges were spread, so that no charge repels itself. This is the particle-mesh method; see
Hockney and Eastwood, Computer Simulation Using Particles, 1988, chapter 5.

The potential of a unit charge is the Bessel function K0(r / reach): like that of the plane, -ln r,
within the reach, and close to zero far beyond it, so that only nearby charges repel each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import prange

from gallery.convolution import convolve, spectrum
from gallery.elementary import bessel_k0
from gallery.jit import kernel, parallel_kernel
from gallery.placement.graph_levels import FloatArray

_CHUNKS = 8
"""Number of parts that the charges are split into; fixed, so that sums do not depend on threads."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Square:
    """A square grid over the drawing.

    Attributes:
        origin: float32 (2,), position of its first node.
        cell: Distance between nodes.
        nodes: Number of nodes along each side.
    """

    origin: FloatArray
    cell: float
    nodes: int


def square_over(centre: FloatArray, side: float, nodes: int) -> Square:
    """A square with a given centre and side."""
    cell = side / (nodes - 1)
    return Square(origin=(centre - side / 2).astype(np.float32), cell=cell, nodes=nodes)


def potential(square: Square, reach: float) -> FloatArray:
    """A unit charge's potential, transformed for `field`: float32 (2 nodes, 2 nodes).

    Args:
        square: The grid, whose number of nodes is a power of two.
        reach: How far charges repel, in points.
    """
    nodes = square.nodes
    quarter = np.empty((nodes + 1, nodes + 1), np.float32)
    _fall(square.cell / reach, quarter)
    offset = np.minimum(np.arange(2 * nodes), 2 * nodes - np.arange(2 * nodes))
    return spectrum(quarter[offset[:, None], offset[None, :]])


def field(
    square: Square, potential: FloatArray, positions: FloatArray, charge: FloatArray
) -> FloatArray:
    """The force on a unit charge at each node: float32 (nodes, nodes, 2), axes y and x.

    Args:
        square: The grid; charges outside are moved to its border.
        potential: Result of `potential` for the same square.
        positions: float32 (n, 2).
        charge: float32 (n,).
    """
    nodes = square.nodes
    spread = np.zeros((_CHUNKS, nodes, nodes), np.float32)
    _spread(positions, charge, square.origin, np.float32(1 / square.cell), spread)
    push = np.zeros((nodes, nodes, 2), np.float32)
    level = convolve(spread.sum(axis=0), potential)
    _gradient(level, np.float32(0.5 / square.cell), push)
    return push


@kernel
def _fall(step, out):  # type: ignore[no-untyped-def]
    for i in range(len(out)):
        for j in range(i + 1):
            # A charge spread over a cell has about the potential of a disc of the same area.
            distance = np.sqrt(float(i * i + j * j)) if i else 0.34219828031221655
            out[i, j] = out[j, i] = bessel_k0(distance * step)


@parallel_kernel
def _spread(positions, charge, origin, scale, out):  # type: ignore[no-untyped-def]
    n = len(charge)
    chunks, nodes = out.shape[0], out.shape[1]
    last = np.float32(nodes - 1.001)
    for chunk in prange(chunks):
        grid = out[chunk]
        for v in range(n * chunk // chunks, n * (chunk + 1) // chunks):
            x = min(max((positions[v, 0] - origin[0]) * scale, np.float32(0)), last)
            y = min(max((positions[v, 1] - origin[1]) * scale, np.float32(0)), last)
            i, j = int(y), int(x)
            x -= np.float32(j)
            y -= np.float32(i)
            low = charge[v] * (np.float32(1) - y)
            high = charge[v] * y
            grid[i, j] += low * (np.float32(1) - x)
            grid[i, j + 1] += low * x
            grid[i + 1, j] += high * (np.float32(1) - x)
            grid[i + 1, j + 1] += high * x


@parallel_kernel
def _gradient(level, scale, out):  # type: ignore[no-untyped-def]
    size = len(level)
    for i in prange(1, size - 1):
        for j in range(1, size - 1):
            out[i, j, 0] = (level[i, j - 1] - level[i, j + 1]) * scale
            out[i, j, 1] = (level[i - 1, j] - level[i + 1, j]) * scale
