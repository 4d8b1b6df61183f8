"""Scans in several sizes are drawn once, with the words that `render` sets."""

from __future__ import annotations

import numpy as np
import pytest

from gallery.coloring import color
from gallery.coloring.oklab import linear_from_srgb, srgb_from_linear
from gallery.rendering import several_sizes
from gallery.rendering.raster.downsample import reduced
from gallery.rendering.scan import render
from gallery.rendering.several_sizes import SeveralSizes, several_colorings
from gallery.rendering.types import Picture, RenderSettings
from tests.rendering.scans import layered, ring

LAYOUT = ring(layered())
COLORING = color(LAYOUT.graph, "layer")


@pytest.fixture
def scan() -> SeveralSizes:
    return SeveralSizes(LAYOUT, COLORING)


def bare(scan: SeveralSizes, size: int, whole: int) -> Picture:
    return scan.picture(size, whole, labels=False, legend=False)


def test_names_are_set_on_the_drawing_as_render_sets_them(scan: SeveralSizes) -> None:
    whole = render(LAYOUT, COLORING, size=320, settings=RenderSettings(labels=True))
    found = scan.picture(320, 320, labels=True, legend=False)
    assert np.array_equal(found.pixels, whole.pixels)
    assert found.metadata == whole.metadata
    assert not np.array_equal(found.pixels, bare(scan, 320, 320).pixels)


def test_a_legend_takes_its_room_from_the_drawing(scan: SeveralSizes) -> None:
    whole = render(LAYOUT, COLORING, size=320, settings=RenderSettings(legend=True))
    assert np.array_equal(scan.picture(320, 320, labels=False, legend=True).pixels, whole.pixels)


@pytest.mark.parametrize("side", [240, 160, 107, 1])
def test_a_smaller_picture_holds_the_mean_light_of_what_it_covers(
    scan: SeveralSizes, side: int
) -> None:
    whole = bare(scan, 320, 320).pixels
    # Every pixel of the whole cut into side×side parts, every part counted.
    fine = np.repeat(linear_from_srgb(whole / 255.0), side, axis=0).reshape(side, 320, 320, 3)
    columns = np.repeat(fine.mean(axis=1), side, axis=1).reshape(side, side, 320, 3)
    wanted = srgb_from_linear(columns.mean(axis=2)) * 255
    found = bare(scan, side, 320).pixels
    assert np.abs(found - wanted).max() < 0.55


def test_every_level_comes_back_as_itself() -> None:
    levels = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    assert np.array_equal(reduced(levels, 16), levels)


def test_what_was_drawn_before_does_not_show(scan: SeveralSizes) -> None:
    fresh = bare(SeveralSizes(LAYOUT, COLORING), 80, 240)
    bare(scan, 160, 160)
    assert np.array_equal(bare(scan, 80, 240).pixels, fresh.pixels)


def test_sizes_and_names_are_drawn_once(
    scan: SeveralSizes, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[object] = []

    def counting(*given: object, **how: object) -> object:
        drawn.append(how["size"])
        return render(*given, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(several_sizes, "render", counting)
    for size in (320, 160):
        for labels in (False, True):
            assert scan.picture(size, 320, labels=labels, legend=False).width == size
    assert drawn == [320]


def test_several_colourings_are_drawn_as_each_alone() -> None:
    colorings = [COLORING, color(LAYOUT.graph, "operator", ground="light")]
    for one, coloring in zip(
        several_colorings(LAYOUT, colorings, 240, RenderSettings()), colorings, strict=True
    ):
        alone = bare(SeveralSizes(LAYOUT, coloring), 80, 240)
        found = bare(one, 80, 240)
        assert np.array_equal(found.pixels, alone.pixels)
        assert found.metadata == alone.metadata
