"""The grid of the poster: an A2 sheet in millimetres, its columns, colours and font sizes."""

from __future__ import annotations

from dataclasses import dataclass

from gallery.rendering.sheet.fonts import Face, wrap
from gallery.rendering.sheet.sheet import Element, TextLine

WIDTH, HEIGHT, MARGIN, GUTTER = 420.0, 594.0, 24.0, 11.0
ROOM = WIDTH - 2 * MARGIN
COLUMN = (ROOM - 3 * GUTTER) / 4
COLUMNS = tuple(MARGIN + place * (COLUMN + GUTTER) for place in range(4))
SECTION, FOOT = 466.0, HEIGHT - MARGIN + 4.0
"""Baselines of the column headings and of the footer."""

TITLE, FIGURE, HEAD, BODY, SMALL = 31.0, 12.0, 4.7, 3.6, 2.9
"""Font sizes."""
LEADING = 1.48


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """Colours of a sheet, "#rrggbb".

    Attributes:
        ground: Background of the sheet; the same as that of the scans, so that they have no edge.
        ink: Titles and numbers.
        faint: All other text; its contrast with the ground is at least 4.5:1.
        rule: Lines.
    """

    ground: str
    ink: str
    faint: str
    rule: str


THEMES = {
    "dark": Theme(ground="#000000", ink="#f3f2ef", faint="#9ea0a8", rule="#45474f"),
    "light": Theme(ground="#fbfbfa", ink="#1a1b1f", faint="#62646c", rule="#c4c3bf"),
}


def section(x: float, words: str, theme: Theme) -> list[Element]:
    """The heading of a column."""
    return [TextLine(text=words, x=x, y=SECTION, size=HEAD, color=theme.ink, face=Face.STRONG)]


def lines(
    at: tuple[float, float],
    text: str,
    color: str,
    most: int,
    size: float = BODY,
    width: float = COLUMN,
) -> list[Element]:
    """A text broken into at most `most` lines, from the start of the first baseline down."""
    return [
        TextLine(text=line, x=at[0], y=at[1] + size * LEADING * place, size=size, color=color)
        for place, line in enumerate(wrap(text, size, width, most))
        if line
    ]
