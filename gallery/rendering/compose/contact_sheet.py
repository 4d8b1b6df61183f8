"""A sheet of many scans: several of one model, or one of each model."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from gallery.rendering.compose.poster_grid import BODY, LEADING, SMALL, THEMES, TITLE, Theme
from gallery.rendering.sheet.fonts import Face, plain, shorten, text_width
from gallery.rendering.sheet.sheet import Bar, Element, Plate, Sheet, TextLine
from gallery.rendering.types import Picture

_WIDTH, _MARGIN, _GUTTER = 420.0, 24.0, 8.0
_CAPTION = 11.0


def contact_sheet(
    title: str,
    note: str,
    scans: Sequence[tuple[str, Picture]],
    *,
    ground: str = "dark",
    columns: int = 0,
) -> Sheet:
    """Compose scans side by side under a title, each with a one-line caption.

    Args:
        title: Title of the sheet.
        note: A line below the title.
        scans: Caption and square picture of each scan.
        ground: Background of the sheet, "dark" or "light".
        columns: Number of columns; 0 for three to seven, so that few cells stay empty.

    Returns:
        A sheet as wide as A2 and as tall as its rows, to be drawn by `sheet_picture` or
        `sheet_pdf`.
    """
    theme = THEMES[ground]
    across = columns or _columns(len(scans))
    side = (_WIDTH - 2 * _MARGIN - (across - 1) * _GUTTER) / across
    room = _WIDTH - 2 * _MARGIN
    name = plain(title, 60)
    size = min(0.6 * TITLE, 0.6 * TITLE * room / max(text_width(name, 0.6 * TITLE, Face.TITLE), 1))
    elements: list[Element] = [
        Bar(x=_MARGIN, y=_MARGIN, width=room, height=0.25, color=theme.rule),
        TextLine(
            text=name,
            x=_MARGIN - size * 0.07,
            y=_MARGIN + 21.0,
            size=size,
            color=theme.ink,
            face=Face.TITLE,
        ),
        TextLine(
            text=shorten(plain(note, 300), BODY, room),
            x=_MARGIN,
            y=_MARGIN + 31.0,
            size=BODY,
            color=theme.faint,
        ),
    ]
    top = _MARGIN + 42.0
    for place, (caption, picture) in enumerate(scans):
        x = _MARGIN + place % across * (side + _GUTTER)
        y = top + place // across * (side + _CAPTION + _GUTTER)
        elements += _scan(x, y, side, (caption, picture), theme)
    rows = ceil(len(scans) / across)
    height = top + rows * (side + _CAPTION + _GUTTER) - _GUTTER + _MARGIN - 4.0
    return Sheet(
        width=_WIDTH, height=height, ground=theme.ground, elements=tuple(elements), title=title
    )


def _columns(count: int) -> int:
    def price(across: int) -> tuple[float, int]:
        rows = ceil(count / across)
        return rows * across - count + 0.8 * abs(rows - across), -across

    return min(range(3, 8), key=price)


def _scan(
    x: float, y: float, side: float, scan: tuple[str, Picture], theme: Theme
) -> list[Element]:
    caption, picture = scan
    size = BODY if side > 60 else SMALL
    words = shorten(plain(caption, 120), size, side)
    return [
        Plate(x=x, y=y, width=side, picture=picture),
        TextLine(text=words, x=x, y=y + side + size * LEADING, size=size, color=theme.ink),
    ]
