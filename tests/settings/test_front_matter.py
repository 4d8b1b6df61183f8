"""Sidecars and model cards: what is right is taken, what is wrong costs itself and is told."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gallery.settings import values
from gallery.settings.fields import table
from gallery.settings.front_matter import words_of

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")

ALL = """---
title: ResNet-50
year: 2015
paper: Deep Residual Learning
paper_url: https://arxiv.org/abs/1512.03385
authors: Kaiming He, Xiangyu Zhang
tags: [vision, residual]
family: ResNet
licence: BSD-3-Clause
source: https://github.com/pytorch/vision
export: fp16
passes: training
vertices: 5_000
skeleton: circo
arrangement: free
color: depth
palette: ember
seed: 7
dims: {batch: 2}
---
Prose.
"""


def test_a_sidecar_with_all_keys() -> None:
    words = words_of(ALL)
    front = words.front
    assert (words.prose, words.notes) == ("Prose.\n", ())
    assert front.authors == ("Kaiming He", "Xiangyu Zhang")
    assert (front.year, front.vertices, front.seed, front.dims) == (2015, 5000, 7, {"batch": 2})
    empty = values.FrontMatter()
    for field in dataclasses.fields(front):
        assert getattr(front, field.name) != getattr(empty, field.name), field.name


@pytest.mark.parametrize("text", ["", "Prose.", "---\n---\nProse.", "---\ntitle:\n---\nProse."])
def test_a_sidecar_may_say_nothing(text: str) -> None:
    words = words_of(text)
    assert words.front == values.FrontMatter()
    assert (words.prose, words.notes) == ("Prose." if text else "", ())


def test_the_readme_names_every_key_of_a_sidecar() -> None:
    text = README.split("## Sidecars")[1].split("\n## ")[0]
    head = text.split("```markdown\n---\n")[1].split("---")[0]
    shown = set(re.findall(r"^(\w+):", head, re.M))
    told = set(re.findall(r"`(\w+)`", text))
    assert shown | told >= set(table(values.FrontMatter)) | {"license"}
    assert words_of(f"---\n{head}---\n").front.title == "ResNet-50"


@pytest.mark.parametrize("head", ["licence: MIT", "license: MIT", "license:\nlicence: MIT"])
def test_both_spellings_of_licence_are_accepted(head: str) -> None:
    assert words_of(f"---\n{head}\n---\n").front.licence == "MIT"


SCALARS = ["1.10", "007", "2024.10", "no", "Yes", "on", "2015-12-10", "0x1F", "12:30", "1e3", ".5"]


@pytest.mark.parametrize("written", [*SCALARS, "'1.10'", '"no"'])
def test_a_text_stays_as_it_was_written(written: str) -> None:
    words = words_of(f"---\ntitle: {written}\ntags: [{written}]\nlanguage: {written}\n---\n")
    text = written.strip("'\"")
    assert (words.front.title, words.front.tags) == (text, (text,))
    assert words.card.languages == (text,)


@given(some.text(max_size=300).filter(lambda one: one.strip() == one and one))
def test_any_quoted_text_comes_back(text: str) -> None:
    written = json.dumps(text, ensure_ascii=True)
    if "\\ud" not in written.lower():
        assert words_of(f"---\ntitle: {written}\n---\n").front.title == text


@pytest.mark.parametrize("year", ["2015", "'2015'", '"2015"', "2_015"])
def test_a_number_may_be_in_quotes(year: str) -> None:
    assert words_of(f"---\nyear: {year}\n---\n").front.year == 2015


@pytest.mark.parametrize(
    ("text", "title", "prose"),
    [
        ("---\ntitle: A\n---\n\n\nProse.", "A", "Prose."),
        ("---\ntitle: A\n--- \t\nProse.", "A", "Prose."),
        ("---\ntitle: A\n...\nProse.", "A", "Prose."),
        ("\ufeff---\r\ntitle: A\r\n---\r\nProse.", "A", "Prose."),
        ("\n\r\n  ---\ntitle: A\n---\nProse.", "A", "Prose."),
        ("---\n{title: A}\n---\nProse.", "A", "Prose."),
        ("---\n# note\n---\nProse.", "", "Prose."),
        ('+++\ntitle = "A"\n+++\nProse.', "A", "Prose."),
        ("+++\r\ntitle = 1.10\r\n+++\r\nProse.", "1.10", "Prose."),
        ("---\n\nA break\n\n---\n\nMore.", "", "---\n\nA break\n\n---\n\nMore."),
        ("---\n- a list\n---\nMore.", "", "---\n- a list\n---\nMore."),
        ("---\n", "", "---\n"),
        ("+++ no head", "", "+++ no head"),
    ],
)
def test_where_a_head_ends(text: str, title: str, prose: str) -> None:
    words = words_of(text)
    assert (words.front.title, words.prose, words.notes) == (title, prose, ())


def test_a_head_that_is_not_closed_is_read_and_never_published() -> None:
    words = words_of("---\ntitle: A\nyear: 2015\n\nProse.")
    assert (words.front.title, words.front.year, words.prose) == ("A", 2015, "Prose.")
    assert words.notes == ("the front matter is not closed; write --- below line 3",)


def test_a_text_with_a_colon_is_what_was_meant() -> None:
    words = words_of("---\nyear: 2016\ntitle: YOLO: It's You\n---\n")
    assert (words.front.title, words.front.year) == ("YOLO: It's You", 2016)
    assert words.notes == ("line 3: put a text that holds a colon in quotes",)


@pytest.mark.parametrize("mark", ["title: [", "year: 1\ntitle: A: B\nb: ["])
def test_a_line_is_that_of_the_file(mark: str) -> None:
    told = words_of(f"\n\n---\n{mark}\n---\n").notes[-1]
    assert told.startswith(f"line {4 + mark.count(chr(10)) + 1}: "), told


def test_an_alias_is_what_it_stands_for() -> None:
    # PyYAML writes a table so that is in two places.
    data = "{type: d, name: Data}"
    words = words_of(
        "---\nfamily: &id001 A\ntitle: *id001\nmodel-index:\n- name: net\n  results:\n"
        f"  - task: {{type: t}}\n    dataset: &id002 {data}\n    metrics: [{{type: m, value: 1}}]\n"
        "  - task: {type: u}\n    dataset: *id002\n    metrics: [{type: m, value: !!int 2}]\n---\n"
    )
    assert (words.notes, words.front.title) == ((), "A")
    assert [(one.task, one.dataset, one.value) for one in words.card.results] == [
        ("t", "Data", "1"),
        ("u", "Data", "2"),
    ]


def test_a_tag_costs_nothing_but_a_note() -> None:
    words = words_of("---\nlicense: !!str mit\ndtype: !!python/name:torch.half ''\n---\n")
    assert words.front.licence == "mit"
    assert words.notes == ("line 3: the tag !python/name:torch.half is left out",)


def test_results_of_thousands_of_tests_are_read() -> None:
    one = "    metrics: [{type: ndcg_at_10, value: 45.123}]\n"
    rows = "".join(
        f"  - task: {{type: t}}\n    dataset: {{name: D{i}}}\n{one}" for i in range(3000)
    )
    words = words_of(f"---\nlicense: mit\nmodel-index:\n- name: a\n  results:\n{rows}---\nProse.")
    assert (words.notes, words.front.licence, words.prose) == ((), "mit", "Prose.")
    assert words.card.results[0].dataset == "D0"


def test_prose_that_no_page_can_show_costs_itself() -> None:
    words = words_of(f"---\ntitle: A\n---\n{'word ' * 60_000}")
    assert (words.front.title, words.prose) == ("A", "")
    assert words.notes == (
        "the prose has 300,000 characters, more than 262,144, so it is not shown; shorten it",
    )


def test_all_mistakes_are_told_at_once_and_the_rest_is_read() -> None:
    text = "---\nyear: soon\ntitel: A\nfamily: B\npaper_url: javascript:alert(1)\n---\n"
    words = words_of(text)
    assert words.front == values.FrontMatter(family="B")
    assert words.notes == (
        "year is 'soon', not a whole number from 1900 to 2200",
        "paper_url is 'javascript:alert(1)', not a URL that starts with https:// or http://",
        "'titel' is not a setting (did you mean title?)",
    )


DOUBLED = list(itertools.pairwise("abcdefghijk"))


@pytest.mark.parametrize(
    ("head", "found"),
    [
        ("title: [", "the front matter is not valid YAML"),
        ("title: !!python/object/apply:os.system [id]", "the tag !python/object/apply:os.system"),
        (
            "k: " + "x" * 1_100_000,
            "the front matter has 1,100,004 characters, more than 1,048,576; shorten it",
        ),
        ("k: " + "[" * 5_000, "the front matter is not valid YAML"),
        ("title: a\0b", "the front matter is not valid YAML"),
        ("dims: {batch: 0}", "dims is {'batch': '0'}, not a table of sizes by name"),
        ("tags: [[a]]", "tags is [['a']], not a list in which each value is a string"),
        ("year: true", "year is 'true', not a whole number"),
        ("title: A\ntitle: B", "title is given more than once; the last counts"),
        ("license: A\nlicence: B", "licence and license mean the same; use only one of them"),
        ("year: 1" + "0" * 5_000, "not a whole number"),
        ("tags: " + "[" * 300 + "]" * 300, "nested more than 16 deep"),
        ("dims: " + "{a: " * 300 + "}" * 300, "nested more than 16 deep"),
        (
            "a: &a [x, x, x, x]\n" + "".join(f"{b}: &{b} [{f'*{a}, ' * 9}]\n" for a, b in DOUBLED),
            "line 8: the front matter is not valid YAML: aliases (*) stand for more than 1,048,576",
        ),
        ("a: &a [*a]", "line 2: the front matter is not valid YAML: *a stands for nothing"),
        ("title: *a", "*a stands for nothing; put the text in quotes"),
        ("year: !!int ''", "year is '', not a whole number"),
        ("title: !important", "line 2: the tag !important is left out"),
        ('title: "\\ud800"', "the front matter is not valid YAML"),
        ("tags:\n\t- a", "line 3: the front matter is not valid YAML"),
        ("tags:\n\t- a", "indent with spaces, not tabs"),
        ("a: 1\n? [b]\n: 2", "a key is not a text"),
        ("title: {a: 1}", "title is {'a': '1'}, not a string"),
        ("a: 1\n--- b", "a second document begins"),
    ],
)
def test_hostile_heads_cost_words_alone(head: str, found: str) -> None:
    words = words_of(f"---\n{head}\n---\nProse.")
    assert any(found in note for note in words.notes), words.notes
    assert words.prose == "Prose."
    assert all(len(note) < 1_000 for note in words.notes)


EDGES = [
    ("year", ["1900", "2200"], ["1899", "2201"]),
    ("title", ["x" * 300], ["x" * 301]),
    ("authors", ["x" * 200, "[a, b]"], ["x" * 201, f"{['a'] * 65}"]),
    ("authors", [f"{['a'] * 64}"], [f"{['a'] * 65}"]),
    ("tags", [f"{['a'] * 64}"], ["{a: b}"]),
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


@pytest.mark.parametrize(("key", "right", "wrong"), EDGES, ids=lambda one: one[:20])
def test_values_at_the_edges(key: str, right: list[str], wrong: list[str]) -> None:
    for value in right:
        assert words_of(f"---\n{key}: {value}\n---\n").notes == (), value
    for value in wrong:
        (note,) = words_of(f"---\n{key}: {value}\n---\n").notes
        assert note.startswith(f"{key} is "), note


@given(some.text(alphabet=" \t\n-.:{}[]'\"&*!|>#,?%@`abn01+=", max_size=200))
def test_no_head_brings_a_traceback(text: str) -> None:
    for mark in ("---", "+++"):
        words = words_of(f"{mark}\n{text}\n{mark}\nProse.")
        assert words.prose.endswith("Prose.")


def test_more_tags_than_a_model_has_cost_those_beyond() -> None:
    words = words_of("---\ntags:\n" + "".join(f"- tag {i}\n" for i in range(70)) + "---\n")
    assert words.front.tags == tuple(f"tag {i}" for i in range(64))
    assert words.notes == ("tags has 70 values; the first 64 count",)


def test_the_languages_of_a_translator_are_all_read() -> None:
    tags = [f"{a}{b}" for a in "abcdefgh" for b in "abcdefghijklmnopqrstuvwxyz"][:200]
    words = words_of("---\nlanguage: [" + ", ".join(tags) + "]\n---\n")
    assert (words.card.languages, words.notes) == (tuple(tags), ())
