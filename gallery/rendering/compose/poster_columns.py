"""The four columns at the foot of the poster: how to read it, numbers, operators, other scans."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gallery.coloring.oklab import hex_of
from gallery.coloring.operator_types import type_color
from gallery.coloring.palettes import from_hex
from gallery.coloring.types import Coloring
from gallery.costs.facts import Facts
from gallery.rendering.compose.poster_grid import (
    BODY,
    COLUMN,
    FIGURE,
    LEADING,
    SECTION,
    SMALL,
    Theme,
    lines,
    section,
)
from gallery.rendering.sheet.fonts import Face, plain, shorten, text_width, wrap
from gallery.rendering.sheet.sheet import Bar, Plate, Stroke, Thing, Words
from gallery.rendering.types import Picture
from gallery.settings.attributes import TABLE
from gallery.text import amount

_TOP = SECTION + 10.0
_VERTEX = (
    "A vertex, each point of light, is a piece of work for one worker of a parallel processor."
)
_EDGE = "An edge, each line, is data that one vertex makes and another reads."
_LIGHT = (
    "Vertices are like neurons, edges like synapses. Light adds up where many meet: the bright "
    "bodies are layers, the threads between them what they pass on."
)


def reading(x: float, coloring: Coloring, theme: Theme) -> list[Thing]:
    """What vertices, edges and colours mean, with a figure of them."""
    things = section(x, "How to read it", theme)
    tones = _three(coloring, theme)
    things += _figure(x, _TOP - 1.7, tones, theme)
    y = _TOP + 24.5
    known = TABLE.get(coloring.attribute)
    for words in (_VERTEX, _EDGE, _LIGHT, known.sentence if known else ""):
        told = lines((x, y), words, theme.faint, 5)
        things += told
        y += len(told) * BODY * LEADING + 1.6
    return things


def _three(coloring: Coloring, theme: Theme) -> list[str]:
    # Colours of an early, a middling and a late vertex.
    if not len(coloring.index):
        return [theme.ink] * 3
    places = [int(share * (len(coloring.index) - 1)) for share in (0.12, 0.5, 0.88)]
    return [hex_of(coloring.colors[coloring.index[place]]) for place in places]


def _figure(x: float, y: float, tones: Sequence[str], theme: Theme) -> list[Thing]:
    # Three small layers that read from each other; a vertex and an edge are pointed out.
    pitch, across = 5.6, 23.0
    spots = [
        [(x + 1.3 + across * layer, y + pitch * (row + (4 - count) / 2)) for row in range(count)]
        for layer, count in enumerate((4, 3, 4))
    ]
    things: list[Thing] = []
    for layer in (0, 1):
        tone = _mixed(tones[layer + 1], theme.ground)
        for x0, y0 in spots[layer]:
            things += [
                Stroke(x=x0, y=y0, to_x=x1, to_y=y1, width=0.25, color=tone)
                for x1, y1 in spots[layer + 1]
            ]
    for tone, row in zip(tones, spots, strict=True):
        things += [Stroke(x=a, y=b, to_x=a, to_y=b, width=2.6, color=tone) for a, b in row]
    (vx, vy), (ax, ay), (bx, by) = spots[2][0], spots[1][2], spots[2][3]
    right = x + 1.3 + 2 * across + 7.0
    for words, start, level in (
        ("a vertex", (vx + 2.2, vy), vy),
        ("an edge", (0.7 * ax + 0.3 * bx, 0.7 * ay + 0.3 * by), 0.7 * ay + 0.3 * by),
    ):
        things.append(
            Stroke(x=start[0], y=start[1], to_x=right, to_y=level, width=0.2, color=theme.ink)
        )
        things.append(Words(text=words, x=right + 1.4, y=level + 1.0, size=SMALL, color=theme.ink))
    return things


def _mixed(color: str, ground: str) -> str:
    mean = 0.55 * from_hex(color) + 0.45 * from_hex(ground)
    return hex_of(np.rint(mean).astype(np.uint8))


def numbers(x: float, facts: Facts, hero: Picture, theme: Theme) -> list[Thing]:
    """The figures of a model."""
    things = section(x, "In numbers", theme)
    rows: list[tuple[str, str]] = [
        (amount(facts.parameters), "parameters"),
        ("unknown" if facts.macs is None else amount(facts.macs), "multiply-adds a run"),
        (f"{facts.operators:,}", "operators"),
        (f"{facts.depth:,}", "operators deep"),
    ]
    for key, words in (("Vertices", "vertices shown"), ("Edges", "edges shown")):
        if hero.metadata.get(key, "").isdigit():
            rows.append((amount(int(hero.metadata[key])), words))
    for place, (number, words) in enumerate(rows):
        left = x + place % 2 * (COLUMN + 6) / 2
        y = _TOP + 7.5 + place // 2 * 31.0
        room = COLUMN / 2 - 4
        size = min(FIGURE, FIGURE * room / max(text_width(number, FIGURE, Face.LIGHT), 1e-6))
        figure = Words(
            text=number, x=left - size * 0.05, y=y, size=size, color=theme.ink, face=Face.LIGHT
        )
        things.append(figure)
        things.append(Words(text=words, x=left, y=y + 6.2, size=SMALL, color=theme.faint))
    return things


def histogram(x: float, facts: Facts, theme: Theme, ground: str) -> list[Thing]:
    """How many operators of each type there are."""
    things = section(x, "Made of", theme)
    entries = sorted(facts.histogram.items(), key=lambda item: (-item[1], item[0]))
    shown, rest = entries[:11], entries[11:]
    names, counts = 34.0, 9.0
    most = max((count for _, count in shown), default=1)
    y, pitch = _TOP, 7.6
    for name, count in shown:
        tone = hex_of(type_color(name, ground))
        width = max((COLUMN - names - counts) * count / most, 0.4)
        label = shorten(plain(name), SMALL, names - 3)
        things.append(Words(text=label, x=x, y=y, size=SMALL, color=theme.faint))
        things.append(Bar(x=x + names, y=y - 2.2, width=width, height=2.3, color=tone))
        figure = f"{count:,}"
        things.append(
            Words(text=figure, x=x + COLUMN, y=y, size=SMALL, color=theme.ink, anchor="end")
        )
        y += pitch
    if rest:
        types = "type" if len(rest) == 1 else "types"
        words = f"and {sum(count for _, count in rest):,} of {len(rest)} other {types}"
        things.append(Words(text=words, x=x, y=y, size=SMALL, color=theme.faint))
    return things


def others_shown(x: float, others: Sequence[tuple[str, Picture]], theme: Theme) -> list[Thing]:
    """Four other scans, small, with their captions."""
    if not others:
        return []
    things = section(x, "Seen otherwise", theme)
    gap = 5.0
    side = (COLUMN - gap) / 2
    for place, (words, picture) in enumerate(others[:4]):
        left = x + place % 2 * (side + gap)
        top = _TOP - 3.0 + place // 2 * (side + 8.6)
        things.append(Plate(x=left, y=top, width=side, picture=picture))
        label = wrap(words, SMALL, side, 1)[0]
        things.append(Words(text=label, x=left, y=top + side + 3.4, size=SMALL, color=theme.faint))
    return things
