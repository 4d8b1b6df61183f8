"""What the grid of a poster is made of: places, font sizes and colours.

Lengths are in units, which are millimetres on A2 and scaled to other sheets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gallery.rendering.sheet.fonts import Face, wrap
from gallery.rendering.sheet.sheet import Element, TextLine

WIDTH, MARGIN, GUTTER = 420.0, 24.0, 11.0
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A place for lines of text or a part of the poster.

    Attributes:
        x: Left edge.
        y: First baseline.
        width: Width.
    """

    x: float
    y: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PosterGrid:
    """Where the parts of a poster stand.

    Attributes:
        width: Width of the sheet.
        height: Height of the sheet.
        margin: Empty edge, which only the scan may enter.
        scan: Left, top, width and height of the scan.
        rule: The line on top.
        title: The title.
        title_size: Font size of a title that is short enough.
        title_lines: Most lines of the title; the last one is on the baseline.
        head: Four short texts on top.
        strip: The layers in order; its `y` is the top of the bars.
        parts: The parts that explain, by name.
        foot: Two lines on the bottom.
    """

    width: float
    height: float
    margin: float
    scan: tuple[float, float, float, float]
    rule: Slot
    title: Slot
    title_size: float = TITLE
    title_lines: int = 1
    head: tuple[Slot, Slot, Slot, Slot]
    strip: Slot
    parts: Mapping[str, Slot]
    foot: tuple[Slot, Slot]

    @property
    def edge(self) -> float:
        """Share of the scan's shorter side to leave free, so that it is within the margins."""
        left, _, width, height = self.scan
        return (self.margin - left + 3.0) / min(width, height)


def section(slot: Slot, words: str, theme: Theme) -> list[Element]:
    """The heading of a part."""
    heading = TextLine(text=words, x=slot.x, y=slot.y, size=HEAD, color=theme.ink, face=Face.STRONG)
    return [heading]


def lines(slot: Slot, text: str, color: str, most: int, size: float = BODY) -> list[Element]:
    """A text broken into at most `most` lines, from the first baseline down."""
    return [
        TextLine(text=line, x=slot.x, y=slot.y + size * LEADING * place, size=size, color=color)
        for place, line in enumerate(wrap(text, size, slot.width, most))
        if line
    ]
