"""Settings: what is right is taken, all that is wrong is told at once."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from gallery.coloring import ATTRIBUTES, PALETTES
from gallery.coloring.coloring import CATEGORIES
from gallery.coloring.palettes import is_categorical
from gallery.errors import SettingsError
from gallery.placement import ARRANGEMENTS, ENGINES
from gallery.rendering.types import EXPOSURES
from gallery.settings import checks, choices, values
from gallery.settings.color_rules import ColorRule
from gallery.settings.fields import table
from gallery.settings.gallery_toml import checked, example, read_settings, settings_from
from gallery.settings.values import GallerySettings
from gallery.settings.weight import FULL
from gallery.targets import TARGETS

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
    assert choices.SKELETONS == ENGINES
    assert choices.ARRANGEMENTS == ARRANGEMENTS
    assert choices.EXPOSURES == EXPOSURES
    assert choices.ATTRIBUTES == ATTRIBUTES
    assert choices.PALETTES == PALETTES
    assert tuple(TARGETS) == choices.TARGETS
    assert set(choices.CATEGORIES) == set(CATEGORIES)
    assert set(choices.SETS) == set(filter(is_categorical, PALETTES))


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
    ("families", ["{}", '{CNN = "ember"}', '{"a b" = "okabe-ito"}'], ['{CNN = "rainbow"}',
     '{CNN = ""}', "{CNN = 1}", '"ember"']),
    ("default_dim", ["0", "1", "1048576"], ["-1", "1048577"]),
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
        (
            '[variants]\nsizes = [20000]\nformats = ["webp"]',
            "variants.sizes has 20000, but webp holds at most 16,383",
        ),
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


@pytest.mark.parametrize("address", ["https://me:secret@a.org/", "https://a\\b/", "https://a/\x7f"])
def test_base_urls_that_nobody_publishes(address: str) -> None:
    with pytest.raises(ValueError, match="a URL such as"):
        checks.base_url(address)


def test_a_full_site_has_other_defaults_and_what_is_set_stays() -> None:
    light, full = (
        settings_from({"site": {"weight": weight}, "variants": {"png": False}}, "").variants
        for weight in ("light", "full")
    )
    assert light == GallerySettings().variants
    assert full == replace(
        light, **{name: _frozen(value) for name, value in FULL.items() if name != "png"}
    )
    assert settings_from({}, "").variants == light


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
