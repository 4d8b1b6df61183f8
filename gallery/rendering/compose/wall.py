"""The wall: the scans of many models in one frame, as a poster or for a screen.

Lengths are in units of the text sizes, as in `poster_grid`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from gallery.rendering.compose.poster_grid import (
    BODY,
    GUTTER,
    LEADING,
    MARGIN,
    SMALL,
    THEMES,
    TITLE,
    Slot,
    Theme,
    lines,
)
from gallery.rendering.sheet.fonts import Face, plain, shorten, text_width
from gallery.rendering.sheet.sheet import Bar, Element, Plate, Sheet, TextLine
from gallery.rendering.types import Picture

PAPER, SCREEN = 420.0, 297.0
"""Shorter side of a sheet; on small sheets and screens, text must be larger."""

_TITLE = 0.8 * TITLE
_HEAD, _FOOT, _CAPTION, _GAP = 46.0, 20.0, 13.0, 5.0
"""Height of the title, of the facts and of a caption, and least distance of scans."""
_SPREAD = 1.4
"""Largest distance from one scan to the next, in widths of one."""
_READING = (
    "Each picture is the whole computation of one network: each point of light is a piece of work, "
    "each line is data passed on."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hanging:
    """How scans hang on a wall.

    Attributes:
        width: Width of the sheet.
        height: Height of the sheet.
        tight: Share of margin and title that suits the sheet, at most 1.
        side: Side of a scan.
        pitch: Distance from one scan of a row to the next.
        places: Left and top of each scan, row by row. Rows differ by one scan at most and are
            centred, so that a shorter row stands in the gaps of a longer one.
    """

    width: float
    height: float
    tight: float
    side: float
    pitch: float
    places: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hung:
    """A scan on the wall.

    Attributes:
        name: Name of the model.
        note: A few words below the name, or "".
        picture: A square scan without text.
    """

    name: str
    note: str
    picture: Picture


def hanging(count: int, width: float, height: float) -> Hanging:
    """The rows in which scans are largest.

    Args:
        count: Number of scans, at least 1.
        width: Width of the sheet.
        height: Height of the sheet.
    """
    tight = min(width, height, PAPER) / PAPER
    margin, head = tight * MARGIN, tight * _HEAD
    wide, tall = width - 2 * margin, height - 2 * margin - head - _FOOT

    def side(rows: int) -> float:
        columns = ceil(count / rows)
        return min((wide + _GAP) / columns - _GAP, (tall + _GAP) / rows - _GAP - _CAPTION)

    rows = max(range(1, count + 1), key=side)
    columns, each = ceil(count / rows), max(side(rows), 1.0)
    across = min((wide - each) / max(columns - 1, 1), _SPREAD * each)
    tallest = each + _CAPTION
    down = min((tall - tallest) / max(rows - 1, 1), _SPREAD * tallest)
    top = margin + head + (tall - down * (rows - 1) - tallest) / 2
    ends = [(2 * row * count + rows) // (2 * rows) for row in range(rows + 1)]
    places = [
        ((width - across * (end - start - 1) - each) / 2 + column * across, top + row * down)
        for row, (start, end) in enumerate(pairwise(ends))
        for column in range(end - start)
    ]
    return Hanging(
        width=width,
        height=height,
        tight=tight,
        side=each,
        pitch=across,
        places=tuple(places),
    )


def wall(title: str, facts: str, scans: Sequence[Hung], place: Hanging, ground: str) -> Sheet:
    """Compose scans into one frame.

    Args:
        title: Title of the wall.
        facts: A line of facts about all of them.
        scans: The scans in order.
        place: From `hanging`, for as many scans.
        ground: Background of the sheet and of the scans, "dark" or "light".
    """
    theme, margin, largest = THEMES[ground], place.tight * MARGIN, place.tight * _TITLE
    room, shown = place.width - 2 * margin, plain(title, 60)
    size = largest * min(1, room / max(text_width(shown, largest, Face.TITLE), 1.0))
    elements: list[Element] = [
        Bar(x=margin, y=margin, width=room, height=0.25, color=theme.rule),
        TextLine(
            text=shown,
            x=margin - size * 0.07,
            y=margin + place.tight * 29.0,
            size=size,
            color=theme.ink,
            face=Face.TITLE,
        ),
    ]
    for scan, at in zip(scans, place.places, strict=True):
        elements += _hung(scan, at, place, theme)
    half = (room - GUTTER) / 2
    y = place.height - margin - BODY * LEADING
    elements += lines(Slot(x=margin, y=y, width=half), facts, theme.ink, 2)
    right = margin + half + GUTTER
    elements += lines(Slot(x=right, y=y, width=half), _READING, theme.faint, 2)
    return Sheet(
        width=place.width,
        height=place.height,
        ground=theme.ground,
        elements=tuple(elements),
        title=title,
    )


def _hung(scan: Hung, at: tuple[float, float], place: Hanging, theme: Theme) -> list[Element]:
    (x, y), side, room = at, place.side, max(place.side, place.pitch - _GAP)
    below = y + side + 1.0
    texts = ((scan.name, BODY, theme.ink, Face.STRONG), (scan.note, SMALL, theme.faint, Face.TEXT))
    elements: list[Element] = [Plate(x=x, y=y, width=side, picture=scan.picture)]
    for words, size, tone, face in texts:
        below += size * LEADING
        elements.append(
            TextLine(
                text=shorten(plain(words, 120), size, room, face),
                x=x + side / 2,
                y=below,
                size=size,
                color=tone,
                anchor="middle",
                face=face,
            )
        )
    return elements
