"""Colour spaces: round trips, and the edge of the gamut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gallery.coloring import oklab
from gallery.coloring.oklab import (
    chroma_limit,
    linear_from_oklab,
    linear_from_srgb,
    oklab_from_linear,
    oklch_from_srgb8,
    srgb8_from_oklch,
    srgb_from_linear,
)


@given(arrays(np.uint8, (5, 3)))
def test_srgb_survives_the_way_through_oklch(colors: np.ndarray) -> None:
    assert np.array_equal(srgb8_from_oklch(oklch_from_srgb8(colors)), colors)


@given(st.floats(0, 1))
def test_transfer_curves_are_inverse(value: float) -> None:
    assert float(srgb_from_linear(linear_from_srgb(value))) == pytest.approx(value, abs=1e-6)


def test_published_values_of_oklab() -> None:
    # https://bottosson.github.io/posts/oklab/: white is (1, 0, 0); red, of CSS Color 4's tables.
    assert oklab_from_linear([1, 1, 1]) == pytest.approx([1, 0, 0], abs=2e-4)
    red = oklch_from_srgb8(np.array([255, 0, 0], np.uint8))
    assert red == pytest.approx([0.62796, 0.25768, 29.2339], rel=1e-3)


@given(st.floats(0.2, 0.95), st.integers(0, 359))
def test_chroma_limit_is_the_edge_of_srgb(lightness: float, hue: int) -> None:
    lightness = round(lightness * 256) / 256
    chroma = float(chroma_limit(lightness, hue))
    direction = np.array([np.cos(np.radians(hue)), np.sin(np.radians(hue))])

    def inside(at: float, slack: float) -> bool:
        linear = linear_from_oklab(np.array([lightness, *(direction * at)]))
        return bool(((linear >= -slack) & (linear <= 1 + slack)).all())

    assert inside(chroma, 1e-4)
    assert not inside(chroma + 0.01, 1e-6)


def test_the_inverses_that_are_written_as_numbers() -> None:
    for one, other in (
        (oklab.LINEAR_FROM_LMS, oklab.LMS_FROM_LINEAR),
        (oklab.ROOTS_FROM_LAB, oklab.LAB_FROM_ROOTS),
    ):
        np.testing.assert_allclose(one @ other, np.eye(3), atol=1e-15)
