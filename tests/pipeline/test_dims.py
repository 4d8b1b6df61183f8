"""Sizes of symbolic dimensions in a whole build: by the gallery, by a sidecar, or assumed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gallery.pipeline.build import build
from gallery.settings.gallery_toml import FILE_NAME
from tests.onnx_text import write

pytestmark = pytest.mark.usefixtures("without_workers")

NET = "net (float[batch,3,height,width] x) => (y) { y = Relu(x) }"
OFF = (*("names", "training", "light", "diagram", "multiples", "poster", "viewer"),)
SMALL = """
[scan]
vertices = 30
[variants]
sizes = [320]
size = [160]
formats = ["webp"]
skeletons = []
colors = []
""" + "".join(f"{name} = false\n" for name in OFF)


def test_notes_name_what_is_assumed_and_what_no_model_has(tmp_path: Path) -> None:
    models = tmp_path / "models"
    write(models, NET, "one.onnx")
    write(models, NET, "two.onnx")
    (models / "two.md").write_text("---\ndims: {height: 16, 'x[3]': 8, hight: 4}\n---\nText.\n")
    dims = '[dims]\nbatch = 2\n"x[2]" = 32\nwidht = 5\n'
    (models / FILE_NAME).write_text(dims + SMALL)
    report = build(models, tmp_path / "site")
    told = {model.path: model.notes for model in report.models}
    assert report.failed == ()
    assert told["one.onnx"] == (
        "assumed sizes: width 224; --dim width=SIZE or dims in the front matter set others",
    )
    assert told["two.onnx"][0].startswith("no input has the dimension 'hight'; the dimensions ")
    assert report.notes == (
        "no model has the dimension 'widht'; there are: batch, width, x[2], x[3]",
    )
    manifest = json.loads((tmp_path / "site" / "manifest.json").read_bytes())
    facts = [model["facts"] for model in manifest["models"]]
    assert [one["inputs"][0]["shape"] for one in facts] == [[2, 3, 32, 224], [2, 3, 32, 8]]
    assert [one["assumed"] for one in facts] == [["width"], []]
    page = (tmp_path / "site" / manifest["models"][0]["page"]).read_text("utf-8")
    assert "width = 224 (assumed)" in page
    assert "batch = 2, " in page
