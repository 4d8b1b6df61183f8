"""The poster of a model: a sheet with its scan, its numbers and how to read them.

It has five font sizes and one rule: what it is, its name, the scan with layer names, the layers in
order, and columns that explain.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gallery.coloring.types import Coloring
from gallery.graph import ComputeGraph
from gallery.rendering.compose.layer_strip import Stretch
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
    TITLE,
    PosterGrid,
    Slot,
    Theme,
    lines,
)
from gallery.rendering.compose.poster_grids import grid_of, units
from gallery.rendering.compose.poster_strip import drawn_strip
from gallery.rendering.labels.labels import Label, named, shade_labels
from gallery.rendering.labels.placement import Rectangle
from gallery.rendering.sheet.fonts import Face, plain, text_width, wrap
from gallery.rendering.sheet.sheet import (
    MILLIMETRES_PER_INCH,
    Bar,
    Element,
    Plate,
    Sheet,
    TextLine,
)
from gallery.rendering.types import Picture
from gallery.settings.paper import Paper

if TYPE_CHECKING:  # so that changes in these redraw nothing
    from gallery.costs.facts import Facts
    from gallery.settings.values import FrontMatter

_A2 = Paper(name="A2", width=420, height=594)

LABELS = (HEAD, BODY, SMALL)
"""Font sizes of layer names in units of the grid, for large, medium and small regions."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shown:
    """The main scan of a poster.

    Attributes:
        picture: With the proportions of `PosterGrid.scan`. Its metadata give the numbers of
            vertices and edges, and the arrangement.
        coloring: The colouring of the scan; the sheet has the same ground.
        labels: Layer names on it, in its pixels.
        strip: Its layers in order; if there are none, the legend takes their place.
        passes: Vertices of the forward, the backward and the update pass; none if there is only
            the forward pass.
    """

    picture: Picture
    coloring: Coloring
    labels: Sequence[Label] = ()
    strip: Sequence[Stretch] = ()
    passes: Sequence[int] = ()


def passes_of(graph: ComputeGraph) -> tuple[int, ...]:
    """Vertices of the forward, the backward and the update pass; () if there is only the first."""
    counts = np.bincount(graph.vertex_pass, minlength=3)
    return tuple(counts.tolist()) if counts[1:].any() else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """The place of the main scan, in pixels.

    Attributes:
        size: Width and height of the picture.
        margin: Share of its shorter side to leave free.
        sizes: Font sizes of layer names.
        within: Left, top, right, bottom that no layer name leaves.
        taken: Boxes of other text.
    """

    size: tuple[int, int]
    margin: float
    sizes: tuple[int, int, int]
    within: Rectangle
    taken: tuple[Rectangle, ...]


def space(sheet: Paper, dpi: float, *, hemispheres: bool) -> Space:
    """The place of the main scan on a sheet.

    Args:
        sheet: The sheet.
        dpi: Pixels per inch.
        hemispheres: Whether the scan shows the passes as hemispheres, which are named.
    """
    grid = grid_of(sheet)
    scale = units(sheet, grid) * dpi / MILLIMETRES_PER_INCH
    left, top, width, height = grid.scan
    inset = grid.margin - left
    # The names of the hemispheres stand at the lower corners.
    rise, reach = 3 * HEAD, 0.2 * width
    corners = ((inset, inset + reach), (width - inset - reach, width - inset))
    boxes = [(low, height - rise, high, height) for low, high in corners] if hemispheres else []
    right = min(left + width, grid.width - grid.margin) - left
    within = (inset, max(grid.margin - top, 4.0), right, height - 4.0)
    return Space(
        size=(round(width * scale), round(height * scale)),
        margin=grid.edge,
        sizes=_pixels(LABELS, scale),
        within=_pixels(within, scale),
        taken=tuple(_pixels(box, scale) for box in boxes),
    )


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
        *(_halves(grid, theme) if arrangement == "hemispheres" else []),
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


def _pixels(lengths: tuple[float, ...], scale: float) -> Any:
    return tuple(round(length * scale) for length in lengths)


def _arrangement(shown: Shown) -> str:
    return shown.picture.metadata.get("Arrangement", "free") if shown.passes else "forward"


def _halves(grid: PosterGrid, theme: Theme) -> list[Element]:
    """The names of the hemispheres."""
    left, top, width, height = grid.scan
    right = min(left + width, grid.width - grid.margin)
    ends = (("Forward pass", grid.margin, "start"), ("Backward pass", right, "end"))
    return [
        TextLine(
            text=words,
            x=x,
            y=top + height - HEAD,
            size=HEAD,
            color=theme.ink,
            anchor=anchor,
            face=Face.STRONG,
        )
        for words, x, anchor in ends
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
    authors = ", ".join(front.authors[:6]) + (" and others" if len(front.authors) > 6 else "")
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
    slot, most = grid.title, grid.title_lines
    shown = plain(title, 40)
    for size in (TITLE, 0.8 * TITLE, 0.62 * TITLE):
        found = wrap(shown, size, slot.width, most, Face.TITLE)
        wide = max(text_width(line, size, Face.TITLE) for line in found)
        if most > 1 and not found[-1].endswith("…") and wide <= slot.width:
            break
    else:
        found = [shown]
        size = min(TITLE, TITLE * slot.width / max(text_width(shown, TITLE, Face.TITLE), 1.0))
    return [
        TextLine(
            text=line,
            x=slot.x - size * 0.07,
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
    made = [
        f"{file} {facts.digest[:16]}" if facts.digest else "",
        f"split for {scan.metadata['Target']}" if "Target" in scan.metadata else "",
        f"skeleton by {scan.metadata['Engine']}" if "Engine" in scan.metadata else "",
    ]
    texts = (", ".join(part for part in made if part), front.paper_url)
    return [
        line
        for slot, words in zip(grid.foot, texts, strict=True)
        for line in lines(slot, words, theme.faint, 1, size=SMALL)
    ]
