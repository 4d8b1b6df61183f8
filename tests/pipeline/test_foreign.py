"""Results that another machine made are read as what their products make, or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from gallery.cache import Cache
from gallery.costs.facts import Facts, facts
from gallery.costs.storage import facts_value
from gallery.discovery.discover import discover
from gallery.errors import SettingsError
from gallery.loading.load import load
from gallery.pipeline.build import BuildOptions, build, merge
from gallery.pipeline.outcome import known
from gallery.pipeline.plan import outcome_key, plan_of, versions
from gallery.pipeline.products.facts import FACTS
from gallery.rendering.viewer.container import pack, unpack
from gallery.settings.gallery_toml import read_settings
from tests.conftest import make_models
from tests.pipeline.test_build import tree
from tests.pipeline.test_shards import enrich

EVIL = '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("without_workers")]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, without_workers: None) -> Path:
    """A gallery, its cache and site, and the same as one part."""
    folder = tmp_path_factory.mktemp("made")
    models = make_models(folder / "models")
    enrich(models)
    build(models, folder / "site", options=BuildOptions(cache=folder / "cache"))
    options = BuildOptions(cache=folder / "cache", shard=(1, 1))
    build(models, folder / "part", options=options)
    return folder


def signed(record: dict[str, Any]) -> str:
    """A record with the checksum that a cache writes."""
    body = json.dumps(record, sort_keys=True).encode()
    return hashlib.sha256(body).hexdigest() + "\n" + body.decode()


Files = dict[str, bytes]
Forge = Callable[[dict[str, Any], Files], None]


def swapped(name: str, change: Callable[[bytes], bytes]) -> Forge:
    """Another content for a file, with its right digest."""

    def forge(record: dict[str, Any], files: Files) -> None:
        content = change(files[record["files"][name][0]])
        digest = hashlib.sha256(content).hexdigest()
        files[digest] = content
        record["files"][name] = [digest, len(content)]

    return forge


def bomb(data: bytes) -> bytes:
    return pack({"pad": "a" * (1 << 28)}, {})


def headed(**values: Any) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        head, sections = unpack(data)
        return pack({**head, **values}, sections)

    return change


FORGED: dict[str, tuple[str, Forge]] = {
    "a script in a diagram": ("diagram.svg", swapped("diagram.svg", lambda _: EVIL.encode())),
    "a page as a picture": ("64.webp", swapped("64.webp", lambda _: b"<script>x</script>")),
    "another document": (
        "operator-graph.dot",
        swapped("operator-graph.graphml", lambda _: b"<a/>"),
    ),
    "no viewer's data": ("data", swapped("data", lambda _: b"GNV1")),
    "a viewer's bomb": ("data", swapped("data", bomb)),
    "a viewer's edges": ("data", swapped("data", headed(shown=[1 << 40, 1 << 40]))),
    "another file": ("card.jpeg", lambda record, _: record["files"].update(evil=["0" * 64, 0])),
    "another picture": ("64.webp", lambda record, _: record["value"]["images"][0].append(1)),
    "a long name": ("64.webp", lambda record, _: record["value"].update(engine="x" * 1000)),
    "text for a number": ("64.webp", lambda record, _: record["value"].update(vertices="<b>")),
    "a colour that is none": (
        "64.webp",
        lambda record, _: record["value"]["legend"][0].__setitem__(1, "red;x"),
    ),
    "facts of another kind": ("", lambda record, _: record["value"].update(depth={})),
    "facts without an end": ("", lambda record, _: record["value"]["layers"].append({})),
}


def records_of(part: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    value = json.loads((part / "shard.json").read_bytes())
    for key, text in value["records"].items():
        yield key, json.loads(text.partition("\n")[2])


def chosen(records: Iterator[tuple[str, dict[str, Any]]], name: str) -> tuple[str, dict[str, Any]]:
    """A record that has a file of this name; "" for facts."""
    return next(
        (key, one)
        for key, one in records
        if (name in one["files"] if name else "histogram" in one["value"])
    )


@pytest.mark.parametrize("what", FORGED)
def test_merge_refuses_what_a_product_cannot_make(made: Path, tmp_path: Path, what: str) -> None:
    shutil.copytree(made / "part", tmp_path / "part")
    name, forge = FORGED[what]
    key, record = chosen(records_of(made / "part"), name)
    files = {path.name: path.read_bytes() for path in (made / "part" / "files").iterdir()}
    forge(record, files)
    for digest, content in files.items():
        (tmp_path / "part" / "files" / digest).write_bytes(content)
    path = tmp_path / "part" / "shard.json"
    value = json.loads(path.read_bytes())
    value["records"][key] = signed(record)
    path.write_text(json.dumps(value))
    with pytest.raises(SettingsError, match=r"is damaged: .*(first|second)\.onnx: "):
        merge([tmp_path / "part"], tmp_path / "site")
    assert not (tmp_path / "site").exists()


def forge_all(made: Path, keep: Callable[[str, str, Files], None]) -> None:
    """Forge every result that has a case, with all contents at hand."""
    for name, forge in FORGED.values():
        key, record = chosen(records_of(made / "part"), name)
        files = {path.name: path.read_bytes() for path in (made / "part" / "files").iterdir()}
        forge(record, files)
        keep(key, signed(record), files)


def test_forged_results_of_a_site_are_made_again(
    made: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    last = tmp_path / "last"
    shutil.copytree(made / "site", last)
    path = last / "results.json"
    value = json.loads(path.read_bytes())

    def keep(key: str, text: str, files: Files) -> None:
        value["records"][key] = text
        for digest, content in files.items():
            (last / "assets" / f"x.{digest[:8]}.x").write_bytes(content)

    forge_all(made, keep)
    path.write_text(json.dumps(value))
    options = BuildOptions(cache=tmp_path / "cache", reuse=(last,))
    report = build(made / "models", tmp_path / "site", options=options)
    assert report.return_code == 0
    assert report.made()["facts"] == 1, "those of the other model are taken over"
    assert "the facts is not reused" in caplog.text
    assert tree(tmp_path / "site") == tree(made / "site")


def test_forged_results_of_a_cache_are_made_again(
    made: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = Cache(tmp_path / "cache")
    shutil.copytree(made / "cache", tmp_path / "cache")

    def keep(key: str, text: str, files: Files) -> None:
        assert text.startswith(hashlib.sha256(text.partition("\n")[2].encode()).hexdigest())
        cache._record(key).write_text(text)
        for digest, content in files.items():
            cache._file(digest).parent.mkdir(exist_ok=True)
            cache._file(digest).write_bytes(content)

    forge_all(made, keep)
    report = build(
        made / "models", tmp_path / "site", options=BuildOptions(cache=tmp_path / "cache")
    )
    assert report.return_code == 0
    assert "damaged in the cache, so it is made again" in caplog.text
    assert tree(tmp_path / "site") == tree(made / "site")


def test_every_fact_has_a_form(made: Path) -> None:
    path = made / "models" / "first.onnx"
    value = json.loads(json.dumps(facts_value(facts(load(path), path.stat().st_size))))
    FACTS.form(None, "").check(value, ())  # type: ignore[arg-type]
    assert set(value) == {one.name for one in fields(Facts)}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are made by POSIX systems")
@pytest.mark.parametrize("name", ["shard.json", "files"])
def test_a_pipe_in_a_part_does_not_hang(made: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(made / "part", tmp_path / "part")
    places = [tmp_path / "part" / name]
    if name == "files":
        places = list(places[0].iterdir())
    for place in places:
        place.unlink()
        os.mkfifo(place)
    with pytest.raises(SettingsError, match=r"named pipe|do not match"):
        merge([tmp_path / "part"], tmp_path / "site")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are made by POSIX systems")
def test_pipes_in_a_cache_are_misses(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "cache", tmp_path / "cache")
    for path in [one for one in (tmp_path / "cache").rglob("*") if one.is_file()]:
        path.unlink()
        os.mkfifo(path)
    options = BuildOptions(cache=tmp_path / "cache")
    build(made / "models", tmp_path / "site", options=options)
    assert tree(tmp_path / "site") == tree(made / "site")


def test_a_result_that_names_a_smaller_one_for_ever_is_a_miss(made: Path, tmp_path: Path) -> None:

    settings = read_settings(made / "models" / "gallery.toml")
    plan = plan_of(discover(made / "models")[0], settings, versions())
    cache, smaller = Cache(tmp_path / "cache"), plan
    for _ in range(20):
        cache.put(outcome_key(smaller), {"smaller": "time"})
        smaller = smaller.smaller()
    assert known(plan, cache) is None


def test_a_list_of_files_that_is_none_is_made_again(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "cache", tmp_path / "cache")
    shutil.copytree(made / "site", tmp_path / "site")
    for path in [one for one in (tmp_path / "cache" / "records").rglob("*") if one.is_file()]:
        record = json.loads(path.read_text().partition("\n")[2])
        if "sums" in record["value"]:
            record["value"] = {"sums": [], "files": 7}
            path.write_text(signed(record))
    report = build(
        made / "models", tmp_path / "site", options=BuildOptions(cache=tmp_path / "cache")
    )
    assert not report.changed
