"""Fibres between hemispheres as elements of SVG."""

from __future__ import annotations

import numpy as np

from gallery.coloring.oklab import hex_of
from gallery.coloring.types import Coloring
from gallery.placement.fibres import fibres
from gallery.placement.types import Layout
from gallery.rendering.raster.curves import REACH
from gallery.rendering.raster.frame import Frame

_OPACITY = 0.14
"""Opacity of a fibre at the middle line."""
_STOPS = (-1.0, -0.5, -0.25, -0.06, 0.06, 0.25, 0.5, 1.0)
"""Where the opacity changes, in widths of a hemisphere from the middle line."""


def svg_fibres(layout: Layout, coloring: Coloring, drawn: Frame) -> tuple[list[str], list[str]]:
    """Curves, and the gradients that they are drawn with, as in `rendering.raster.curves`.

    Args:
        layout: The layout.
        coloring: A colouring of its graph.
        drawn: The frame of the picture.
    """
    found = fibres(layout)
    if not len(found.edges):
        return [], []
    ends = layout.graph.sources[found.edges], found.readers
    points = [drawn.place(one) for one in (layout.positions[ends[0]], layout.positions[ends[1]])]
    inner = [drawn.place(found.controls[:, number]) for number in (0, 1)]
    numbers = np.concatenate([points[0], *inner, points[1]], axis=1).round(1).tolist()
    paths: dict[tuple[int, int], list[str]] = {}
    rows = zip(coloring.index[ends[0]].tolist(), coloring.index[ends[1]].tolist(), strict=True)
    for pair, (x, y, x1, y1, x2, y2, to_x, to_y) in zip(rows, numbers, strict=True):
        curve = f"M{x:g} {y:g}C{x1:g} {y1:g} {x2:g} {y2:g} {to_x:g} {to_y:g}"
        paths.setdefault(pair, []).append(f'<path d="{curve}"/>')
    wide = -float(layout.positions[:, 0].min()) * drawn.scale
    curves, gradients = [], []
    for number, pair in enumerate(sorted(paths)):
        # A fibre runs from left to right: forward to backward.
        tones = [hex_of(coloring.colors[row]) for row in pair]
        gradients.append(_gradient(f"f{number}", tones, drawn.left, wide))
        curves += [f'<g stroke="url(#f{number})" stroke-width="{drawn.unit:.2f}">', *paths[pair]]
        curves.append("</g>")
    return curves, ["<defs>", *gradients, "</defs>"]


def _gradient(name: str, tones: list[str], middle: float, wide: float) -> str:
    stops = "".join(
        f'<stop offset="{(at + 1) / 2:g}" stop-color="{tones[at > 0]}" '
        f'stop-opacity="{_OPACITY / (1 + (at / REACH) ** 2):.3f}"/>'
        for at in _STOPS
    )
    return (
        f'<linearGradient id="{name}" gradientUnits="userSpaceOnUse" '
        f'x1="{middle - wide:.1f}" x2="{middle + wide:.1f}">{stops}</linearGradient>'
    )
