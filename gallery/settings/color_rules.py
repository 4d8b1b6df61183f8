"""Colours that the user gives to layers or operators that match a pattern."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ColorRule:
    """A colour that the user gives to layers or operators.

    Attributes:
        pattern: A shell pattern ("encoder/*"), matched against layer paths, or against the names
            and types of operators.
        color: "#rrggbb".
        on: "layer" or "operator".
    """

    pattern: str
    color: str
    on: str = "layer"


def color_rule(value: object) -> ColorRule:
    """A colour rule from a table or from "PATTERN=COLOR", prefixed with "operator:" for operators.

    >>> color_rule("operator:Conv=#ff8800")
    ColorRule(pattern='Conv', color='#ff8800', on='operator')
    """
    allowed = 'a table with pattern, color = "#rrggbb" and on = "layer" or "operator"'
    if isinstance(value, str):
        allowed = 'PATTERN=#rrggbb, optionally prefixed with "layer:" or "operator:"'
        start, equals, color = value.rpartition("=")
        on, colon, pattern = start.partition(":")
        if not equals or (colon and on not in _ON):
            raise ValueError(allowed)
        value = {"pattern": pattern if colon else start, "color": color}
        value |= {"on": on} if colon else {}
    if not isinstance(value, dict) or not {"pattern", "color"} <= value.keys() <= _KEYS:
        raise ValueError(allowed)
    rule = ColorRule(**value)
    texts = all(isinstance(text, str) and 0 < len(text) <= 500 for text in value.values())
    if not texts or rule.on not in _ON or not re.fullmatch("#[0-9a-fA-F]{6}", rule.color):
        raise ValueError(allowed)
    return rule


_KEYS = {"pattern", "color", "on"}
_ON = ("layer", "operator")
