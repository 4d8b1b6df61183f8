"""Command-line options for settings, generated from the settings' fields."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gallery.settings import checks
from gallery.settings.fields import Setting, table
from gallery.settings.gallery_toml import written

Adder = argparse.ArgumentParser | argparse._ArgumentGroup  # argparse has no public name for it


def add_settings(made: Adder, kind: type, default: str = "") -> None:
    """Add an option for each setting that has one; without it the value is None or an empty list.

    Args:
        made: The parser or group to add the options to.
        kind: The dataclass of the settings.
        default: Where the value comes from without the option; "" for the field's own default.
    """
    for one in table(kind).values():
        if one.option:
            made.add_argument(one.option, **_how(one, default))


def _how(one: Setting, default: str) -> dict[str, Any]:
    check = one.check or checks.text()
    if isinstance(check, checks.Many) or isinstance(one.default, dict):
        return {
            "action": "append",
            "default": [],
            "type": typed(check.one) if isinstance(check, checks.Many) else dimension,
            "metavar": one.metavar,
            "help": f"{one.help}; can be given more than once",
        }
    usual = default or written(one)
    text = f"{one.help} (default: {usual})" if usual else one.help
    if isinstance(one.default, bool):
        return {"action": argparse.BooleanOptionalAction, "help": text}
    if isinstance(check, checks.OneOf):
        return {"choices": [word for word in check.words if word], "help": text}
    return {"type": typed(check), "metavar": one.metavar, "help": text}


def given(options: argparse.Namespace, kind: type) -> dict[str, Any]:
    """The settings of a dataclass that the command line sets, by name; lists as tuples."""
    values = {
        one.name: getattr(options, one.option.removeprefix("--").replace("-", "_"))
        for one in table(kind).values()
        if one.option
    }
    return {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in values.items()
        if value is not None
    }


def typed(check: checks.Check) -> Callable[[str], Any]:
    """A `type` for argparse that applies a check."""

    def parse(text: str) -> Any:
        try:
            return check(_number(text))
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r} is not {error}") from error

    return parse


def path(text: str) -> Path:
    """A `type` for argparse: a path, which is not empty.

    An empty one, such as that of a variable that is not set, would mean the current directory.
    """
    if not text:
        raise argparse.ArgumentTypeError("the path is empty; write . for the current directory")
    return Path(text)


def _number(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def dimension(text: str) -> tuple[str, int]:
    """A `type` for argparse: the size of a symbolic dimension, NAME=SIZE."""
    name, _, size = text.rpartition("=")
    try:
        sizes = checks.sizes_by_name({name: _number(size)} if name else None)
    except ValueError as error:
        found = f"{text!r} is not of the form NAME=SIZE with a size from 1 to 1048576"
        raise argparse.ArgumentTypeError(found) from error
    return name, sizes[name]
