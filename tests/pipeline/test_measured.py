"""Measurements in a build: from files, and by a run that an unchanged build does not repeat."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gallery.loading.load import load
from gallery.pipeline.build import BuildOptions, build, merge
from gallery.settings.gallery_toml import read_settings
from tests.onnx_text import write

pytestmark = pytest.mark.usefixtures("without_workers")

ONE = BuildOptions(jobs=1)


def facts(site: Path, slug: str) -> dict[str, object]:
    """What a site tells of a model."""
    found: dict[str, object] = json.loads((site / slug / "facts.json").read_bytes())
    return found


def table(model: Path, column: str, first: float) -> str:
    """CSV with a number for each operator, and one for none."""
    names = [one.name for one in load(model).operators]
    rows = [f"{name},{first + n}" for n, name in enumerate(names)]
    return "\n".join([f"name,{column}", *rows, "nothing,5"]) + "\n"


def measured(models: Path, **options: bool) -> Path:
    """Settings with scans by all that is measured."""
    toml = models / "gallery.toml"
    text = (
        toml.read_text()
        .replace("colors = []", 'colors = ["measured"]')
        .replace("run = false", "run = true")
    )
    wanted = "\n".join(f"{name} = {str(value).lower()}" for name, value in options.items())
    toml.write_text(f"{text}\n[profile]\n{wanted}\n")
    assert read_settings(toml).variants.colors == ("measured",)
    return toml


def test_files_beside_a_model_are_shown_and_make_only_colours_again(
    models: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    settings = read_settings(measured(models))
    (models / "first.profile.csv").write_text(table(models / "first.onnx", "ms", 1))
    (models / "first.metrics.csv").write_text(table(models / "first.onnx", "SQNR (dB)", -2))
    (models / "first.t4.profile.json").write_text("[1]")
    report = build(models, site, settings=settings, options=ONE)
    assert report.return_code == 0
    (one,) = (row for row in report.models if row.slug == "first")
    notes = " ".join(one.notes)
    assert "'nothing'" in notes
    assert "first.t4.profile.json: it holds no times of nodes" in notes
    told = facts(site, "first")
    assert [row["attribute"] for row in told["measured"]] == ["measured", "metric:sqnr-db"]  # type: ignore[attr-defined]
    time, other = told["measured"]  # type: ignore[misc]
    forward = told["run"]["passes"]["forward"]  # type: ignore[index]
    for kind in ("types", "layers", "operators"):
        assert sum(row["modelled"] for row in time[kind]) == pytest.approx(forward, rel=1e-4)
    assert {row["modelled"] for row in other["operators"]} == {None}
    scans = {row["attribute"] for row in told["scans"]}  # type: ignore[attr-defined]
    assert {"measured", "metric:sqnr-db", "measured:t4"} <= scans
    page = (site / "first" / "index.html").read_text("utf-8")
    assert "From first.profile.csv" in page
    assert f"as modelled on a {time['processor']}" in page
    assert page.count('class="bars beside"') == 2
    assert "SQNR (dB)" in page
    assert facts(site, "deep-second")["measured"] == []
    assert "measured-title" not in (site / "deep-second" / "index.html").read_text("utf-8")

    assert build(models, site, settings=settings, options=ONE).made() == {}
    (models / "first.profile.csv").write_text(table(models / "first.onnx", "ms", 3))
    made = build(models, site, settings=settings, options=ONE).made()
    assert made.keys() & {"lower", "layout", "profile"} == set()
    assert {"measured", "scan"} <= made.keys()

    build(models, tmp_path / "part", settings=settings, options=BuildOptions(jobs=1, shard=(1, 1)))
    merge([tmp_path / "part"], tmp_path / "merged")
    assert facts(tmp_path / "merged", "first") == facts(site, "first")


def test_a_build_measures_once_and_a_refused_model_has_its_page(
    models: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    settings = read_settings(measured(models, enabled=True))
    (models / "deep" / "second.onnx").unlink()
    write(models, "g (float[4] x) => (float[4] y) { y = Relu (x) }", "good.onnx")
    (models / "first.onnx").unlink()
    text = '<ir_version: 8, opset_import: ["" : 17, "odd" : 1]>'
    write(models, f"{text} g (float[4] x) => (float[4] y) {{ y = odd.Thing (x) }}", "refused.onnx")
    report = build(models, site, settings=settings, options=ONE)
    assert report.return_code == 0
    assert report.made()["profile"] == 2
    (one,) = facts(site, "good")["measured"]  # type: ignore[misc]
    assert one["total"] > 0
    assert facts(site, "refused")["measured"] == []
    page = (site / "refused" / "index.html").read_text("utf-8")
    assert "not measured here: ONNX Runtime refused it" in page
    before = (site / "SHA256SUMS").read_bytes()
    assert build(models, site, settings=settings, options=ONE).made() == {}
    assert (site / "SHA256SUMS").read_bytes() == before
