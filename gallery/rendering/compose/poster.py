"""The infographic of a model: an A2 sheet with its scan, its numbers and how to read them.

Four columns between margins, five sizes of type, one rule. From the top: what it is, its name,
the scan with the names of its layers, the layers in order, and four columns of explanation.
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
from gallery.rendering.sheet.sheet import Bar, Plate, Sheet, Thing, Words
from gallery.rendering.types import Picture

if TYPE_CHECKING:  # neither draws anything
    from gallery.costs.facts import Facts
    from gallery.settings.values import FrontMatter

HERO = (420.0, 362.0)
"""Width and height of the scan in millimetres: as wide as the sheet, so that it has no edge."""
EDGE = 0.075
"""Share of the scan's shorter side that stays free: then it stands within the margins."""
LABELS = (HEAD, BODY, SMALL)
"""Sizes of the names of layers in millimetres, for large, middling and small bodies."""

_HERO_TOP = 70.0
_STRIP = 440.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shown:
    """The scan of a poster.

    Attributes:
        picture: In the proportion of `HERO`; 4,961 pixels of width fill an A2 sheet at 300 dpi.
            Its metadata give the numbers of vertices and edges.
        coloring: Of that scan; the sheet has its ground.
        labels: Names of layers on it, in its pixels.
        strip: Its layers in order; where there are none, the legend takes their place.
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
        facts: For the numbers.
        front: For title, year and paper.
        shown: The scan.
        others: Caption and scan of other passes, skeletons or colourings; four are shown.

    Returns:
        The sheet, to be drawn by `sheet_picture` or `sheet_pdf`.
    """
    title = front.title or facts.name
    hero, coloring, ground = shown.picture, shown.coloring, shown.coloring.ground
    theme = THEMES[ground]
    shaded = Picture(pixels=shade_labels(hero.pixels, shown.labels, ground), metadata=hero.metadata)
    things: list[Thing] = [
        Plate(x=0, y=_HERO_TOP, width=HERO[0], picture=shaded),
        *_heading(title, front, hero, theme),
        *named(shown.labels, ground, scale=HERO[0] / hero.width, top=_HERO_TOP),
        *_strip(coloring, shown.strip, theme),
        *reading(COLUMNS[0], coloring, theme),
        *numbers(COLUMNS[1], facts, hero, theme),
        *histogram(COLUMNS[2], facts, theme, ground),
        *others_shown(COLUMNS[3], others, theme),
        *_footer(facts, front, hero, theme),
    ]
    return Sheet(
        width=WIDTH,
        height=HEIGHT,
        ground=theme.ground,
        things=tuple(things),
        title=title,
        metadata=tuple(sorted((k, v) for k, v in hero.metadata.items() if k != "Title")),
    )


def _heading(title: str, front: FrontMatter, hero: Picture, theme: Theme) -> list[Thing]:
    shown = plain(title, 40)
    size = min(TITLE, TITLE * ROOM / max(text_width(shown, TITLE, Face.TITLE), 1.0))
    y = MARGIN + 6.0
    counts = [
        f"{int(hero.metadata[key]):,} {words}"
        for key, words in (("Vertices", "vertices"), ("Edges", "edges"))
        if hero.metadata.get(key, "").isdigit()
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
        Words(
            text=shown,
            x=MARGIN - size * 0.07,
            y=MARGIN + 43.0,
            size=size,
            color=theme.ink,
            face=Face.TITLE,
        ),
    ]


def _stretches(stretches: Sequence[Stretch], theme: Theme) -> list[Thing]:
    things: list[Thing] = []
    gap = 0.8
    length = ROOM - gap * max(len(stretches) - 1, 0)
    x, last = MARGIN, 0.0
    for stretch in stretches:
        width = length * stretch.share
        step = width / len(stretch.colors)
        for place, color in enumerate(stretch.colors):
            # A little longer than its share: no seam shows between the steps.
            wide = step + (0.2 if place < len(stretch.colors) - 1 else 0)
            things.append(Bar(x=x + place * step, y=_STRIP, width=wide, height=3.0, color=color))
        shown = plain(stretch.name, 40)
        words = text_width(shown, SMALL)
        if shown and words < width + gap and x >= last:
            things.append(Words(text=shown, x=x, y=_STRIP + 7.4, size=SMALL, color=theme.faint))
            last = x + words + 2
        x += width + gap
    return things


def _strip(coloring: Coloring, strip: Sequence[Stretch], theme: Theme) -> list[Thing]:
    if not coloring.categorical:
        return _scale(coloring, theme)
    if coloring.attribute == "layer" and strip:
        return _stretches(strip, theme)
    total = sum(entry.share for entry in coloring.legend) or 1.0
    return _stretches(
        [
            Stretch(name=entry.label, share=entry.share / total, colors=(entry.color,))
            for entry in coloring.legend
        ],
        theme,
    )


def _scale(coloring: Coloring, theme: Theme) -> list[Thing]:
    things: list[Thing] = []
    steps = 184
    for step in range(steps):
        tone = hex_of(coloring.colors[round(step * (len(coloring.colors) - 1) / (steps - 1))])
        # A little longer than its share: no seam shows between the steps.
        width = ROOM / steps + (0.2 if step < steps - 1 else 0)
        x = MARGIN + ROOM * step / steps
        things.append(Bar(x=x, y=_STRIP, width=width, height=3.0, color=tone))
    last = 0.0
    for entry in coloring.legend:
        anchor = "start" if entry.share < 0.1 else "end" if entry.share > 0.9 else "middle"
        words = Words(
            text=plain(entry.label, 30),
            x=MARGIN + ROOM * entry.share,
            y=_STRIP + 7.4,
            size=SMALL,
            color=theme.faint,
            anchor=anchor,
        )
        if words.left >= last:
            things.append(words)
            last = words.left + text_width(words.text, SMALL) + 2
    return things


def _footer(facts: Facts, front: FrontMatter, hero: Picture, theme: Theme) -> list[Thing]:
    made = [
        f"ONNX file {facts.digest[:16]}" if facts.digest else "",
        f"split for {hero.metadata['Target']}" if "Target" in hero.metadata else "",
        f"skeleton by {hero.metadata['Engine']}" if "Engine" in hero.metadata else "",
    ]
    words = ", ".join(part for part in made if part)
    return [
        *lines((COLUMNS[0], FOOT), words, theme.faint, 1, size=SMALL, width=2 * COLUMN),
        *lines((COLUMNS[2], FOOT), front.paper_url, theme.faint, 1, size=SMALL, width=2 * COLUMN),
    ]
