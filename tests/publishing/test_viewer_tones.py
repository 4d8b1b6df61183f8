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
GROUND = (VIEWER / "ground.js").read_text("utf-8")
JUDGE = (VIEWER / "judge.js").read_text("utf-8")
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
    for names, values in re.findall(r"\[([A-Z0-9_, ]+)\] = \[(.*?)\]", text, re.S):
        found |= dict(zip(names.split(", "), floats(values), strict=True))
    return found


@pytest.mark.parametrize(
    ("text", "module", "names"),
    [
        (SHADERS, tone, "FLOOR BODY _TINT _CORE _RED _YELLOW _GREEN _TURN"),
        (SHADERS, tone, "_FIRST_INK _DEPTH _BLACKEST"),
        (FIT, fit, "_LOW _HIGH _RANKED _STEEPEST _DENSE _QUIET _ARCHED _BENT"),
        (FIT, fit, "_FEW _DARK _LESS _MORE _GROWN _STEPS"),
        (GROUND, tone, "FLOOR _TINT _CORE _RED _YELLOW _GREEN _TURN"),
        (GROUND, tone, "_FIRST_INK _DEPTH _BLACKEST"),
        (JUDGE, tone, "BODY"),
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
        "ink",
        "fit",
        "search",
        "tones",
        "tones on paper",
        "body",
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
    found = constants(GROUND)
    for name in ("GREY_8", "GREY_15", "GREY_100", "GREY_155", "GREY_240"):
        assert found[name] == pytest.approx(getattr(fit, f"_{name}"), rel=1e-3)
    assert found["INK_8"] == pytest.approx(fit._LIT_INK, rel=1e-4)


def test_grounds_are_those_of_the_pictures() -> None:
    dark, light = GROUND.split("    light: {")
    lightness, *_ = oklab.oklab_from_linear(np.array(tone.PAPER))
    (white,) = re.findall(rf"WHITE = ({NUMBER})", dark)
    (paper,) = re.findall(r"PAPER = \[(.*?)\]", dark)
    assert floats(paper) == list(tone.PAPER)
    assert float(white) == pytest.approx(lightness, abs=1e-6)
    for name, text, bright in (("dark", dark, fit._BRIGHT), ("light", light, tone.BODY)):
        (lift,) = re.findall(r"lift: \[(.*?)\]", text)
        assert floats(lift) == list(gaps.LIFTS[name])
        assert re.findall(rf"bright: ({NUMBER})", text) == [str(bright)]
    (ink, most) = re.findall(rf"Math.min\(({NUMBER}) \* place, ({NUMBER})\)", light)[0]
    assert float(ink) == fit._INK
    assert float(most) == 0.98


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
