"""Repositories built with no edit: exports on one page, components in order, bad input as notes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from gallery.pipeline.build import BuildOptions, build, merge
from gallery.pipeline.report import Report
from gallery.pipeline.shards import read_shards
from gallery.publishing.check import check_site
from tests.conftest import SETTINGS
from tests.discovery.repositories import REPOSITORIES
from tests.discovery.small_networks import network
from tests.discovery.test_discover import put

pytestmark = pytest.mark.usefixtures("without_workers")

NAMES = ("transformers.js/t5", "own folders/pointers", "genai/lost-file")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some repositories, some of them with bad input, and a catalogue."""
    folder = tmp_path_factory.mktemp("hub") / "models"
    for name in NAMES:
        REPOSITORIES[name].write(folder / name)
    put(folder, "misfit/encoder.onnx", content=network("text32"))
    put(folder, "misfit/decoder.onnx", content=network("decoder16"))
    put(folder, "copies/one.onnx", "copies/two.onnx", content=network("latent"))
    put(folder, "misfit/README.md", content=b"words " * (2 << 20))
    rows = [
        {"model": "Odd pair", "model_path": "misfit/encoder.onnx", "metadata": {"tags": ["odd"]}},
        {"model": "Gone", "model_path": "gone.onnx", "metadata": {}},
    ]
    (folder / "ONNX_HUB_MANIFEST.json").write_text(json.dumps(rows))
    (folder / "gallery.toml").write_text(SETTINGS)
    return folder


@pytest.fixture(scope="module")
def built(models: Path, without_workers: None) -> Report:
    """The report on a build."""
    return build(models, models.parent / "site")


@pytest.fixture(scope="module")
def site(built: Report) -> Path:
    """The site."""
    assert built.site is not None
    return built.site


@pytest.fixture(scope="module")
def entries(site: Path) -> dict[str, dict[str, Any]]:
    """The manifest's entries by path."""
    rows = json.loads((site / "manifest.json").read_bytes())["models"]
    return {one["path"]: one for one in rows}


def test_nothing_fails_and_the_site_is_whole(built: Report, site: Path) -> None:
    assert (built.return_code, [one.path for one in built.failed]) == (0, [])
    result = check_site(site)
    assert (result.problems, result.warnings) == ((), ())


def test_exports_are_side_by_side(entries: dict[str, dict[str, Any]], site: Path) -> None:
    one = entries["transformers.js/t5/onnx/encoder_model.onnx"]
    assert [row["label"] for row in one["exports"]] == ["fp32", "int8", "q4"]
    kinds = [list(row["macs_by_dtype"]) for row in one["exports"]]
    assert kinds == [["float"], ["int8"], ["uint4"]]
    assert len({row["macs"] for row in one["exports"]}) == 1
    assert "transformers.js/t5/onnx/encoder_model_q4.onnx" not in entries
    text = (site / one["page"]).read_text("utf-8")
    assert text.count("data-choose=") == text.count("data-export=") == 3
    moved = (site / one["exports"][2]["slug"] / "index.html").read_text("utf-8")
    assert f'url=../{one["slug"]}/index.html#export={one["exports"][2]["slug"]}"' in moved


def test_components_are_shown_in_order(entries: dict[str, dict[str, Any]], site: Path) -> None:
    one = entries["transformers.js/t5/onnx/encoder_model.onnx"]
    other = entries["transformers.js/t5/onnx/decoder_model_merged.onnx"]
    assert (one["component"]["rank"], other["component"]["rank"]) == (0, 1)
    assert one["title"] == "transformers.js/t5 (encoder)"
    for page in (one["page"], other["page"]):
        strip = (
            (site / page).read_text("utf-8").split('id="components-title"')[1].split("</nav>")[0]
        )
        assert 0 < strip.index(f"../{one['slug']}/") < strip.index(f"../{other['slug']}/")
        assert "do not fit" not in strip


def test_bad_input_is_a_note(built: Report, entries: dict[str, dict[str, Any]], site: Path) -> None:
    text = (site / entries["misfit/decoder.onnx"]["page"]).read_text("utf-8")
    assert "has width 16 here: the two do not fit." in text
    notes = " ".join(note for one in built.models for note in one.notes)
    assert "README.md is larger than 2,048 KiB" in notes
    assert "run git lfs pull" in notes
    assert "genai_config.json names &#39;vision.onnx&#39;, which is not there" in (
        site / entries["genai/lost-file/model.onnx"]["page"]
    ).read_text("utf-8")
    assert any("not there: gone.onnx" in note for note in built.notes)


def test_the_catalogue_goes_in_and_out(
    entries: dict[str, dict[str, Any]], site: Path, models: Path
) -> None:
    one = entries["misfit/encoder.onnx"]
    assert (one["title"], one["tags"]) == ("Odd pair (encoder)", ["odd"])
    rows = json.loads((site / "ONNX_HUB_MANIFEST.json").read_bytes())
    paths = [row["model_path"] for row in rows]
    assert paths == sorted(paths)
    assert len(paths) == 13
    keys = {"model", "model_path", "onnx_version", "opset_version", "metadata"}
    assert {frozenset(row) for row in rows} == {frozenset(keys)}
    inner = {"model_sha", "model_bytes", "tags", "io_ports"}
    assert {frozenset(row["metadata"]) for row in rows} == {frozenset(inner)}
    (row,) = (row for row in rows if row["model_path"] == "misfit/encoder.onnx")
    assert (row["model"], row["onnx_version"], row["opset_version"]) == (
        "Odd pair (encoder)", "1.15", 20,
    )  # fmt: skip
    content = (models / "misfit/encoder.onnx").read_bytes()
    assert row["metadata"]["model_sha"] == hashlib.sha256(content).hexdigest()
    assert row["metadata"]["model_bytes"] == len(content)
    ports = {"name": "input_ids", "shape": [1, 12], "type": "tensor(int64)"}
    assert row["metadata"]["io_ports"]["inputs"] == [ports]


def test_files_of_one_content_are_drawn_once(
    built: Report, entries: dict[str, dict[str, Any]]
) -> None:
    drawn = [one for one in built.models if one.path.startswith("copies/")]
    made = [{run.stage for run in one.stages if not run.cached} for one in drawn]
    assert sorted("layout" in stages for stages in made) == [False, True]
    one, two = (entries[f"copies/{name}.onnx"] for name in ("one", "two"))
    assert one["scans"][0]["vertices"] == two["scans"][0]["vertices"]
    assert (one["facts"]["name"], two["facts"]["name"]) == ("copies-one", "copies-two")


def test_parts_are_the_same_site(models: Path, site: Path, tmp_path: Path) -> None:
    cache = site.parent / ".cache" / "gallery"
    for number in (1, 2):
        options = BuildOptions(shard=(number, 2), cache=cache)
        build(models, tmp_path / f"part{number}", options=options)
    parts = [tmp_path / f"part{number}" for number in (1, 2)]
    assert [len(one.models) for one in read_shards(parts)]
    merge(parts, tmp_path / "merged", cache=cache)
    assert (tmp_path / "merged" / "SHA256SUMS").read_bytes() == (site / "SHA256SUMS").read_bytes()
