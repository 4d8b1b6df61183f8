"""Prose takes a time that grows with its length alone, whatever its author writes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from markdown_it import MarkdownIt

from gallery.cache import Cache
from gallery.publishing import ImageFile, Site
from gallery.publishing.parts import prose as module
from gallery.publishing.parts.prose import plain, prose
from gallery.publishing.parts.raw_html import DEEPEST, bounded
from gallery.publishing.parts.typography import quotes
from tests.publishing.sample_exhibits import make_exhibit

KINDS = {
    "brackets": lambda n: "[" * n + "]" * n,
    "images": lambda n: "![" * n,
    "links": lambda n: "[a](" * n,
    "links in links": lambda n: "[a" * n + "](b)" * n,
    "titles": lambda n: '[a](b "c' * n,
    "stars": lambda n: "*a **a " * n,
    "stars and bars": lambda n: "*a_ " * n,
    "closing stars": lambda n: "a** " * n,
    "rising backticks": lambda n: "".join("e" + "`" * i for i in range(int((10 * n) ** 0.5))),
    "backticks": lambda n: "`a``" * n,
    "quotes": lambda n: ">" * n,
    "quotes in lists": lambda n: "- > " * n,
    "lists": lambda n: "- " * n + "a",
    "deeper lists": lambda n: "".join("  " * i + "* a\n" for i in range(int((5 * n) ** 0.5))),
    "numbered": lambda n: "1. " * n + "a",
    "definitions": lambda n: "".join(f"[a{i}]: b\n" for i in range(n)),
    "open definitions": lambda n: "[a\n" * n,
    "tables": lambda n: "|a" * n + "|\n" + "|-" * n + "|\n" + "|b" * n + "|",
    "table rows": lambda n: "|a|b|\n|-|-|\n" + "|c\n" * n,
    "no tables": lambda n: "a\n|-" * n,
    "tags": lambda n: "<b>" * n,
    "unequal tags": lambda n: "".join(f"<a href={i}>" for i in range(n)),
    "no tags": lambda n: "a <" * n,
    "comments": lambda n: "a<!--" * n,
    "no data": lambda n: "a<![CDATA[" * n,
    "instructions": lambda n: "a<?" * n,
    "entities": lambda n: "&a" * n,
    "addresses": lambda n: "<http:" * n,
    "marks": lambda n: "'\"" * n,
    "marks that open": lambda n: '"a ' * n + "a' " * n,
    "dashes": lambda n: "-" * n + "a--" * n,
    "spaces": lambda n: "a" + " " * n + "b",
    "breaks": lambda n: "a  \n" * n,
    "headings": lambda n: "a\n=\n" * n,
    "equal headings": lambda n: "# a\n# a-1\n" * n,
    "links to places": lambda n: "<a name=b>[a](#b) " * n,
    "tasks": lambda n: "- [ ] a\n" * n,
    "hashes": lambda n: "# " + " #" * n + "a",
    "fences": lambda n: "~~~a\n```\n" * n,
    "bare addresses": lambda n: "https://a" + ")." * n + " https://b" * n,
    "strikes": lambda n: "~~a " * n + "a~~ ~~~" * n,
    "alerts": lambda n: "> [!NOTE]\n> a\n\n" * n,
    "badges": lambda n: "[![a](b)](https://c) " * n,
    "files": lambda n: "[a](b) " * n,
    "lazy lines": lambda n: ">" * 30 + "a\n" + "a\n" * n,
}


def steps(make: Any, *arguments: Any) -> int:
    """How many lines of Python a call runs."""
    counted = 0

    def count(_frame: FrameType, event: str, _value: object) -> Any:
        nonlocal counted
        counted += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        make(*arguments)
    finally:
        sys.settrace(before)
    return counted


@pytest.mark.parametrize("kind", KINDS)
def test_four_times_the_text_takes_four_times_the_steps(kind: str) -> None:
    prose("a")
    short, long = (steps(prose, KINDS[kind](n)) for n in (300, 1200))
    assert long < 6 * short


def test_the_measure_shows_quadratic_time() -> None:
    reader = MarkdownIt("commonmark", {"typographer": True}).enable("smartquotes")
    reader.render("a")
    short, long = (steps(reader.render, KINDS["marks that open"](n)) for n in (150, 600))
    assert long > 8 * short


@pytest.mark.parametrize(
    "html",
    [
        "<b>" * 999,
        "<ul><li>" * 999,
        "<div>" * 999 + "</b>",
        "<b><!--</b>-->" * 999,
        "<b><u></b>" * 999,
        "<b x\" y='</b>'>" * 999,
        "<b><![CDATA[</b>]]>" * 999,
        "<b><script></b></script>" * 999,
    ],
)
def test_tags_are_never_deep_and_all_closed(html: str) -> None:
    made = bounded(html, {"b": (), "ul": (), "li": ()}, {"script"})
    depth = deepest = 0
    for part in made.split("<")[1:]:
        depth += -1 if part.startswith("/") else 1
        deepest = max(deepest, depth)
        assert depth >= 0
    assert depth == 0
    assert deepest <= DEEPEST


@pytest.mark.parametrize(
    ("html", "made"),
    [
        ("<p>a<p>b", "<p>a</p><p>b</p>"),
        ("<ul><li>a<li>b</ul>c", "<ul><li>a</li><li>b</li></ul>c"),
        (
            "<table><tr><td>a<td>b<tr><th>c</table>",
            "<table><tr><td>a</td><td>b</td></tr><tr><th>c</th></tr></table>",
        ),
        ("a<br/>b<BR />c", "a<br>b<br>c"),
        ("<a title='x > y' HREF=z on=w>a</a>", '<a href="z" title="x > y">a</a>'),
        ("<a title='\"'>a", '<a title="&quot;">a</a>'),
        ("<script>a</b>c</script>d<style>e", "d"),
        ("a <!-- b <!-- c --> d <!-- e", "a  d "),
        ("1 < 2 <3 <b", "1 &lt; 2 &lt;3 &lt;b"),
        ("</p><u>a</u>", "a"),
    ],
)
def test_html_that_leaves_things_out(html: str, made: str) -> None:
    names = ("p", "ul", "li", "table", "tr", "td", "th", "br")
    tags = dict.fromkeys(names, ()) | {"a": ("href", "title")}
    assert bounded(html, tags, {"script", "style"}) == made


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ('It\'s "so".', "It’s “so”."),
        ("('a' \"b\")", "(‘a’ “b”)"),
        ("the '80s", "the ’80s"),
        ("5\" and 'x", "5” and ‘x"),
    ],
)
def test_quotes_are_typographic(text: str, made: str) -> None:
    assert quotes(text) == made


def test_quotes_see_the_text_beside_them_but_not_code() -> None:
    html = prose('"*a*" `"b"` "[c](d.html "")" -- f... \\"g')
    assert html == (
        '<p>“<em>a</em>” <code>"b"</code> “<a href="d.html" rel="noopener noreferrer">c</a>” '
        '– f… "g</p>'
    )


def test_text_of_a_page_without_its_tags() -> None:
    html = prose("a & b\n\n- [c](d 'x > y')\n- e\n\n1 < 2")
    assert plain(html) == "a & b c e 1 < 2"


def test_long_prose_is_rendered_once(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "Word <b>and</b> *word*. " * module.WORTH_KEEPING
    cache = Cache(tmp_path)
    first = prose(text, cache)
    monkeypatch.setattr(module, "_reader", None)
    assert prose(text, cache) == first
    with pytest.raises(TypeError):
        prose(text + "a", cache)


def test_prose_that_a_library_fails_on_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    put: Callable[..., Site],
    pictures: tuple[ImageFile, ...],
) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(module, "_reader", fail)
    site = put([make_exhibit("a", pictures)])
    assert (site.root / "a" / "index.html").is_file()
    assert "the prose of its sidecar was left out" in caplog.text


def test_what_a_cache_holds_is_cleaned(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "Word. " * module.WORTH_KEEPING
    cache = Cache(tmp_path)
    put = Cache.put
    monkeypatch.setattr(
        Cache, "put", lambda self, key, _: put(self, key, {"html": "<script>x</script>y"})
    )
    prose(text, cache)
    assert prose(text, cache) == "y"
