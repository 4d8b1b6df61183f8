"""The tone curve: few pixels are bright and many dark, whatever the colours."""

from __future__ import annotations

import numpy as np
import pytest

from gallery.coloring.oklab import linear_from_srgb, srgb8_from_oklch
from gallery.coloring.palettes import for_ground
from gallery.rendering.raster.bloom import finish, glow_of
from gallery.rendering.raster.fit import fit_curve
from gallery.rendering.raster.tone import tone
from tests.rendering.measures import BRIGHT, DARK, seen

GLOW, MIDDLE, SIDE = 0.9, 0.25, 400


def _disc(lch: np.ndarray) -> np.ndarray:
    """Light of one colour in a disc, with a core that is brighter."""
    y, x = np.indices((SIDE, SIDE)) - SIDE / 2
    far = np.hypot(x, y) / SIDE
    noise = np.random.default_rng(4).lognormal(0, 0.7, far.shape)
    light = np.zeros((SIDE, SIDE, 4), np.float32)
    light[..., 3] = (far < 0.4) * noise * (2 + 200 * np.exp(-((far / 0.1) ** 2)))
    light[..., :3] = linear_from_srgb(srgb8_from_oklch(lch) / 255) * light[..., 3:]
    return light


@pytest.mark.parametrize("ground", ["dark", "light"])
@pytest.mark.parametrize("hue", [(0.95, 0.17, 105), (0.55, 0.1, 240)], ids=["pale", "deep"])
def test_few_pixels_are_bright_and_many_dark(hue: tuple[float, float, float], ground: str) -> None:
    light = _disc(for_ground(np.array(hue), ground))
    glow = GLOW if ground == "dark" else 0.0
    toned = tone(light, fit_curve(light, 0.5, MIDDLE, ground == "light", glow))
    pixels = finish(toned, glow_of(toned, glow), 0, SIDE)
    found = seen(pixels, ground, np.zeros((SIDE, SIDE), bool))
    assert found["bright"] <= BRIGHT[1]
    assert found["dark"] >= DARK


@pytest.mark.parametrize("ground", ["dark", "light"])
def test_bodies_are_no_plane_of_one_colour(ground: str) -> None:
    """Places around the median differ, by a third of what even steps would at least."""
    light = _disc(for_ground(np.array((0.6, 0.2, 30)), ground))
    curve = fit_curve(light, 0.5, MIDDLE, ground == "light", GLOW)
    amounts = light[..., 3][light[..., 3] >= curve.single]
    at = np.log(np.quantile(amounts, [0.1, 0.3, 0.5, 0.7, 0.9]) / curve.single)
    steps = at / np.log(curve.dense / curve.single)
    places = np.interp(steps, np.linspace(0, 1, len(curve.places)), curve.places)
    rises = np.diff(places)
    assert rises.min() > 0.33 * np.ptp(places) / len(rises)
