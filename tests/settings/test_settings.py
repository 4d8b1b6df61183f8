"""Settings and front matter: what is right is taken, all that is wrong is told at once."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import tomllib
from pathlib import Path

import pytest

from gallery.coloring import ATTRIBUTES, PALETTES
from gallery.coloring.coloring import CATEGORIES
from gallery.coloring.palettes import is_categorical
from gallery.errors import SettingsError
from gallery.lowering import TARGETS
from gallery.placement import ENGINES
from gallery.settings import checks, values
from gallery.settings.color_rules import ColorRule
from gallery.settings.fields import table
from gallery.settings.front_matter import front_matter
from gallery.settings.gallery_toml import checked, example, read_settings

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
KINDS = (
    values.GallerySettings,
    values.ScanSettings,
    values.VariantSettings,
    values.Limits,
    values.FrontMatter,
)


def settings_of(folder: Path, text: str) -> values.GallerySettings:
    """What a gallery.toml of this text says."""
    path = folder / "gallery.toml"
    path.write_text(text, "utf-8")
    return read_settings(path)


def test_words_are_those_of_the_folders_that_do_the_work() -> None:
    assert values.SKELETONS == ENGINES
    assert values.ATTRIBUTES == ATTRIBUTES
    assert values.PALETTES == PALETTES
    assert tuple(TARGETS) == values.TARGETS
    assert set(values.CATEGORIES) == set(CATEGORIES)
    assert set(values.SETS) == set(filter(is_categorical, PALETTES))


@pytest.mark.parametrize("kind", KINDS)
def test_every_setting_has_a_check_and_a_help_sentence(kind: type) -> None:
    for one in table(kind).values():
        assert one.help, one.name
        assert not one.help.endswith("."), one.name
        assert bool(one.check) != bool(one.section), one.name


@pytest.mark.parametrize("kind", KINDS[:-1])
def test_every_default_passes_its_check(kind: type) -> None:
    for one in table(kind).values():
        if one.check:
            assert one.check(one.default) == one.default, one.name


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


def test_both_spellings_of_licence_are_accepted() -> None:
    british, american = (front_matter(f"---\n{key}: MIT\n---\n", "net")[0] for key in
                         ("licence", "license"))  # fmt: skip
    assert british.licence == "MIT"
    assert american == british
    assert front_matter("---\nlicense:\nlicence: MIT\n---\n", "net")[0] == british


def test_the_readme_names_every_key_of_a_sidecar() -> None:
    text = README.split("## Sidecars")[1].split("\n## ")[0]
    head = text.split("```markdown\n---\n")[1].split("---")[0]
    shown = set(re.findall(r"^(\w+):", head, re.M))
    told = set(re.findall(r"`(\w+)`", text))
    assert shown | told >= set(table(values.FrontMatter)) | {"license"}
    assert front_matter(f"---\n{head}---\n", "net")[0].title == "ResNet-50"


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
    assert "'titel' is not a setting (did you mean title?)" in message
    assert "skeleton is 'spiral', not one of dot, neato" in message
    assert "paper_url is 'javascript:alert(1)', not a URL that starts with https://" in message


@pytest.mark.parametrize(
    ("head", "found"),
    [
        ("title: [", "the front matter is not valid YAML"),
        ("- a\n- b", "the front matter is a list, not a table"),
        ("title: !!python/object/apply:os.system [id]", "the front matter is not valid YAML"),
        ("x" * 70_000, "the front matter has 70001 characters"),
        ("[" * 5_000, "the front matter is not valid YAML"),
        ("title: a\0b", "the front matter is not valid YAML"),
        ("dims: {batch: 0}", "dims is {'batch': 0}, not a table of sizes by name"),
        ("tags: [[a]]", "tags is [['a']], not a list in which each value is a string"),
        ("year: true", "year is True, not a whole number"),
        ("titel:", "'titel' is not a setting (did you mean title?)"),
        ("title: A\ntitle: B", "the front matter is not valid YAML: title is given more than once"),
        ("license: A\nlicence: B", "licence and license mean the same; use only one of them"),
        ("licence: A\nlicense: B", "licence and license mean the same; use only one of them"),
        ("license: [1]", "license is [1], not a string"),
        ("year: 1" + "0" * 5_000, "a number has more than 100 digits"),
        ("title: " + "1" * 4_000 + ".5", "a number has more than 100 digits"),
        ("year: 1" + ":59" * 200 + ".5", "a number has more than 100 digits"),
        ("year: 0x" + "f" * 5_000, "a number has more than 100 digits"),
        ("tags: " + "[" * 300 + "]" * 300, "nested more than 8 deep"),
        ("dims: " + "{a: " * 300 + "}" * 300, "nested more than 8 deep"),
        ("- " * 300 + "a", "nested more than 8 deep"),
        ("a: &a {x: 1}\nb: {<<: [*a, *a]}", "anchors and aliases (& and *) are not allowed"),
        ("title: *a", "anchors and aliases (& and *) are not allowed"),
        ("year: !!int ''", "tags (!) are not allowed"),
        ("title: !important", "tags (!) are not allowed"),
        ("year: 99999-01-01", "year is '99999-01-01', not a whole number"),
        ("year: 2001-13-45", "the front matter is not valid YAML: month must be in 1..12"),
        ("year: 0001-01-01 00:00:00 +99:99", "the front matter is not valid YAML: offset"),
        ('title: "\\ud800"', "half of a surrogate pair is not a character"),
        ('title: "\\UFFFFFFFF"', "the front matter is not valid YAML"),
        ("title: =", "the front matter is not valid YAML"),
        ("vertices: .nan", "vertices is nan, not a whole number"),
        ("\n".join(f"k{i}: 1" for i in range(1_000)), "; and more; correct"),
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


def test_the_readme_shows_every_setting_with_its_default(tmp_path: Path) -> None:
    assert README.split("## gallery.toml")[1].split("```toml\n")[1].split("```")[0] == example()
    assert settings_of(tmp_path, example()) == values.GallerySettings()


def test_the_example_holds_every_setting() -> None:
    shown = tomllib.loads(example())
    assert list(shown) == list(table(values.GallerySettings))
    for name, one in table(values.GallerySettings).items():
        if one.section:
            assert list(shown[name]) == list(table(one.section))
        assert f"# {one.help}\n" in example()


def test_colour_rules_are_read_from_the_readmes_example(tmp_path: Path) -> None:
    block = re.findall(r"```toml\n(.*?)```", README, re.S)[1]
    assert settings_of(tmp_path, block).scan.rules == (
        ColorRule(pattern="encoder/*", color="#ff8800"),
        ColorRule(pattern="Softmax", color="#ffffff", on="operator"),
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
    with pytest.raises(
        SettingsError, match=r"rules is .*not a list in which each value is (a table|PATTERN)"
    ):
        read_settings(path)


def test_all_mistakes_of_the_settings_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "gallery.toml"
    path.write_text(
        'titel = "A"\nscan = 3\n[variants]\nsizes = [1]\nposter = 1\n[limits]\nmemory = "much"\n'
    )
    with pytest.raises(SettingsError) as caught:
        read_settings(path)
    message = str(caught.value)
    for part in (
        "'titel' is not a setting (did you mean title?)",
        "scan is 3, not a section; write [scan]",
        "variants.sizes is [1], not a list in which each value is a whole number from 16",
        "variants.poster is 1, not true or false",
        "limits.memory is 'much', not a number of bytes",
    ):
        assert part in message


PNG = 'formats = ["png"]'
"""The only format that holds the largest pictures."""

EDGES = [
    ("limits.seconds", ["0.001", "86400"], ["0", "-1", "86400.5", "true", '"600"']),
    ("limits.skeleton", ["0.5", "86400"], ["0", "86401", '"1 GiB"']),
    ("limits.memory", ["1", '"1 B"', f"{2**50 - 1}"], ["0", f"{2**50}", '"9 XB"', "true", '""']),
    ("limits.cache", ['"2.5 gib"'], ["0.5", '"-1 GB"', '"1e400 GB"']),
    ("scan.vertices", ["1", "100_000_000"], ["0", "100_000_001", "1.0", "true"]),
    ("scan.seed", ["0", "2147483647"], ["-1", "2147483648"]),
    ("scan.palette", ['""', '"fire"'], ['"rainbow"', "1"]),
    ("scan.passes", ['"training"'], ['""', '"backward"']),
    ("scan.labels", ["true"], ["1", '"true"']),
    ("variants.size", ["16", f"32768\n{PNG}", "[16, 17]", f"{list(range(16, 80))}"],
     ["15", f"32769\n{PNG}", "[16, 15]", f"{list(range(16, 81))}", "[]"]),
    ("variants.sizes", [f"[16, 32768]\n{PNG}"], ["15", f"32769\n{PNG}", "[16, 16]"]),
    ("variants.formats", ['["avif", "webp", "png", "jpeg"]'], ['"pdf"', '"gif"', "[]"]),
    ("variants.poster_formats", ['["pdf", "webp", "png", "jpeg"]'], ['"avif"', '"svg"']),
    ("variants.poster_dpi", ["30", "600"], ["29", "601"]),
    ("title", [f'"{"x" * 300}"', "7"], [f'"{"x" * 301}"', "true", "[]"]),
    ("description", [f'"{"x" * 2000}"'], [f'"{"x" * 2001}"']),
    ("language", ['"en"', '"de-AT"', '"sr-Latn-RS"', f'"en-{"x" * 8}"'],
     ['""', '"e"', f'"{"x" * 9}"', '"../en"', '"en-"', '"en_US"', f'"en-{"x" * 9}"', "1"]),
    ("base_url", ['""', '"http://a"', '"https://a/b/c"', f'"http://{"x" * 1993}"'],
     ['"a"', '"ftp://a"', '"https://a b"', '"https://a\\t"', '"http:/a"', '"https://a/b?c"',
      f'"http://{"x" * 2001}"', "1"]),
    ("ignore", ['"a"', f"{['a'] * 1000}"], [f"{['a'] * 1001}", f'"{"x" * 501}"', "[[]]"]),
    ("dims", ["{}", "{n = 1}", "{n = 1048576}"], ["{n = 0}", "{n = 1048577}", "{n = true}",
     "{n = 1.0}", "[1]"]),
    ("default_dim", ["1", "1048576"], ["0", "1048577"]),
    ("scan.rules", [f'"{"x" * 500}=#0aF9Bc"', '{pattern = "a", color = "#0aF9Bc", on = "operator"}',
     "[]"], [f'"{"x" * 501}=#0aF9Bc"', '"a=#0aF9Bcd"', '"a=#0aF9B"', '"=#0aF9Bc"']),
]  # fmt: skip
"""Settings with values that are just right and values that are just wrong."""


@pytest.mark.parametrize(("key", "right", "wrong"), EDGES, ids=lambda one: one[:20])
def test_values_at_the_edges_of_what_is_allowed(
    tmp_path: Path, key: str, right: list[str], wrong: list[str]
) -> None:
    section, _, name = key.rpartition(".")
    path = tmp_path / "gallery.toml"
    head = f"[{section}]\n" if section else ""
    for value in right:
        path.write_text(f"{head}{name} = {value}\n", "utf-8")
        read_settings(path)
    for value in wrong:
        path.write_text(f"{head}{name} = {value}\n", "utf-8")
        with pytest.raises(SettingsError, match=re.escape(key)):
            read_settings(path)


SIDECAR_EDGES = [
    ("year", ["1900", "2200"], ["1899", "2201"]),
    ("title", ["x" * 300], ["x" * 301]),
    ("authors", ["x" * 200, "[a, b]"], ["x" * 201, f"{['a'] * 65}"]),
    ("tags", [f"{['a'] * 64}"], [f"{['a'] * 65}"]),
    ("family", ["x" * 200], ["x" * 201]),
    ("licence", ["x" * 500], ["x" * 501]),
    (
        "source",
        ["http://a", "''", f"http://{'x' * 1993}"],
        ["a", f"http://{'x' * 1994}", "'http://a b'"],
    ),
    ("vertices", ["1", "100000000"], ["0", "100000001"]),
    ("passes", ["forward", "training"], ["sfdp", "both"]),
    ("skeleton", ["dot"], ["forward"]),
    ("seed", ["0", "2147483647"], ["-1", "2147483648"]),
]


@pytest.mark.parametrize(("key", "right", "wrong"), SIDECAR_EDGES, ids=lambda one: one[:20])
def test_values_of_sidecars_at_the_edges(key: str, right: list[str], wrong: list[str]) -> None:
    for value in right:
        front_matter(f"---\n{key}: {value}\n---\n", "net")
    for value in wrong:
        with pytest.raises(SettingsError, match=f"{key} is"):
            front_matter(f"---\n{key}: {value}\n---\n", "net")


@pytest.mark.parametrize("text", ["---\ntitle: A\n---\n\n\nProse.", "---\ntitle: A\n--- \nProse."])
def test_prose_begins_with_its_first_line(text: str) -> None:
    front, prose = front_matter(text, "net")
    assert (front.title, prose) == ("A", "Prose.")


def test_dashes_that_nothing_ends_are_prose() -> None:
    assert front_matter("---\ntitle: A\n", "net") == (values.FrontMatter(), "---\ntitle: A\n")


def test_a_settings_file_that_is_not_toml(tmp_path: Path) -> None:
    path = tmp_path / "gallery.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="cannot be read"):
        read_settings(path)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[scan]\nvertices = 0x" + "f" * 5_000, "scan.vertices is a huge number, not a whole"),
        ("title = 0x" + "f" * 5_000, "title is a huge number, not a string of at most 300"),
        ("[scan]\nvertices = " + "9" * 5_000, "gallery.toml cannot be read"),
        ("title = " + "[" * 5_000, "gallery.toml cannot be read"),
        ("a" + ".a" * 9_000 + " = 1", "gallery.toml cannot be read: a key has more than 32 parts"),
        ("[" + "a . " * 9_000 + "a]", "gallery.toml cannot be read: a key has more than 32 parts"),
        ("#" * 70_000, "gallery.toml cannot be read: it is larger than 64 KiB"),
        ("\n".join(f"k{i} = 1" for i in range(1_000)), "; and more; correct"),
    ],
)
def test_hostile_settings_files(tmp_path: Path, text: str, found: str) -> None:
    path = tmp_path / "gallery.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_settings(path)
    assert found in str(caught.value)
    assert len(str(caught.value)) < 10_000


def test_dots_in_the_text_of_settings_are_not_keys(tmp_path: Path) -> None:
    path = tmp_path / "gallery.toml"
    text = "A sentence. " * 50 + "." * 99
    path.write_text(f'description = """{text}"""\n', "utf-8")
    assert read_settings(path).description == text


def test_a_settings_file_that_is_not_a_file(tmp_path: Path) -> None:
    path = tmp_path / "gallery.toml"
    path.mkdir()
    with pytest.raises(SettingsError, match=r"cannot be read: gallery\.toml is a directory"):
        read_settings(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_settings_file_that_is_a_pipe_stops_nothing(tmp_path: Path) -> None:
    path = tmp_path / "gallery.toml"
    os.mkfifo(path)
    with pytest.raises(SettingsError, match=r"cannot be read: gallery\.toml is a named pipe"):
        read_settings(path)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ('"2 GiB"', 2 << 30),
        ('"500 MB"', 500_000_000),
        ("4096", 4096),
        ("4e9", 4_000_000_000),
        ('"12"', 12),
        ('"3 B"', 3),
        ('"3k"', 3_000),
        ('"3 KB"', 3_000),
        ('"3 KiB"', 3_072),
        ('"1.5 M"', 1_500_000),
        ('"3 MiB"', 3 << 20),
        ('"3 g"', 3_000_000_000),
        ('"3 GB"', 3_000_000_000),
    ],
)
def test_memory_sizes(tmp_path: Path, text: str, amount: int) -> None:
    path = tmp_path / "gallery.toml"
    path.write_text(f"[limits]\nmemory = {text}\n")
    assert read_settings(path).limits.memory == amount


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('base_url = "example.org"', "base_url is 'example.org', not a URL such as"),
        ('base_url = "https://["', "base_url is 'https://[', not a URL such as"),
        ('language = "../en"', "language is '../en', not a language tag"),
        ("[variants]\nsizes = []", "variants.sizes is [], not a list of 1 to 64 values"),
        ("[variants]\nsize = []", "variants.size is [], not a list of 1 to 64 values"),
        ("[variants]\nformats = []", "variants.formats is [], not a list of 1 to 64 values"),
        ('[variants]\nformats = ["png", "png"]', "not a list of distinct values"),
        ('[variants]\ncolors = ["pass", "pass"]', "not a list of distinct values"),
        ("[variants]\nsizes = [20000]", "variants.sizes has 20000, but webp holds at most 16,383"),
        (
            "[variants]\nsize = [20000]",
            "variants.size has 20000, but avif holds at most 268,435,456",
        ),
        ('[scan]\npalette = "glasbey"\ncolor = "depth"', "scan.palette glasbey has no order"),
        ('ignore = ["# old"]', "ignore is ['# old'], not a list in which each value is a pattern"),
        ("[limits]\nmemory = nan", "limits.memory is nan, not a number of bytes"),
        ("[limits]\nseconds = inf", "limits.seconds is inf, not a number of seconds"),
    ],
)
def test_what_would_fail_later_is_refused(tmp_path: Path, text: str, found: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(found)):
        settings_of(tmp_path, text)


def test_what_goes_together_is_accepted(tmp_path: Path) -> None:
    text = '[scan]\npalette = "glasbey"\n[variants]\nsizes = [20000]\nformats = ["png"]\n'
    assert settings_of(tmp_path, text).variants.sizes == (20_000,)


def test_settings_made_in_python_are_checked_too() -> None:
    rules = (ColorRule(pattern="a", color="#ffffff"),)
    right = values.GallerySettings(
        base_url="https://a.org/", ignore=("a", "a"), scan=values.ScanSettings(rules=rules)
    )
    assert checked(right) == right
    wrong = values.GallerySettings(
        scan=values.ScanSettings(vertices=-1), limits=values.Limits(seconds=0)
    )
    with pytest.raises(SettingsError, match=r"scan\.vertices is -1.*limits\.seconds is 0"):
        checked(wrong)


def test_templates_are_looked_for_from_the_folder_of_the_file(tmp_path: Path) -> None:
    assert settings_of(tmp_path, 'templates = "mine"').templates == str(tmp_path / "mine")
    other = (tmp_path.parent / "mine").as_posix()
    assert Path(settings_of(tmp_path, f'templates = "{other}"').templates) == Path(other)
    assert settings_of(tmp_path, "").templates == ""


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("https://a.org/nets/index.html", "https://a.org/nets/"),
        ("https://a.org/index.html/", "https://a.org/"),
        ("https://a.org/x/INDEX.HTM", "https://a.org/x/"),
        ("https://a.org:81/x/404.html", "https://a.org:81/x/"),
        ("https://a.org/?q", "https://a.org/"),
        ("https://a.org/x#top", "https://a.org/x/"),
        ("https://a.org/nets/index.php?page=1#top", "https://a.org/nets/"),
    ],
)
def test_a_base_url_that_is_not_a_directory_is_refused_with_what_to_write(
    written: str, right: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(f'write "{right}"')):
        checks.base_url(written)
    assert checks.base_url(right) == right


@pytest.mark.parametrize("address", ["https://a.org/v1.2/", "https://[::1]:8000/", "http://a/@me/"])
def test_base_urls_that_stay_as_they_are(address: str) -> None:
    assert checks.base_url(address) == address
    assert checks.base_url(address.rstrip("/")) == address
    assert checks.base_url(address + "/") == address


BROKEN_URLS = [
    "https://[",
    "https://[::1",
    "https://a]b/",
    "https://",
    "https:///path",
    "https://:80/",
    "https://a:port/",
    "https://a:99999/",
    "https://a\u2100b/",
    "https://?q",
]


@pytest.mark.parametrize("address", BROKEN_URLS)
def test_urls_that_cannot_be_understood_are_refused_where_they_are_read(address: str) -> None:
    for check in (checks.url, checks.base_url):
        with pytest.raises(ValueError, match="a URL"):
            check(address)
    with pytest.raises(SettingsError, match="paper_url"):
        front_matter(f"---\npaper_url: {json.dumps(address)}\n---\n", "net")


@pytest.mark.parametrize("address", ["https://me:secret@a.org/", "https://a\\b/", "https://a/\x7f"])
def test_base_urls_that_nobody_publishes(address: str) -> None:
    with pytest.raises(ValueError, match="a URL such as"):
        checks.base_url(address)
