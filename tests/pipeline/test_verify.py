"""A site is made again from its models: what is the same, and what is not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from gallery.cache import Cache
from gallery.cli.main import main
from gallery.errors import SettingsError
from gallery.files import SUMS, encode_sums, file_digest, listing, read_sums
from gallery.pipeline.build import build, planned
from gallery.pipeline.options import BuildOptions
from gallery.pipeline.verify import Sample, Verification, _verdicts, verify
from gallery.rendering.provenance import software
from gallery.settings.gallery_toml import read_settings
from tests.conftest import NET, SETTINGS, make_models
from tests.onnx_text import write

pytestmark = pytest.mark.usefixtures("without_workers")

VARIANTS = SETTINGS.replace("viewer = false", "viewer = true").replace(
    "diagram = false", "diagram = true"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, without_workers: None) -> Path:
    """A folder with three models and their site."""
    folder = tmp_path_factory.mktemp("verify")
    models = make_models(folder / "models")
    write(models, NET.replace("net (", "third ("), "first-b.onnx")
    (models / "gallery.toml").write_text(VARIANTS)
    (models / "static").mkdir()
    (models / "static" / "CNAME").write_text("nets.example.org\n")
    assert build(models, folder / "site").return_code == 0
    return folder


@pytest.fixture
def remembering(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Models need not be made again: for tests of how files are compared."""
    there = Cache(built / ".cache" / "gallery")
    monkeypatch.setattr("gallery.pipeline.verify.Cache", lambda _: there)


@pytest.fixture
def place(built: Path, tmp_path: Path, remembering: None) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copytree(built, tmp_path / "copy", ignore=shutil.ignore_patterns(".cache")))


def verified(place: Path, percent: float = 100.0, seed: int = 0) -> Verification:
    models = place / "models"
    settings = read_settings(models / "gallery.toml")
    sample = Sample(percent=percent, seed=seed)
    return verify(place / "site", models, settings=settings, sample=sample)


def wrong(result: Verification) -> Mapping[str, str]:
    return {name: verdict for name, verdict in result.files.items() if verdict != "same"}


def asset(place: Path, pattern: str) -> Path:
    (found,) = (place / "site" / "assets").glob(pattern)
    return found


def flip(path: Path, where: int = 200) -> None:
    content = bytearray(path.read_bytes())
    content[where] ^= 1
    path.write_bytes(content)


def test_all_files_of_a_site_are_made_again(built: Path) -> None:
    (built / "site" / "notes.md").write_text("mine")
    result = verified(built)
    assert wrong(result) == {}
    assert result.files.keys() == {*read_sums(built / "site"), SUMS}
    assert (result.same, result.others, result.skipped, result.warnings) == (True, 0, 0, ())
    (built / "site" / "notes.md").unlink()
    assert "assets/first-hero-64" in " ".join(result.files)


@pytest.mark.usefixtures("remembering")
@pytest.mark.parametrize("seed", range(2))
def test_a_sample_compares_what_shows_its_models_alone(built: Path, seed: int) -> None:
    result = verified(built, percent=5.0, seed=seed)
    assert wrong(result) == {}
    assert len(result.models) == 1
    assert result.others == 2
    (slug,) = (one.slug for one in result.models)
    assert f"{slug}/facts.json" in result.files
    shown = {name.split(".")[0] for name in result.files}
    parts = ("hero-64", "viewer", "operators", "operator-graph", "vertex-graph", "card-1200")
    assert shown >= {f"assets/{slug}-{part}" for part in parts}
    assert shown >= {"CNAME", "assets/site", "assets/viewer", "robots"}
    assert not shown & {"index", "results", "feed", "assets/collection", "assets/icon"}
    assert "manifest.json" not in result.files
    others = {"first", "first-b", "deep-second"} - {slug}
    assert not any(f"{other}/facts.json" in result.files for other in others)
    assert len(result.files) + result.skipped == len(read_sums(built / "site"))


def test_the_sample_depends_on_the_models_and_the_seed_alone(built: Path) -> None:
    models = built / "models"
    plans = planned(models, read_settings(models / "gallery.toml"), BuildOptions())

    def chosen(percent: float, seed: int = 0) -> list[str]:
        return [one.file.slug for one in Sample(percent=percent, seed=seed).of(plans)]

    assert len(chosen(0.1)) == 1
    assert len(chosen(34)) == 2
    assert chosen(100) == ["deep-second", "first-b", "first"] == chosen(67.1)
    assert set(chosen(1)) < set(chosen(40))
    reversed_plans = [one.file.slug for one in Sample(percent=1).of(plans[::-1])]
    assert reversed_plans == chosen(1)
    assert {chosen(1, seed)[0] for seed in range(40)} == set(chosen(100))


def test_a_flipped_byte_is_found(place: Path) -> None:
    picture = asset(place, "first-hero-64.*.webp")
    flip(picture)
    name = f"assets/{picture.name}"
    assert wrong(verified(place)) == {name: "different"}


def test_a_change_that_the_sums_follow_is_found(place: Path) -> None:
    """Who changes a file can change the list as well."""
    site = place / "site"
    flip(site / "first" / "facts.json")
    script = asset(place, "viewer.*.js")
    script.write_bytes(script.read_bytes() + b"alert(1);")
    page = site / "how-to-read" / "index.html"
    page.write_text(page.read_text() + "<p>More.</p>")
    sums = {name: file_digest(site / name) for name in listing(site) if name != SUMS}
    (site / SUMS).write_bytes(encode_sums(sums))
    found = {"first/facts.json", f"assets/{script.name}", "how-to-read/index.html", SUMS}
    assert wrong(verified(place)) == dict.fromkeys(found, "different")
    assert f"assets/{script.name}" in wrong(verified(place, percent=1))


def test_missing_and_foreign_files_are_named(place: Path) -> None:
    site = place / "site"
    lost = asset(place, "first-card-1200.*.jpeg")
    lost.unlink()
    (site / "robots.txt").unlink()
    (site / "robots.txt").symlink_to(site / "index.html")
    new = site / "assets" / "first-extra.01234567.png"
    new.write_bytes(b"x")
    sums = read_sums(site) | {f"assets/{new.name}": "0" * 64, "../outside": "0" * 64}
    (site / SUMS).write_bytes(encode_sums(sums))
    (place / "outside").write_text("not to be read")
    assert wrong(verified(place)) == {
        f"assets/{lost.name}": "missing",
        "robots.txt": "missing",
        "../outside": "missing",
        f"assets/{new.name}": "not made from here",
        SUMS: "different",
    }


def test_a_model_that_has_changed_since_is_told(place: Path) -> None:
    write(place / "models", NET.replace("Relu", "Tanh"), "first.onnx")
    result = verified(place)
    assert any(text.startswith("first.onnx is sha256:") for text in result.warnings)
    found = wrong(result)
    assert found[f"assets/{asset(place, 'first-hero-64.*.webp').name}"] == "different"
    assert found["first/facts.json"] == "different"
    assert not any(name.startswith(("first-b/facts", "deep-second/facts")) for name in found)
    assert "missing" not in found.values()


def test_another_version_is_told(place: Path) -> None:
    path = place / "site" / "manifest.json"
    manifest = json.loads(path.read_bytes())
    manifest["provenance"]["software"] = "gallery-of-networks 0.0.1"
    path.write_text(json.dumps(manifest))
    result = verified(place, percent=1)
    told = f"the site was made by gallery-of-networks 0.0.1, not by {software()}"
    assert result.warnings == (told,)
    path.write_text('{"models": {"a": [1]}, "provenance": 7}')
    assert verified(place, percent=1).warnings == (told.replace(
        "gallery-of-networks 0.0.1", "another version"
    ),)  # fmt: skip


def test_what_is_not_a_site_is_refused(place: Path) -> None:
    (place / "site" / SUMS).unlink()
    with pytest.raises(SettingsError, match="is not a site: it does not list its files"):
        verified(place)
    (place / "site" / "manifest.json").write_text("[" * 100_000)
    with pytest.raises(SettingsError, match="is not a site"):
        verified(place)


def test_files_are_paired_by_what_they_show() -> None:
    made = {"assets/a.00000001.png": "1", "assets/b.00000002.png": "2", "page": "3", "d": "4"}
    there = {"assets/a.00000009.png": "9", "assets/c.00000003.png": "3", "page": "3"}
    assert _verdicts(made, there, {*there, "lost"}) == {
        "assets/a.00000009.png": "different",
        "assets/b.00000002.png": "missing",
        "assets/c.00000003.png": "not made from here",
        "d": "missing",
        "lost": "missing",
        "page": "same",
    }


def test_the_command_ends_with_1_where_something_differs(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["verify", str(place / "site"), str(place / "models"), "--jobs", "1", "--all"]
    assert main(command) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "same              first/facts.json" in lines
    assert lines[-1].startswith("3 of 3 models made again: ")
    assert lines[-1].endswith(" same, 0 different, 0 missing, 0 not made from here")
    flip(asset(place, "first-hero-64.*.webp"))
    assert main([*command, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["same"] is False
    assert list(told["files"].values()).count("different") == 1
    assert main(["verify", str(place / "models"), str(place / "models")]) == 2
    assert not list(place.rglob("gallery-verify-*"))
