"""Random points with the same bits on every processor; NumPy's normal numbers may differ."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import prange

from gallery.jit import inner_kernel, parallel_kernel
from gallery.numerics.elementary import cos, log, sin

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def scattered(points: int, random: np.random.Generator) -> npt.NDArray[np.float64]:
    """Points whose coordinates are normal with variance 1: float64 (points, 2).

    By the method of Box and Muller, 1958, https://doi.org/10.1214/aoms/1177706645.
    """
    share, turn = random.random((2, points))
    radius = np.sqrt(-2 * log(1 - share))
    return np.stack([radius * cos(2 * np.pi * turn), radius * sin(2 * np.pi * turn)], axis=1)


def scattered_around(
    centres: npt.NDArray[np.float32],
    centre: npt.NDArray[np.int32],
    radius: npt.NDArray[np.float32],
    random: np.random.Generator,
) -> npt.NDArray[np.float32]:
    """Points near centres, made without slow functions: float32 (n, 2).

    Coordinates are sums of four uniform numbers, which are close to normal.

    Args:
        centres: float32 (k, 2).
        centre: int32 (n,), the centre that each point is near.
        radius: float32 (k,), the standard deviation along each axis of the points near a centre.
        random: Gives the key; the numbers are SplitMix64's (Steele, Lea, Flood, Fast splittable
            pseudorandom number generators, 2014, https://doi.org/10.1145/2660193.2660195).
    """
    out = np.empty((len(centre), 2), np.float32)
    key = random.integers(0, 2**64, dtype=np.uint64)
    # The sum of four numbers of 16 bits has this mean, and 3 ** -0.5 times 65,536 as deviation.
    _scatter(centres, centre, radius * np.float32(3**0.5 / 65536), np.float32(2 * 65535), key, out)
    return out


@inner_kernel
def _mixed(state):  # type: ignore[no-untyped-def]
    state = (state ^ (state >> np.uint64(30))) * _FIRST
    state = (state ^ (state >> np.uint64(27))) * _SECOND
    return state ^ (state >> np.uint64(31))


@inner_kernel
def _sum(bits):  # type: ignore[no-untyped-def]
    low = np.uint64(0xFFFF)
    total = (bits & low) + ((bits >> np.uint64(16)) & low)
    return total + ((bits >> np.uint64(32)) & low) + (bits >> np.uint64(48))


@parallel_kernel
def _scatter(centres, centre, radius, mean, key, out):  # type: ignore[no-untyped-def]
    for v in prange(len(out)):
        state = key + np.uint64(2 * v) * _GOLDEN
        c = np.uint64(centre[v])
        out[v, 0] = centres[c, 0] + radius[c] * (np.float32(_sum(_mixed(state))) - mean)
        out[v, 1] = centres[c, 1] + radius[c] * (np.float32(_sum(_mixed(state + _GOLDEN))) - mean)
