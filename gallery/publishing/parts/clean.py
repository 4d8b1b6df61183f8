"""Cleans names from model files for a page: no control characters, limited length.

HTML forbids most control characters even when they are escaped, and the characters that override
the direction of writing let a name reorder the text around it (https://unicode.org/reports/tr36/,
section 2.10). Markup is not handled here: templates escape it.
"""

from __future__ import annotations

import re

from gallery.text import cut

_NONCHARACTERS = "".join(
    chr(plane * 0x10000 + last) for plane in range(1, 17) for last in (0xFFFE, 0xFFFF)
)
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    + _NONCHARACTERS
    + "]"
)
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    r"""The text without characters that HTML forbids or that change the direction of writing.

    Forbidden characters become U+FFFD, so that two names stay different in length; those that
    change the direction are removed.

    >>> clean("a\x00b")
    'a\ufffdb'
    >>> clean("\u202egnp.exe")
    'gnp.exe'
    """
    # Nearly all texts, and a page prints thousands of them.
    if text.isascii() and text.isprintable():
        return text
    return _DIRECTION.sub("", _FORBIDDEN.sub("\ufffd", text))


def shorten(text: str, limit: int = 120) -> str:
    r"""The clean text on one line, cut in its middle if it is longer than `limit` characters.

    >>> shorten("abc\u202edefghij", 7)
    'abc…hij'
    """
    return cut(" ".join(clean(text).split()), limit)
