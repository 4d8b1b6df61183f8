"""The parts of the poster that explain: how to read it, numbers, operators, other scans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gallery.coloring.oklab import hex_of
from gallery.coloring.operator_types import type_color
from gallery.coloring.palettes import from_hex
from gallery.coloring.types import Coloring
from gallery.costs.facts import Facts
from gallery.rendering.compose.poster_grid import (
    BODY,
    FIGURE,
    LEADING,
    SMALL,
    Slot,
    Theme,
    lines,
    section,
)
from gallery.rendering.sheet.fonts import Face, bearing, plain, shorten, text_width, wrap
from gallery.rendering.sheet.sheet import Bar, Element, Plate, Stroke, TextLine
from gallery.rendering.types import Picture
from gallery.settings.attributes import find
from gallery.text import amount, rounded

_TOP = 10.0
"""From the baseline of a heading to the first below it."""
_VERTEX = (
    "A vertex, each point of light, is a piece of work for one worker of a parallel processor."
)
_EDGE = "An edge, each line, is data that one vertex makes and another reads."
_HALVES = (
    "The left half is the forward pass, the right half, its mirror image, the backward pass. The "
    "fibres between them are what the backward pass reads of the forward pass; updates of "
    "parameters are at the rim."
)
_PASSES = (
    "Backward pass and updates lie among the forward pass: each vertex has a twin that "
    "passes its gradient back."
)
_LIGHT = (
    "Vertices are like neurons, edges like synapses. Light adds up where many meet: the bright "
    "bodies are layers, the threads between them what they pass on."
)


def reading(slot: Slot, coloring: Coloring, arrangement: str, theme: Theme) -> list[Element]:
    """What vertices, edges and colours mean, with a figure.

    Args:
        slot: Where it stands.
        coloring: The colouring to explain.
        arrangement: Of the scan: "forward", "free" or "hemispheres".
        theme: Colours of the sheet.
    """
    figure = _figure(slot.x, slot.y + _TOP - 1.7, _three(coloring, theme), theme)
    below = replace(slot, y=slot.y + _TOP + 24.5)
    texts = (_VERTEX, _EDGE, _SENTENCES[arrangement], _meaning(coloring))
    return [*section(slot, "How to read it", theme), *figure, *_texts(below, texts, theme)]


def in_words(slot: Slot, coloring: Coloring, arrangement: str, theme: Theme) -> list[Element]:
    """As `reading`, in few words and without a figure."""
    below = replace(slot, y=slot.y + _TOP - 2.0)
    texts = (f"{_VERTEX} {_EDGE}", _SENTENCES[arrangement])
    return [*section(slot, "How to read it", theme), *_texts(below, texts, theme)]


_SENTENCES = {"forward": _LIGHT, "free": _PASSES, "hemispheres": _HALVES}


def _meaning(coloring: Coloring) -> str:
    known = find(coloring.attribute)
    return known.sentence if known else ""


def _texts(slot: Slot, texts: Sequence[str], theme: Theme) -> list[Element]:
    elements: list[Element] = []
    y = slot.y
    for words in texts:
        found = lines(replace(slot, y=y), words, theme.faint, 5)
        elements += found
        y += len(found) * BODY * LEADING + 1.6
    return elements


def _three(coloring: Coloring, theme: Theme) -> list[str]:
    # Colours of an early, a middle and a late vertex.
    if not len(coloring.index):
        return [theme.ink] * 3
    places = [int(share * (len(coloring.index) - 1)) for share in (0.12, 0.5, 0.88)]
    return [hex_of(coloring.colors[coloring.index[place]]) for place in places]


def _figure(x: float, y: float, tones: Sequence[str], theme: Theme) -> list[Element]:
    # Three small layers that read from each other, with a vertex and an edge pointed out.
    pitch, across = 5.6, 23.0
    dots = [
        [(x + 1.3 + across * layer, y + pitch * (row + (4 - count) / 2)) for row in range(count)]
        for layer, count in enumerate((4, 3, 4))
    ]
    elements: list[Element] = []
    for layer in (0, 1):
        tone = _mixed(tones[layer + 1], theme.ground)
        for x0, y0 in dots[layer]:
            elements += [
                Stroke(x=x0, y=y0, to_x=x1, to_y=y1, width=0.25, color=tone)
                for x1, y1 in dots[layer + 1]
            ]
    for tone, row in zip(tones, dots, strict=True):
        elements += [Stroke(x=a, y=b, to_x=a, to_y=b, width=2.6, color=tone) for a, b in row]
    (vx, vy), (ax, ay), (bx, by) = dots[2][0], dots[1][2], dots[2][3]
    right = x + 1.3 + 2 * across + 7.0
    for words, start, level in (
        ("a vertex", (vx + 2.2, vy), vy),
        ("an edge", (0.7 * ax + 0.3 * bx, 0.7 * ay + 0.3 * by), 0.7 * ay + 0.3 * by),
    ):
        elements.append(
            Stroke(x=start[0], y=start[1], to_x=right, to_y=level, width=0.2, color=theme.ink)
        )
        elements.append(
            TextLine(text=words, x=right + 1.4, y=level + 1.0, size=SMALL, color=theme.ink)
        )
    return elements


def _mixed(color: str, ground: str) -> str:
    mean = 0.55 * from_hex(color) + 0.45 * from_hex(ground)
    return hex_of(np.rint(mean).astype(np.uint8))


def numbers(
    slot: Slot, facts: Facts, scan: Picture, passes: Sequence[int], theme: Theme
) -> list[Element]:
    """The key numbers of a model.

    Args:
        slot: Where they stand.
        facts: Facts of the model.
        scan: The scan; its metadata give vertices and edges.
        passes: Vertices of the forward, the backward and the update pass, or none if there is only
            a forward pass.
        theme: Colours of the sheet.
    """
    elements = section(slot, "In numbers", theme)
    macs = "unknown" if facts.macs is None else amount(facts.macs)
    rows: list[tuple[str, str]] = [
        (rounded(facts.parameters), "parameters"),
        (macs, "multiply-adds forward" if passes else "multiply-adds a run"),
    ]
    if passes:
        names = ("vertices forward", "vertices backward", "vertices that update")
        rows += [(rounded(count), words) for count, words in zip(passes, names, strict=True)]
    else:
        rows += [(f"{facts.operators:,}", "operators"), (f"{facts.depth:,}", "operators deep")]
        rows += _shown(scan, "Vertices", "vertices shown")
    rows += _shown(scan, "Edges", "edges shown")
    room = (slot.width - 6) / 2
    for place, (number, words) in enumerate(rows):
        left = slot.x + place % 2 * (slot.width + 6) / 2
        y = slot.y + _TOP + 7.5 + place // 2 * 31.0
        size = min(FIGURE, FIGURE * room / max(text_width(number, FIGURE, Face.LIGHT), 1e-6))
        x = left - bearing(number, size, Face.LIGHT)
        figure = TextLine(text=number, x=x, y=y, size=size, color=theme.ink, face=Face.LIGHT)
        elements.append(figure)
        elements.append(TextLine(text=words, x=left, y=y + 6.2, size=SMALL, color=theme.faint))
    return elements


def _shown(scan: Picture, key: str, words: str) -> list[tuple[str, str]]:
    number = scan.metadata.get(key, "")
    return [(rounded(int(number)), words)] if number.isdigit() else []


def histogram(slot: Slot, facts: Facts, theme: Theme, ground: str) -> list[Element]:
    """The number of operators of each type."""
    elements = section(slot, "Made of", theme)
    x = slot.x
    entries = sorted(facts.histogram.items(), key=lambda item: (-item[1], item[0]))
    shown, rest = entries[:11], entries[11:]
    names, counts = 34.0, 9.0
    most = max((count for _, count in shown), default=1)
    y, pitch = slot.y + _TOP, 7.6
    for name, count in shown:
        tone = hex_of(type_color(name, ground))
        width = max((slot.width - names - counts) * count / most, 0.4)
        label = shorten(plain(name), SMALL, names - 3)
        elements.append(TextLine(text=label, x=x, y=y, size=SMALL, color=theme.faint))
        elements.append(Bar(x=x + names, y=y - 2.2, width=width, height=2.3, color=tone))
        figure = f"{count:,}"
        elements.append(
            TextLine(text=figure, x=x + slot.width, y=y, size=SMALL, color=theme.ink, anchor="end")
        )
        y += pitch
    if rest:
        types = "type" if len(rest) == 1 else "types"
        words = f"and {sum(count for _, count in rest):,} of {len(rest)} other {types}"
        elements.append(TextLine(text=words, x=x, y=y, size=SMALL, color=theme.faint))
    return elements


def others_shown(slot: Slot, others: Sequence[tuple[str, Picture]], theme: Theme) -> list[Element]:
    """Four other scans, small, with their captions."""
    if not others:
        return []
    elements = section(slot, "Seen otherwise", theme)
    gap = 5.0
    side = (slot.width - gap) / 2
    for place, (words, picture) in enumerate(others[:4]):
        left = slot.x + place % 2 * (side + gap)
        top = slot.y + _TOP - 3.0 + place // 2 * (side + 8.6)
        elements.append(Plate(x=left, y=top, width=side, picture=picture))
        label = wrap(words, SMALL, side, 1)[0]
        elements.append(
            TextLine(text=label, x=left, y=top + side + 3.4, size=SMALL, color=theme.faint)
        )
    return elements
