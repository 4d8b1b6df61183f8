"""gallery.toml: the settings of a whole gallery. All mistakes are reported at once."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from gallery.errors import SettingsError
from gallery.settings import checks
from gallery.settings.fields import Setting, read, table
from gallery.settings.formats import format_named, too_large
from gallery.settings.values import (
    CATEGORIES,
    SETS,
    GallerySettings,
    ScanSettings,
    VariantSettings,
)

FILE_NAME = "gallery.toml"
"""Looked for in the models directory."""

_COLUMN = 44
"""Column at which the comments of the example begin."""


def read_settings(path: Path) -> GallerySettings:
    """Read gallery.toml; if there is no such file, return the defaults.

    The path of the templates directory is relative to the file.

    Raises:
        SettingsError: The file is not TOML or values are wrong; all of them are named.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        return GallerySettings()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        found = f"{path} cannot be read: {error}"
        raise SettingsError(found, hint="write a TOML file as shown in the README") from error
    settings = settings_from(data, f"{path}: ")
    if not settings.templates:
        return settings
    return replace(settings, templates=str(path.parent / settings.templates))


def settings_from(data: Mapping[str, Any], where: str) -> GallerySettings:
    """Settings from a table as gallery.toml holds it.

    Args:
        data: The table.
        where: Prefix of the error message ("models/gallery.toml: ").

    Raises:
        SettingsError: Values are wrong; all of them are named.
    """
    settings, problems = read(GallerySettings, data)
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
