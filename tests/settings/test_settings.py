"""Settings and front matter: what is right is taken, all that is wrong is told at once."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from gallery.coloring import ATTRIBUTES, PALETTES
from gallery.errors import SettingsError
from gallery.lowering import TARGETS
from gallery.placement import ENGINES
from gallery.settings import values
from gallery.settings.front_matter import front_matter
from gallery.settings.gallery_toml import read_settings

README = Path(__file__).parents[2] / "README.md"


def test_words_are_those_of_the_rooms() -> None:
    assert values.SKELETONS == ENGINES
    assert values.ATTRIBUTES == ATTRIBUTES
    assert values.PALETTES == PALETTES
    assert tuple(TARGETS) == values.TARGETS


def test_a_sidecar_with_all_keys() -> None:
    text = """---
title: ResNet-50
year: 2015
paper: Deep Residual Learning
paper_url: https://arxiv.org/abs/1512.03385
authors: Kaiming He, Xiangyu Zhang
tags: [vision, residual]
family: ResNet
licence: BSD-3-Clause
source: https://github.com/pytorch/vision
passes: training
vertices: 5000
skeleton: circo
color: depth
seed: 7
dims: {batch: 2}
---
Prose.
"""
    front, prose = front_matter(text, "resnet50")
    assert prose == "Prose.\n"
    assert front.authors == ("Kaiming He", "Xiangyu Zhang")
    assert (front.year, front.vertices, front.seed, front.dims) == (2015, 5000, 7, {"batch": 2})
    empty = values.FrontMatter()
    for field in dataclasses.fields(front):
        assert getattr(front, field.name) != getattr(empty, field.name), field.name


@pytest.mark.parametrize("text", ["", "Prose.", "---\n---\nProse.", "---\ntitle:\n---\nProse."])
def test_a_sidecar_may_say_nothing(text: str) -> None:
    front, prose = front_matter(text, "net")
    assert front == values.FrontMatter()
    assert prose == ("Prose." if text else "")


def test_all_mistakes_of_a_sidecar_are_told_at_once() -> None:
    text = "---\nyear: soon\ntitel: A\nskeleton: spiral\npaper_url: javascript:alert(1)\n---\n"
    with pytest.raises(SettingsError) as caught:
        front_matter(text, "net")
    message = str(caught.value)
    assert message.startswith("net: settings: year is 'soon', not a whole number from 1900 to 2200")
    assert "'titel' is no key (did you mean title?)" in message
    assert "skeleton is 'spiral', not one of dot, neato" in message
    assert "paper_url is 'javascript:alert(1)', not an address that starts with https://" in message


@pytest.mark.parametrize(
    ("head", "found"),
    [
        ("title: [", "the front matter is no YAML"),
        ("- a\n- b", "the front matter is a list, not a table"),
        ("title: !!python/object/apply:os.system [id]", "the front matter is no YAML"),
        ("x" * 70_000, "the front matter has 70001 characters"),
        ("[" * 5_000, "the front matter is no YAML"),
        ("title: a\0b", "the front matter is no YAML"),
        ("dims: {batch: 0}", "dims is {'batch': 0}, not a table of sizes by name"),
        ("tags: [[a]]", "tags is [['a']], not a list, each a text"),
        ("year: true", "year is True, not a whole number"),
        ("year: 1" + "0" * 5_000, "the front matter is no YAML"),
    ],
)
def test_hostile_heads(head: str, found: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(found)):
        front_matter(f"---\n{head}\n---\n", "net")


def test_aliases_do_not_grow_into_the_message() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x]"]
    lines += [
        f"{n}: &{n} [{', '.join(['*' + p] * 8)}]" for p, n in zip("abcdefg", "bcdefgh", strict=True)
    ]
    with pytest.raises(SettingsError) as caught:
        front_matter("---\n" + "\n".join(lines) + "\ntitle: *h\n---\n", "net")
    assert len(str(caught.value)) < 10_000


def test_the_settings_of_the_readme_are_the_defaults(tmp_path: Path) -> None:
    text = README.read_text("utf-8")
    block = next(part for part in re.findall(r"```toml\n(.*?)```", text, re.S))
    path = tmp_path / "gallery.toml"
    path.write_text(block)
    found, default = read_settings(path), values.GallerySettings()
    assert (found.scan, found.variants, found.limits) == (
        default.scan,
        default.variants,
        default.limits,
    )


def test_colour_rules_are_read_from_the_readmes_example(tmp_path: Path) -> None:
    block = re.findall(r"```toml\n(.*?)```", README.read_text("utf-8"), re.S)[1]
    path = tmp_path / "gallery.toml"
    path.write_text(block)
    assert read_settings(path).scan.rules == (
        values.ColorRule(pattern="encoder/*", color="#ff8800"),
        values.ColorRule(pattern="Softmax", color="#ffffff", on="operator"),
    )


@pytest.mark.parametrize(
    "rule",
    ['{pattern = "a"}', '{pattern = "a", color = "red"}', '{pattern = "", color = "#ffffff"}', "3",
     '{pattern = "a", color = "#ffffff", on = "tensor"}', '"a"', '"tensor:a=#ffffff"',
     '{pattern = "a", color = "#ffffff", more = 1}', '{pattern = 1, color = "#ffffff"}'],
)  # fmt: skip
def test_wrong_colour_rules(tmp_path: Path, rule: str) -> None:
    path = tmp_path / "gallery.toml"
    path.write_text(f"[scan]\nrules = [{rule}]\n")
    with pytest.raises(SettingsError, match=r"rules is .*not a list, each (a table|PATTERN)"):
        read_settings(path)


def test_the_readme_names_every_setting() -> None:
    text = README.read_text("utf-8")
    kinds = (
        values.GallerySettings,
        values.VariantSettings,
        values.Limits,
        values.FrontMatter,
    )
    for kind in kinds:
        for field in dataclasses.fields(kind):
            assert re.search(rf"\b{field.name}\b", text), field.name


def test_all_mistakes_of_the_settings_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "gallery.toml"
    path.write_text(
        'titel = "A"\nscan = 3\n[variants]\nsizes = [1]\nposter = 1\n[limits]\nmemory = "much"\n'
    )
    with pytest.raises(SettingsError) as caught:
        read_settings(path)
    message = str(caught.value)
    for part in (
        "'titel' is no key (did you mean title?)",
        "scan is no section; write [scan]",
        "variants.sizes is [1], not a list, each a whole number from 16 to 32768",
        "variants.poster is 1, not true or false",
        "limits.memory is 'much', not a number of bytes",
    ):
        assert part in message


def test_a_settings_file_that_is_no_toml(tmp_path: Path) -> None:
    path = tmp_path / "gallery.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="cannot be read"):
        read_settings(path)


@pytest.mark.parametrize(
    ("text", "amount"), [('"2 GiB"', 2 << 30), ('"500 MB"', 500_000_000), ("4096", 4096)]
)
def test_memory_sizes(tmp_path: Path, text: str, amount: int) -> None:
    path = tmp_path / "gallery.toml"
    path.write_text(f"[limits]\nmemory = {text}\n")
    assert read_settings(path).limits.memory == amount
