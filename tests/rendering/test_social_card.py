"""The main scan fills the social card, whatever its proportions, and nothing of it is cut off."""

from __future__ import annotations

import numpy as np
import pytest

from gallery.rendering.compose.social_card import SCAN, on_card
from gallery.rendering.types import Picture


@pytest.mark.parametrize(
    ("wide", "tall", "side"),
    [(920, 460, 740), (460, 920, 630), (920, 920, 630), (2, 2, 740), (0, 0, 630)],
)
def test_a_scan_fits_on_the_card(wide: int, tall: int, side: int) -> None:
    pixels = np.zeros((1000, 1000, 3), np.uint8)
    top, left = 500 - tall // 2, 500 - wide // 2
    pixels[top : top + tall, left : left + wide] = 200
    found = on_card(Picture(pixels=pixels))
    assert (found.width, found.height) == SCAN
    lit = found.pixels.max(axis=2) > 100
    assert np.abs(lit.any(axis=0).sum() - wide * side / 1000) <= 2
    assert np.abs(lit.any(axis=1).sum() - tall * side / 1000) <= 2
    assert not lit[[0, -1]].any()
