"""The field of charges that repel each other, computed by fast Fourier transforms.

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
import numpy.typing as npt
from numba import prange
from scipy import fft, special

from gallery.jit import parallel_kernel
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


def kernel(square: Square, reach: float) -> npt.NDArray[np.complex64]:
    """The transform of a unit charge's potential on twice the square.

    Args:
        square: The grid.
        reach: How far charges repel, in points.
    """
    nodes = square.nodes
    offset = np.minimum(np.arange(2 * nodes), 2 * nodes - np.arange(2 * nodes)).astype(np.float64)
    distance = np.sqrt(offset[:, None] ** 2 + offset[None, :] ** 2)
    # A charge spread over a cell has about the potential of a disc of the same area.
    distance[0, 0] = np.sqrt(np.exp(-1) / np.pi)
    potential = special.k0(distance * (square.cell / reach)).astype(np.float32)
    transform: npt.NDArray[np.complex64] = fft.rfft2(potential)
    return transform


def field(
    square: Square, kernel: npt.NDArray[np.complex64], positions: FloatArray, charge: FloatArray
) -> FloatArray:
    """The force on a unit charge at each node: float32 (nodes, nodes, 2), axes y and x.

    Args:
        square: The grid; charges outside are moved to its border.
        kernel: Result of `kernel` for the same square.
        positions: float32 (n, 2).
        charge: float32 (n,).
    """
    nodes = square.nodes
    spread = np.zeros((_CHUNKS, nodes, nodes), np.float32)
    _spread(positions, charge, square.origin, np.float32(1 / square.cell), spread)
    density = spread.sum(axis=0)
    # Half of the padded rows are zero: they are neither transformed nor read back.
    wave = fft.rfft(density, n=2 * nodes, axis=1)
    wave = fft.fft(wave, n=2 * nodes, axis=0, overwrite_x=True)
    wave *= kernel
    wave = fft.ifft(wave, axis=0, overwrite_x=True)[:nodes]
    potential = fft.irfft(wave, n=2 * nodes, axis=1)[:, :nodes]
    push = np.zeros((nodes, nodes, 2), np.float32)
    _gradient(potential, np.float32(0.5 / square.cell), push)
    return push


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
def _gradient(potential, scale, out):  # type: ignore[no-untyped-def]
    size = len(potential)
    for i in prange(1, size - 1):
        for j in range(1, size - 1):
            out[i, j, 0] = (potential[i, j - 1] - potential[i, j + 1]) * scale
            out[i, j, 1] = (potential[i - 1, j] - potential[i + 1, j]) * scale
