"""The main scan of a poster: drawn for its place on the sheet, with the text that stands on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gallery.coloring.types import Coloring
from gallery.graph import ComputeGraph
from gallery.placement.types import Layout
from gallery.rendering.compose.centred import centred
from gallery.rendering.compose.layer_strip import Stretch, layer_strip
from gallery.rendering.compose.poster_grid import BODY, HEAD, SMALL
from gallery.rendering.compose.poster_grids import grid_of, units
from gallery.rendering.labels.labels import Label, PlacedName, colored, place_names
from gallery.rendering.labels.placement import Rectangle
from gallery.rendering.raster.frame import Frame, frame
from gallery.rendering.raster.raster import describe
from gallery.rendering.scan import render
from gallery.rendering.sheet.fonts import Face, extent
from gallery.rendering.sheet.sheet import MILLIMETRES_PER_INCH
from gallery.rendering.types import Picture, RenderSettings
from gallery.settings.paper import Paper

HALVES = ("Forward pass", "Backward pass")
"""Names of the left and the right hemisphere."""

_LABELS = (HEAD, BODY, SMALL)
"""Font sizes of layer names in units of the grid, for large, medium and small regions."""
_SQUARE = 1000
"""Side in pixels of any square picture, to tell the scale of others by it."""
_ROOM = 4.0
"""Least distance of layer names from the upper and the lower end of the scan, in these units."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shown:
    """The main scan of a poster.

    Attributes:
        picture: With the proportions of `PosterGrid.scan`. Its metadata give the numbers of
            vertices and edges.
        coloring: The colouring of the scan; the sheet has the same ground.
        labels: Layer names on it, in its pixels.
        strip: Its layers in order; if there are none, the legend takes their place.
        passes: Vertices of the forward, the backward and the update pass; none if there is only
            the forward pass.
        halves: The middle of the baseline of each of `HALVES`, in pixels; none if it has no
            hemispheres.
    """

    picture: Picture
    coloring: Coloring
    labels: Sequence[Label] = ()
    strip: Sequence[Stretch] = ()
    passes: Sequence[int] = ()
    halves: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where things are in the scan of a poster, in its pixels.

    Attributes:
        frame: The frame of its drawing.
        sizes: Font sizes of layer names, for large, medium and small regions.
        within: Left, top, right and bottom that no layer name leaves.
        halves: See `Shown`.
    """

    frame: Frame
    sizes: tuple[int, int, int]
    within: Rectangle
    halves: tuple[tuple[float, float], ...]


def _place(layout: Layout, sheet: Paper, dpi: float) -> _Place:
    grid = grid_of(sheet)
    scale = units(sheet, grid) * dpi / MILLIMETRES_PER_INCH
    left, top, width, height = grid.scan
    inside = frame(layout.positions, (round(width * scale), round(height * scale)), grid.edge)
    large, middling, small = (max(round(one * scale), 1) for one in _LABELS)
    right = min(width, grid.width - grid.margin - left)
    lengths = (grid.margin - left, max(grid.margin - top, _ROOM), right, height - _ROOM)
    low_x, low_y, high_x, high_y = (round(one * scale) for one in lengths)
    return _Place(
        frame=inside,
        sizes=(large, middling, small),
        within=(low_x, low_y, high_x, high_y),
        halves=_halves(layout, inside, large),
    )


def names_on(layout: Layout, sheet: Paper, dpi: float) -> tuple[PlacedName, ...]:
    """Where the layer names of a poster's scan are; the arguments are those of `show`."""
    place = _place(layout, sheet, dpi)
    large = place.sizes[0]
    taken = [_box(words, at, large) for words, at in zip(HALVES, place.halves, strict=False)]
    return place_names(layout, place.frame, place.sizes, place.within, taken)


def show(  # noqa: PLR0913
    layout: Layout,
    coloring: Coloring,
    sheet: Paper,
    dpi: float,
    *,
    look: RenderSettings | None = None,
    names: Sequence[PlacedName] | None = None,
    drawn: Callable[[int], Picture | None] = lambda _: None,
) -> Shown:
    """Draw a scan for a poster, or take it from a drawing.

    Args:
        layout: Where the vertices are.
        coloring: What colours they have, and on which ground.
        sheet: The paper.
        dpi: Pixels per inch.
        look: Title for the metadata and exposure; the rest is that of the poster.
        names: What `names_on` returned for the same layout, sheet and resolution; None to find
            that out, nothing for layers without names.
        drawn: A square drawing of the scan of at least this side, with the usual margin and without
            text, or None if there is none so large.
    """
    place = _place(layout, sheet, dpi)
    placed = names_on(layout, sheet, dpi) if names is None else names
    framed = replace(look or RenderSettings(), margin=grid_of(sheet).edge)
    size = place.frame.width, place.frame.height
    side = _side(layout, place.frame)
    square = drawn(side)
    if square is None:
        picture = render(layout, coloring, size=size, settings=framed)
    else:
        picture = centred(square, side, size).told(describe(layout, coloring, framed))
    return Shown(
        picture=picture,
        coloring=coloring,
        labels=colored(placed, layout, coloring),
        strip=layer_strip(layout.graph, coloring),
        passes=_passes(layout.graph),
        halves=place.halves,
    )


def _side(layout: Layout, inside: Frame) -> int:
    """Side of the square picture with the usual margin that has the scale of a frame."""
    usual = frame(layout.positions, _SQUARE, RenderSettings().margin)
    return max(round(_SQUARE * inside.scale / usual.scale), 1)


def _passes(graph: ComputeGraph) -> tuple[int, ...]:
    counts = np.bincount(graph.vertex_pass, minlength=3)
    return tuple(counts.tolist()) if counts[1:].any() else ()


def _halves(layout: Layout, inside: Frame, size: int) -> tuple[tuple[float, float], ...]:
    """Where the names of the hemispheres stand: below each, in its middle."""
    if layout.arrangement != "hemispheres":
        return ()
    points = inside.place(layout.positions)
    left, right = float(points[:, 0].min()), float(points[:, 0].max())
    y = min(float(points[:, 1].max()) + 4.5 * size, inside.height - size)
    return ((left + inside.left) / 2, y), ((inside.left + right) / 2, y)


def _box(words: str, at: tuple[float, float], size: int) -> Rectangle:
    wide, tall = extent(words, size, Face.STRONG)
    return (
        round(at[0] - wide / 2 - size),
        round(at[1] - tall - size),
        round(at[0] + wide / 2 + size),
        round(at[1] + size),
    )
