"""gallery.toml: the settings of a whole gallery, all mistakes told at once."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from gallery.errors import SettingsError
from gallery.settings import checks
from gallery.settings.formats import FORMATS, format_named, too_large
from gallery.settings.values import (
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
_SIZE = checks.integer(16, 32_768)
_BUDGET = checks.integer(1, 100_000_000)

_TOP: dict[str, checks.Check] = {
    "title": checks.text(300),
    "description": checks.text(),
    "base_url": checks.url,
    "language": checks.text(35),
    "templates": checks.text(),
    "ignore": checks.many(checks.text(500), 1000),
    "dims": checks.sizes_by_name,
    "default_dim": checks.integer(1, 1 << 20),
}

_SCAN: dict[str, checks.Check] = {
    "vertices": _BUDGET,
    "passes": checks.one_of(*PASSES),
    "target": checks.one_of(*TARGETS),
    "skeleton": checks.one_of(*SKELETONS),
    "color": checks.one_of(*ATTRIBUTES),
    "palette": checks.one_of("", *PALETTES),
    "ground": checks.one_of(*GROUNDS),
    "seed": checks.integer(0, (1 << 31) - 1),
    "labels": checks.switch,
    "legend": checks.switch,
    "rules": checks.many(color_rule, 256),
}

_VARIANTS: dict[str, checks.Check] = {
    "sizes": checks.many(_SIZE),
    "size": checks.many(_SIZE),
    "formats": checks.many(checks.one_of(*(one.name for one in FORMATS if one.site))),
    "vertices": _BUDGET,
    "names": checks.switch,
    "training": checks.switch,
    "light": checks.switch,
    "skeletons": checks.many(checks.one_of(*SKELETONS)),
    "colors": checks.many(checks.one_of(*ATTRIBUTES)),
    "diagram": checks.switch,
    "multiples": checks.switch,
    "poster": checks.switch,
    "poster_formats": checks.many(checks.one_of(*(one.name for one in FORMATS if one.poster))),
    "poster_dpi": checks.integer(30, 600),
    "poster_labels": checks.switch,
    "viewer": checks.switch,
    "viewer_vertices": _BUDGET,
}

_LIMITS: dict[str, checks.Check] = {
    "seconds": checks.seconds,
    "memory": checks.memory,
    "skeleton": checks.seconds,
    "cache": checks.memory,
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
        right, wrong = checks.check_all(table, section, f"{name}.")
        values[name] = kind(**right)
        problems += wrong
        if isinstance(values[name], VariantSettings):
            problems += _sizes_that_do_not_fit(values[name])
    right, wrong = checks.check_all(_TOP, data, "")
    problems = wrong + problems
    if problems:
        raise SettingsError(f"{path}: " + "; ".join(problems), hint="mend the settings file")
    return GallerySettings(**values, **right)


def _sizes_that_do_not_fit(variants: VariantSettings) -> list[str]:
    """A sentence for each format that cannot hold the largest of the sizes of scans."""
    side = max((*variants.sizes, *variants.size), default=0)
    kinds = filter(None, map(format_named, variants.formats))
    limits = {kind.name: too_large(kind, (side, side)) for kind in kinds}
    return [
        f"variants.formats: {name} cannot hold scans of {side}×{side} pixels, {limit}"
        for name, limit in limits.items()
        if limit
    ]
