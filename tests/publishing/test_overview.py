"""The gallery's own pictures: an icon of its first scan, and one sheet of all."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from gallery.publishing import Exhibit, SiteSettings, publish
from gallery.publishing.overview import icon
from tests.publishing.sample_exhibits import make_exhibit, make_gallery, make_pictures

SETTINGS = SiteSettings(title="Nets & more", description="", base_url="", language="en")


def test_an_icon_shows_what_is_drawn_and_nothing_around_it() -> None:
    pixels = np.zeros((300, 400, 3), np.uint8)
    pixels[200:240, 50:90] = (255, 80, 10)
    image = Image.open(io.BytesIO(icon(pixels)))
    assert image.size == (96, 96)
    assert image.mode == "RGBA"
    shown = np.array(image)
    assert shown[48, 48].tolist() == [255, 80, 10, 255]
    assert (shown[:, :, 0] > 200).mean() > 0.7
    assert shown[0, 0, 3] == 0
    assert icon(pixels) == icon(pixels)


def test_an_icon_of_an_empty_scan_is_its_ground() -> None:
    image = np.array(Image.open(io.BytesIO(icon(np.full((8, 8, 3), 7, np.uint8)))))
    assert (image[48, 48] == [7, 7, 7, 255]).all()


def test_a_site_bears_the_icon_and_the_sheet(tmp_path: Path) -> None:
    publish(make_gallery(tmp_path), tmp_path / "site", settings=SETTINGS)
    (mark,) = (tmp_path / "site/assets").glob("icon.*.png")
    (sheet,) = (tmp_path / "site/assets").glob("gallery.*.webp")
    index = (tmp_path / "site/index.html").read_text("utf-8")
    assert f'href="assets/{mark.name}" type="image/png"' in index
    assert f'href="assets/{sheet.name}"' in index
    model = (tmp_path / "site/alpha/index.html").read_text("utf-8")
    assert f'href="../assets/{mark.name}"' in model
    with Image.open(sheet) as image:
        assert image.width > 1500


def test_one_model_has_no_sheet_and_none_has_the_house_icon(tmp_path: Path) -> None:
    one = make_exhibit("one", make_pictures(tmp_path))
    publish([one], tmp_path / "single", settings=SETTINGS)
    assert not list((tmp_path / "single/assets").glob("gallery.*"))
    bare: list[Exhibit] = []
    publish(bare, tmp_path / "none", settings=SETTINGS)
    assert list((tmp_path / "none/assets").glob("icon.*.svg"))
    assert 'type="image/svg+xml"' in (tmp_path / "none/index.html").read_text("utf-8")
