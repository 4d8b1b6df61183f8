"""The social card, shown where the address of a page is shared: title, numbers, scan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gallery.rendering.compose.centred import centred
from gallery.rendering.compose.poster_grid import THEMES
from gallery.rendering.sheet.fonts import Face, bearing, shorten, text_width, wrap
from gallery.rendering.sheet.sheet import Element, Plate, Sheet, TextLine
from gallery.rendering.types import Picture, RenderSettings
from gallery.text import amount, rounded

if TYPE_CHECKING:  # so that changes in these redraw nothing
    from gallery.costs.facts import Facts
    from gallery.settings.values import FrontMatter

CARD = (1200, 630)
"""Size in pixels, as social networks recommend."""
SCAN = (740, 630)
"""Size of the scan on it in pixels."""

_LIT = 48
"""Difference from the ground, of 255, from which on a pixel belongs to a scan, not to its glow."""
_MARGIN, _COLUMN = 56.0, 440.0
_TITLE, _NUMBER, _TEXT = 76.0, 40.0, 21.0


def card(facts: Facts, front: FrontMatter, scan: Picture) -> Sheet:
    """Compose a card, with one millimetre per pixel.

    Args:
        facts: Facts for the numbers.
        front: Front matter for title, family and year.
        scan: A scan on black, of the size `SCAN`; its metadata give vertices and edges.
    """
    theme = THEMES["dark"]
    title = front.title or facts.name
    over = ", ".join(
        part for part in (front.family, str(front.year) if front.year is not None else "") if part
    )
    elements: list[Element] = [Plate(x=CARD[0] - SCAN[0], y=0, width=SCAN[0], picture=scan)]
    if over:
        text = shorten(wrap(over, _TEXT, _COLUMN, 1)[0], _TEXT, _COLUMN)
        elements.append(TextLine(text=text, x=_MARGIN, y=84, size=_TEXT, color=theme.faint))
    lines, size = _title(title)
    for place, line in enumerate(lines):
        y = 88 + size * 1.06 * (place + 1)
        x = _MARGIN - bearing(line, size, Face.TITLE)
        elements.append(TextLine(text=line, x=x, y=y, size=size, color=theme.ink, face=Face.TITLE))
    for place, (number, words) in enumerate(_numbers(facts, scan)):
        x, y = _MARGIN + place % 2 * 210, 468 + place // 2 * 98
        elements.append(
            TextLine(text=number, x=x, y=y, size=_NUMBER, color=theme.ink, face=Face.LIGHT)
        )
        elements.append(TextLine(text=words, x=x, y=y + 29, size=_TEXT, color=theme.faint))
    return Sheet(
        width=CARD[0], height=CARD[1], ground=theme.ground, elements=tuple(elements), title=title
    )


def on_card(scan: Picture) -> Picture:
    """A square scan on black at the size `SCAN`: reduced so that it fits, in the middle."""
    return centred(scan, min(_side(scan.pixels), scan.width), SCAN)


def _side(pixels: npt.NDArray[np.uint8]) -> int:
    """Side of the square scan at which what it shows fills the card, but for the usual margin."""
    width, height = SCAN
    # Channel by channel: the largest of each pixel's three takes NumPy ten times as long.
    first = pixels[0, 0].astype(int)
    low, high = (np.clip(first + far, 0, 255).astype(np.uint8) for far in (-_LIT, _LIT))
    lit = np.zeros(pixels.shape[:2], bool)
    for channel in range(3):
        one = pixels[..., channel]
        lit |= (one < low[channel]) | (one > high[channel])
    wide, tall = (_reach(np.flatnonzero(lit.any(axis=axis)), len(pixels)) for axis in (0, 1))
    free = 2 * RenderSettings().margin * height
    fitting = min((width - free) / wide, (height - free) / tall)
    return round(min(max(fitting, height), width))


def _reach(places: npt.NDArray[np.intp], side: int) -> float:
    """Share of a side that the places on it take up around its middle."""
    if not len(places):
        return 1.0
    return float(2 * max(side / 2 - places[0], places[-1] + 1 - side / 2) / side)


def _title(title: str) -> tuple[Sequence[str], float]:
    # The largest size that fits on three lines without cutting words, if there is one.
    for size in (_TITLE, 0.8 * _TITLE, 0.62 * _TITLE):
        lines = wrap(title, size, _COLUMN, 3, Face.TITLE)
        if not lines[-1].endswith("…") and all(
            text_width(line, size, Face.TITLE) <= _COLUMN for line in lines
        ):
            break
    return lines, size


def _numbers(facts: Facts, scan: Picture) -> list[tuple[str, str]]:
    rows = [(rounded(facts.parameters), "parameters")]
    if facts.macs is not None:
        rows.append((amount(facts.macs), "multiply-adds"))
    for key in ("Vertices", "Edges"):
        if scan.metadata.get(key, "").isdigit():
            rows.append((rounded(int(scan.metadata[key])), key.lower()))
    return rows
