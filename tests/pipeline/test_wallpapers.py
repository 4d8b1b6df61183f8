"""Wallpapers of a site: made on wish, offered as downloads."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from gallery.pipeline.build import build
from gallery.publishing.check import check_site

pytestmark = pytest.mark.usefixtures("without_workers")


def test_wallpapers_are_downloads_of_the_page(models: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    toml = models / "gallery.toml"
    toml.write_text(toml.read_text() + 'wallpapers = ["640x360", "300x500"]\n')
    report = build(models, site)
    assert report.made()["wallpaper"] == 4
    page = (site / "first" / "index.html").read_text("utf-8")
    for name, size in (("640x360", (640, 360)), ("300x500", (300, 500))):
        assert f"Wallpaper {name}" in page
        (file,) = site.rglob(f"first-wallpaper-{name}*.jpeg")
        assert file.name in page
        with Image.open(file) as image:
            assert image.size == size
    assert not check_site(site).problems
    assert build(models, site).made() == {}
