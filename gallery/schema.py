"""Checks JSON from elsewhere: a schema is a function that raises where a value differs from it.

What is accepted is given by type and range, never by value, so a schema also says what the code
behind it has to expect. Messages quote nothing of the value: it may be long, or meant to mislead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import cast

LARGE = 10**300
"""Bound of whole numbers: the largest that a float can hold is a little larger."""

DIGEST = "[0-9a-f]{64}"
"""The form of a SHA-256 in hexadecimal."""

LIST = 20_000_000
"""Most items of a list."""


_FEW = 4
"""Most values that are checked faster one by one."""


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


def hold(schema: Schema, values: Sequence[object]) -> bool:
    """Whether it is certain that all of some values fit a schema; few are not looked at.

    Schemas with a method `holds` tell it of many values at once: records have thousands, and each
    build reads those of all models. Where one does not tell, each value has to be checked.
    """
    if len(values) <= _FEW:
        return not values
    holds = getattr(schema, "holds", None)
    return holds is not None and holds(values)


@dataclass(frozen=True, slots=True)
class _Text:
    """A string of at most so many characters, with a form."""

    most: int
    form: re.Pattern[str] | None

    def __call__(self, value: object) -> None:
        """Check one."""
        if not isinstance(value, str) or len(value) > self.most or not _encodes(value):
            raise MismatchError(f"a text of at most {self.most} characters")
        if self.form and not self.form.fullmatch(value):
            raise MismatchError(f"a text of the form {self.form.pattern}")

    def holds(self, values: Sequence[object]) -> bool:
        """Whether all of some values fit."""
        if set(map(type, values)) != {str}:
            return False
        texts = cast("Sequence[str]", values)
        if max(map(len, texts)) > self.most or not all(map(str.isascii, texts)):
            return False
        return self.form is None or all(map(self.form.fullmatch, texts))


def text(most: int = 1 << 24, pattern: str = "") -> Schema:
    """A string of Unicode characters, at most so many, that matches a pattern as a whole."""
    return _Text(most, re.compile(pattern, re.DOTALL) if pattern else None)


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

    def holds(self, values: Sequence[object]) -> bool:
        """Whether all of some values fit."""
        if set(map(type, values)) != {int}:
            return False
        numbers = cast("Sequence[int]", values)
        return self.low <= min(numbers) and max(numbers) <= self.high


def whole(low: int = -LARGE, high: int = LARGE) -> Schema:
    """A whole number in a range."""
    return _Whole(low, high)


@dataclass(frozen=True, slots=True)
class _Number:
    """A number in a range with finite ends."""

    low: float
    high: float

    def __call__(self, value: object) -> None:
        """Check one."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise MismatchError("a number")
        if not self.low <= value <= self.high:
            raise MismatchError(f"a number from {self.low:g} to {self.high:g}")

    def holds(self, values: Sequence[object]) -> bool:
        """Whether all of some values fit."""
        if not set(map(type, values)) <= {int, float}:
            return False
        low, high = self.low, self.high
        return all(low <= one <= high for one in cast("Sequence[float]", values))


def number(low: float, high: float) -> Schema:
    """A number in a range with finite ends."""
    return _Number(low, high)


def one_of(*values: object) -> Schema:
    """One of some values."""

    def check(value: object) -> None:
        if not any(type(value) is type(one) and value == one for one in values):
            raise MismatchError("one of " + ", ".join(map(repr, values)))

    return check


class _Switch:
    """True or false."""

    def __call__(self, value: object) -> None:
        """Check one."""
        if not isinstance(value, bool):
            raise MismatchError("true or false")

    def holds(self, values: Sequence[object]) -> bool:
        """Whether all of some values fit."""
        return set(map(type, values)) == {bool}


switch: Schema = _Switch()
"""True or false."""


def nothing(value: object) -> None:
    """None."""
    if value is not None:
        raise MismatchError("null")


@dataclass(frozen=True, slots=True)
class _Either:
    """What fits one of some schemas."""

    schemas: tuple[Schema, ...]

    def __call__(self, value: object) -> None:
        """Check one."""
        wanted = []
        for schema in self.schemas:
            try:
                return schema(value)
            except MismatchError as error:
                if error.where:  # it has the right type, and is wrong within
                    raise
                wanted.append(error.wanted)
        raise MismatchError(" or ".join(wanted))

    def holds(self, values: Sequence[object]) -> bool:
        """Whether all of some values are nothing, if that fits, or fit the first other schema."""
        if nothing in self.schemas:
            values = [one for one in values if one is not None]
        first = next((one for one in self.schemas if one is not nothing), nothing)
        return hold(first, values)


def either(*schemas: Schema) -> Schema:
    """What fits one of some schemas."""
    return _Either(schemas)


@dataclass(frozen=True, slots=True)
class _Each:
    """A list whose items fit a schema."""

    schema: Schema
    most: int
    least: int

    def __call__(self, value: object) -> None:
        """Check one."""
        if not isinstance(value, list) or not self.least <= len(value) <= self.most:
            raise MismatchError(f"a list of {self.least} to {self.most} items")
        if not hold(self.schema, value):
            _check_items(repeat(self.schema), value)

    def holds(self, values: Sequence[object]) -> bool:
        """Whether all of some values fit."""
        if set(map(type, values)) != {list}:
            return False
        lists = cast("Sequence[list[object]]", values)
        sizes = set(map(len, lists))
        if min(sizes) < self.least or max(sizes) > self.most:
            return False
        return hold(self.schema, list(chain.from_iterable(lists)))


def each(schema: Schema, most: int = LIST, least: int = 0) -> Schema:
    """A list whose items fit a schema."""
    return _Each(schema, most, least)


@dataclass(frozen=True, slots=True)
class _Row:
    """A list of a fixed length, with a schema for each item."""

    schemas: tuple[Schema, ...]

    def __call__(self, value: object) -> None:
        """Check one."""
        if not isinstance(value, list) or len(value) != len(self.schemas):
            raise MismatchError(f"a list of {len(self.schemas)} items")
        _check_items(self.schemas, value)

    def holds(self, values: Sequence[object]) -> bool:
        """Whether all of some values fit."""
        if set(map(type, values)) != {list}:
            return False
        rows = cast("Sequence[list[object]]", values)
        if set(map(len, rows)) != {len(self.schemas)}:
            return False
        return all(map(hold, self.schemas, zip(*rows, strict=True)))


def row(*schemas: Schema) -> Schema:
    """A list of a fixed length, with a schema for each item."""
    return _Row(schemas)


@dataclass(frozen=True, slots=True)
class _Record:
    """An object with some keys, and perhaps others."""

    fields: Mapping[str, Schema]
    known: Mapping[str, Schema]

    def __call__(self, value: object) -> None:
        """Check one."""
        keys = value.keys() if isinstance(value, dict) else set()
        if not isinstance(value, dict) or not self.fields.keys() <= keys <= self.known.keys():
            raise MismatchError("an object with the keys " + ", ".join(self.fields))
        name = ""
        try:
            for name, one in value.items():
                self.known[name](one)
        except MismatchError as error:
            raise _within(name, error) from None

    def holds(self, values: Sequence[object]) -> bool:
        """Whether all of some values fit, without optional keys."""
        if set(map(type, values)) != {dict}:
            return False
        records = cast("Sequence[dict[str, object]]", values)
        if any(one.keys() != self.fields.keys() for one in records):
            return False
        return all(
            hold(schema, [one[name] for one in records]) for name, schema in self.fields.items()
        )


def record(fields: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """An object with exactly these keys, and perhaps some of the optional ones."""
    return _Record(fields, {**fields, **(optional or {})})


def mapping(key: Schema, schema: Schema, most: int = LIST) -> Schema:
    """An object with any keys of a kind."""

    def check(value: object) -> None:
        if not isinstance(value, dict) or len(value) > most:
            raise MismatchError(f"an object of at most {most} keys")
        if hold(key, list(value)) and hold(schema, list(value.values())):
            return
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


def _check_items(schemas: Iterable[Schema], values: Sequence[object]) -> None:
    """Check the items of a list, each by its own schema."""
    place = 0
    try:
        for place, (schema, one) in enumerate(zip(schemas, values, strict=False)):  # noqa: B007
            schema(one)
    except MismatchError as error:
        raise _within(place, error) from None


def _within(place: str | int, error: MismatchError) -> MismatchError:
    """What is wrong with a value that has the wrong one at a place."""
    return MismatchError(error.wanted, place, *error.where)
