"""Untrusted text is one line of what can be printed, however it is found out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gallery.text import printable


@given(st.text() | st.text("a \t\n\x1c\x85\xa0\u2028\u202e\u3000é\x00", max_size=8))
def test_a_printable_text_is_one_line_letter_by_letter(text: str) -> None:
    words = "".join(" " if letter.isspace() else letter for letter in text).split(" ")
    line = " ".join(word for word in words if word)
    expected = "".join(letter if letter.isprintable() else "\ufffd" for letter in line)
    assert printable(text) == expected
