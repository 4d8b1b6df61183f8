"""Where layer names stand on a poster is kept in the cache, and never stale."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gallery.cache import Cache
from gallery.pipeline.build import planned
from gallery.pipeline.options import BuildOptions
from gallery.pipeline.products.poster import POSTER
from gallery.pipeline.stages import Stages
from gallery.placement.types import Layout
from gallery.rendering.compose import poster_scan
from gallery.rendering.labels.labels import PlacedName
from gallery.settings.paper import Paper
from gallery.settings.values import GallerySettings
from tests.conftest import NET
from tests.onnx_text import write

_SMALL: dict[str, Any] = {
    "vertices": 30, "sizes": (64,), "colors": (), "skeletons": (), "training": False,
    "light": False, "names": False, "poster_size": "A4",
}  # fmt: skip


class Made:
    """Makes posters of one model, and notes how often names are placed."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.models = folder / "models"
        write(self.models, NET)
        self.placed = 0
        names_on = poster_scan.names_on

        def noted(layout: Layout, sheet: Paper, dpi: float) -> tuple[PlacedName, ...]:
            self.placed += 1
            return names_on(layout, sheet, dpi)

        monkeypatch.setattr(poster_scan, "names_on", noted)

    def poster(self, cache: Cache, scan: dict[str, Any], variants: dict[str, Any]) -> bytes:
        self.placed = 0
        settings = GallerySettings()
        settings = replace(
            settings,
            scan=replace(settings.scan, **{"vertices": 200, **scan}),
            variants=replace(settings.variants, **{**_SMALL, **variants}),
        )
        (plan,) = planned(self.models, settings, BuildOptions())
        entry = Stages(plan, cache, lambda _: None).entry(POSTER)
        return entry.files["poster.pdf"].path.read_bytes()


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    return Made(tmp_path, monkeypatch)


def test_another_palette_leaves_names_where_they_are(made: Made, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    before = made.poster(cache, {}, {})
    assert made.placed == 1
    found = made.poster(cache, {"palette": "fire"}, {})
    assert made.placed == 0
    assert found != before
    assert found == made.poster(Cache(tmp_path / "anew"), {"palette": "fire"}, {})


CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "vertices": ({"vertices": 300}, {}),
    "seed": ({"seed": 7}, {}),
    "paper": ({}, {"poster_size": "A3"}),
    "dpi": ({}, {"poster_dpi": 60}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_places_of_names_are_never_stale(made: Made, tmp_path: Path, change: str) -> None:
    cache = Cache(tmp_path / "cache")
    before = made.poster(cache, {}, {})
    found = made.poster(cache, *CHANGES[change])
    assert made.placed == 1
    assert found != before
    assert found == made.poster(Cache(tmp_path / "anew"), *CHANGES[change])


def test_names_that_are_not_wanted_are_not_placed(made: Made, tmp_path: Path) -> None:
    made.poster(Cache(tmp_path / "cache"), {}, {"poster_labels": False})
    assert made.placed == 0
