"""What is planned of a model, before anything is made."""

from __future__ import annotations

from pathlib import Path

from gallery.discovery.discover import ModelFile
from gallery.pipeline.plan import plan_of
from gallery.settings.values import GallerySettings, ScanSettings


def test_a_colour_that_the_palette_of_the_gallery_cannot_show_is_told_in_the_plan() -> None:
    settings = GallerySettings(scan=ScanSettings(palette="glasbey"))
    for color, failed in (("depth", True), ("kind", False)):
        text = f"---\ntitle: A\ncolor: {color}\n---\n"
        file = ModelFile(path=Path("a.onnx"), relative="a.onnx", slug="a", sidecar_text=text)
        plan = plan_of(file, settings, {})
        assert plan.front.title == "A"
        assert bool(plan.failure) == failed
        assert plan.failure is None or "palette glasbey has no order" in plan.failure.found
