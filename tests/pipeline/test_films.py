"""Films of a site: made on wish, and shown on the page of their model."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from gallery.errors import SettingsError
from gallery.pipeline.build import build
from gallery.publishing.check import check_site

pytestmark = pytest.mark.usefixtures("without_workers")


def test_films_are_shown_where_the_settings_want_them(models: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    (models / "first.onnx").unlink()
    (models / "first.md").unlink()
    toml = models / "gallery.toml"
    toml.write_text(toml.read_text() + 'film = true\nfilm_size = "240x200"\n')
    report = build(models, site)
    assert report.made()["film"] == 1
    page = (site / "deep-second" / "index.html").read_text("utf-8")
    assert page.count("<source src=") >= 2
    (model,) = json.loads((site / "manifest.json").read_text())["models"]
    assert [Path(one["href"]).suffix for one in model["film"]] == [".mp4", ".mp4"]
    assert all((site / one["href"]).stat().st_size == one["bytes"] for one in model["film"])
    poster = re.search(r' poster="([^"]+)"', page)
    assert poster is not None
    with av.open(str(site / model["film"][0]["href"])) as film:
        lights = [frame.to_ndarray(format="rgb24").mean() for frame in film.decode(video=0)]
    with Image.open(site / "deep-second" / poster[1]) as picture:
        assert np.asarray(picture.convert("RGB")).mean() == pytest.approx(max(lights), rel=0.1)
    assert min(lights) < 0.8 * max(lights)
    assert not check_site(site).problems
    assert build(models, site).made() == {}


def test_without_pyav_nothing_is_begun(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml = models / "gallery.toml"
    toml.write_text(toml.read_text() + "film = true\n")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(SettingsError, match=r"PyAV is not installed.*gallery-of-networks\[film\]"):
        build(models, tmp_path / "site")
    assert not (tmp_path / "site").exists()
