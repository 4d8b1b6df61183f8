"""Checks of single values that a person wrote, as functions from value to value."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[object], Any]
"""Takes what was written, returns what is meant, or raises ValueError saying what is allowed."""

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60
_SHORT.maxlevel = 2


def text(limit: int = 2000) -> Check:
    """A string of at most `limit` characters."""

    def check(value: object) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError("a text")
        if len(str(value)) > limit:
            raise ValueError(f"a text of at most {limit} characters")
        return str(value)

    return check


def integer(low: int, high: int) -> Check:
    """A whole number from `low` to `high`."""

    def check(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return value

    return check


def seconds(value: object) -> float:
    """A positive number of seconds, at most a day."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 86_400:
        raise ValueError("a number of seconds above 0, at most 86400")
    return float(value)


def switch(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def one_of(*allowed: str) -> Check:
    """One of some words."""

    def check(value: object) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise ValueError("one of " + ", ".join(word or '""' for word in allowed))
        return value

    return check


def many(check_one: Check, limit: int = 64) -> Check:
    """A list of values, or one value for a list of one, as a tuple."""

    def check(value: object) -> tuple[Any, ...]:
        values = value if isinstance(value, list) else [value]
        if len(values) > limit:
            raise ValueError(f"a list of at most {limit} values")
        try:
            return tuple(check_one(one) for one in values)
        except ValueError as error:
            raise ValueError(f"a list, each {error}") from error

    return check


def names(value: object) -> tuple[str, ...]:
    """A list of texts, or one text with commas between."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    checked: tuple[str, ...] = many(text(200))(value)
    return checked


def url(value: object) -> str:
    """An address that starts with http:// or https://, or the empty text."""
    if not isinstance(value, str) or len(value) > 2000:
        raise ValueError("an address")
    if value and not value.startswith(("http://", "https://")):
        raise ValueError("an address that starts with https:// or http://")
    if any(ord(letter) <= 32 for letter in value):
        raise ValueError("an address without spaces")
    return value


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


def memory(value: object) -> int:
    """A number of bytes, or a text such as "2 GiB" or "500 MB"."""
    allowed = 'a number of bytes or a text such as "2 GiB" or "500 MB"'
    if isinstance(value, str):
        number = value.rstrip("BGKMTabgikmt ")
        unit = value[len(number) :].strip().lower()
        if unit not in _UNITS:
            raise ValueError(allowed)
        try:
            value = int(float(number) * _UNITS[unit])
        except (ValueError, OverflowError) as error:
            raise ValueError(allowed) from error
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 1 << 50:
        raise ValueError(allowed)
    return value


_UNITS = {
    **dict.fromkeys(("", "b"), 1),
    **dict.fromkeys(("k", "kb"), 10**3),
    **dict.fromkeys(("m", "mb"), 10**6),
    **dict.fromkeys(("g", "gb"), 10**9),
    "kib": 1 << 10,
    "mib": 1 << 20,
    "gib": 1 << 30,
}


def check_all(
    table: Mapping[str, Check], data: Mapping[Any, object], where: str
) -> tuple[dict[str, Any], list[str]]:
    """Check every value of a table.

    Args:
        table: The check of each key that is allowed.
        data: What was written.
        where: Said before each key in the problems ("scan.").

    Returns:
        The values that are right, and a sentence for each that is not.
    """
    right: dict[str, Any] = {}
    problems: list[str] = []
    for key, value in data.items():
        if key not in table:
            near = difflib.get_close_matches(str(key)[:100], table, 1)
            hint = f"did you mean {near[0]}?" if near else f"allowed are {', '.join(table)}"
            problems.append(f"{where}{_SHORT.repr(key)} is no key ({hint})")
            continue
        try:
            right[key] = table[key](value)
        except ValueError as error:
            problems.append(f"{where}{key} is {_SHORT.repr(value)}, not {error}")
    return right, problems
