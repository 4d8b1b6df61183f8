"""The files of a scan: what is drawn once is not drawn again, and words are what `render` sets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import gallery.pipeline.products.scan
from gallery.coloring.oklab import linear_from_srgb, srgb_from_linear
from gallery.pipeline.plan import ScanPlan
from gallery.pipeline.products.scan import Easel, colored, draw_scan
from gallery.rendering.files.formats import read
from gallery.rendering.raster.downsample import reduced
from gallery.rendering.scan import render
from gallery.rendering.types import RenderSettings
from gallery.settings.values import ScanSettings
from tests.rendering.scans import layered, ring

PLAN = ScanPlan(
    key="hero", caption="", short="", scan=ScanSettings(), sizes=(160, 320), formats=("webp",)
)


@pytest.fixture
def easel() -> Easel:
    layout = ring(layered())
    return Easel(layout, colored(layout, PLAN.scan, "dark"))


def test_names_are_set_on_the_drawing_as_render_sets_them(easel: Easel) -> None:
    look = RenderSettings(labels=True)
    whole = render(easel.layout, easel.coloring, size=320, settings=look)
    found = easel.picture(320, 320, labels=True, legend=False)
    assert np.array_equal(found.pixels, whole.pixels)
    assert found.metadata == whole.metadata
    assert not np.array_equal(found.pixels, easel.bare(320, 320).pixels)


def test_a_legend_takes_its_room_from_the_drawing(easel: Easel) -> None:
    look = RenderSettings(legend=True)
    whole = render(easel.layout, easel.coloring, size=320, settings=look)
    assert np.array_equal(easel.picture(320, 320, labels=False, legend=True).pixels, whole.pixels)


@pytest.mark.parametrize("side", [240, 160, 107, 1])
def test_a_smaller_picture_holds_the_mean_light_of_what_it_covers(easel: Easel, side: int) -> None:
    whole = easel.bare(320, 320).pixels
    # Every pixel of the whole cut into side×side parts, every part counted.
    fine = np.repeat(linear_from_srgb(whole / 255.0), side, axis=0).reshape(side, 320, 320, 3)
    columns = np.repeat(fine.mean(axis=1), side, axis=1).reshape(side, side, 320, 3)
    wanted = srgb_from_linear(columns.mean(axis=2)) * 255
    found = easel.bare(side, 320).pixels
    assert np.abs(found - wanted).max() < 0.55


def test_every_level_comes_back_as_itself() -> None:
    levels = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    assert np.array_equal(reduced(levels, 16), levels)


def test_what_was_drawn_before_does_not_show(easel: Easel, tmp_path: Path) -> None:
    # The easel has 160, but the plan has not.
    other = replace(PLAN, sizes=(80, 240))

    def smallest(used: Easel, name: str) -> bytes:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        files = (folder / f"{number}.webp" for number in range(9))
        return draw_scan(used, other, lambda _: next(files)).files["80.webp"].read_bytes()

    fresh = smallest(Easel(easel.layout, easel.coloring), "fresh")
    easel.bare(160, 160)
    assert smallest(easel, "used") == fresh


def test_a_scan_and_its_names_are_drawn_once(
    easel: Easel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[object] = []

    def counting(*given: object, **how: object) -> object:
        drawn.append(how["size"])
        return render(*given, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(gallery.pipeline.products.scan, "render", counting)
    files = iter(range(99))

    def fresh(suffix: str) -> Path:
        return tmp_path / f"{next(files)}{suffix}"

    bare = draw_scan(easel, replace(PLAN, png=320), fresh)
    names = replace(PLAN, key="names", scan=ScanSettings(labels=True))
    named = draw_scan(easel, names, fresh)
    assert drawn == [320]
    assert [image[:1] + image[2:] for image in bare.value["images"]] == [
        ["320.webp", 320, 320],
        ["320.png", 320, 320],
        ["160.webp", 160, 160],
    ]
    assert np.array_equal(read(bare.files["320.png"]).pixels, easel.bare(320, 320).pixels)
    assert set(named.files) == {"320.webp", "160.webp"}
