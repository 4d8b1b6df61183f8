"""The poster of a model: a sheet with its scan, its numbers and how to read them.

It has five font sizes and one rule: what it is, its name, the scan with layer names, the layers in
order, and columns that explain.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from gallery.rendering.compose.poster_columns import (
    histogram,
    in_words,
    numbers,
    others_shown,
    reading,
)
from gallery.rendering.compose.poster_grid import (
    BODY,
    HEAD,
    SMALL,
    THEMES,
    PosterGrid,
    Slot,
    Theme,
    lines,
)
from gallery.rendering.compose.poster_grids import grid_of, units
from gallery.rendering.compose.poster_scan import HALVES, Shown
from gallery.rendering.compose.poster_strip import drawn_strip
from gallery.rendering.labels.labels import named, shade_labels
from gallery.rendering.sheet.fonts import Face, bearing, bound, plain, text_width, wrap
from gallery.rendering.sheet.sheet import (
    Bar,
    Element,
    Plate,
    Sheet,
    TextLine,
)
from gallery.rendering.types import Picture
from gallery.settings.paper import Paper
from gallery.targets import TARGETS

if TYPE_CHECKING:  # so that changes in these redraw nothing
    from gallery.costs.facts import Facts
    from gallery.settings.values import FrontMatter

_A2 = Paper(name="A2", width=420, height=594)


def poster(
    facts: Facts,
    front: FrontMatter,
    shown: Shown,
    others: Sequence[tuple[str, Picture]] = (),
    sheet: Paper = _A2,
) -> Sheet:
    """Compose the poster of a model.

    Args:
        facts: Facts for the numbers.
        front: Front matter for title, year and paper.
        shown: The main scan.
        others: Captions and scans of other passes, skeletons or colourings; four are shown.
        sheet: The paper.

    Returns:
        The sheet, to be drawn by `sheet_picture` or `sheet_pdf`.
    """
    grid, title = grid_of(sheet), front.title or facts.name
    scan, coloring, ground = shown.picture, shown.coloring, shown.coloring.ground
    theme = THEMES[ground]
    left, top, width, _ = grid.scan
    shaded = Picture(pixels=shade_labels(scan.pixels, shown.labels, ground), metadata=scan.metadata)
    arrangement = _arrangement(shown)
    parts: dict[str, Callable[[Slot], list[Element]]] = {
        "reading": lambda slot: reading(slot, coloring, arrangement, theme),
        "in words": lambda slot: in_words(slot, coloring, arrangement, theme),
        "numbers": lambda slot: numbers(slot, facts, scan, shown.passes, theme),
        "types": lambda slot: histogram(slot, facts, theme, ground),
        "others": lambda slot: others_shown(slot, others, theme),
    }
    elements: list[Element] = [
        Plate(x=left, y=top, width=width, picture=shaded),
        *_heading(grid, title, front, shown, theme),
        *named(shown.labels, ground, scale=width / scan.width, top=top),
        *_halves(grid, shown, theme),
        *drawn_strip(grid.strip, coloring, shown.strip, theme),
        *(element for name, slot in grid.parts.items() for element in parts[name](slot)),
        *_footer(grid, facts, front, scan, theme),
    ]
    whole = Sheet(
        width=grid.width,
        height=grid.height,
        ground=theme.ground,
        elements=tuple(elements),
        title=title,
        metadata=tuple(sorted((k, v) for k, v in scan.metadata.items() if k != "Title")),
    )
    return replace(whole.scaled(units(sheet, grid)), width=sheet.width, height=sheet.height)


def _arrangement(shown: Shown) -> str:
    if not shown.passes:
        return "forward"
    return "hemispheres" if shown.halves else "free"


def _halves(grid: PosterGrid, shown: Shown, theme: Theme) -> list[Element]:
    """The names of the hemispheres."""
    left, top, width, _ = grid.scan
    scale = width / shown.picture.width
    return [
        TextLine(
            text=words,
            x=left + scale * x,
            y=top + scale * y,
            size=HEAD,
            color=theme.ink,
            anchor="middle",
            face=Face.STRONG,
        )
        for words, (x, y) in zip(HALVES, shown.halves, strict=False)
    ]


def _heading(
    grid: PosterGrid, title: str, front: FrontMatter, shown: Shown, theme: Theme
) -> list[Element]:
    counts = [
        f"{int(shown.picture.metadata[key]):,} {words}"
        for key, words in (("Vertices", "vertices"), ("Edges", "edges"))
        if shown.picture.metadata.get(key, "").isdigit()
    ]
    told = ", ".join(counts)
    claim = "The whole computation of a neural network"
    if shown.passes:
        claim = "The whole training step of a neural network"
        told += ": forward and backward pass and updates"
    # A name that fits into a line is not broken.
    names = (bound(one, BODY, grid.head[3].width) for one in front.authors[:6])
    authors = ", ".join(names) + (" and others" if len(front.authors) > 6 else "")
    year = str(front.year) if front.year is not None else ""
    paper = ", ".join(part for part in (front.paper, year) if part)
    tones = (theme.ink, theme.faint, theme.faint, theme.faint)
    texts = (claim, told, paper, authors)
    rule = grid.rule
    return [
        Bar(x=rule.x, y=rule.y, width=rule.width, height=0.25, color=theme.rule),
        *(
            line
            for slot, words, tone in zip(grid.head, texts, tones, strict=True)
            for line in lines(slot, words, tone, 2)
        ),
        *_title(grid, title, theme),
    ]


def _title(grid: PosterGrid, title: str, theme: Theme) -> list[Element]:
    slot, most, largest = grid.title, grid.title_lines, grid.title_size
    shown = plain(title, 40)
    for size in (largest, 0.8 * largest, 0.62 * largest):
        found = wrap(shown, size, slot.width, most, Face.TITLE)
        wide = max(text_width(line, size, Face.TITLE) for line in found)
        if most > 1 and not found[-1].endswith("…") and wide <= slot.width:
            break
    else:
        found = [shown]
        size = largest * min(1, slot.width / max(text_width(shown, largest, Face.TITLE), 1.0))
    return [
        TextLine(
            text=line,
            x=slot.x - bearing(line, size, Face.TITLE),
            y=slot.y - size * 1.08 * (len(found) - 1 - place),
            size=size,
            color=theme.ink,
            face=Face.TITLE,
        )
        for place, line in enumerate(found)
    ]


def _footer(
    grid: PosterGrid, facts: Facts, front: FrontMatter, scan: Picture, theme: Theme
) -> list[Element]:
    file = "ONNX file" if facts.digest_is_whole else "ONNX file without weights"
    target = scan.metadata.get("Target", "")
    made = [
        f"{file} {facts.digest[:16]}" if facts.digest else "",
        f"split for {TARGETS[target].title}" if target in TARGETS else "",
        f"skeleton by {scan.metadata['Engine']}" if "Engine" in scan.metadata else "",
    ]
    texts = (", ".join(part for part in made if part), front.paper_url)
    return [
        line
        for slot, words in zip(grid.foot, texts, strict=True)
        for line in lines(slot, words, theme.faint, 1, size=SMALL)
    ]
