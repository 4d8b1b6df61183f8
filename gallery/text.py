"""Texts of strangers made fit for a terminal, a file name, a legend and XML."""

from __future__ import annotations

import re
import unicodedata


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


def cut(text: str, limit: int) -> str:
    """The text, cut in its middle where it is longer than `limit` characters.

    Both ends are kept because layer and tensor names differ at their ends.

    >>> cut("abcdefghij", 7)
    'abc…hij'
    """
    if len(text) <= limit:
        return text
    head = limit // 2
    return f"{text[:head]}…{text[len(text) - (limit - head - 1) :]}"


def amount(value: float, unit: str = "") -> str:
    """A number in three digits with its unit, "k" being a thousand.

    >>> amount(4_089_184_256, "FLOP"), amount(12, "steps"), amount(0.25)
    ('4.09 GFLOP', '12 steps', '0.25')
    """
    prefixes = ("", "k", "M", "G", "T", "P", "E")
    power = 0
    while abs(value) >= 999.5 and power < len(prefixes) - 1:
        value /= 1000
        power += 1
    number = f"{value:.3g}"
    prefix = prefixes[power]
    if unit in ("FLOP", "B"):
        return f"{number} {prefix}{unit}"
    return f"{number}{' ' + prefix if prefix else ''}{' ' + unit if unit else ''}"
