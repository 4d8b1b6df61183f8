"""Random points with the same bits on every processor; NumPy's normal numbers may differ."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gallery.elementary import cos, log, sin


def scattered(points: int, random: np.random.Generator) -> npt.NDArray[np.float64]:
    """Points whose coordinates are normal with variance 1: float64 (points, 2).

    By the method of Box and Muller, 1958, https://doi.org/10.1214/aoms/1177706645.
    """
    share, turn = random.random((2, points))
    radius = np.sqrt(-2 * log(1 - share))
    return np.stack([radius * cos(2 * np.pi * turn), radius * sin(2 * np.pi * turn)], axis=1)
