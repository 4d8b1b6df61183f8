"""Checks of single values that a user wrote, as functions from value to value."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from gallery.settings.attributes import ATTRIBUTES, find

Check = Callable[[object], Any]
"""Takes a value as written and returns it converted, or raises ValueError with what is allowed."""


def text(limit: int = 2000) -> Check:
    """A string of at most `limit` characters."""

    def check(value: object) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError("a string")
        # Python refuses to write numbers of thousands of digits.
        huge = isinstance(value, int) and value.bit_length() > 4096
        if huge or len(str(value)) > limit:
            raise ValueError(f"a string of at most {limit} characters")
        return str(value)

    return check


def integer(low: int, high: int) -> Check:
    """A whole number from `low` to `high`."""

    def check(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return value

    return check


def number(low: float, high: float) -> Check:
    """A number from `low` to `high`."""

    def check(value: object) -> float:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not low <= value <= high
        ):
            raise ValueError(f"a number from {low:g} to {high:g}")
        return float(value)

    return check


def either(word: str, check: Check) -> Check:
    """A word, or what another check allows."""

    def checked(value: object) -> Any:
        if value == word:
            return word
        try:
            return check(value)
        except ValueError as error:
            raise ValueError(f'{error}, or "{word}"') from error

    return checked


def written(check: Check) -> Check:
    """The check of a number, or of a table of numbers, that is given as text."""

    def number(value: object) -> object:
        if isinstance(value, dict):
            return {name: number(one) for name, one in value.items()}
        if isinstance(value, str) and _WHOLE.fullmatch(value):
            return int(value.replace("_", ""))
        return value

    return lambda value: check(number(value))


_WHOLE = re.compile(r"[+-]?\d(_?\d){0,30}")


def seconds(value: object) -> float:
    """A positive number of seconds, at most a day."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 86_400:
        raise ValueError("a number of seconds above 0 and at most 86400")
    return float(value)


def percent(value: object) -> float:
    """A share in percent."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 100:
        raise ValueError("a number above 0 and at most 100")
    return float(value)


def switch(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


@dataclass(frozen=True, slots=True)
class OneOf:
    """A check for one of several words."""

    words: tuple[str, ...]

    def __call__(self, value: object) -> str:
        """The word; ValueError if it is not one of them."""
        if not isinstance(value, str) or value not in self.words:
            raise ValueError("one of " + ", ".join(word or '""' for word in self.words))
        return value


def one_of(*words: str) -> OneOf:
    """One of several words."""
    return OneOf(words)


def attribute(value: object) -> str:
    """An attribute to colour by, such as "layer", "measured:t4" or "metric:error"."""
    if not isinstance(value, str) or find(value) is None:
        raise ValueError("one of " + ", ".join(ATTRIBUTES) + ', "measured:DEVICE", "metric:NAME"')
    return value


@dataclass(frozen=True, slots=True)
class Many:
    """A check for a list, or for a single value as a list of one; it returns a tuple.

    Attributes:
        one: The check of each value.
        least: Smallest number of values.
        most: Largest number of values.
        distinct: Whether values must be distinct.
    """

    one: Check
    least: int = 0
    most: int = 64
    distinct: bool = True

    def __call__(self, value: object) -> tuple[Any, ...]:
        """The values; ValueError if one of them, or their number, is wrong."""
        values = value if isinstance(value, list | tuple) else [value]
        if not self.least <= len(values) <= self.most:
            raise ValueError(f"a list of {self.least} to {self.most} values")
        try:
            checked = tuple(self.one(one) for one in values)
        except ValueError as error:
            raise ValueError(f"a list in which each value is {error}") from error
        if self.distinct and len(set(checked)) < len(checked):
            raise ValueError("a list of distinct values")
        return checked


def many(one: Check, *, least: int = 0, most: int = 64, distinct: bool = True) -> Many:
    """A list of `least` to `most` values; see `Many`."""
    return Many(one, least, most, distinct)


def names(value: object) -> tuple[str, ...]:
    """A list of strings, or one string with commas between them."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, list):
        value = [one for one in value if one is not None]
    return many(text(200), distinct=False)(value)


def url(value: object) -> str:
    """A URL that starts with http:// or https:// and names a host, or the empty string."""
    if not isinstance(value, str) or len(value) > 2000:
        raise ValueError("a URL")
    if value and not value.startswith(("http://", "https://")):
        raise ValueError("a URL that starts with https:// or http://")
    if any(ord(letter) <= 32 for letter in value):
        raise ValueError("a URL without spaces")
    if value and not _parts(value):
        raise ValueError("a URL with a host, and with brackets around IPv6 addresses only")
    return value


def base_url(value: object) -> str:
    """The URL of a site's directory, with a slash added at its end; or the empty string."""
    if value == "":
        return ""
    parts = _parts(value) if isinstance(value, str) and _BASE_URL.fullmatch(value) else None
    if parts is None or parts.username is not None:
        raise ValueError('a URL such as "https://example.org/gallery/", the site\'s directory')
    path, _, name = parts.path.rstrip("/").rpartition("/")
    is_page = _PAGE.search(name)
    if is_page or parts.query or parts.fragment:
        folder = path if is_page else parts.path.rstrip("/")
        raise ValueError(
            f'the URL of a directory, which ends in a slash; write "{parts.scheme}://{parts.netloc}{folder}/"'
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}/"


_BASE_URL = re.compile(r"https?://[^\s\"'<>\\\x00-\x1f\x7f]{1,2000}")
_PAGE = re.compile(r"\.(x?html?|php|aspx?|jsp|xml|json|md)$", re.IGNORECASE)


def _parts(address: str) -> SplitResult | None:
    """The parts of a URL with a host, or None if it cannot be understood."""
    try:
        parts = urlsplit(address)
        return parts if parts.hostname and (parts.port is None or parts.port > 0) else None
    except ValueError:
        return None


def language(value: object) -> str:
    """A language tag."""
    if not isinstance(value, str) or not _LANGUAGE.fullmatch(value):
        raise ValueError('a language tag such as "en"')
    return value


_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,8}")


def ignore_pattern(value: object) -> str:
    """A line as in .gitignore, neither blank nor a comment."""
    line = text(500)(value)
    if not isinstance(value, str) or not line.strip() or line.startswith("#"):
        raise ValueError("a pattern as in .gitignore")
    checked: str = line
    return checked


def sizes_by_name(value: object) -> dict[str, int]:
    """A table from the name of a symbolic dimension to its size."""
    allowed = "a table of sizes by name, each a whole number from 1 to 1048576"
    if not isinstance(value, dict) or len(value) > 256:
        raise ValueError(allowed)
    for name, size in value.items():
        whole = isinstance(size, int) and not isinstance(size, bool)
        if not isinstance(name, str) or not whole or not 1 <= size <= 1 << 20:
            raise ValueError(allowed)
    return dict(value)


def words_by_name(*words: str) -> Check:
    """A table from names to one of several words each."""

    def check(value: object) -> dict[str, str]:
        if not isinstance(value, dict) or len(value) > 256:
            raise ValueError("a table with at most 256 names")
        if not all(isinstance(one, str) and one in words for one in value.values()):
            raise ValueError("a table from names to one of " + ", ".join(words))
        return dict(value)

    return check


def memory(value: object) -> int:
    """A number of bytes, or a size such as "2 GiB" or "500 MB"."""
    allowed = 'a number of bytes or a size such as "2 GiB" or "500 MB"'
    if isinstance(value, str):
        number = value.rstrip("BGKMTabgikmt ")
        unit = value[len(number) :].strip().lower()
        if unit not in _UNITS:
            raise ValueError(allowed)
        try:
            value = int(float(number) * _UNITS[unit])
        except (ValueError, OverflowError) as error:
            raise ValueError(allowed) from error
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value < 1 << 50:
        raise ValueError(allowed)
    return int(value)


_UNITS = {
    **dict.fromkeys(("", "b"), 1),
    **dict.fromkeys(("k", "kb"), 10**3),
    **dict.fromkeys(("m", "mb"), 10**6),
    **dict.fromkeys(("g", "gb"), 10**9),
    "kib": 1 << 10,
    "mib": 1 << 20,
    "gib": 1 << 30,
}


def memory_text(amount: int) -> str:
    """A number of bytes as `memory` reads it, in the largest unit that divides it.

    >>> memory_text(4 << 30), memory_text(1000)
    ('4 GiB', '1000 B')
    """
    units = (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1))
    return next(f"{amount // size} {name}" for name, size in units if amount % size == 0)
