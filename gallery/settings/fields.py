"""Settings as dataclass fields whose metadata define their checks, options and help."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, TypeVar

from gallery.settings.checks import Check

T = TypeVar("T")

_MOST_PROBLEMS = 20
"""Most mistakes to name; a file in which all is wrong is another kind of file."""


class _Short(reprlib.Repr):
    """Writes a value so that it fits into a message."""

    def repr_int(self, x: int, level: int) -> str:
        """A number; those with thousands of digits have no decimal form in Python."""
        return super().repr_int(x, level) if x.bit_length() < 4096 else "a huge number"


_SHORT = _Short()
_SHORT.maxstring = _SHORT.maxother = 60
_SHORT.maxlevel = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The metadata of a setting's field.

    Attributes:
        name: The field's name.
        default: The value if nothing is written.
        help: What it means, in a few words without a full stop.
        check: Converts what was written to the value; None for a section.
        section: The dataclass of a section, or None.
        option: Its command-line option ("--vertices"), or "".
        metavar: Placeholder of the option's value in the help, or "".
        alias: Another spelling of its name, or "".
    """

    name: str
    default: Any
    help: str
    check: Check | None = None
    section: type | None = None
    option: str = ""
    metavar: str = ""
    alias: str = ""


def setting(
    default: Any, check: Check, text: str, *, option: str = "", metavar: str = "", alias: str = ""
) -> Any:
    """A field that holds one setting; see `Setting`."""
    carried = {"check": check, "help": text, "option": option, "metavar": metavar, "alias": alias}
    if isinstance(default, dict):
        return field(default_factory=lambda: dict(default), metadata=carried)
    return field(default=default, metadata=carried)


def section(kind: type, text: str) -> Any:
    """A field that holds a section: a dataclass of settings, all of which have defaults."""
    return field(default=kind(), metadata={"section": kind, "help": text})


def table(kind: type) -> dict[str, Setting]:
    """The settings of a dataclass by name, in order."""
    defaults = kind()
    return {
        one.name: Setting(name=one.name, default=getattr(defaults, one.name), **one.metadata)
        for one in fields(kind)
    }


@cache
def names(kind: type) -> Mapping[str, Setting]:
    """The settings of a dataclass by name and by alias."""
    own = table(kind)
    return own | {one.alias: one for one in own.values() if one.alias}


def read(kind: type[T], data: Mapping[Any, object], where: str = "") -> tuple[T, list[str]]:
    """Check settings as written.

    Args:
        kind: The dataclass of the settings.
        data: Values by name, sections as tables.
        where: Prefix of each name in the problems ("scan.").

    Returns:
        The settings, with defaults for what is missing or wrong, and a message for each mistake.
    """
    known = names(kind)  # type: ignore[arg-type] # mypy does not know that classes are hashable
    right: dict[str, Any] = {}
    problems: list[str] = []
    for key, value in data.items():
        one = known.get(key)
        if one is None:
            problems.append(f"{where}{_SHORT.repr(key)} is not a setting ({_near(key, known)})")
        elif one.name in right:
            problems.append(
                f"{where}{one.name} and {one.alias} mean the same; use only one of them"
            )
        elif one.section and isinstance(value, Mapping):
            right[one.name], wrong = read(one.section, value, f"{where}{key}.")
            problems += wrong
        elif one.section:
            problems.append(f"{where}{key} is {_SHORT.repr(value)}, not a section; write [{key}]")
        elif one.check:
            try:
                right[one.name] = one.check(value)
            except ValueError as error:
                problems.append(f"{where}{key} is {_SHORT.repr(value)}, not {error}")
        if len(problems) > _MOST_PROBLEMS:
            problems[_MOST_PROBLEMS:] = ["and more"]
            break
    return kind(**right), problems


def _near(key: object, known: Mapping[str, Setting]) -> str:
    near = difflib.get_close_matches(str(key)[:100], known, 1)
    return f"did you mean {near[0]}?" if near else f"allowed: {', '.join(known)}"
