"""Tones: hue kept at every brightness, nothing burnt out, the faintest edge seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gallery.coloring.oklab import (
    linear_from_srgb,
    oklab_from_linear,
    oklch_from_srgb8,
    srgb8_from_oklch,
    srgb_from_linear,
)
from gallery.coloring.palettes import sample
from gallery.rendering.raster.fit import fit_curve
from gallery.rendering.raster.tone import FLOOR, PAPER, Curve, tone

SINGLE, DENSE = 0.2, 300.0
LINE = np.linspace(0, 1, 9, dtype=np.float32)


def _toned(colors: np.ndarray, amounts: np.ndarray, ground: str = "dark") -> np.ndarray:
    """Linear colours (k, 3) at amounts (j,): toned, (j, k, 3)."""
    light = np.empty((len(amounts), len(colors), 4), np.float32)
    light[:, :, 3] = amounts[:, None]
    light[:, :, :3] = colors[None] * amounts[:, None, None]
    curve = Curve(single=SINGLE, dense=DENSE, places=LINE, light_ground=ground == "light")
    return tone(light, curve).astype(float)


@pytest.mark.parametrize("ground", ["dark", "light"])
@pytest.mark.parametrize("palette", ["aurora", "ember", "lagoon", "spectrum", "okabe-ito"])
def test_hue_is_kept_and_no_channel_clips(palette: str, ground: str) -> None:
    colors = linear_from_srgb(sample(palette, np.linspace(0, 1, 33), ground) / 255)
    toned = _toned(colors, np.geomspace(SINGLE, 100 * DENSE, 25), ground)
    assert toned.max() < 1
    lab = oklab_from_linear(toned)
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    base = oklab_from_linear(colors)
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1]) - np.arctan2(base[:, 2], base[:, 1]))
    turned = (hue + 180) % 360 - 180
    own = np.degrees(np.arctan2(base[:, 2], base[:, 1])) % 360
    # Dim light between red and green turns to red.
    warm = (own > 35) & (own < 150) & (lab[..., 0] < base[:, 0]) & (ground == "dark")
    assert np.abs(turned[(chroma > 0.01) & ~warm]).max() < 3
    assert turned[warm].max(initial=0) < 3
    assert turned[warm].min(initial=0) > -30
    if ground == "dark" and palette != "okabe-ito":
        assert chroma[-1].min() > 0.05


def test_dim_yellow_is_not_olive() -> None:
    colors = linear_from_srgb(srgb8_from_oklch([(0.92, 0.18, 100), (0.84, 0.15, 90)]) / 255)
    dim = oklab_from_linear(_toned(colors, np.geomspace(SINGLE, 30 * SINGLE, 4)))
    hue = np.degrees(np.arctan2(dim[..., 2], dim[..., 1]))
    assert hue[0].max() < 80
    assert (hue[0, 0] - hue[0, 1]) > 1
    assert (np.diff(hue[:, 0]) > 0).all()


@settings(deadline=None)
@given(st.integers(0, 32), st.floats(0.25, 200), st.floats(1.05, 4))
def test_more_light_is_never_darker_and_more_ink_never_lighter(
    place: int, amount: float, more: float
) -> None:
    for ground, sign in (("dark", 1), ("light", -1)):
        colors = linear_from_srgb(sample("aurora", [place / 32], ground) / 255)
        toned = _toned(colors, np.array([amount, amount * more]), ground)
        lightness = oklab_from_linear(toned)[:, 0, 0]
        assert sign * (lightness[1] - lightness[0]) > -2e-3


@pytest.mark.parametrize("ground", ["dark", "light"])
def test_the_faintest_edge_is_four_grey_levels_off_the_ground(ground: str) -> None:
    colors = linear_from_srgb(sample("aurora", np.linspace(0, 1, 20), ground) / 255)
    toned = _toned(colors, np.array([SINGLE]), ground)[0]
    grey = srgb_from_linear(toned @ np.array([0.2126, 0.7152, 0.0722])) * 255
    paper = srgb_from_linear(np.array(PAPER) @ np.array([0.2126, 0.7152, 0.0722])) * 255
    away = grey if ground == "dark" else paper - grey
    assert away.min() >= 4
    if ground == "dark":
        assert oklab_from_linear(toned)[:, 0] == pytest.approx(FLOOR, abs=2e-3)


@pytest.mark.parametrize("ground", ["dark", "light"])
def test_a_pixel_does_not_depend_on_those_beside_it(ground: str) -> None:
    random = np.random.default_rng(1)
    colors = linear_from_srgb(sample("aurora", random.uniform(size=84), ground) / 255)
    amounts = np.geomspace(SINGLE / 50, 10 * DENSE, 84) * random.integers(0, 3, 84).clip(0, 1)
    light = np.concatenate([colors, np.ones((84, 1))], axis=1) * amounts[:, None]
    light = random.permutation(light).reshape(4, 21, 4).astype(np.float32)
    curve = Curve(single=SINGLE, dense=DENSE, places=LINE, light_ground=ground == "light")
    whole = tone(light, curve)
    for y, x in np.ndindex(4, 21):
        assert (tone(light[y : y + 1, x : x + 1], curve) == whole[y, x]).all()


def test_the_ground_is_the_ground() -> None:
    nothing = np.zeros((3, 4, 4), np.float32)
    dark = tone(nothing, Curve(single=1, dense=4, places=LINE))
    assert not dark.any()
    light = tone(nothing, Curve(single=1, dense=4, places=LINE, light_ground=True))
    assert light == pytest.approx(np.broadcast_to(PAPER, (3, 4, 3)), abs=1e-6)


def _lit(seed: int = 1, spread: float = 1.5) -> np.ndarray:
    light = np.zeros((200, 200, 4), np.float32)
    light[:100, :, 3] = np.random.default_rng(seed).lognormal(2, spread, (100, 200))
    return light


@pytest.mark.parametrize("middle", [0.3, 0.44])
@pytest.mark.parametrize("spread", [0.4, 1.5])
def test_the_curve_follows_the_histogram(middle: float, spread: float) -> None:
    light = _lit(spread=spread)
    curve = fit_curve(light, 0.2, middle, False)
    lit = light[..., 3][light[..., 3] >= 0.2]
    assert curve.dense == pytest.approx(np.quantile(lit, 0.9985), rel=0.05)
    assert curve.places[[0, -1]].tolist() == [0, 1]
    assert (np.diff(curve.places) >= 0).all()
    at = np.log(np.median(lit) / 0.2) / np.log(curve.dense / 0.2)
    place = np.interp(at, np.linspace(0, 1, len(curve.places)), curve.places)
    assert place == pytest.approx(middle, abs=0.02)


def test_what_most_of_the_picture_is_made_of_gets_most_of_the_range() -> None:
    # Half the pixels within an octave: it is stretched, but held back from taking all.
    light = _lit()
    light[:50, :, 3] = np.random.default_rng(2).uniform(10, 20, (50, 200))
    curve = fit_curve(light, 0.2, 0.44, False)
    octaves = np.log2(curve.dense / 0.2)
    at = np.log2(np.array([10, 20]) / 0.2) / octaves
    low, high = np.interp(at, np.linspace(0, 1, len(curve.places)), curve.places)
    assert 1.2 < (high - low) * octaves < 4


def test_no_light_makes_a_usable_curve() -> None:
    curve = fit_curve(np.zeros((4, 4, 4), np.float32), 0.5, 0.44, False)
    assert (curve.single, curve.dense) == (0.5, 2.0)
    assert (np.diff(curve.places) > 0).all()


def test_hot_cores_are_tints_and_not_white() -> None:
    colors = linear_from_srgb(sample("aurora", np.linspace(0, 1, 33)) / 255)
    toned = _toned(colors, np.array([1e6]))[0]
    pixels = np.rint(srgb_from_linear(toned) * 255).astype(np.uint8)
    assert oklch_from_srgb8(pixels)[:, 1].min() > 0.07
