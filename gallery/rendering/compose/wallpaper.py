"""Wallpapers: a scan alone, framed for a screen."""

from __future__ import annotations

from gallery.coloring.types import Coloring
from gallery.placement.types import Layout
from gallery.rendering.scan import render
from gallery.rendering.types import Picture, RenderSettings

MARGIN = 0.07
"""Share of the screen's shorter side to leave free, so that bars of the system cover nothing."""


def wallpaper(layout: Layout, coloring: Coloring, size: tuple[int, int]) -> Picture:
    """Draw a scan for a screen.

    Args:
        layout: Where the vertices are.
        coloring: What colours they have, and on which ground.
        size: Width and height in pixels.

    Raises:
        RenderError: As for `render`.
    """
    return render(layout, coloring, size=size, settings=RenderSettings(margin=MARGIN))
