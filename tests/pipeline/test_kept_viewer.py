"""What of a viewer's data is kept in the cache: as much as a change leaves, and never more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gallery import coloring
from gallery.cache import Cache
from gallery.coloring.types import Coloring
from gallery.pipeline.build import planned
from gallery.pipeline.options import BuildOptions
from gallery.pipeline.products.viewer import VIEWER
from gallery.pipeline.stages import Stages
from gallery.rendering.viewer import graph_data, storage
from gallery.rendering.viewer.graph_data import GraphData
from gallery.settings.values import GallerySettings
from tests.conftest import NET
from tests.onnx_text import write


class Made:
    """Notes what is made for the viewers of one model with different settings."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.models = folder / "models"
        write(self.models, NET)
        self.steps: list[str] = []
        color, whole = coloring.color, graph_data.graph_data

        def noted_color(graph: Any, attribute: str, **given: Any) -> Coloring:
            self.steps.append(f"{attribute} {given['ground']}")
            return color(graph, attribute, **given)

        def noted_data(*given: Any, **named: Any) -> GraphData:
            self.steps.append("graph")
            return whole(*given, **named)

        monkeypatch.setattr(coloring, "color", noted_color)
        monkeypatch.setattr(graph_data, "graph_data", noted_data)

    def viewer(self, cache: Cache, scan: dict[str, Any], variants: dict[str, Any]) -> bytes:
        """The data of the viewer; `steps` has what was made for them."""
        self.steps.clear()
        settings = GallerySettings()
        settings = replace(
            settings,
            scan=replace(settings.scan, **{"vertices": 300, **scan}),
            variants=replace(settings.variants, **variants),
        )
        (plan,) = planned(self.models, settings, BuildOptions())

        def note(step: Any) -> None:
            if step.seconds is None:
                self.steps.append(step.stage)

        return Stages(plan, cache, note).entry(VIEWER).files["data"].path.read_bytes()


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    return Made(tmp_path, monkeypatch)


def test_another_palette_makes_the_colours_that_it_changes(made: Made, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    made.viewer(cache, {}, {})
    assert made.steps.count("graph") == 1
    assert "load" in made.steps
    assert "depth light" in made.steps
    found = made.viewer(cache, {"palette": "fire"}, {})
    assert made.steps == ["viewer", "layer dark", "layer light"]
    assert found == made.viewer(Cache(tmp_path / "anew"), {"palette": "fire"}, {})


def test_what_is_kept_has_no_palette_of_the_first_build(made: Made, tmp_path: Path) -> None:

    cache = Cache(tmp_path / "cache")
    made.viewer(cache, {"palette": "fire"}, {})
    found = made.viewer(cache, {}, {})
    assert made.steps == ["viewer"]
    assert found == made.viewer(Cache(tmp_path / "anew"), {}, {})


CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "vertices": ({"vertices": 500}, {}),
    "passes": ({"passes": "training"}, {}),
    "target": ({"target": "h100"}, {}),
    "seed": ({"seed": 7}, {}),
    "skeleton": ({"skeleton": "dot"}, {}),
    "exposure": ({"exposure": "even"}, {}),
    "viewer_vertices": ({}, {"viewer_vertices": 100}),
    "run": ({}, {"run": False}),
}
"""By what depends on it, settings that change more of the viewer than its colours."""


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_kept_is_never_stale(made: Made, tmp_path: Path, change: str) -> None:
    cache = Cache(tmp_path / "cache")
    before = made.viewer(cache, {}, {})
    found = made.viewer(cache, *CHANGES[change])
    assert "graph" in made.steps
    assert found != before
    assert found == made.viewer(Cache(tmp_path / "anew"), *CHANGES[change])


def test_another_file_or_version_is_another_viewer(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(tmp_path / "cache")
    before = made.viewer(cache, {}, {})
    write(made.models, NET.replace("Relu", "Sigmoid"))
    assert made.viewer(cache, {}, {}) != before
    assert "graph" in made.steps
    monkeypatch.setattr("gallery.pipeline.plan.fingerprint", lambda *modules: "another")
    made.viewer(cache, {}, {})
    assert "graph" in made.steps


def test_damaged_parts_are_made_again(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(tmp_path / "cache")
    made.viewer(cache, {}, {})
    parts_of = storage.parts_of
    monkeypatch.setattr(
        storage, "parts_of", lambda value: parts_of({**value, "graph": ["AAAA", 1, 1]})
    )
    found = made.viewer(cache, {"palette": "fire"}, {})
    assert "graph" in made.steps
    assert found == made.viewer(Cache(tmp_path / "anew"), {"palette": "fire"}, {})
