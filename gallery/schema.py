"""Checks JSON from elsewhere: a schema is a function that raises where a value differs from it.

What is accepted is given by type and range, never by value, so a schema also says what the code
behind it has to expect. Messages quote nothing of the value: it may be long, or meant to mislead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

LARGE = 10**300
"""Bound of whole numbers: the largest that a float can hold is a little larger."""

DIGEST = "[0-9a-f]{64}"
"""The form of a SHA-256 in hexadecimal."""

LIST = 20_000_000
"""Most items of a list."""


class MismatchError(ValueError):
    """A value does not fit its schema.

    Attributes:
        wanted: What would fit, as a noun.
        where: The way to the value, from the outside in.
    """

    def __init__(self, wanted: str, *where: str | int) -> None:
        super().__init__(wanted, *where)
        self.wanted = wanted
        self.where = where

    def __str__(self) -> str:
        steps = (f"[{one}]" if isinstance(one, int) else f".{one}" for one in self.where)
        return f"{''.join(steps).removeprefix('.') or 'it'} is not {self.wanted}"


Schema = Callable[[object], None]


def text(most: int = 1 << 24, pattern: str = "") -> Schema:
    """A string of Unicode characters, at most so many, that matches a pattern as a whole."""
    form = re.compile(pattern, re.DOTALL) if pattern else None

    def check(value: object) -> None:
        if not isinstance(value, str) or len(value) > most or not _encodes(value):
            raise MismatchError(f"a text of at most {most} characters")
        if form and not form.fullmatch(value):
            raise MismatchError(f"a text of the form {pattern}")

    return check


def _encodes(value: str) -> bool:
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Whole:
    """A whole number in a range."""

    low: int
    high: int

    def __call__(self, value: object) -> None:
        """Check one."""
        low, high = self.low, self.high
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            ends = "" if (low, high) == (-LARGE, LARGE) else f" from {low} to {high}"
            raise MismatchError(f"a whole number{ends}")

    def holds(self, values: list[object]) -> bool:
        """Whether a list holds nothing else: records have thousands, and are read by each build."""
        if set(map(type, values)) != {int}:
            return False
        numbers = cast("list[int]", values)
        return self.low <= min(numbers) and max(numbers) <= self.high


def whole(low: int = -LARGE, high: int = LARGE) -> Schema:
    """A whole number in a range."""
    return _Whole(low, high)


def number(low: float, high: float) -> Schema:
    """A number in a range with finite ends."""

    def check(value: object) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise MismatchError("a number")
        if not low <= value <= high:
            raise MismatchError(f"a number from {low:g} to {high:g}")

    return check


def one_of(*values: object) -> Schema:
    """One of some values."""

    def check(value: object) -> None:
        if not any(type(value) is type(one) and value == one for one in values):
            raise MismatchError("one of " + ", ".join(map(repr, values)))

    return check


def switch(value: object) -> None:
    """True or false."""
    if not isinstance(value, bool):
        raise MismatchError("true or false")


def nothing(value: object) -> None:
    """None."""
    if value is not None:
        raise MismatchError("null")


def either(*schemas: Schema) -> Schema:
    """What fits one of some schemas."""

    def check(value: object) -> None:
        wanted = []
        for schema in schemas:
            try:
                return schema(value)
            except MismatchError as error:
                if error.where:  # it has the right type, and is wrong within
                    raise
                wanted.append(error.wanted)
        raise MismatchError(" or ".join(wanted))

    return check


def each(schema: Schema, most: int = LIST, least: int = 0) -> Schema:
    """A list whose items fit a schema."""

    def check(value: object) -> None:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise MismatchError(f"a list of {least} to {most} items")
        if isinstance(schema, _Whole) and schema.holds(value):
            return
        place = 0
        try:
            for place, one in enumerate(value):  # noqa: B007 - where it went wrong
                schema(one)
        except MismatchError as error:
            raise _within(place, error) from None

    return check


def row(*schemas: Schema) -> Schema:
    """A list of a fixed length, with a schema for each item."""

    def check(value: object) -> None:
        if not isinstance(value, list) or len(value) != len(schemas):
            raise MismatchError(f"a list of {len(schemas)} items")
        place = 0
        try:
            for place, (schema, one) in enumerate(zip(schemas, value, strict=True)):  # noqa: B007
                schema(one)
        except MismatchError as error:
            raise _within(place, error) from None

    return check


def record(fields: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """An object with exactly these keys, and perhaps some of the optional ones."""
    known = {**fields, **(optional or {})}

    def check(value: object) -> None:
        keys = value.keys() if isinstance(value, dict) else set()
        if not isinstance(value, dict) or not fields.keys() <= keys <= known.keys():
            raise MismatchError("an object with the keys " + ", ".join(fields))
        name = ""
        try:
            for name, one in value.items():
                known[name](one)
        except MismatchError as error:
            raise _within(name, error) from None

    return check


def mapping(key: Schema, schema: Schema, most: int = LIST) -> Schema:
    """An object with any keys of a kind."""

    def check(value: object) -> None:
        if not isinstance(value, dict) or len(value) > most:
            raise MismatchError(f"an object of at most {most} keys")
        place = 0
        try:
            for place, (name, one) in enumerate(value.items()):  # noqa: B007
                key(name)
                schema(one)
        except MismatchError as error:
            raise _within(place, error) from None

    return check


def anything(value: object) -> None:
    """Whatever is checked elsewhere."""


def a_list(value: object) -> None:
    """A list of whatever is checked elsewhere."""
    if not isinstance(value, list):
        raise MismatchError("a list")


def _within(place: str | int, error: MismatchError) -> MismatchError:
    """What is wrong with a value that has the wrong one at a place."""
    return MismatchError(error.wanted, place, *error.where)
