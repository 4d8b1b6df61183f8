"""Whole builds by the real command: mixed models, caching, determinism, limits."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from gallery.pipeline import build as building
from gallery.pipeline import site as writing
from gallery.pipeline.build import BuildOptions, build
from gallery.pipeline.models import Gallery
from gallery.pipeline.next_site import NextSite
from gallery.pipeline.report import Report
from gallery.pipeline.variants import NOTHING_TO_TRAIN
from gallery.publishing.assets.directories import template_directories
from tests.conftest import NET, SETTINGS, WIDER, Run, make_models
from tests.onnx_text import write

pytestmark = pytest.mark.usefixtures("without_workers")


def tree(site: Path) -> dict[str, bytes]:
    """Content of every file of a site by its path."""
    return {
        path.relative_to(site).as_posix(): path.read_bytes()
        for path in site.rglob("*")
        if path.is_file()
    }


def quick(models: Path, site: Path, **options: object) -> Report:
    """Build in this process (the workers are processes of their own all the same)."""
    return build(models, site, options=BuildOptions(**options))  # type: ignore[arg-type]


def test_good_and_bad_models_together(run: Run, models: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    (models / "text.onnx").write_text("this is a text, no model")
    (models / "empty.onnx").write_bytes(b"")
    (models / "pointer.onnx").write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
    )
    (models / "folder.onnx").mkdir()
    os.mkfifo(models / "pipe.onnx")
    (models / "loop.onnx").symlink_to("loop.onnx")
    (models / "side.md").write_text("---\nyear: soon\n---\n")
    write(models, NET, "side.onnx")
    write(models, NET, "<b>&'\".onnx")
    junit, summary = tmp_path / "junit.xml", tmp_path / "summary.md"
    result = run("build", models, "-o", site, "--junit", junit, "--summary", summary)
    assert result.returncode == 1, result.stderr
    assert "Traceback" not in result.stderr
    errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 6
    assert any("git lfs pull" in line for line in errors)
    assert "note: side.onnx: side.md: year is 'soon', not a whole number" in result.stderr
    assert "4 built, 6 failed" in result.stdout
    manifest = json.loads((site / "manifest.json").read_bytes())
    failures = {one["path"]: (one["failure"] or {}).get("stage") for one in manifest["models"]}
    assert failures["first.onnx"] is None
    assert failures["pipe.onnx"] == "discover"
    assert failures["text.onnx"] == "load"
    index = (site / "index.html").read_text("utf-8")
    assert "git lfs pull" in index
    assert "<b>&" not in index
    assert junit.read_text().count("<failure") == 6
    assert "6 failed" in summary.read_text()


def test_strict_leaves_the_site_as_it_was(run_here: Run, models: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    assert run_here("build", models, "-o", site).returncode == 0
    before = tree(site)
    (models / "bad.onnx").write_text("no model")
    result = run_here("build", models, "-o", site, "--strict")
    assert result.returncode == 1
    assert "bad.onnx: load" in result.stderr
    assert tree(site) == before


def test_a_second_build_touches_nothing(models: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    first = quick(models, site)
    assert first.changed
    stages = ("color", "facts", "layout", "load", "lower", "scan", "social card")
    assert first.made() == dict.fromkeys(stages, 2)
    stamps = {path: path.stat().st_mtime_ns for path in site.rglob("*")}
    second = quick(models, site)
    assert second.made() == {}
    assert not second.changed
    assert {path: path.stat().st_mtime_ns for path in site.rglob("*")} == stamps


def test_what_changed_is_made_again(models: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    quick(models, site)
    (models / "first.md").write_text("---\ntitle: Another\n---\nOther prose.\n")
    report = quick(models, site)
    # The card shows the title.
    assert report.made() == {"color": 1, "social card": 1}
    assert report.changed
    assert "Other prose." in (site / "first" / "index.html").read_text("utf-8")
    toml = models / "gallery.toml"
    toml.write_text(toml.read_text().replace("[scan]", '[scan]\npalette = "fire"\ncolor = "depth"'))
    assert quick(models, site).made() == {"color": 2, "scan": 2, "social card": 2}
    write(models, WIDER, "first.onnx")
    stages = ("color", "facts", "layout", "load", "lower", "scan", "social card")
    assert quick(models, site).made() == dict.fromkeys(stages, 1)
    (models / "first.onnx").unlink()
    report = quick(models, site)
    assert report.made() == {}
    assert not (site / "first").exists()
    names = tree(site)
    assert any("second" in name for name in names)
    assert not [name for name in names if "first" in name]


def test_a_changed_template_renders_pages_only(models: Path, tmp_path: Path) -> None:
    site, mine = tmp_path / "site", tmp_path / "mine"
    quick(models, site)
    before = tree(site)
    mine.mkdir()
    (folder,) = template_directories()
    layout = (folder / "layout.html").read_text("utf-8")
    (mine / "layout.html").write_text(layout.replace("</body>", "<p>ours</p></body>"), "utf-8")
    toml = models / "gallery.toml"
    toml.write_text(f"templates = '{mine}'\n" + toml.read_text())
    report = quick(models, site)
    assert report.made() == {}
    assert report.changed
    after = tree(site)
    changed = {name for name in after if before.get(name) != after[name]}
    assert {"index.html", "first/index.html"} <= changed
    assert all(name.endswith(".html") for name in changed - {"SHA256SUMS"})


def test_what_no_template_shows_stays_when_one_changes(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The contact sheet of all models and their facts took two fifths of a build of a hundred."""
    site, mine = tmp_path / "site", tmp_path / "mine"
    (folder,) = template_directories()
    layout = (folder / "layout.html").read_text("utf-8")
    mine.mkdir()
    (mine / "layout.html").write_text(layout, "utf-8")
    toml = models / "gallery.toml"
    toml.write_text(f"templates = '{mine}'\n" + toml.read_text())
    quick(models, site)
    (mine / "layout.html").write_text(layout.replace("</body>", "<p>ours</p></body>"), "utf-8")
    made: list[str] = []
    for module, name in (("overview", "_sheet"), ("model_pages", "compare_script")):
        place = f"gallery.publishing.{module}.{name}"
        monkeypatch.setattr(place, lambda *_, told=name: made.append(told) or b"")
    quick(models, site)
    assert "<p>ours</p>" in (site / "first" / "index.html").read_text("utf-8")
    assert made == []


def test_templates_edited_while_a_site_is_begun_are_those_of_its_pages(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "mine"
    (mine / "strings").mkdir(parents=True)
    words = mine / "strings" / "en.toml"
    words.write_text('[nav]\ncolophon = "before"')
    toml = models / "gallery.toml"
    toml.write_text(f"templates = '{mine}'\n" + toml.read_text())
    begun = []

    def edited(gallery: Gallery, new: NextSite) -> None:
        writing.begin_site(gallery, new)
        begun.append(new.publisher)
        words.write_text('[nav]\ncolophon = "after"')

    monkeypatch.setattr(building, "begin_site", edited)
    quick(models, tmp_path / "site")
    assert all(begun)
    assert begun
    assert "<p>after</p>" in (tmp_path / "site" / "index.html").read_text("utf-8")


def test_without_a_cache_the_same_site(models: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    quick(models, site)
    before, stamp = tree(site), site.stat().st_mtime_ns
    shutil.rmtree(tmp_path / ".cache")
    report = quick(models, site)
    assert report.made()["scan"] == 2
    assert not report.changed
    assert (tree(site), site.stat().st_mtime_ns) == (before, stamp)


def test_a_damaged_site_is_mended(models: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    quick(models, site)
    before = tree(site)
    (site / "index.html").write_text("cut")
    (site / "assets" / "more.webp").write_text("someone else's")
    report = quick(models, site)
    assert report.changed
    assert report.edited == ("index.html",)
    after = tree(site)
    assert after.pop("assets/more.webp") == b"someone else's"
    assert after == before


BACKWARDS = """
import os
import sys

listdir, scandir = os.listdir, os.scandir

class Listing:
    def __init__(self, entries):
        self.entries = entries

    def __iter__(self):
        return self

    def __next__(self):
        if not self.entries:
            raise StopIteration
        return self.entries.pop()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        self.entries = []

def backwards(path="."):
    with scandir(path) as found:
        return Listing(sorted(found, key=lambda entry: entry.name))

os.listdir = lambda path=".": sorted(listdir(path), reverse=True)
os.scandir = backwards
print("folders are listed backwards", file=sys.stderr)
"""
"""A `sitecustomize`: all processes of a build then list folders backwards."""


@pytest.mark.slow
def test_hash_seeds_places_workers_and_file_order_do_not_matter(run: Run, tmp_path: Path) -> None:
    trees = []
    (tmp_path / "order").mkdir()
    (tmp_path / "order" / "sitecustomize.py").write_text(BACKWARDS)
    for seed, jobs, name in (("1", 1, "here"), ("2", 2, "far/away")):
        models, site = make_models(tmp_path / name / "models"), tmp_path / name / "site"
        toml = models / "gallery.toml"
        toml.write_text(toml.read_text().replace("diagram = false", "diagram = true"))
        environment = {"PYTHONHASHSEED": seed}
        if jobs == 2:
            environment["PYTHONPATH"] = str(tmp_path / "order")
        result = run("build", models, "-o", site, "--jobs", jobs, env=environment)
        assert result.returncode == 0, result.stderr
        assert ("listed backwards" in result.stderr) == (jobs == 2)
        trees.append(tree(site))
    assert trees[0].keys() == trees[1].keys()
    assert [name for name in trees[0] if trees[0][name] != trees[1][name]] == []


def test_a_model_over_its_time_gets_a_card(run: Run, models: Path, tmp_path: Path) -> None:
    result = run("build", models, "-o", tmp_path / "site", "--seconds", "0.01")
    assert result.returncode == 1
    assert "first.onnx: start: took more than 0.01 s; raise limits.seconds" in result.stderr
    assert "quarter of the vertices" not in result.stderr
    assert "more than 0.01 s" in (tmp_path / "site" / "index.html").read_text("utf-8")


def test_a_model_over_its_memory_gets_a_card(run: Run, models: Path, tmp_path: Path) -> None:
    result = run("build", models, "-o", tmp_path / "site", "--memory", "20 MiB")
    assert result.returncode == 1
    assert "more than 20 MiB of memory" in result.stderr


COUNTS = "net (float[4,8] x) => (bool[4,8] y) { y = Greater(x, x) }"


@pytest.mark.parametrize("passes", ["forward", "training"])
def test_no_page_promises_a_training_step_of_a_model_with_nothing_to_train(
    run_here: Run, tmp_path: Path, passes: str
) -> None:
    models, site = tmp_path / "models", tmp_path / "site"
    write(models, COUNTS, "counts.onnx")
    write(models, NET, "trained.onnx")
    for name in ("counts", "trained"):
        (models / f"{name}.md").write_text(f"---\npasses: {passes}\n---\n")
    toml = SETTINGS.replace("training = false", "training = true").replace("names = false", "")
    (models / "gallery.toml").write_text(toml)
    told = run_here("build", models, "-o", site)
    assert told.returncode == 0, told.stderr
    notes = [line for line in told.stderr.splitlines() if NOTHING_TO_TRAIN in line]
    assert notes == [f"note: counts.onnx: {NOTHING_TO_TRAIN}"]
    page = (site / "counts" / "index.html").read_text("utf-8")
    assert "orward and backward" not in page
    assert "backward passes" in (site / "trained" / "index.html").read_text("utf-8")
    for one in json.loads((site / "manifest.json").read_bytes())["models"]:
        shown = {scan["passes"] for scan in one["scans"]}
        assert shown == ({"forward"} if one["slug"] == "counts" else {passes, "training"})
    assert run_here("check", site).returncode == 0
