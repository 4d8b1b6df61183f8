"""The viewer's scripts repeat numbers of `gallery.rendering`: they must be the same ones."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from gallery.coloring import oklab
from gallery.rendering import growth
from gallery.rendering.raster import bloom, curves, exposure, fit, gaps, scenes, strands, tone

VIEWER = Path(__file__).parents[2] / "templates" / "viewer"
SHADERS = (VIEWER / "shaders.js").read_text("utf-8")
TONES = (VIEWER / "tone.js").read_text("utf-8")
FIT = (VIEWER / "fit.js").read_text("utf-8")
COMPOSE = (VIEWER / "compose.js").read_text("utf-8")
RENDERER = (VIEWER / "renderer.js").read_text("utf-8")
GAPS = (VIEWER / "gaps.js").read_text("utf-8")
LISTS = (VIEWER / "lists.js").read_text("utf-8")
NUMBER = r"-?\d+(?:\.\d+)?"


def floats(text: str) -> list[float]:
    return [float(found) for found in re.findall(NUMBER, text)]


def constants(text: str) -> dict[str, float]:
    """Numbers by their names, of `NAME = 1.0, OTHER = 2.0` and of `[NAME, OTHER] = [1, 2]`."""
    found = {name: float(value) for name, value in re.findall(rf"(\w+) = ({NUMBER})\b", text)}
    for names, values in re.findall(r"\[([A-Z, ]+)\] = \[(.*?)\]", text):
        found |= dict(zip(names.split(", "), floats(values), strict=True))
    return found


@pytest.mark.parametrize(
    ("text", "module", "names"),
    [
        (SHADERS, tone, "FLOOR BODY _TINT _CORE _RED _YELLOW _GREEN _TURN"),
        (FIT, fit, "_LOW _HIGH _RANKED _STEEPEST _DENSE _QUIET _BRIGHT _ARCHED _BENT"),
        (FIT, fit, "_FEW _DARK _LESS _MORE _GROWN _STEPS"),
        (FIT, tone, "FLOOR BODY _TINT _CORE _RED _YELLOW _GREEN _TURN"),
        (GAPS, gaps, "_LEAST _MOST _SMOOTH _SPARSE"),
        (GAPS, scenes, "_VEIL _STEPS"),
        (GAPS, growth, "ENOUGH"),
        (LISTS, exposure, "_HUB _SPARK"),
        (LISTS, strands, "_SHORTEST"),
        (COMPOSE, strands, "_LIGHT _RIM _DIM _VEIL"),
        (SHADERS, curves, "_BLEND _SHIFT"),
    ],
    ids=[
        "shaders",
        "fit",
        "search",
        "tones",
        "gaps",
        "updates",
        "enough",
        "hubs",
        "strands",
        "rims",
        "fibres",
    ],
)
def test_light_is_that_of_the_pictures(text: str, module: ModuleType, names: str) -> None:
    found = constants(text)
    for name in names.split():
        assert found[name.strip("_")] == getattr(module, name), name


def test_as_many_strands_and_fibres_are_drawn() -> None:
    assert constants(LISTS)["STRANDS"] == strands._MOST
    assert constants(RENDERER)["FIBRES"] == curves._MOST
    assert constants(COMPOSE)["BEHIND"] == curves._VEIL


def test_levels_of_grey_are_those_of_the_fit() -> None:
    found = constants(FIT)
    for name, level in (("LIT", fit._GREY_8), ("GREY", fit._GREY_100), ("WHITE", fit._GREY_240)):
        assert found[name] == pytest.approx(level, rel=1e-3)


def test_gaps_are_lifted_as_on_the_dark_ground() -> None:
    found = constants(GAPS)
    assert gaps.LIFTS["dark"] == (found["LIFT"], found["FAINT"], found["BRIGHT"])


@pytest.mark.parametrize(
    ("name", "matrix"),
    [
        ("TO_LMS", oklab.LMS_FROM_LINEAR),
        ("TO_LAB", oklab.LAB_FROM_ROOTS),
        ("FROM_LAB", oklab.ROOTS_FROM_LAB),
        ("FROM_LMS", oklab.LINEAR_FROM_LMS),
    ],
)
def test_matrices_are_those_of_the_colours(name: str, matrix: oklab.Floats) -> None:
    (columns,) = re.findall(rf"mat3 {name} = mat3\((.*?)\);", SHADERS, re.S)
    np.testing.assert_allclose(np.reshape(floats(columns), (3, 3)).T, matrix, atol=1e-6)


def test_glow_is_as_wide_and_as_strong() -> None:
    (spread,) = re.findall(r"WIDTHS = \{(.*?)\}", TONES)
    # The narrowest is what shrinking to a quarter blurs.
    assert floats(spread) == [width for width, _ in bloom._WIDTHS[1:]]
    strengths = re.findall(rf"({NUMBER})\s*\*\s*texture\((?:near|wide|widest), at\)", SHADERS)
    assert [float(one) for one in strengths] == [strength for _, strength in bloom._WIDTHS]
    (known,) = re.findall(r"GLOWS = \[(.*?)\]", TONES)
    assert floats(known) == [strength for _, strength in bloom._WIDTHS]
