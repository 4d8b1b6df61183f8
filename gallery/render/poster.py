"""The infographic of a model: an A2 sheet with its scan, its numbers and how to read them."""

from __future__ import annotations

from collections.abc import Sequence

from gallery.color.families import type_color
from gallery.color.oklab import hex_of
from gallery.color.scale import amount
from gallery.color.types import Coloring
from gallery.facts import Facts
from gallery.render.sheet import Bar, Plate, Sheet, Thing, Words, text_width, wrap
from gallery.render.types import Picture
from gallery.settings import FrontMatter

# A2 in millimetres, a margin, and four columns between gutters.
_WIDTH, _HEIGHT, _MARGIN, _GUTTER = 420.0, 594.0, 24.0, 12.0
_COLUMN = (_WIDTH - 2 * _MARGIN - 3 * _GUTTER) / 4
_INK, _FAINT, _RULE, _GROUND = "#f4f3f0", "#9a9ca3", "#3a3c42", "#000000"
_BODY, _SMALL = 3.7, 3.0
_HERO_TOP, _HERO = 62.0, 388.0
_FOOT = 462.0

_READING = (
    "Every point of light is a vertex: a piece of work that one worker of a parallel processor "
    "does, as a neuron would. Every line is an edge: data that one piece makes and another reads, "
    "as a synapse passes a signal on. Where many lines meet, light adds up: the bright bodies are "
    "the layers, and the threads between them are what they tell each other."
)
_COLORS = {
    "layer": "The colour is the layer, in the order in which the network runs them.",
    "operator": "The colour is the type of the operator.",
    "pass": "The colour is the pass: forward, backward, update.",
    "depth": "The colour is the step at which a vertex could run.",
    "flops": "The colour is the work of a vertex.",
    "bytes": "The colour is the data that a vertex reads and writes.",
}


def poster(
    facts: Facts,
    front: FrontMatter,
    hero: Picture,
    coloring: Coloring,
    others: Sequence[tuple[str, Picture]] = (),
) -> Sheet:
    """Compose the poster of a model.

    Args:
        facts: For the numbers.
        front: For title, year and paper.
        hero: The scan, square, on black; 4,583 pixels a side fill an A2 sheet at 300 dpi. Its
            metadata give the numbers of vertices and edges.
        coloring: Of that scan.
        others: Caption and scan of other passes, skeletons or colourings; four are shown.

    Returns:
        The sheet, to be drawn by `sheet_picture` or `sheet_svg`.
    """
    title = front.title or facts.name
    columns = [_MARGIN + place * (_COLUMN + _GUTTER) for place in range(4)]
    things: list[Thing] = [
        Plate(x=(_WIDTH - _HERO) / 2, y=_HERO_TOP, width=_HERO, picture=hero),
        *_heading(title, front),
        *_strip(coloring),
        *_reading(columns[0], coloring),
        *_numbers(columns[1], facts, hero),
        *_histogram(columns[2], facts),
        *_others(columns[3], others),
        *_footer(facts, front, hero),
    ]
    return Sheet(width=_WIDTH, height=_HEIGHT, ground=_GROUND, things=tuple(things), title=title)


def _heading(title: str, front: FrontMatter) -> list[Thing]:
    room = _WIDTH - 2 * _MARGIN
    size = min(30.0, 30.0 * room * 0.72 / max(text_width(title, 30.0), 1.0))
    things: list[Thing] = [
        Words(text="The scan of", x=_MARGIN, y=32, size=5.2, color=_FAINT),
        Words(text=title, x=_MARGIN - size * 0.06, y=62, size=size, color=_INK),
    ]
    right = _WIDTH - _MARGIN
    y = 32.0
    if front.year is not None:
        things.append(
            Words(text=str(front.year), x=right, y=y, size=5.2, color=_FAINT, anchor="end")
        )
        y += 7
    authors = ", ".join(front.authors[:4]) + (" and others" if len(front.authors) > 4 else "")
    lines = [*wrap(front.paper, _BODY, 96, 3), *wrap(authors, _BODY, 96, 2)]
    for line in lines:
        if line:
            things.append(Words(text=line, x=right, y=y, size=_BODY, color=_FAINT, anchor="end"))
            y += _BODY * 1.4
    return things


def _strip(coloring: Coloring) -> list[Thing]:
    # Layers as long as their share of the vertices; a scale where the colour is a number.
    room = _WIDTH - 2 * _MARGIN
    y = _FOOT
    things: list[Thing] = []
    if not coloring.categorical:
        rows = 240
        step = (len(coloring.colors) - 1) / (rows - 1)
        for row in range(rows):
            tone = hex_of(coloring.colors[round(row * step)])
            left = _MARGIN + room * row / rows
            things.append(Bar(x=left, y=y, width=room / rows, height=3.2, color=tone))
        for entry in coloring.legend:
            anchor = "start" if entry.share < 0.1 else "end" if entry.share > 0.9 else "middle"
            x = _MARGIN + room * entry.share
            things.append(
                Words(text=entry.label, x=x, y=y + 7.4, size=_SMALL, color=_FAINT, anchor=anchor)
            )
        return things
    total = sum(entry.share for entry in coloring.legend) or 1.0
    gap = 0.8
    length = room - gap * max(len(coloring.legend) - 1, 0)
    x = _MARGIN
    last = 0.0
    for entry in coloring.legend:
        width = max(length * entry.share / total, 0.15)
        things.append(Bar(x=x, y=y, width=width, height=3.2, color=entry.color))
        words = text_width(entry.label, _SMALL)
        if words < width + 1 and x >= last:
            things.append(Words(text=entry.label, x=x, y=y + 7.4, size=_SMALL, color=_FAINT))
            last = x + words + 2
        x += width + gap
    return things


def _section(x: float, words: str) -> list[Thing]:
    y = _FOOT + 20
    return [
        Bar(x=x, y=y - 6.6, width=_COLUMN, height=0.25, color=_RULE),
        Words(text=words, x=x, y=y, size=4.6, color=_INK),
    ]


def _reading(x: float, coloring: Coloring) -> list[Thing]:
    things = _section(x, "How to read it")
    y = _FOOT + 29
    words = _READING + " " + _COLORS.get(coloring.attribute, "")
    for line in wrap(words, _BODY, _COLUMN, 15):
        things.append(Words(text=line, x=x, y=y, size=_BODY, color=_FAINT))
        y += _BODY * 1.45
    return things


def _numbers(x: float, facts: Facts, hero: Picture) -> list[Thing]:
    things = _section(x, "In numbers")
    rows: list[tuple[str, str]] = [
        (amount(facts.parameters), "parameters"),
        ("not known" if facts.macs is None else amount(facts.macs), "multiply-adds a run"),
        (f"{facts.operators:,}", "operators"),
        (f"{facts.depth:,}", "operators deep"),
    ]
    for key, words in (("Vertices", "vertices shown"), ("Edges", "edges shown")):
        if hero.metadata.get(key, "").isdigit():
            rows.append((amount(int(hero.metadata[key])), words))
    for place, (number, words) in enumerate(rows):
        left = x + place % 2 * (_COLUMN + 4) / 2
        y = _FOOT + 33 + place // 2 * 22.0
        size = min(9.2, 9.2 * (_COLUMN / 2 - 3) / max(text_width(number, 9.2), 1e-6))
        things.append(Words(text=number, x=left, y=y, size=size, color=_INK))
        things.append(Words(text=words, x=left, y=y + 5.4, size=_SMALL, color=_FAINT))
    return things


def _histogram(x: float, facts: Facts) -> list[Thing]:
    things = _section(x, "Made of")
    entries = sorted(facts.histogram.items(), key=lambda item: (-item[1], item[0]))[:11]
    names = 36.0
    most = max((count for _, count in entries), default=1)
    y = _FOOT + 29.0
    for name, count in entries:
        tone = hex_of(type_color(name))
        width = max((_COLUMN - names - 11) * count / most, 0.4)
        shown = name
        while text_width(shown, _SMALL) > names - 2:
            shown = shown.removesuffix("…")[:-1] + "…"
        things.append(Words(text=shown, x=x, y=y, size=_SMALL, color=_FAINT))
        things.append(Bar(x=x + names, y=y - 2.3, width=width, height=2.5, color=tone))
        things.append(
            Words(text=str(count), x=x + names + width + 1.6, y=y, size=_SMALL, color=_INK)
        )
        y += 6.6
    return things


def _others(x: float, others: Sequence[tuple[str, Picture]]) -> list[Thing]:
    if not others:
        return []
    things = _section(x, "Seen otherwise")
    side = (_COLUMN - 4) / 2
    for place, (words, picture) in enumerate(others[:4]):
        left = x + place % 2 * (side + 4)
        top = _FOOT + 24 + place // 2 * (side + 4)
        things.append(Plate(x=left, y=top, width=side, picture=picture))
        label = wrap(words, _SMALL, side, 1)[0]
        things.append(Words(text=label, x=left, y=top + side + 0.6, size=_SMALL, color=_FAINT))
    return things


def _footer(facts: Facts, front: FrontMatter, hero: Picture) -> list[Thing]:
    y = _HEIGHT - 14
    made = [
        f"ONNX {facts.digest[:16]}" if facts.digest else "",
        f"split for {hero.metadata['Target']}" if "Target" in hero.metadata else "",
        f"skeleton {hero.metadata['Engine']}" if "Engine" in hero.metadata else "",
    ]
    things: list[Thing] = [
        Words(
            text=" · ".join(part for part in made if part),
            x=_MARGIN,
            y=y,
            size=2.8,
            color=_FAINT,
        )
    ]
    if front.paper_url:
        things.append(
            Words(
                text=wrap(front.paper_url, 2.8, 180, 1)[0],
                x=_WIDTH - _MARGIN,
                y=y,
                size=2.8,
                color=_FAINT,
                anchor="end",
            )
        )
    return things
