"""A smaller picture's pixels are the mean light of the areas that they cover, at any ratio."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery.coloring.oklab import linear_from_srgb, srgb_from_linear
from gallery.rendering.raster.downsample import reduced


def _weights(length: int, shorter: int) -> np.ndarray:
    """How much of each of the new rows each of the old ones is: (shorter, length)."""
    bounds = np.arange(shorter + 1) * length / shorter
    low, high = np.arange(length), np.arange(1, length + 1)
    cover = np.minimum(high, bounds[1:, None]) - np.maximum(low, bounds[:-1, None])
    return np.maximum(cover, 0) * shorter / length


@settings(deadline=None)
@given(st.integers(1, 24), st.integers(1, 24), st.data())
def test_pixels_are_means_of_what_they_cover(height: int, width: int, data: st.DataObject) -> None:
    pixels = np.random.default_rng(height * 25 + width).integers(0, 256, (height, width, 3))
    longest = max(height, width)
    side = data.draw(st.integers(1, longest))
    found = reduced(pixels.astype(np.uint8), side)
    down, across = (max(round(one * side / longest), 1) for one in (height, width))
    light = linear_from_srgb(pixels / 255)
    means = np.einsum("yi,xj,ijc->yxc", _weights(height, down), _weights(width, across), light)
    assert found.shape == (down, across, 3)
    assert np.abs(found - srgb_from_linear(means) * 255).max() < 0.65
