"""gallery.toml: the settings of a whole gallery. All mistakes are reported at once."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from gallery.errors import DiscoverError, SettingsError
from gallery.files import open_regular
from gallery.settings import checks
from gallery.settings.choices import CATEGORIES, SETS
from gallery.settings.fields import Setting, read, table
from gallery.settings.formats import format_named, too_large
from gallery.settings.values import GallerySettings, ScanSettings, VariantSettings
from gallery.settings.weight import weighed

FILE_NAME = "gallery.toml"
"""Looked for in the models directory."""

LARGEST_TOML = 64 << 10
"""Most bytes of a TOML file."""

_LONG_KEY = re.compile(r"(?<![\w\"'-])(?:[\w\"'-]++[ \t]*+\.[ \t]*+){32}")
"""tomllib takes cubic time for keys such as a.a.a.a."""

_COLUMN = 44
"""Column at which the comments of the example begin."""


def read_settings(path: Path) -> GallerySettings:
    """Read gallery.toml; if there is no such file, return the defaults.

    The path of the templates directory is relative to the file.

    Raises:
        SettingsError: The file is not TOML or values are wrong; all of them are named.
    """
    if not os.path.lexists(path):
        return GallerySettings()
    data = read_toml(path, "write a TOML file as shown in the README")
    settings = settings_from(data, f"{path}: ")
    if not settings.templates:
        return settings
    return replace(settings, templates=str(path.parent / settings.templates))


def read_toml(path: Path, hint: str) -> dict[str, Any]:
    """The table in a TOML file.

    Args:
        path: The file.
        hint: What to do if it cannot be read.

    Raises:
        SettingsError: It is not a regular file, is too large, or is not TOML.
    """
    try:
        with open_regular(path) as file:
            raw = file.read(LARGEST_TOML + 1)
        if len(raw) > LARGEST_TOML:
            raise ValueError(f"it is larger than {LARGEST_TOML >> 10} KiB")
        text = raw.decode("utf-8-sig")
        if _LONG_KEY.search(text):
            raise ValueError("a key has more than 32 parts")
        return tomllib.loads(text)
    except (OSError, DiscoverError, ValueError, RecursionError) as error:
        problem = error.found if isinstance(error, DiscoverError) else error
        raise SettingsError(f"{path} cannot be read: {problem}", hint=hint) from error


def settings_from(data: Mapping[str, Any], where: str) -> GallerySettings:
    """Settings from a table as gallery.toml holds it.

    Args:
        data: The table.
        where: Prefix of the error message ("models/gallery.toml: ").

    Raises:
        SettingsError: Values are wrong; all of them are named.
    """
    settings, problems = read(GallerySettings, weighed(data))
    problems += scan_conflicts(settings.scan, "scan.")
    problems += _size_conflicts(settings.variants)
    if problems:
        raise SettingsError(where + "; ".join(problems), hint="correct the settings")
    return settings


def checked(settings: GallerySettings) -> GallerySettings:
    """The same settings, checked as if they came from gallery.toml.

    Raises:
        SettingsError: Values are wrong; all of them are named.
    """
    return settings_from(asdict(settings), "")


def scan_conflicts(scan: ScanSettings, where: str = "") -> list[str]:
    """A message for each pair of values that conflict."""
    if scan.palette in SETS and scan.color not in CATEGORIES:
        found = f"{where}palette {scan.palette} has no order, but {where}color {scan.color} has one"
        return [f"{found}; use another palette, or color by one of {', '.join(CATEGORIES)}"]
    return []


def _size_conflicts(variants: VariantSettings) -> list[str]:
    """A message for each format that cannot hold the largest size."""
    kinds = [kind for kind in map(format_named, variants.formats) if kind]
    return [
        f"variants.{name} has {max(sizes)}, but {kind.name} holds {limit}"
        for name, sizes in (("sizes", variants.sizes), ("size", variants.size))
        for kind in kinds
        if (limit := too_large(kind, (max(sizes), max(sizes))))
    ]


def example() -> str:
    """A gallery.toml with every setting, its default and what it means."""
    whole = table(GallerySettings).values()
    parts = [one for one in whole if one.section or isinstance(one.default, dict)]
    blocks = [_lines(one for one in whole if one not in parts)]
    for one in parts:
        inner = table(one.section).values() if one.section else ()
        blocks.append([_line(f"[{one.name}]", one.help), *_lines(inner)])
    return "\n\n".join("\n".join(lines) for lines in blocks) + "\n"


def _lines(settings: Iterable[Setting]) -> list[str]:
    return [_line(f"{one.name} = {_toml(written(one))}", one.help) for one in settings]


def _line(start: str, text: str) -> str:
    return f"{start + '  ':<{_COLUMN}}# {text}"


def written(one: Setting) -> Any:
    """The default of a setting as a user would write it."""
    if one.check is checks.memory:
        return checks.memory_text(one.default)
    if isinstance(one.default, float) and one.default.is_integer():
        return int(one.default)
    return one.default


def _toml(value: Any) -> str:
    # Strings, numbers, booleans and lists of them are written in TOML as in JSON.
    return json.dumps(value, ensure_ascii=False)
