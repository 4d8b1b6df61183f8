"""What to draw in a frame: strokes and fibres of a layout in each of several colourings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import sqrt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gallery.coloring.oklab import linear_from_srgb
from gallery.coloring.types import Coloring
from gallery.graph import Pass
from gallery.placement.types import Layout
from gallery.rendering.growth import ENOUGH, stroke_pixels
from gallery.rendering.raster.curves import Curves, Split, split, split_strokes
from gallery.rendering.raster.exposure import exposure, sparks
from gallery.rendering.raster.frame import Frame
from gallery.rendering.raster.gaps import LIFTS, gaps_of
from gallery.rendering.raster.spans import Spans, spans_of
from gallery.rendering.raster.strands import strands_of
from gallery.rendering.raster.strokes import Strokes, mean_light
from gallery.rendering.types import DOT, LINE, RenderSettings

Light = npt.NDArray[np.float32]

_CROWD = 5_000_000
"""Edges beyond which strokes get narrower."""
_VEIL = 10_000
"""Updates that are enough to know what the edges that they read cross."""
_STEPS = 10
"""At how many places along each that is looked up."""
_TURN = np.uint32(2654435769)
"""2**32 over the golden ratio."""


class Same(NamedTuple):
    """What is the same in each frame and colouring.

    Edges and their spans in the layout's units, and `Strokes.gains` and `sparks`.
    """

    edges: Split
    spans: Spans
    gains: Light
    sparks: Light


def same_of(layout: Layout, settings: RenderSettings) -> Same:
    """What the frames and colourings of a layout share."""
    graph = layout.graph
    edges = split(layout)
    spans = spans_of(edges.indptr, edges.sources, layout.positions)
    return Same(edges, spans, exposure(graph, settings.exposure), sparks(graph))


def scenes_of(
    layout: Layout,
    colorings: Sequence[Coloring],
    settings: RenderSettings,
    drawn: Frame,
    factor: int,
    same: Same,
) -> list[tuple[Strokes, Curves | None]]:
    """What to draw in each colouring; all but colours is worked out once.

    Args:
        layout: Where the vertices are.
        colorings: At least one.
        settings: How to draw.
        drawn: The frame of the picture as drawn.
        factor: Side of the square of drawn pixels that becomes one pixel of the picture.
        same: From `same_of`.
    """
    every = _strokes(layout, colorings[0], settings, drawn, factor, same)
    strokes, curves = split_strokes(every, layout, drawn, same.edges)
    spans = same.spans.scaled(drawn.scale)
    strokes = replace(strokes, spans=spans)
    if layout.graph.vertices >= ENOUGH:
        # Of fewer, edges can be told apart without a rim, and have light enough.
        owner = layout.graph.vertex_operator
        edges = strokes.indptr, strokes.sources, strokes.points
        strands = strands_of(*edges, owner, strokes.reach, spans)
        size = (drawn.width, drawn.height)
        full = np.concatenate([strokes.points, _on_updates(layout, strokes)])
        gaps = gaps_of(full, size, mean_light(strokes))
        strokes = replace(strokes, strands=strands, gaps=gaps)
    scenes = [(_lifted(strokes, colorings[0]), curves)]
    for coloring in colorings[1:]:
        index, colors = coloring.index, _linear(coloring)
        fibres = curves
        if curves is not None:
            recoloured = replace(every, index=index, colors=colors)
            fibres = split_strokes(recoloured, layout, drawn, same.edges)[1]
        scenes.append((_lifted(replace(strokes, index=index, colors=colors), coloring), fibres))
    return scenes


def _lifted(strokes: Strokes, coloring: Coloring) -> Strokes:
    if strokes.gaps is None:
        return strokes
    return replace(strokes, gaps=strokes.gaps._replace(lift=LIFTS[coloring.ground]))


def _on_updates(layout: Layout, strokes: Strokes) -> Light:
    """Points along the edges that updates read, which cross everything and so are not in gaps."""
    read = np.flatnonzero(layout.graph.vertex_pass == Pass.UPDATE)
    read = read[strokes.indptr[read] < strokes.indptr[read + 1]]
    read = read[:: max(len(read) // _VEIL, 1)]
    ends = strokes.points[read], strokes.points[strokes.sources[strokes.indptr[read]]]
    # Places of their own along each, as rows of the same ones would show.
    first = (np.arange(len(read), dtype=np.uint32) * _TURN / np.float64(2**32))[:, None]
    along = [((first + step) / _STEPS).astype(np.float32) for step in range(_STEPS)]
    return np.concatenate([ends[0] + (ends[1] - ends[0]) * at for at in along])


def _linear(coloring: Coloring) -> Light:
    return linear_from_srgb(coloring.colors / 255.0).astype(np.float32)


def _strokes(
    layout: Layout,
    coloring: Coloring,
    settings: RenderSettings,
    drawn: Frame,
    factor: int,
    same: Same,
) -> Strokes:
    graph = layout.graph
    side = max(drawn.width, drawn.height) / 1600
    unit = _unit(layout, drawn)
    return Strokes(
        indptr=graph.indptr,
        sources=graph.sources,
        points=drawn.place(layout.positions),
        index=coloring.index,
        colors=_linear(coloring),
        line=line_of(layout, settings, drawn, factor),
        dot=max(stroke_pixels(settings.dot, DOT, unit, side), 0.7 * factor) if settings.dot else 0,
        dot_light=settings.dot_light,
        fade=settings.fade,
        reach=settings.reach * side,
        gradient=settings.gradient,
        gains=same.gains,
        sparks=same.sparks,
    )


def line_of(layout: Layout, settings: RenderSettings, drawn: Frame, factor: int) -> float:
    """Width of an edge in pixels; see `scenes_of`."""
    side = max(drawn.width, drawn.height) / 1600
    # Strokes to be downsampled are drawn wide enough to keep about half their light.
    return max(stroke_pixels(settings.line, LINE, _unit(layout, drawn), side), 0.5 * factor)


def _unit(layout: Layout, drawn: Frame) -> float:
    # With so many edges, none can be followed by eye: narrow ones show more and take less time.
    return drawn.unit * min(1.0, sqrt(sqrt(_CROWD / max(layout.graph.edges, 1))))
