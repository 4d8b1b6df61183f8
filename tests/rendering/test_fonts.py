"""The font: what it can say, how wide it is, and what becomes of letters that it lacks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from gallery.rendering.sheet import fonts
from gallery.rendering.sheet.fonts import (
    ASCENT,
    MISSING,
    Face,
    bearing,
    bound,
    extent,
    letters,
    mask,
    plain,
    put,
    shorten,
    text_width,
    wrap,
)


@pytest.mark.parametrize("text", ["ResNet-50", "Größe 2×3", "αβγ Ωµ", "Слой 7", "l’été – “x” …"])
def test_latin_greek_and_cyrillic_are_kept(text: str) -> None:
    assert plain(text) == text
    assert all(ord(letter) in letters() for letter in text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\0b", "a□b"),
        ("a\u202eb", "a□b"),
        ("a\u200db", "a□b"),
        ("卷积1", "□□1"),
        ("\N{BRAIN}", "□"),
        ("\ud800", "□"),
        ("שלום", "□□□□"),
        ("ﬁne", "fine"),
        ("e\u0301", "é"),
        ("x\u0337", "x"),
        ("a\u00a0b", "a b"),
    ],
)
def test_what_the_font_lacks_shows_and_does_no_harm(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(st.text(max_size=300), st.integers(1, 80))
def test_any_text_can_be_set(text: str, limit: int) -> None:
    shown = plain(text, limit)
    assert len(shown) <= limit
    assert all(ord(letter) in letters() for letter in shown)
    assert plain(shown, limit) == shown
    assert mask(shown, 11).shape[0] == extent(shown, 11)[1]


@given(st.text("abcdefgWMil. -", max_size=60), st.sampled_from(list(Face)), st.integers(11, 60))
def test_ink_lies_within_the_extent(text: str, face: Face, size: int) -> None:
    cover = mask(text, size, face)
    wide, tall = extent(text, size, face)
    assert cover.shape == (tall, wide + 1)
    assert cover.min() >= 0
    assert cover.max() <= 1
    assert (cover.max() > 0.3) == bool(text.strip())


def test_the_missing_sign_is_drawn() -> None:
    assert mask(MISSING, 24).max() > 0.5


def test_faces_differ_in_weight() -> None:
    ink = {face: float(mask("Handgloves", 60, face).sum()) for face in Face}
    assert ink[Face.LIGHT] < ink[Face.TEXT] < ink[Face.STRONG]


def test_sizes_scale() -> None:
    assert text_width("Layer", 20) == pytest.approx(2 * text_width("Layer", 10))
    small, large = mask("Layer", 20).sum(), mask("Layer", 40).sum()
    assert large / small == pytest.approx(4, rel=0.08)


def test_letters_stand_where_the_width_says() -> None:
    wide = text_width("iiii", 40)
    cover = mask("iiiiM", 40)
    gap = cover[:, int(wide) - 1 : int(wide) + 2].sum()
    assert gap < cover[:, int(wide) + 4 :].sum() / 10


@given(st.text(max_size=120), st.floats(10, 100), st.integers(1, 4))
def test_lines_fit_their_column(text: str, width: float, most: int) -> None:
    lines = wrap(text, 4, width, most)
    assert 1 <= len(lines) <= most
    assert all(text_width(line, 4) <= width or line == "…" for line in lines)
    if all(not line.endswith("…") for line in lines):
        assert " ".join(lines).split() == plain(text, 2000).split()


@pytest.mark.parametrize("face", [Face.TITLE, Face.LIGHT])
@pytest.mark.parametrize("word", ["Resnet", "1", "T", "A", "", " "])
def test_the_bearing_is_what_is_blank_before_a_word(word: str, face: Face) -> None:
    blank = bearing(word, 300, face)
    inked = (mask(word, 300, face) >= 0.5).any(axis=0) if word.strip() else np.ones(1, bool)
    assert blank == pytest.approx(inked.argmax(), abs=1)


def test_bound_words_stay_on_one_line() -> None:
    names = ("Ada Byron", "Alan M. Turing", "Grace Hopper")
    width = 1.2 * text_width(names[1], 4)
    lines = wrap(", ".join(bound(one, 4, width) for one in names), 4, width)
    assert lines == ["Ada Byron,", "Alan M. Turing,", "Grace Hopper"]
    long = "An institution of many words"
    assert all(not line.endswith("…") for line in wrap(bound(long, 4, width), 4, width))


def test_text_that_is_cut_says_so() -> None:
    assert wrap("one two three four five six", 4, 20, 1)[0].endswith("…")
    assert shorten("a long line of text", 4, 20).endswith("…")
    assert shorten("short", 4, 20) == "short"
    assert plain("a" * 70).endswith("…")


def test_put_blends_and_is_cut_at_the_border() -> None:
    pixels = np.zeros((4, 4, 3), np.uint8)
    put(pixels, np.full((3, 3), 0.5, np.float32), (-1, 2), (200, 100, 50))
    assert pixels[2:, :2].tolist() == [[[100, 50, 25]] * 2] * 2
    assert not pixels[:2].any()
    assert not pixels[:, 2:].any()
    put(pixels, np.ones((2, 2), np.float32), (9, 9), (1, 1, 1))


@given(st.text("AVfjgçß,□1 ×", max_size=9), st.sampled_from([7, 16, 95, 96]), st.sampled_from(Face))
def test_letters_that_are_kept_make_what_drawing_them_one_by_one_makes(
    text: str, size: int, face: Face
) -> None:
    """Pillow draws each letter where it belongs, four times as large if it is small."""
    fine = 4 if size < 96 else 1
    width, height = extent(text, size, face)
    image, x = Image.new("L", ((width + 1) * fine, height * fine)), 0.0
    for letter in text:
        at, font = (round(x), round(ASCENT * size * fine)), fonts._font(size * fine, face)
        ImageDraw.Draw(image).text(at, letter, 255, font, anchor="ls")
        x += size * fine * fonts._advance(letter, face)
    expected = np.asarray(image.reduce(fine) if fine > 1 else image, np.float32) / 255
    np.testing.assert_array_equal(mask(text, size, face), expected)
