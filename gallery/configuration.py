"""gallery.toml: the settings of a whole gallery, all mistakes told at once."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from gallery import fields
from gallery.errors import SettingsError
from gallery.settings import (
    ATTRIBUTES,
    GROUNDS,
    PALETTES,
    PASSES,
    SKELETONS,
    TARGETS,
    ColorRule,
    GallerySettings,
    Limits,
    ScanSettings,
    VariantSettings,
)

FILE_NAME = "gallery.toml"
"""Looked for in the models directory."""

FORMATS = ("avif", "webp", "png", "jpeg")
"""Picture formats that a site can hold."""


def color_rule(value: object) -> ColorRule:
    """A colour rule: a table, or "PATTERN=COLOR" with "operator:" before it where it is on those.

    >>> color_rule("operator:Conv=#ff8800")
    ColorRule(pattern='Conv', color='#ff8800', on='operator')
    """
    allowed = 'a table with pattern, color = "#rrggbb" and on = "layer" or "operator"'
    if isinstance(value, str):
        start, equals, color = value.rpartition("=")
        on, colon, pattern = start.partition(":")
        if not equals or (colon and on not in _RULE_ON):
            raise ValueError('PATTERN=#rrggbb, with "layer:" or "operator:" before it')
        value = {"pattern": pattern if colon else start, "color": color}
        value |= {"on": on} if colon else {}
    if not isinstance(value, dict) or not {"pattern", "color"} <= value.keys() <= _RULE_KEYS:
        raise ValueError(allowed)
    rule = ColorRule(**value)
    texts = all(isinstance(text, str) and 0 < len(text) <= 500 for text in value.values())
    if not texts or rule.on not in _RULE_ON or not re.fullmatch("#[0-9a-fA-F]{6}", rule.color):
        raise ValueError(allowed)
    return rule


_RULE_KEYS = {"pattern", "color", "on"}
_RULE_ON = ("layer", "operator")
_SIZE = fields.integer(16, 32_768)
_BUDGET = fields.integer(1, 100_000_000)

_TOP: dict[str, fields.Check] = {
    "title": fields.text(300),
    "description": fields.text(),
    "base_url": fields.url,
    "language": fields.text(35),
    "templates": fields.text(),
    "ignore": fields.many(fields.text(500), 1000),
    "dims": fields.sizes_by_name,
    "default_dim": fields.integer(1, 1 << 20),
}

_SCAN: dict[str, fields.Check] = {
    "vertices": _BUDGET,
    "passes": fields.one_of(*PASSES),
    "target": fields.one_of(*TARGETS),
    "skeleton": fields.one_of(*SKELETONS),
    "color": fields.one_of(*ATTRIBUTES),
    "palette": fields.one_of("", *PALETTES),
    "ground": fields.one_of(*GROUNDS),
    "seed": fields.integer(0, (1 << 31) - 1),
    "labels": fields.switch,
    "legend": fields.switch,
    "rules": fields.many(color_rule, 256),
}

_VARIANTS: dict[str, fields.Check] = {
    "sizes": fields.many(_SIZE),
    "size": fields.many(_SIZE),
    "formats": fields.many(fields.one_of(*FORMATS)),
    "vertices": _BUDGET,
    "names": fields.switch,
    "training": fields.switch,
    "light": fields.switch,
    "skeletons": fields.many(fields.one_of(*SKELETONS)),
    "colors": fields.many(fields.one_of(*ATTRIBUTES)),
    "diagram": fields.switch,
    "multiples": fields.switch,
    "poster": fields.switch,
    "poster_formats": fields.many(fields.one_of("pdf", "webp", "png", "jpeg")),
    "poster_dpi": fields.integer(30, 600),
    "poster_labels": fields.switch,
    "viewer": fields.switch,
    "viewer_vertices": _BUDGET,
}

_LIMITS: dict[str, fields.Check] = {
    "seconds": fields.seconds,
    "memory": fields.memory,
    "skeleton": fields.seconds,
    "cache": fields.memory,
}

_SECTIONS = {
    "scan": (_SCAN, ScanSettings),
    "variants": (_VARIANTS, VariantSettings),
    "limits": (_LIMITS, Limits),
}


def read_settings(path: Path) -> GallerySettings:
    """Read gallery.toml; a file that is not there means the defaults.

    Raises:
        SettingsError: The file is no TOML or values are wrong; all of them are named.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return GallerySettings()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        found = f"{path} cannot be read: {error}"
        raise SettingsError(found, hint="it is a TOML file; see the README") from error
    return settings_from(data, path)


def settings_from(data: dict[str, Any], path: Path) -> GallerySettings:
    """Settings from a table as gallery.toml holds it.

    Args:
        data: The table; it is used up.
        path: Where it comes from, for the error.

    Raises:
        SettingsError: Values are wrong; all of them are named.
    """
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, (table, kind) in _SECTIONS.items():
        section = data.pop(name, {})
        if not isinstance(section, dict):
            problems.append(f"{name} is no section; write [{name}]")
            continue
        right, wrong = fields.check_all(table, section, f"{name}.")
        values[name] = kind(**right)
        problems += wrong
    right, wrong = fields.check_all(_TOP, data, "")
    problems = wrong + problems
    if problems:
        raise SettingsError(f"{path}: " + "; ".join(problems), hint="mend the settings file")
    return GallerySettings(**values, **right)
