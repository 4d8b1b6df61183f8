"""The field of charges that repel each other, computed by fast Hartley transforms.

Charges are spread on a square grid (each on its four nearest nodes), their potential on the grid
is a convolution, and its gradient is interpolated in the same way as the charges were spread, so
that no charge repels itself. This is the particle-mesh method; see
Hockney and Eastwood, Computer Simulation Using Particles, 1988, chapter 5.

The potential of a unit charge is the Bessel function K0(r / reach): like that of the plane, -ln r,
within the reach, and close to zero far beyond it, so that only nearby charges repel each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import prange

from gallery.jit import inner_kernel, kernel, parallel_kernel
from gallery.numerics.convolution import convolve, spectrum
from gallery.numerics.elementary import bessel_k0
from gallery.placement.graph_levels import FloatArray

CHUNKS = 8
"""Number of parts that the charges are split into; fixed, so that sums do not depend on threads."""

_CLEAR = 2.0
"""Reaches that charges keep from the border where those at opposite borders need not be told apart:
across both margins, a push is a fiftieth of that at one reach."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Square:
    """A square grid over the drawing.

    Attributes:
        origin: float32 (2,), position of its first node.
        cell: Distance between nodes.
        nodes: Number of nodes along each side.
        margin: Space along its border without charges.
    """

    origin: FloatArray
    cell: float
    nodes: int
    margin: float = 0.0


def square_over(centre: FloatArray, side: float, nodes: int, margin: float = 0.0) -> Square:
    """A square with a given centre and side, whose margin charges do not enter."""
    cell = side / (nodes - 1)
    origin = (centre - side / 2).astype(np.float32)
    return Square(origin=origin, cell=cell, nodes=nodes, margin=margin)


def potential(square: Square, reach: float) -> FloatArray:
    """A unit charge's potential, transformed for `field`.

    Args:
        square: The grid, whose number of nodes is a power of two.
        reach: How far charges repel, in points.

    Returns:
        float32 (nodes, nodes), or float32 (2 nodes, 2 nodes) if the margin is too narrow for the
        grid to be joined at opposite borders.
    """
    nodes = square.nodes
    quarter = np.empty((nodes + 1, nodes + 1), np.float32)
    _fall(square.cell / reach, quarter)
    size = nodes if square.margin >= _CLEAR * reach else 2 * nodes
    offset = np.minimum(np.arange(size), size - np.arange(size))
    return spectrum(quarter[offset[:, None], offset[None, :]])


def field(square: Square, potential: FloatArray, spread: FloatArray) -> FloatArray:
    """The force on a unit charge at each node: float32 (nodes, nodes, 2), axes x and y.

    Args:
        square: The grid.
        potential: Result of `potential` for the same square.
        spread: float32 (CHUNKS, nodes, nodes), INOUT: charges at the nodes, to be summed up over
            the chunks; set to 0.
    """
    nodes = square.nodes
    charges = np.empty((nodes, nodes), np.float32)
    _collect(spread, charges)
    push = np.zeros((nodes, nodes, 2), np.float32)
    _gradient(convolve(charges, potential), np.float32(0.5 / square.cell), push)
    return push


def spread_out(square: Square, positions: FloatArray, charge: FloatArray) -> FloatArray:
    """Charges at the nodes, for `field`: float32 (CHUNKS, nodes, nodes).

    Args:
        square: The grid; charges outside are moved to its border.
        positions: float32 (n, 2).
        charge: float32 (n,).
    """
    spread = np.zeros((CHUNKS, square.nodes, square.nodes), np.float32)
    _spread_all(positions, charge, square.origin, np.float32(1 / square.cell), spread)
    return spread


@kernel
def _fall(step, out):  # type: ignore[no-untyped-def]
    for i in range(len(out)):
        for j in range(i + 1):
            # A charge spread over a cell has about the potential of a disc of the same area.
            distance = np.sqrt(float(i * i + j * j)) if i else 0.34219828031221655
            out[i, j] = out[j, i] = bessel_k0(distance * step)


@inner_kernel
def cell_of(x, y, origin, scale, nodes):  # type: ignore[no-untyped-def]
    """Where a point lies: the number of its cell's first node, and the shares left of and below it.

    Nodes are numbered row by row.
    """
    last = np.float32(nodes - 1.001)
    x = min(max((x - origin[0]) * scale, np.float32(0)), last)
    y = min(max((y - origin[1]) * scale, np.float32(0)), last)
    i, j = np.int32(y), np.int32(x)
    return np.uint64(i) * np.uint64(nodes) + np.uint64(j), x - np.float32(j), y - np.float32(i)


@inner_kernel
def spread_charges(positions, charge, origin, scale, grid, nodes, block):  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917
    """Spread the charges of a block of vertices on the nodes of their cells, INOUT grid (nodes²,).

    Args:
        positions: float32 (n, 2).
        charge: float32 (n,).
        origin: float32 (2,), position of the first node.
        scale: Nodes per point.
        grid: float32 (nodes * nodes,), row by row.
        nodes: Number of nodes along each side.
        block: Two int64, the first vertex and the one after the last.
    """
    one, right, above = np.float32(1), np.uint64(1), np.uint64(nodes)
    for v in range(block[0], block[1]):
        cell, x, y = cell_of(positions[v, 0], positions[v, 1], origin, scale, nodes)
        low, high = charge[v] * (one - y), charge[v] * y
        grid[cell] += low * (one - x)
        grid[cell + right] += low * x
        grid[cell + above] += high * (one - x)
        grid[cell + above + right] += high * x


@parallel_kernel
def _spread_all(positions, charge, origin, scale, out):  # type: ignore[no-untyped-def]
    n = len(charge)
    chunks, nodes = out.shape[0], out.shape[1]
    for chunk in prange(chunks):
        block = (n * chunk // chunks, n * (chunk + 1) // chunks)
        spread_charges(positions, charge, origin, scale, out[chunk].reshape(-1), nodes, block)


@parallel_kernel
def _collect(spread, out):  # type: ignore[no-untyped-def]
    """Sum up the chunks, and set them to 0."""
    for i in prange(len(out)):
        # Not by rows, for which numba would compile forty functions that say if shapes differ.
        for j in range(len(out)):
            out[i, j] = spread[0, i, j]
            spread[0, i, j] = 0
        for chunk in range(1, len(spread)):
            for j in range(len(out)):
                out[i, j] += spread[chunk, i, j]
                spread[chunk, i, j] = 0


@parallel_kernel
def _gradient(level, scale, out):  # type: ignore[no-untyped-def]
    size = len(level)
    for i in prange(1, size - 1):
        for j in range(1, size - 1):
            out[i, j, 0] = (level[i, j - 1] - level[i, j + 1]) * scale
            out[i, j, 1] = (level[i - 1, j] - level[i + 1, j]) * scale
