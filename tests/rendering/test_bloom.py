"""The glow is the sum of its Gaussians, and no light comes in from the other side."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from gallery.rendering.raster.bloom import _WIDTHS, finish, glow_of


@pytest.mark.parametrize("shape", [(456, 360), (456, 456), (1, 456)])
def test_the_glow_is_the_sum_of_gaussians(shape: tuple[int, int]) -> None:
    toned = np.random.default_rng(1).random((*shape, 3)).astype(np.float32) ** 6
    wanted = np.zeros_like(toned)
    for share, weight in _WIDTHS:
        sigma = share * max(shape)
        blurred = gaussian_filter(toned, (sigma, sigma, 0), mode="constant", truncate=6)
        wanted += 0.7 * weight * blurred
    # The narrowest has a deviation of one cell: SciPy's samples of it are not quite the Gaussian.
    assert np.abs(glow_of(toned, 0.7).light - wanted).max() < 4e-3 * wanted.max()


def test_light_at_one_side_does_not_glow_at_the_other() -> None:
    toned = np.zeros((456, 456, 3), np.float32)
    toned[:, -3:] = 1
    glow = glow_of(toned, 1.0).light
    assert glow[:, :80].max() < 1e-5
    assert glow[:, -3:].min() > 0.1


@pytest.mark.parametrize("side", [456, 1280, 1599])
def test_the_glow_stays_around_what_glows(side: int) -> None:
    # A cell may have several pixels, and the last one may be missing.
    toned = np.zeros((side, side, 3), np.float32)
    at = [side // 5, side // 2, side - side // 5]
    for place in at:
        toned[place - 4 : place + 5, place - 4 : place + 5] = 1
    pixels = finish(np.zeros_like(toned), glow_of(toned, 1.0), 0, side)[..., 0].astype(float)
    for place in at:
        part = pixels[place - 30 : place + 31, place - 30 : place + 31]
        part = np.where(part > 0.5 * part.max(), part, 0)
        middle = (part.sum(axis=0) * np.arange(-30, 31)).sum() / part.sum()
        assert abs(middle) < 0.2
