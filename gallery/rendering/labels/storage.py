"""Placed layer names as JSON, for the cache: they are the same in every palette."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gallery.rendering.labels.labels import PlacedName
from gallery.rendering.sheet.fonts import Face


def names_value(names: Sequence[PlacedName]) -> list[list[Any]]:
    """Text, box, size, face, lead and part of each name."""
    return [[one.text, one.box, one.size, one.face.name, one.lead, one.part] for one in names]


def names_of(value: Sequence[Sequence[Any]]) -> tuple[PlacedName, ...]:
    """The opposite of `names_value`.

    Raises:
        TypeError: The value has another form.
        ValueError: The same.
        KeyError: There is no such face.
    """
    return tuple(
        PlacedName(
            text=str(text),
            box=_box(*box),
            size=int(size),
            face=Face[face],
            lead=None if lead is None else (_point(*lead[0]), _point(*lead[1])),
            part=int(part),
        )
        for text, box, size, face, lead, part in value
    )


def _box(left: int, top: int, right: int, bottom: int) -> tuple[int, int, int, int]:
    return int(left), int(top), int(right), int(bottom)


def _point(x: float, y: float) -> tuple[float, float]:
    return float(x), float(y)
