"""The poster of a model: an A2 sheet with its scan, its numbers and how to read them.

The grid has four columns between margins, five font sizes and one rule. From the top: what it is,
its name, the scan with layer names, the layers in order, and four columns of explanation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gallery.coloring.oklab import hex_of
from gallery.coloring.types import Coloring
from gallery.rendering.compose.layer_strip import Stretch
from gallery.rendering.compose.poster_columns import histogram, numbers, others_shown, reading
from gallery.rendering.compose.poster_grid import (
    BODY,
    COLUMN,
    COLUMNS,
    FOOT,
    HEAD,
    HEIGHT,
    MARGIN,
    ROOM,
    SMALL,
    THEMES,
    TITLE,
    WIDTH,
    Theme,
    lines,
)
from gallery.rendering.labels.labels import Label, named, shade_labels
from gallery.rendering.sheet.fonts import Face, plain, text_width
from gallery.rendering.sheet.sheet import Bar, Element, Plate, Sheet, TextLine
from gallery.rendering.types import Picture

if TYPE_CHECKING:  # so that changes in these redraw nothing
    from gallery.costs.facts import Facts
    from gallery.settings.values import FrontMatter

MAIN_SCAN = (420.0, 362.0)
"""Width and height of the main scan in millimetres: as wide as the sheet, so without an edge."""
EDGE = 0.075
"""Share of the scan's shorter side to leave free, so that it is within the margins."""
LABELS = (HEAD, BODY, SMALL)
"""Font sizes of layer names in millimetres, for large, medium and small regions."""

_SCAN_TOP = 70.0
_STRIP = 440.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shown:
    """The main scan of a poster.

    Attributes:
        picture: With the proportions of `MAIN_SCAN`; 4,961 pixels of width fill an A2 sheet at 300
            dpi. Its metadata give the numbers of vertices and edges.
        coloring: The colouring of the scan; the sheet has the same ground.
        labels: Layer names on it, in its pixels.
        strip: Its layers in order; if there are none, the legend takes their place.
    """

    picture: Picture
    coloring: Coloring
    labels: Sequence[Label] = ()
    strip: Sequence[Stretch] = ()


def poster(
    facts: Facts, front: FrontMatter, shown: Shown, others: Sequence[tuple[str, Picture]] = ()
) -> Sheet:
    """Compose the poster of a model.

    Args:
        facts: Facts for the numbers.
        front: Front matter for title, year and paper.
        shown: The main scan.
        others: Captions and scans of other passes, skeletons or colourings; four are shown.

    Returns:
        The sheet, to be drawn by `sheet_picture` or `sheet_pdf`.
    """
    title = front.title or facts.name
    scan, coloring, ground = shown.picture, shown.coloring, shown.coloring.ground
    theme = THEMES[ground]
    shaded = Picture(pixels=shade_labels(scan.pixels, shown.labels, ground), metadata=scan.metadata)
    elements: list[Element] = [
        Plate(x=0, y=_SCAN_TOP, width=MAIN_SCAN[0], picture=shaded),
        *_heading(title, front, scan, theme),
        *named(shown.labels, ground, scale=MAIN_SCAN[0] / scan.width, top=_SCAN_TOP),
        *_strip(coloring, shown.strip, theme),
        *reading(COLUMNS[0], coloring, theme),
        *numbers(COLUMNS[1], facts, scan, theme),
        *histogram(COLUMNS[2], facts, theme, ground),
        *others_shown(COLUMNS[3], others, theme),
        *_footer(facts, front, scan, theme),
    ]
    return Sheet(
        width=WIDTH,
        height=HEIGHT,
        ground=theme.ground,
        elements=tuple(elements),
        title=title,
        metadata=tuple(sorted((k, v) for k, v in scan.metadata.items() if k != "Title")),
    )


def _heading(title: str, front: FrontMatter, scan: Picture, theme: Theme) -> list[Element]:
    shown = plain(title, 40)
    size = min(TITLE, TITLE * ROOM / max(text_width(shown, TITLE, Face.TITLE), 1.0))
    y = MARGIN + 6.0
    counts = [
        f"{int(scan.metadata[key]):,} {words}"
        for key, words in (("Vertices", "vertices"), ("Edges", "edges"))
        if scan.metadata.get(key, "").isdigit()
    ]
    authors = ", ".join(front.authors[:6]) + (" and others" if len(front.authors) > 6 else "")
    year = str(front.year) if front.year is not None else ""
    paper = ", ".join(part for part in (front.paper, year) if part)
    return [
        Bar(x=MARGIN, y=MARGIN, width=ROOM, height=0.25, color=theme.rule),
        *lines((COLUMNS[0], y), "The whole computation of a neural network", theme.ink, 2),
        *lines((COLUMNS[1], y), ", ".join(counts), theme.faint, 2),
        *lines((COLUMNS[2], y), paper, theme.faint, 2),
        *lines((COLUMNS[3], y), authors, theme.faint, 2),
        TextLine(
            text=shown,
            x=MARGIN - size * 0.07,
            y=MARGIN + 43.0,
            size=size,
            color=theme.ink,
            face=Face.TITLE,
        ),
    ]


def _stretches(stretches: Sequence[Stretch], theme: Theme) -> list[Element]:
    elements: list[Element] = []
    gap = 0.8
    length = ROOM - gap * max(len(stretches) - 1, 0)
    x, last = MARGIN, 0.0
    for stretch in stretches:
        width = length * stretch.share
        step = width / len(stretch.colors)
        for place, color in enumerate(stretch.colors):
            # A little longer than its share, so that no seam shows between the steps.
            wide = step + (0.2 if place < len(stretch.colors) - 1 else 0)
            elements.append(Bar(x=x + place * step, y=_STRIP, width=wide, height=3.0, color=color))
        shown = plain(stretch.name, 40)
        words = text_width(shown, SMALL)
        if shown and words < width + gap and x >= last:
            elements.append(
                TextLine(text=shown, x=x, y=_STRIP + 7.4, size=SMALL, color=theme.faint)
            )
            last = x + words + 2
        x += width + gap
    return elements


def _strip(coloring: Coloring, strip: Sequence[Stretch], theme: Theme) -> list[Element]:
    if not coloring.categorical:
        return _scale(coloring, theme)
    if coloring.attribute == "layer" and strip:
        return _stretches(strip, theme)
    return _stretches(
        [
            Stretch(name=entry.label, share=entry.share, colors=(entry.color,))
            for entry in coloring.legend
        ],
        theme,
    )


def _scale(coloring: Coloring, theme: Theme) -> list[Element]:
    elements: list[Element] = []
    steps = 184
    for step in range(steps):
        tone = hex_of(coloring.colors[round(step * (len(coloring.colors) - 1) / (steps - 1))])
        # A little longer than its share, so that no seam shows between the steps.
        width = ROOM / steps + (0.2 if step < steps - 1 else 0)
        x = MARGIN + ROOM * step / steps
        elements.append(Bar(x=x, y=_STRIP, width=width, height=3.0, color=tone))
    last = 0.0
    for entry in coloring.legend:
        anchor = "start" if entry.share < 0.1 else "end" if entry.share > 0.9 else "middle"
        words = TextLine(
            text=plain(entry.label, 30),
            x=MARGIN + ROOM * entry.share,
            y=_STRIP + 7.4,
            size=SMALL,
            color=theme.faint,
            anchor=anchor,
        )
        if words.left >= last:
            elements.append(words)
            last = words.left + text_width(words.text, SMALL) + 2
    return elements


def _footer(facts: Facts, front: FrontMatter, scan: Picture, theme: Theme) -> list[Element]:
    file = "ONNX file" if facts.digest_is_whole else "ONNX file without weights"
    made = [
        f"{file} {facts.digest[:16]}" if facts.digest else "",
        f"split for {scan.metadata['Target']}" if "Target" in scan.metadata else "",
        f"skeleton by {scan.metadata['Engine']}" if "Engine" in scan.metadata else "",
    ]
    words = ", ".join(part for part in made if part)
    return [
        *lines((COLUMNS[0], FOOT), words, theme.faint, 1, size=SMALL, width=2 * COLUMN),
        *lines((COLUMNS[2], FOOT), front.paper_url, theme.faint, 1, size=SMALL, width=2 * COLUMN),
    ]
