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

    A text with a colon in it that lacks its quotes is taken for the text that was meant.

    Returns:
        The value, and notes on what should be written otherwise.

    Raises:
        FormError: It is not YAML, or it has anchors, aliases or tags, which make small text large
            or run code, or is nested too deep.
    """
    notes: list[str] = []
    for _ in range(_MOST_REPAIRS):
        try:
            value, twice = _parsed(text)
            return value, [*notes, *map(_TWICE.format, twice)]
        except FormError as error:
            repaired = _quoted(text, error.line) if _COLON in str(error) else None
            if repaired is None:
                raise
            text = repaired
            # The head begins in the second line of the file.
            notes.append(f"line {error.line + 1}: {_advice(_COLON)}")
    raise FormError("many texts hold a colon", hint=_advice(_COLON))


_MOST_REPAIRS = 20
_COLON = "mapping values are not allowed"
_TWICE = "{:.60} is given more than once; the last counts"
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
    """The value of a YAML document, and the keys that are given more than once."""
    twice: list[str] = []
    try:
        events = yaml.parse(text, Loader=_PARSER)
        for event in events:
            if isinstance(event, yaml.NodeEvent):
                return _value(event, events, twice, DEEPEST), _drained(events, twice)
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
    return None, twice


def _drained(events: Iterator[yaml.Event], twice: list[str]) -> list[str]:
    """Read on, so that a mistake after the first value is found."""
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            raise FormError("a second document begins in it")
    return twice


def _advice(problem: str) -> str:
    if _COLON in problem:
        return "put a text that holds a colon in quotes"
    return "put a text with special characters in quotes"


def _value(event: Any, events: Iterator[Any], twice: list[str], deepest: int) -> Plain:
    line = event.start_mark.line + 1
    if isinstance(event, yaml.AliasEvent) or event.anchor:
        problem = "anchors and aliases (& and *) are not allowed"
        raise FormError(problem, line, "put the text in quotes")
    if event.tag:
        raise FormError("tags (!) are not allowed", line, "put the text in quotes")
    if isinstance(event, yaml.ScalarEvent):
        if _SURROGATE.search(event.value):
            raise FormError("half of a surrogate pair is not a character", line)
        plain = event.style in (None, "")
        return None if plain and event.value in _NOTHING else str(event.value)
    if not deepest:
        raise FormError(f"lists or tables are nested more than {DEEPEST} deep", line)
    if isinstance(event, yaml.SequenceStartEvent):
        return _list(events, twice, deepest - 1)
    return _table(events, twice, deepest - 1)


def _list(events: Iterator[Any], twice: list[str], deepest: int) -> list[Any]:
    values = []
    while not isinstance(event := next(events), yaml.SequenceEndEvent):
        values.append(_value(event, events, twice, deepest))
    return values


def _table(events: Iterator[Any], twice: list[str], deepest: int) -> dict[str, Any]:
    table: dict[str, Any] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        key = _value(event, events, twice, deepest)
        if not isinstance(key, str):
            problem = "a key is not a text"
            raise FormError(problem, event.start_mark.line + 1, "write a name before the colon")
        if key in table:
            twice.append(key)
        table[key] = _value(next(events), events, twice, deepest)
    return table


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
        raise FormError(f"lists or tables are nested more than {DEEPEST} deep")
    if isinstance(value, dict):
        return {name: _as_text(one, deepest - 1) for name, one in value.items()}
    if isinstance(value, list):
        return [_as_text(one, deepest - 1) for one in value]
    return str(value).lower() if isinstance(value, bool) else str(value)
