"""Wallpapers: a scan alone, framed for a screen."""

from __future__ import annotations

from dataclasses import replace

from gallery.coloring.types import Coloring
from gallery.placement.types import Layout
from gallery.rendering.raster.frame import frame
from gallery.rendering.scan import render
from gallery.rendering.types import DOT, LINE, Picture, RenderSettings

MARGIN = 0.07
"""Share of the screen's shorter side to leave free, so that bars of the system cover nothing."""


def wallpaper(
    layout: Layout, coloring: Coloring, size: tuple[int, int], exposure: str = "auto"
) -> Picture:
    """Draw a scan for a screen.

    Args:
        layout: Where the vertices are.
        coloring: What colours they have, and on which ground.
        size: Width and height in pixels.
        exposure: What the light of vertices follows, see `RenderSettings`.

    Raises:
        RenderError: As for `render`.
    """
    return render(
        layout, coloring, size=size, settings=replace(framed(layout, size), exposure=exposure)
    )


def framed(layout: Layout, size: tuple[int, int]) -> RenderSettings:
    """How to draw a scan for a screen: with the strokes of a square picture that it fills."""
    wide = frame(layout.positions, size, MARGIN)
    points = wide.place(layout.positions)
    extent = float((points.max(axis=0) - points.min(axis=0)).max()) if len(points) else 1.0
    side = min(max(round(extent / (1 - 2 * MARGIN)), 1), max(size))
    finer = frame(layout.positions, side, MARGIN).unit / wide.unit
    return RenderSettings(margin=MARGIN, line=LINE * finer, dot=DOT * finer)
