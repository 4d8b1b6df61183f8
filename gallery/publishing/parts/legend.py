"""A scan's colour key as the pages show it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gallery.coloring.types import LegendEntry
from gallery.publishing.parts.clean import shorten
from gallery.settings.attributes import TABLE

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_PLAIN = "#888888"
_SHOWN = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A colour and what it stands for.

    Attributes:
        label: Category or value.
        color: "#rrggbb"; grey if the exhibit's colour is malformed.
        at: Where it starts on a strip of length 100; for a scale, its position.
        length: Its length on the strip, which is its share in percent; 0 for a scale.
    """

    label: str
    color: str
    at: float
    length: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Legend:
    """A colour key.

    Attributes:
        attribute: What the colours show.
        categorical: Whether entries are categories rather than positions on a scale.
        entries: All entries, in order.
        shown: How many to show before the visitor asks for more.
        scale: The entries to write beside a scale: all if they are few, otherwise both ends.
    """

    attribute: str
    categorical: bool
    entries: tuple[Key, ...]
    shown: int
    scale: tuple[Key, ...]


def legend(entries: Sequence[LegendEntry], attribute: str) -> Legend | None:
    """Arrange a legend; None if it is empty.

    Args:
        entries: From the colouring.
        attribute: What the colours show.
    """
    if not entries:
        return None
    categorical = attribute in TABLE and TABLE[attribute].categorical
    shares = [min(max(entry.share, 0.0), 1.0) for entry in entries]
    keys: list[Key] = []
    start = 0.0
    for entry, share in zip(entries, shares, strict=True):
        length = 100 * share if categorical else 0.0
        keys.append(
            Key(
                label=shorten(entry.label, 60),
                color=entry.color.lower() if _COLOR.fullmatch(entry.color) else _PLAIN,
                at=round(start if categorical else 100 * share, 2),
                length=round(length, 2),
            )
        )
        start += length
    return Legend(
        attribute=shorten(attribute, 40),
        categorical=categorical,
        entries=tuple(keys),
        shown=len(keys) if len(keys) <= _SHOWN + 4 else _SHOWN,
        scale=tuple(keys) if len(keys) < 6 else (keys[0], keys[-1]),
    )
