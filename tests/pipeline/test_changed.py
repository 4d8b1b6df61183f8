"""A build after a change makes the same site as a build from nothing."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gallery import schema
from gallery.cache import Cache
from gallery.files import listing
from gallery.pipeline.brief import forms_kept, kept, told_in
from gallery.pipeline.build import build, planned
from gallery.pipeline.options import BuildOptions
from gallery.pipeline.products.facts import FACTS
from gallery.settings.gallery_toml import read_settings
from tests.conftest import NET, SETTINGS, WIDER
from tests.onnx_text import write

pytestmark = pytest.mark.usefixtures("without_workers")

WORDS = """---
title: Net {name}
family: {family}
year: {year}
tags: [small, {family}]
---
Words *about* {name}, of which the summary has not all, nor have other pages. They go on and on, so
that a page can be found out that only watches the summary: it has two hundred characters at most,
and this is the end.
"""


def make_collection(folder: Path) -> None:
    """Six models of two families, of which two are equal, one is damaged and two are exports."""
    for number, name in enumerate(("a", "b", "c", "d")):
        text = NET.replace("net (", f"net_{name} (").replace("Relu", ("Relu", "Tanh")[number % 2])
        write(folder, text, f"{name}.onnx")
        words = WORDS.format(name=name, family=("Even", "Odd")[number % 2], year=2015 + number // 2)
        (folder / f"{name}.md").write_text(words)
    write(folder, WIDER, "sizes/model_fp16.onnx")
    write(folder, WIDER.replace("net (", "other ("), "sizes/model.onnx")
    (folder / "copy.onnx").write_bytes((folder / "a.onnx").read_bytes())
    (folder / "damaged.onnx").write_bytes(b"\x08\x07damaged")
    (folder / "gallery.toml").write_text(SETTINGS)


def contents(site: Path) -> dict[str, bytes]:
    """What a site holds, by path."""
    return {name: (site / name).read_bytes() for name in listing(site)}


def other_model(folder: Path) -> None:
    write(folder, NET.replace("net (", "net_b (").replace("Relu", "Sigmoid"), "b.onnx")
    write(folder, WIDER.replace("Relu", "Tanh"), "between.onnx")


def renamed_model(folder: Path) -> None:
    for kind in ("onnx", "md"):
        (folder / f"d.{kind}").rename(folder / f"z.{kind}")


def other_words(folder: Path) -> None:
    path = folder / "c.md"
    path.write_text(path.read_text().replace("the end", "an end"))


def other_family(folder: Path) -> None:
    path = folder / "c.md"
    path.write_text(path.read_text().replace("Even", "Odd").replace("2016", "2019"))


def other_picture(folder: Path) -> None:
    path = folder / "a.md"
    path.write_text(path.read_text() + "\n![A plot](plot.svg)\n")
    (folder / "plot.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')


def other_failures(folder: Path) -> None:
    (folder / "damaged.onnx").write_bytes((folder / "a.onnx").read_bytes())
    (folder / "sizes" / "model_fp16.onnx").write_bytes(b"\x08\x07damaged")


def other_title(folder: Path) -> None:
    path = folder / "gallery.toml"
    path.write_text(path.read_text().replace("Small nets", "Other nets"))


CHANGES = (
    *(other_model, renamed_model, other_words, other_family, other_picture, other_failures),
    other_title,
)


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory, without_workers: None) -> Path:
    """A collection with its site, built twice."""
    place = tmp_path_factory.mktemp("collection")
    (place / "models" / "sizes").mkdir(parents=True)
    make_collection(place / "models")
    build(place / "models", place / "site")
    assert not build(place / "models", place / "site").changed
    return place


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_build_after_a_change_makes_the_site_of_a_build_from_nothing(
    collection: Path, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    models, site = collection / "models", collection / "site"
    before = contents(site)
    change(models)
    assert build(models, site).changed
    # An earlier site gives its results alone: all that is made of them is made anew.
    anew = BuildOptions(cache=tmp_path / "cache", reuse=(site,))
    build(models, tmp_path / "anew", options=anew)
    after = contents(site)
    assert after == contents(tmp_path / "anew")
    assert after != before


def touch(path: Path) -> None:
    os.utime(path, ns=(1, 1))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def replace_unnoticed(path: Path) -> None:
    """Put as many other bytes in the place of a file, with the time that it had."""
    status, other = path.stat(), path.with_name("other")
    other.write_bytes(b"x" * status.st_size)
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)


HARMS = (touch, cut, replace_unnoticed, Path.unlink)


def in_site(place: Path) -> list[Path]:
    """A page, data and two pictures of a model that does not change."""
    names = [name for name in listing(place / "site") if "second" in name]
    pictures = [name for name in names if name.startswith("assets/")]
    ends = ("/index.html", "/facts.json", *pictures[:2])
    return [place / "site" / next(name for name in names if name.endswith(end)) for end in ends]


def in_cache(place: Path) -> list[Path]:
    """Files of results."""
    folder = place / ".cache" / "gallery" / "files"
    return sorted(path for path in folder.rglob("*") if path.is_file())[: len(HARMS)]


@pytest.mark.parametrize("files", [in_site, in_cache], ids=lambda files: files.__name__)
def test_a_build_after_a_change_undoes_what_others_did_to_files(
    made_models: Path, files: Callable[[Path], list[Path]]
) -> None:
    place = made_models.parent
    build(made_models, place / "site")
    shutil.copytree(place / ".cache" / "gallery", place / "as it was")
    for harm, path in zip(HARMS, files(place), strict=True):
        harm(path)
    (made_models / "first.md").write_text("Other words.")
    assert build(made_models, place / "site").changed
    anew = BuildOptions(cache=place / "as it was")
    build(made_models, place / "other", options=anew)
    assert contents(place / "site") == contents(place / "other")


def damage_briefs(cache: Path) -> int:
    """Let all records of models' results in brief tell something else; returns their number."""
    found = 0
    for path in (one for one in (cache / "records").rglob("*") if one.is_file()):
        record = json.loads(path.read_bytes().partition(b"\n")[2])
        if record["value"].keys() >= {"dimensions", "results"}:
            record["value"]["results"][0] = {"unheard": "of"}
            body = json.dumps(record, sort_keys=True).encode()
            path.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
            found += 1
    return found


def test_a_brief_that_is_damaged_is_made_again(made_models: Path) -> None:
    place, words = made_models.parent, made_models / "first.md"
    build(made_models, place / "site")
    words.write_text("Other words.")
    build(
        made_models,
        place / "other",
        options=BuildOptions(cache=place / "other cache", reuse=(place / "site",)),
    )
    assert damage_briefs(place / ".cache" / "gallery") == 2
    assert build(made_models, place / "site").changed
    assert contents(place / "site") == contents(place / "other")


def test_forms_of_many_briefs_are_checked_at_once(
    made_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "_FEW", 0)
    build(made_models, made_models.parent / "site")
    cache = Cache(made_models.parent / ".cache" / "gallery")
    plans = planned(made_models, read_settings(made_models / "gallery.toml"), BuildOptions())
    briefs = [brief for plan in plans if (brief := kept(plan, cache))]
    rows = list(zip(briefs, plans, strict=True))
    sure = forms_kept(rows)
    assert id(FACTS.form(plans[0], "")) in sure
    for brief, plan in rows:
        assert told_in(brief, plan, sure) == told_in(brief, plan)
    wrong = replace(briefs[-1], told=({"unheard": "of"}, *briefs[-1].told[1:]))
    fewer = forms_kept([*rows[:-1], (wrong, plans[-1])])
    facts = FACTS.form(plans[0], "")
    assert sure.keys() - fewer.keys() == {id(facts)}
    assert told_in(wrong, plans[-1], {**fewer, 0: facts}) is None
