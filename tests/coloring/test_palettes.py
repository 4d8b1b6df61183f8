"""Palettes: even, readable by colour-blind eyes, seen on both grounds."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gallery.coloring import PALETTES
from gallery.coloring.coloring import _KINDS, _PASSES
from gallery.coloring.oklab import (
    linear_from_srgb,
    oklab_from_linear,
    oklch_from_srgb8,
    srgb8_from_oklch,
)
from gallery.coloring.palettes import for_ground, from_hex, is_categorical, sample
from gallery.errors import RenderError
from gallery.settings.choices import FAMILY_PALETTES

ORDERED = ("aurora", "orchid", *FAMILY_PALETTES)
# G. M. Machado, M. M. Oliveira and L. A. F. Fernandes, "A physiologically-based model for
# simulation of color vision deficiency", IEEE TVCG 15 (6), 2009, table 1, severity 1.0.
BLIND = {
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
         [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
         [-0.011820, 0.042940, 0.968881]]
    ),
}  # fmt: skip
TRITANOPIA = np.array(
    [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
     [0.004733, 0.691367, 0.303900]]
)  # fmt: skip


def oklab_of(colors: np.ndarray) -> np.ndarray:
    return oklab_from_linear(linear_from_srgb(colors / 255))


@pytest.mark.parametrize("ground", ["dark", "light"])
@pytest.mark.parametrize("palette", PALETTES)
def test_every_palette_stands_out_from_its_ground(palette: str, ground: str) -> None:
    colors = sample(palette, np.linspace(0, 1, 64), ground)
    assert colors.dtype == np.uint8
    assert colors.shape == (64, 3)
    lightness = oklch_from_srgb8(colors)[:, 0]
    if ground == "dark":
        assert lightness.min() > 0.3
    elif palette != "glasbey":
        assert lightness.max() < 0.8


@pytest.mark.parametrize("palette", ORDERED)
def test_lightness_only_grows(palette: str) -> None:
    lightness = oklch_from_srgb8(sample(palette, np.linspace(0, 1, 100)))[:, 0]
    assert (np.diff(lightness) > -0.006).all()
    assert lightness[-1] - lightness[0] > 0.3


@pytest.mark.parametrize("palette", [*ORDERED, "spectrum"])
def test_steps_are_even(palette: str) -> None:
    lab = oklab_from_linear(linear_from_srgb(sample(palette, np.linspace(0, 1, 40)) / 255))
    steps = np.linalg.norm(np.diff(lab, axis=0), axis=1)
    assert steps.std() / steps.mean() < 0.2


@pytest.mark.parametrize("matrix", [*BLIND.values(), TRITANOPIA], ids=[*BLIND, "tritanopia"])
@pytest.mark.parametrize("palette", ORDERED)
def test_colour_blind_eyes_tell_seven_places_apart(palette: str, matrix: np.ndarray) -> None:
    linear = linear_from_srgb(sample(palette, np.linspace(0, 1, 7)) / 255)
    seen = oklab_from_linear(np.clip(linear @ matrix.T, 0, 1))
    apart = np.linalg.norm(seen[:, None] - seen[None], axis=2) + np.eye(7)
    assert apart.min() > 0.03


@pytest.mark.parametrize("ground", ["dark", "light"])
@pytest.mark.parametrize("palette", FAMILY_PALETTES)
def test_every_eye_sees_every_step_of_a_palette_of_families(palette: str, ground: str) -> None:
    linear = linear_from_srgb(sample(palette, np.linspace(0, 1, 12), ground) / 255)
    for matrix in (np.eye(3), *BLIND.values(), TRITANOPIA):
        seen = oklab_from_linear(np.clip(linear @ matrix.T, 0, 1))
        assert np.linalg.norm(np.diff(seen, axis=0), axis=1).min() > 0.015


@pytest.mark.parametrize("palette", FAMILY_PALETTES)
def test_a_palette_of_families_has_few_hues(palette: str) -> None:
    lch = oklch_from_srgb8(sample(palette, np.linspace(0, 1, 100)))
    turned = np.unwrap(np.radians(lch[:, 2]))
    assert np.ptp(turned) < np.radians(200)


def test_palettes_of_families_are_told_apart() -> None:
    curves = [oklab_of(sample(palette, np.linspace(0, 1, 33))) for palette in FAMILY_PALETTES]
    for one, other in itertools.combinations(curves, 2):
        assert np.linalg.norm(one - other, axis=1).mean() > 0.06


@pytest.mark.parametrize("ground", ["dark", "light"])
@pytest.mark.parametrize("matrix", [np.eye(3), *BLIND.values()], ids=["all", *BLIND])
@pytest.mark.parametrize("tones", [_PASSES, _KINDS], ids=["pass", "kind"])
def test_every_eye_tells_passes_and_kinds_apart(
    tones: tuple[tuple[float, float, float], ...], matrix: np.ndarray, ground: str
) -> None:
    linear = linear_from_srgb(srgb8_from_oklch(for_ground(np.array(tones), ground)) / 255)
    seen = oklab_from_linear(np.clip(linear @ matrix.T, 0, 1))
    apart = np.linalg.norm(seen[:, None] - seen[None], axis=2) + np.eye(len(tones))
    assert apart.min() > 0.09


def test_a_cyclic_palette_closes() -> None:
    ends = sample("spectrum", [0, 1]).astype(int)
    assert np.abs(ends[0] - ends[1]).max() <= 2


def test_categories_are_taken_in_turn() -> None:
    assert is_categorical("okabe-ito")
    colors = sample("okabe-ito", np.zeros(9))
    assert len(np.unique(colors[:7], axis=0)) == 7
    assert np.array_equal(colors[7], colors[0])


def test_what_is_wrong_is_named() -> None:
    with pytest.raises(RenderError, match="there is no palette 'rainbow'; choose one of aurora"):
        sample("rainbow", [0])
    with pytest.raises(RenderError, match="there is no ground 'grey'; choose dark or light"):
        sample("aurora", [0], "grey")
    for text in ("", "red", "#12345", "112233", "#gggggg"):
        with pytest.raises(RenderError, match="is not a colour"):
            from_hex(text)
    assert from_hex("#1af").tolist() == [0x11, 0xAA, 0xFF]
