"""Makes untrusted text safe for a terminal, a file name, a legend and XML."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

DEVICES = frozenset({"con", "prn", "aux", "nul"}).union(
    f"{port}{number}" for port in ("com", "lpt") for number in range(10)
)
"""Names that Windows gives to devices, in every directory and with any suffix."""


def visible(text: str) -> str:
    r"""The text with U+FFFD in place of each character that is not printable.

    XML 1.0 forbids most of these, even escaped; a terminal would act on them.

    >>> visible("a\x00b c")
    'a\ufffdb c'
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def printable(text: str) -> str:
    r"""The text as one line without control characters or changes of writing direction.

    >>> printable("a\x1b[31m b\n c") == "a\ufffd[31m b c"
    True
    """
    if " " not in text and text.isprintable():  # As most names, which are many; no other space is.
        return text
    return visible(" ".join(text.split()))


def slugify(text: str, otherwise: str = "model") -> str:
    """A name for a text, of at most 80 characters of [a-z0-9-]; never one of `DEVICES`.

    >>> slugify("Vision/ResNet 50 (v1.5)"), slugify("日本"), slugify("AUX")
    ('vision-resnet-50-v1-5', 'model', 'aux-model')
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:80].strip("-") or otherwise
    return f"{name}-{otherwise}" if name in DEVICES else name


def cut(text: str, limit: int) -> str:
    """The text, shortened in the middle if it is longer than `limit` characters.

    Both ends are kept because that is where layer and tensor names differ.

    >>> cut("abcdefghij", 7)
    'abc…hij'
    """
    if len(text) <= limit:
        return text
    head = limit // 2
    return f"{text[:head]}…{text[len(text) - (limit - head - 1) :]}"


def dotted(path: str) -> str:
    """A layer's path as people write it.

    >>> dotted("blocks/0/mlp"), dotted("stage 2/block 3")
    ('blocks.0.mlp', 'stage 2, block 3')
    """
    parts = [part for part in path.split("/") if part]
    return (", " if " " in path else ".").join(parts)


def amount(value: float, unit: str = "") -> str:
    """A number in three significant digits, with an SI prefix and its unit.

    >>> amount(4_089_184_256, "FLOP"), amount(12, "steps"), amount(0.25), amount(0.00025, "s")
    ('4.09 GFLOP', '12 steps', '0.25', '250 µs')
    """
    if unit == "s" and 0 < value < 0.9995:
        power = next(p for p in (1, 2, 3, 4) if value * 1000**p >= 0.9995 or p == 4)
        return f"{value * 1000**power:.3g} {'mµnp'[power - 1]}s"
    number, prefix = _scaled(value, ("", "k", "M", "G", "T", "P", "E"))
    if unit in ("FLOP", "B"):
        return f"{number} {prefix}{unit}"
    return f"{number}{' ' + prefix if prefix else ''}{' ' + unit if unit else ''}"


def rounded(count: int) -> str:
    """A number of things in three significant digits, as people say it: a billion, not a giga.

    >>> rounded(1_100_048_384), rounded(1329), rounded(12)
    ('1.1 B', '1.33 k', '12')
    """
    return " ".join(_scaled(count, ("", "k", "M", "B", "T", "Q"))).rstrip()


def _scaled(value: float, prefixes: Sequence[str]) -> tuple[str, str]:
    """Three significant digits, and the prefix that they have in common with the value."""
    power = 0
    while abs(value) >= 999.5 and power < len(prefixes) - 1:
        value /= 1000
        power += 1
    return f"{value:.3g}", prefixes[power]


def counted(number: int, noun: str, several: str = "") -> str:
    """A number of things; `several` is the plural if it is not the noun with an s.

    >>> counted(1, "operator"), counted(1200, "operator")
    ('1 operator', '1,200 operators')
    """
    return f"{number:,} {noun if number == 1 else several or noun + 's'}"


def roughly(number: int, noun: str, several: str = "") -> str:
    """As `counted`, in three significant digits.

    >>> roughly(1, "vertex", "vertices"), roughly(20_123, "edge")
    ('1 vertex', '20.1 k edges')
    """
    return f"{rounded(number)} {noun if number == 1 else several or noun + 's'}"
