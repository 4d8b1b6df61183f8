"""The glow is the sum of its Gaussians, and no light comes in from the other side."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from gallery.rendering.raster.bloom import _WIDTHS, glow_of


@pytest.mark.parametrize("shape", [(640, 360), (600, 600), (1, 640)])
def test_the_glow_is_the_sum_of_gaussians(shape: tuple[int, int]) -> None:
    toned = np.random.default_rng(1).random((*shape, 3)).astype(np.float32) ** 6
    wanted = np.zeros_like(toned)
    for share, weight in _WIDTHS:
        sigma = share * max(shape)
        blurred = gaussian_filter(toned, (sigma, sigma, 0), mode="constant", truncate=6)
        wanted += 0.7 * weight * blurred
    assert np.abs(glow_of(toned, 0.7) - wanted).max() < 1e-3 * wanted.max()


def test_light_at_one_side_does_not_glow_at_the_other() -> None:
    toned = np.zeros((640, 640, 3), np.float32)
    toned[:, -3:] = 1
    glow = glow_of(toned, 1.0)
    assert glow[:, :80].max() < 1e-5
    assert glow[:, -3:].min() > 0.1
