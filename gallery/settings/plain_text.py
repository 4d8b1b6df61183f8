"""YAML and TOML as plain values in which every scalar is the text that its author wrote.

A title 1.10, a family 007, a tag `no` and a date stay what they are; the field that a text is for
decides what it means.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import yaml

DEEPEST = 16
"""Most lists and tables within each other."""

MOST_REPEATED = 1 << 20
"""Most characters that all aliases together may stand for."""

_TOO_DEEP = f"lists or tables are nested more than {DEEPEST} deep"

Plain = str | None | list[Any] | dict[str, Any]
"""A text, nothing, a list of such values or a table of them by name."""

_NOTHING = frozenset(("", "~", "null", "Null", "NULL"))
_SURROGATE = re.compile("[\ud800-\udfff]")
_PARSER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class FormError(Exception):
    """A text is not YAML or TOML, or holds what is not allowed in it.

    Attributes:
        line: Where, counted from 1, or 0 if unknown.
        hint: What to write instead, or "".
    """

    def __init__(self, problem: str, line: int = 0, hint: str = "") -> None:
        """Take what is wrong, and where."""
        super().__init__(problem)
        self.line, self.hint = line, hint


def read_yaml(text: str) -> tuple[Plain, list[str]]:
    """Read YAML; of a key that is given more than once, the last value.

    A text with a colon in it that lacks its quotes is taken for the text that was meant. An alias
    is the value that it stands for, and tags, which name types, are left out: programs write both.

    Returns:
        The value, and notes on what should be written otherwise.

    Raises:
        FormError: It is not YAML, its aliases stand for more than `MOST_REPEATED` characters, or it
            is nested too deeply.
    """
    notes: list[str] = []
    for _ in range(_MOST_REPAIRS):
        try:
            value, told = _parsed(text)
            return value, [*notes, *told]
        except FormError as error:
            repaired = _quoted(text, error.line) if _COLON in str(error) else None
            if repaired is None:
                raise
            text = repaired
            notes.append(f"line {error.line}: {_advice(_COLON)}")
    raise FormError("many texts hold a colon", hint=_advice(_COLON))


_MOST_REPAIRS = 20
_MOST_TOLD = 20
_COLON = "mapping values are not allowed"
_STANDARD = re.compile(r"!|tag:yaml\.org,2002:(?:str|int|float|bool|null|timestamp|binary|seq|map)")
_LINE = re.compile(r"(\s*(?:- )?[\w-]+:\s+)(\w.*?)\s*")


def _quoted(text: str, line: int) -> str | None:
    """The text with the value of one line in quotes, or None if it has another form."""
    lines = text.split("\n")
    match = _LINE.fullmatch(lines[line - 1]) if 0 < line <= len(lines) else None
    if match is None:
        return None
    lines[line - 1] = match[1] + "'" + match[2].replace("'", "''") + "'"
    return "\n".join(lines)


def _parsed(text: str) -> tuple[Plain, list[str]]:
    """The value of a YAML document, and what should be written otherwise."""
    try:
        composer = _Composer(yaml.parse(text, Loader=_PARSER))
        return composer.document(), composer.told()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        problem = str(error.problem or error.context or "it cannot be read")
        line = mark.line + 1 if mark else 0
        tabbed = "\t" in "".join(text.split("\n")[line - 1 : line])
        advice = "indent with spaces, not tabs" if tabbed else _advice(problem)
        raise FormError(problem, line, advice) from error
    except (yaml.YAMLError, ValueError) as error:
        problem = " ".join(str(error).split())[:200]
        raise FormError(problem, hint="remove characters that are not text") from error


def _advice(problem: str) -> str:
    if _COLON in problem:
        return "put a text that holds a colon in quotes"
    return "put a text with special characters in quotes"


class _Composer:
    """Makes the value of a YAML document from the events of a parser."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._anchored: dict[str, Plain] = {}
        self._repeated = 0
        self._notes: dict[str, None] = {}

    def document(self) -> Plain:
        """The value of the one document, read to its end so that a mistake in it is found."""
        value: Plain = None
        for event in self._events:
            if isinstance(event, yaml.NodeEvent):
                value = self._value(event, DEEPEST)
                break
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                raise FormError("a second document begins in it")
        return value

    def told(self) -> list[str]:
        """What should be written otherwise."""
        notes = list(self._notes)
        return notes if len(notes) <= _MOST_TOLD else [*notes[:_MOST_TOLD], "and more"]

    def _value(self, event: Any, deepest: int) -> Plain:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            return self._again(str(event.anchor), line, deepest)
        if event.tag and not _STANDARD.fullmatch(event.tag):
            name = event.tag.removeprefix("tag:yaml.org,2002:").lstrip("!")
            self._notes[f"line {line}: the tag !{name:.60} is left out"] = None
        if isinstance(event, yaml.ScalarEvent):
            if _SURROGATE.search(event.value):
                raise FormError("half of a surrogate pair is not a character", line)
            plain = event.style in (None, "")
            value: Plain = None if plain and event.value in _NOTHING else str(event.value)
        elif not deepest:
            raise FormError(_TOO_DEEP, line)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._list(deepest - 1)
        else:
            value = self._table(deepest - 1)
        if event.anchor:
            self._anchored[event.anchor] = value
        return value

    def _again(self, anchor: str, line: int, deepest: int) -> Plain:
        """The value that an alias stands for; small text could stand for any amount of it."""
        if anchor not in self._anchored:
            raise FormError(f"*{anchor:.60} stands for nothing", line, "put the text in quotes")
        value = self._anchored[anchor]
        size, depth = _extent(value)
        if depth > deepest:
            raise FormError(_TOO_DEEP, line)
        self._repeated += size
        if self._repeated > MOST_REPEATED:
            found = f"aliases (*) stand for more than {MOST_REPEATED:,} characters"
            raise FormError(found, line, "write less")
        return value

    def _list(self, deepest: int) -> list[Any]:
        values = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            values.append(self._value(event, deepest))
        return values

    def _table(self, deepest: int) -> dict[str, Any]:
        table: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._value(event, deepest)
            if not isinstance(key, str):
                problem = "a key is not a text"
                raise FormError(problem, event.start_mark.line + 1, "write a name before the colon")
            if key in table:
                self._notes[f"{key:.60} is given more than once; the last counts"] = None
            table[key] = self._value(next(self._events), deepest)
        return table


def _extent(value: Plain) -> tuple[int, int]:
    """How many characters a value has, each value counted as one more, and how deep it is."""
    if isinstance(value, str) or value is None:
        return 1 + len(value or ""), 0
    held = value.values() if isinstance(value, dict) else value
    keys = sum(map(len, value)) if isinstance(value, dict) else 0
    extents = [_extent(one) for one in held]
    size = 1 + keys + sum(size for size, _ in extents)
    return size, 1 + max((depth for _, depth in extents), default=0)


def read_toml(text: str) -> tuple[Plain, list[str]]:
    """Read TOML; numbers and dates become text.

    Returns:
        The value, and no notes: TOML allows nothing that should be written otherwise.

    Raises:
        FormError: It is not TOML.
    """
    try:
        return _as_text(tomllib.loads(text.replace("\r\n", "\n"), parse_float=str)), []
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        problem = " ".join(str(error).split())[:200]
        line = re.search(r"at line (\d+)", problem)
        raise FormError(problem, int(line[1]) if line else 0) from error


def _as_text(value: Any, deepest: int = DEEPEST) -> Plain:
    if isinstance(value, dict | list) and not deepest:
        raise FormError(_TOO_DEEP)
    if isinstance(value, dict):
        return {name: _as_text(one, deepest - 1) for name, one in value.items()}
    if isinstance(value, list):
        return [_as_text(one, deepest - 1) for one in value]
    return str(value).lower() if isinstance(value, bool) else str(value)
