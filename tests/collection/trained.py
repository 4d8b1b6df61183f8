"""Weights as after training: no tensor equals another one.

Before training, biases are zero and the factors of normalizations one. Exporters and optimizers
keep equal tensors once and drop what adds zero, so that such a file holds fewer numbers than its
network has parameters.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

_SPREAD = 0.02


def trained(
    value: npt.NDArray[Any], number: int, *, positive: bool = False
) -> npt.NDArray[np.float64]:
    """A tensor with normal noise added.

    Args:
        value: Its elements before.
        number: Seed of the noise; another one for each tensor of a network.
        positive: Whether the elements have to stay above zero, as variances do.
    """
    moved = value + _SPREAD * np.random.default_rng(number).standard_normal(value.shape)
    return np.abs(moved) + _SPREAD if positive else np.asarray(moved)
