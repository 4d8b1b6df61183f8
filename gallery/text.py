"""Texts of strangers made fit for a page, a terminal, a file name and XML.

HTML forbids most control characters even when they are escaped, and the characters that override
the direction of writing let a name reorder the text around it (https://unicode.org/reports/tr36/,
section 2.10). Markup is not dealt with here: templates escape.
"""

from __future__ import annotations

import re
import unicodedata

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
    r"""The text without what HTML forbids and without marks that turn the direction of writing.

    Forbidden characters become U+FFFD, so that two names stay different in length; marks of
    direction go.

    >>> clean("a\x00b")
    'a\ufffdb'
    >>> clean("\u202egnp.exe")
    'gnp.exe'
    """
    return _DIRECTION.sub("", _FORBIDDEN.sub("\ufffd", text))


def shorten(text: str, limit: int = 120) -> str:
    """The text on one line, cut in its middle where it is longer than `limit` characters.

    Both ends are kept because layer and tensor names differ at their ends.

    >>> shorten("abcdefghij", 7)
    'abc…hij'
    """
    line = " ".join(clean(text).split())
    if len(line) <= limit:
        return line
    head = limit // 2
    return f"{line[:head]}…{line[len(line) - (limit - head - 1) :]}"


def visible(text: str) -> str:
    r"""The text with U+FFFD in place of each character that cannot be seen.

    XML 1.0 has no place for most of these, escaped or not; a terminal would obey them.

    >>> visible("a\x00b c")
    'a\ufffdb c'
    """
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def printable(text: str) -> str:
    r"""A text as one line in which nothing steers a terminal or turns the text around.

    >>> printable("a\x1b[31m b\n c") == "a\ufffd[31m b c"
    True
    """
    return visible(" ".join(text.split()))


def slugify(text: str, otherwise: str = "model") -> str:
    """A name of [a-z0-9-], at most 80 letters long, for a text.

    >>> slugify("Vision/ResNet 50 (v1.5)"), slugify("日本")
    ('vision-resnet-50-v1-5', 'model')
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:80].strip("-") or otherwise
