"""Numbers, names and prose as they are printed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.publishing.assets.files import slugify
from gallery.publishing.parts.clean import clean, shorten
from gallery.publishing.parts.numbers import count, exact, quantity, shape, size
from gallery.publishing.parts.prose import plain, prose, summary
from tests.publishing.sample_exhibits import HOSTILE, PROSE

_FACTORS = {"": 1, "k": 1e3, "M": 1e6, "B": 1e9, "T": 1e12, "Q": 1e15}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "unknown"),
        (0, "0"),
        (9_999, "9,999"),
        (10_000, "10\u00a0k"),
        (9_996_000, "10\u00a0M"),
        (999_499, "999\u00a0k"),
        (999_500, "1\u00a0M"),
        (25_557_032, "25.6\u00a0M"),
        (18_700_000_000, "18.7\u00a0B"),
    ],
)
def test_count(value: int | None, text: str) -> None:
    assert count(value) == text


@given(st.integers(10_000, 10**17))
def test_count_is_right_to_three_digits(value: int) -> None:
    digits, _, prefix = count(value).partition("\u00a0")
    assert float(digits) * _FACTORS[prefix] == pytest.approx(value, rel=0.005)
    assert len(digits.replace(".", "")) <= 3


def test_quantities_with_their_units() -> None:
    assert quantity(4_089_184_256, "MACs") == "4.09\u00a0GMACs"
    assert quantity(None, "MACs", "nobody knows") == "nobody knows"
    assert quantity(0, "FLOPs") == "0\u00a0FLOPs"
    assert size(999) == "999\u00a0B"
    assert exact(None) == "unknown"
    assert exact(25_557_032) == "25,557,032"


def test_shapes() -> None:
    assert shape(None) == "unknown"
    assert shape(()) == "scalar"
    assert shape((1, "batch", None)) == "1 × batch × ?"


@given(st.text())
def test_clean_keeps_what_html_allows(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert not any(ord(sign) < 32 and sign not in "\t\n\r\x0b\x0c" for sign in cleaned)
    if text.isascii() and text.isprintable():
        assert cleaned == text


@given(st.text(), st.integers(3, 50))
def test_shorten_keeps_both_ends_on_one_line(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert len(short) <= limit
    assert "\n" not in short
    assert "…" in short or short == " ".join(clean(text).split())


@given(st.text())
def test_slugs_are_safe(text: str) -> None:
    slug = slugify(text)
    assert slug
    assert all(sign in "abcdefghijklmnopqrstuvwxyz0123456789-" for sign in slug)


def test_prose_keeps_plain_markup_only() -> None:
    html = str(prose(PROSE))
    assert '<h3 id="card-what-it-is">What it is</h3>' in html
    assert "<em>computes</em>" in html
    assert "<table>" in html
    assert '<a href="https://example.org/paper" rel="noopener noreferrer">' in html
    assert "alert(3)" not in html
    assert "javascript:" not in html
    assert "<img" not in html


@given(st.text() | st.just(HOSTILE))
def test_prose_never_holds_a_script(text: str) -> None:
    html = str(prose(text + HOSTILE)).lower()
    assert "<script" not in html
    assert "<img" not in html


def test_relative_and_mail_links_stay() -> None:
    html = str(prose("[a](../b/index.html) [c](mailto:a@example.org) [d](ftp://example.org)"))
    assert 'href="../b/index.html"' in html
    assert 'href="mailto:a@example.org"' in html
    assert "ftp:" not in html


@pytest.mark.parametrize(
    ("text", "made"),
    [
        # As READMEs of the ONNX Model Zoo link to the models beside them.
        (
            "[98 MB](model/net-7.onnx), [a](LICENSE) [b](../up/) [c](/docs)",
            "98 MB, a b c",
        ),
        ("[b](../b/index.html#c)", '<a href="../b/index.html#c">b</a>'),
        ("<a name='usage'></a>a", '<a id="card-usage"></a>a'),
        ("[![Colab](https://a.org/b.svg)](https://a.org/c)d", "d"),
        (
            "![e](https://a.org/e.png)[*f* ![g](g.png)](https://a.org)",
            '<a href="https://a.org"><em>f</em> </a>',
        ),
        ("https://a.org/b--c_d_e.", '<a href="https://a.org/b--c_d_e">https://a.org/b--c_d_e</a>.'),
        ("~~a~~ ~b~", "<s>a</s> ~b~"),
        ("(http://a.org/b_(c))", '(<a href="http://a.org/b_(c)">http://a.org/b_(c)</a>)'),
        ("[https://a.org](https://b.org)", '<a href="https://b.org">https://a.org</a>'),
        ("<a href='https://a.org'>https://b.org</a>", '<a href="https://a.org">https://b.org</a>'),
        ("`https://a.org` xhttps://b", "<code>https://a.org</code> xhttps://b"),
    ],
)
def test_links_of_cards(text: str, made: str) -> None:
    html = str(prose(text)).replace(' rel="noopener noreferrer"', "")
    assert html == f"<p>{made}</p>"


def test_what_held_nothing_but_badges_is_left_out() -> None:
    badge = "[![a](https://a.org/b.svg)](https://a.org)"
    assert str(prose(f"{badge}\n{badge}\n\nb")) == "<p>b</p>"


def test_alerts_begin_with_their_kind() -> None:
    html = str(prose("> [!NOTE]\n> Small.\n\n> [!tip]\n\n> [!NOTE] no\n\n[!NOTE]"))
    assert "<p><strong>Note</strong><br>\nSmall.</p>" in html
    assert "<p><strong>Tip</strong></p>" in html
    assert "<p>[!NOTE] no</p>" in html
    assert html.endswith("<p>[!NOTE]</p>")


@pytest.mark.parametrize(
    ("text", "made"),
    [
        # https://github.com/Flet/github-slugger/blob/master/test/fixtures.json names them so.
        ("# Usage of `run()`\n[a](#usage-of-run)", "usage-of-run"),
        ("# What's *new*, 1.5?\n[a](#whats-new-15)", "whats-new-15"),
        ("## Café\n[a](#caf%C3%A9)", "café"),
        ("<h2>Raw</h2>\n\n[a](#Raw)", "raw"),
        ("# A\n# A-1\n# A\n[a](#a-2)", "a-2"),
        ("<a name='b'></a><a id='b'></a>\n\n[a](#b)", "b"),
        ("<a id='c&quot;>'></a>[a](#c%22%3E)", "c&quot;&gt;"),
    ],
)
def test_links_of_a_card_lead_to_its_places(text: str, made: str) -> None:
    html = str(prose(text))
    assert html.count(f'id="card-{made}"') == 1
    assert f'href="#card-{made}"' in html


@pytest.mark.parametrize(
    "text", ["[a](#content)", "# !\n[a](#)", f"# {'b' * 300}\n[a](#{'b' * 300})"]
)
def test_a_link_to_no_place_is_its_words(text: str) -> None:
    html = str(prose(text))
    assert html.endswith("a</p>")
    assert "<a" not in html
    assert "id=" not in html


@given(st.lists(st.sampled_from(["a", "a-1", "a-2", "a-1-1", "A", "A 1"]), max_size=12))
def test_no_two_places_have_one_name(headings: list[str]) -> None:
    html = str(prose("\n".join(f"# {heading}" for heading in headings)))
    names = re.findall(r'id="([^"]*)"', html)
    assert len(names) == len(set(names)) == len(headings)


def test_tasks_have_boxes() -> None:
    html = str(
        prose("- [ ] a\n- [x] *b*\n- [y] c\n\n1. [X] d\n\n[ ] e\n\n<li class='stage'>f</li>")
    )
    assert '<li class="task">☐ a</li>' in html
    assert '<li class="task">☑ <em>b</em></li>' in html
    assert "<li>[y] c</li>" in html
    assert '<li class="task">☑ d</li>' in html
    assert "<p>[ ] e</p>" in html
    assert "stage" not in html


def test_summary_ends_with_a_sentence() -> None:
    text = plain(prose("One sentence that is long enough to stay here. " * 9))
    assert summary(text, 120).endswith("here.")
    assert len(summary(text, 120)) <= 120
    assert summary("short") == "short"
    assert plain(prose("a\n\nb & c")) == "a b & c"
