"""The strip below the scan of a poster: layers in order, or what the colours mean."""

from __future__ import annotations

from collections.abc import Sequence

from gallery.coloring.oklab import hex_of
from gallery.coloring.types import Coloring
from gallery.rendering.compose.layer_strip import Stretch
from gallery.rendering.compose.poster_grid import SMALL, Slot, Theme
from gallery.rendering.sheet.fonts import plain, text_width
from gallery.rendering.sheet.sheet import Bar, Element, TextLine

_LEAST = 0.2
"""Least length of a layer in the strip."""


def drawn_strip(
    slot: Slot, coloring: Coloring, strip: Sequence[Stretch], theme: Theme
) -> list[Element]:
    """The layers in order as bars with names; for other attributes, the colours of the legend."""
    if not coloring.categorical:
        return _scale(slot, coloring, theme)
    if coloring.attribute == "layer" and strip:
        return _stretches(slot, strip, theme)
    return _stretches(
        slot,
        [
            Stretch(name=entry.label, share=entry.share, colors=(entry.color,))
            for entry in coloring.legend
        ],
        theme,
    )


def _stretches(slot: Slot, stretches: Sequence[Stretch], theme: Theme) -> list[Element]:
    elements: list[Element] = []
    gap = 0.8
    # Of less than this nothing would be seen but its gap.
    stretches = [one for one in stretches if one.share * slot.width >= _LEAST]
    length = slot.width - gap * max(len(stretches) - 1, 0)
    x, last = slot.x, 0.0
    for stretch in stretches:
        width = length * stretch.share
        step = width / len(stretch.colors)
        for place, color in enumerate(stretch.colors):
            # A little longer than its share, so that no seam shows between the steps.
            wide = step + (0.2 if place < len(stretch.colors) - 1 else 0)
            elements.append(Bar(x=x + place * step, y=slot.y, width=wide, height=3.0, color=color))
        shown = plain(stretch.name, 40)
        words = text_width(shown, SMALL)
        if shown and words < width + gap and x >= last:
            elements.append(
                TextLine(text=shown, x=x, y=slot.y + 7.4, size=SMALL, color=theme.faint)
            )
            last = x + words + 2
        x += width + gap
    return elements


def _scale(slot: Slot, coloring: Coloring, theme: Theme) -> list[Element]:
    elements: list[Element] = []
    steps = 184
    for step in range(steps):
        tone = hex_of(coloring.colors[round(step * (len(coloring.colors) - 1) / (steps - 1))])
        # A little longer than its share, so that no seam shows between the steps.
        width = slot.width / steps + (0.2 if step < steps - 1 else 0)
        x = slot.x + slot.width * step / steps
        elements.append(Bar(x=x, y=slot.y, width=width, height=3.0, color=tone))
    last = 0.0
    for entry in coloring.legend:
        anchor = "start" if entry.share < 0.1 else "end" if entry.share > 0.9 else "middle"
        words = TextLine(
            text=plain(entry.label, 30),
            x=slot.x + slot.width * entry.share,
            y=slot.y + 7.4,
            size=SMALL,
            color=theme.faint,
            anchor=anchor,
        )
        if words.left >= last:
            elements.append(words)
            last = words.left + text_width(words.text, SMALL) + 2
    return elements
