"""Draws a scan strip by strip: edges as lines of light, vertices as dots, then tone mapping."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from math import sqrt

import numpy as np
import numpy.typing as npt

from gallery.coloring.oklab import linear_from_srgb
from gallery.coloring.types import Coloring
from gallery.errors import RenderError
from gallery.placement.types import Layout
from gallery.provenance import software
from gallery.rendering.growth import ENOUGH, grown, stroke_pixels
from gallery.rendering.raster.bloom import finish, glow_of
from gallery.rendering.raster.curves import (
    Curves,
    Split,
    draw_all,
    draw_all_of,
    split,
    split_strokes,
)
from gallery.rendering.raster.downsample import shrink
from gallery.rendering.raster.exposure import exposure, sparks
from gallery.rendering.raster.frame import Frame, frame
from gallery.rendering.raster.strands import strands_of
from gallery.rendering.raster.strokes import Light, Strokes, faintest_edge
from gallery.rendering.raster.tiles import TILE
from gallery.rendering.raster.tone import Curve, fit_curve, tone
from gallery.rendering.types import DOT, LINE, RenderSettings

Pixels = npt.NDArray[np.uint8]

_WHOLE = 2560
"""Pictures up to this side are drawn in one go; for larger ones, a preview of it sets the tones."""
_DETAIL = 1280
"""Smaller pictures are drawn at least this large and downsampled in linear light."""
_STRIP_BYTES = 256 << 20
_PREVIEW_STROKES = 12_000_000
_CROWD = 5_000_000
"""Edges beyond which strokes get narrower."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """Everything that is decided before the first strip is drawn.

    Attributes:
        frame: Frame of the picture as drawn, before downsampling.
        strokes: What to draw, without fibres.
        curves: Fibres to draw behind them, if there are any.
        curve: Tone curve.
        glow: The glow, see `glow_of`.
        shrink: Side of the square of drawn pixels that becomes one pixel of the picture.
        toned: The whole picture as drawn and tone mapped, if it was needed for the curve, else
            None.
    """

    frame: Frame
    strokes: Strokes
    curves: Curves | None
    curve: Curve
    glow: Light
    shrink: int
    toned: Light | None


def strips(
    layout: Layout,
    coloring: Coloring,
    size: int | tuple[int, int],
    settings: RenderSettings,
) -> Iterator[Pixels]:
    """Draw a scan in strips from top to bottom; a large picture is never whole in memory.

    Yields:
        uint8 (rows, width, 3), sRGB.

    Raises:
        RenderError: Colouring and layout are of different graphs, or a side is out of range.
    """
    yield from _strips(plan_of(layout, coloring, size, settings))


def strips_of(
    layout: Layout,
    colorings: Sequence[Coloring],
    size: int | tuple[int, int],
    settings: RenderSettings,
) -> list[Iterator[Pixels]]:
    """As `strips`, for several colourings."""
    return [_strips(plan) for plan in plans_of(layout, colorings, size, settings)]


def _strips(plan: Plan) -> Iterator[Pixels]:
    width, height = plan.frame.width, plan.frame.height
    rows = height
    if plan.toned is None:
        rows = max(_STRIP_BYTES // (width * 16) // TILE * TILE, TILE)
    for top in range(0, height, rows):
        toned = plan.toned
        if toned is None:
            toned = tone(
                draw_all(plan.strokes, plan.curves, (width, top, min(rows, height - top))),
                plan.curve,
            )
        small = shrink(toned, plan.shrink)
        yield finish(small, plan.glow, top // plan.shrink, height // plan.shrink)


def describe(layout: Layout, coloring: Coloring, settings: RenderSettings) -> dict[str, str]:
    """The metadata on how a picture was made, sorted by key."""
    graph = layout.graph
    settings = grown(settings, graph.vertices)
    entries = {
        "Title": settings.title or graph.model,
        "Software": software(),
        "Model": graph.model,
        "Source": f"sha256:{settings.digest}" if settings.digest else "",
        "Vertices": str(graph.vertices),
        "Edges": str(graph.edges),
        "Target": graph.target,
        "Skeleton": layout.skeleton,
        "Engine": layout.engine,
        "Arrangement": layout.arrangement,
        "Seed": str(layout.seed),
        "Attribute": coloring.attribute,
        "Palette": coloring.palette,
        "Ground": coloring.ground,
        "Render": " ".join(
            f"{key}={value}"
            for key, value in sorted(asdict(settings).items())
            if key not in ("title", "digest", "grow")
        ),
    }
    return {key: value for key, value in sorted(entries.items()) if value}


def plan_of(
    layout: Layout,
    coloring: Coloring,
    size: int | tuple[int, int],
    settings: RenderSettings,
    detail: int = 0,
) -> Plan:
    """Decide everything that the strips of a picture share.

    Args:
        layout: As for `strips`.
        coloring: As for `strips`.
        size: As for `strips`.
        settings: As for `strips`.
        detail: Smaller pictures are drawn at least this large and downsampled in linear light; 0
            for 1,280 pixels.

    Raises:
        RenderError: Colouring and layout are of different graphs, or a side is out of range.
    """
    return plans_of(layout, [coloring], size, settings, detail)[0]


def plans_of(
    layout: Layout,
    colorings: Sequence[Coloring],
    size: int | tuple[int, int],
    settings: RenderSettings,
    detail: int = 0,
) -> list[Plan]:
    """As `plan_of`, for several colourings; pictures drawn in one go share the sweep over edges."""
    graph = layout.graph
    for coloring in colorings:
        if len(coloring.index) != graph.vertices:
            found = f"{len(coloring.index)} colours for {graph.vertices} vertices"
            raise RenderError(found, graph.model, "colour the graph that was laid out")
    settings = grown(settings, graph.vertices)
    width, height = (size, size) if isinstance(size, int) else size
    frame(layout.positions, (width, height), settings.margin)
    factor = max(1, -(-(detail or _DETAIL) // max(width, height)))
    drawn = frame(layout.positions, (width * factor, height * factor), settings.margin)
    edges = split(layout)
    scenes = _scenes(layout, colorings, settings, drawn, factor, edges)
    whole = max(drawn.width, drawn.height) <= _WHOLE
    lights: list[Light] = []
    if whole:
        strokes, curves = zip(*scenes, strict=True)
        lights = draw_all_of(strokes, curves, (drawn.width, 0, drawn.height))
    plans = []
    for place, (coloring, (own, fibres)) in enumerate(zip(colorings, scenes, strict=True)):
        if whole:
            curve = _curve(lights[place], own, coloring, settings, 1.0)
            seen = tone(lights[place], curve)
        else:
            curve, seen = _preview(layout, coloring, settings, drawn, edges)
        plans.append(
            Plan(
                frame=drawn,
                strokes=own,
                curves=fibres,
                curve=curve,
                glow=glow_of(seen, 0.0 if curve.light_ground else settings.glow),
                shrink=factor,
                toned=seen if whole else None,
            )
        )
    return plans


def _preview(
    layout: Layout, coloring: Coloring, settings: RenderSettings, whole: Frame, edges: Split
) -> tuple[Curve, Light]:
    # Relative to its size, a large picture has narrower lines than its preview: dense parts have
    # less light by that ratio.
    part = _WHOLE / max(whole.width, whole.height)
    side = (max(round(whole.width * part), 1), max(round(whole.height * part), 1))
    small = frame(layout.positions, side, settings.margin)
    strokes, curves = _scenes(layout, [coloring], settings, small, 1, edges)[0]
    step = max(1, layout.graph.edges // _PREVIEW_STROKES)
    light = draw_all(strokes, curves, (small.width, 0, small.height), step)
    wide = _strokes(layout, coloring, settings, whole, 1).line
    ratio = wide / strokes.line * part
    curve = _curve(light, strokes, coloring, settings, ratio)
    return curve, tone(light, _scaled(curve, 1 / ratio))


def _scaled(curve: Curve, ratio: float) -> Curve:
    return replace(curve, dense=max(curve.dense * ratio, curve.single * 4))


def _curve(
    light: Light, strokes: Strokes, coloring: Coloring, settings: RenderSettings, ratio: float
) -> Curve:
    # An antialiased line's brightest pixel has about 0.7 of its light if it straddles two.
    faint = faintest_edge(
        strokes.indptr, strokes.sources, strokes.points, strokes.reach, strokes.fade
    )
    if strokes.gains is not None and len(strokes.gains):
        faint *= min(1 + (float(strokes.gains.min()) - 1) * faint, 1.0)
    single = 0.7 * min(strokes.line, 1.0) * faint
    curve = fit_curve(light, single, settings.middle, coloring.ground == "light")
    return _scaled(curve, ratio)


def _scenes(
    layout: Layout,
    colorings: Sequence[Coloring],
    settings: RenderSettings,
    drawn: Frame,
    factor: int,
    edges: Split,
) -> list[tuple[Strokes, Curves | None]]:
    # What to draw in each colouring; all but colours is worked out once.
    every = _strokes(layout, colorings[0], settings, drawn, factor)
    strokes, curves = split_strokes(every, layout, drawn, edges)
    if layout.graph.vertices >= ENOUGH:
        # Of fewer, edges can be told apart without a rim, and have light enough.
        owner = layout.graph.vertex_operator
        strands = strands_of(strokes.indptr, strokes.sources, strokes.points, owner, strokes.reach)
        strokes = replace(strokes, strands=strands)
    scenes = [(strokes, curves)]
    for coloring in colorings[1:]:
        index, colors = coloring.index, _linear(coloring)
        fibres = curves
        if curves is not None:
            recoloured = replace(every, index=index, colors=colors)
            fibres = split_strokes(recoloured, layout, drawn, edges)[1]
        scenes.append((replace(strokes, index=index, colors=colors), fibres))
    return scenes


def _linear(coloring: Coloring) -> Light:
    return linear_from_srgb(coloring.colors / 255.0).astype(np.float32)


def _strokes(
    layout: Layout, coloring: Coloring, settings: RenderSettings, drawn: Frame, factor: int
) -> Strokes:
    # Strokes to be downsampled are drawn wide enough to keep about half their light.
    graph = layout.graph
    side = max(drawn.width, drawn.height) / 1600
    # With so many edges, none can be followed by eye: narrow ones show more and take less time.
    unit = drawn.unit * min(1.0, sqrt(sqrt(_CROWD / max(graph.edges, 1))))
    return Strokes(
        indptr=graph.indptr,
        sources=graph.sources,
        points=drawn.place(layout.positions),
        index=coloring.index,
        colors=_linear(coloring),
        line=max(stroke_pixels(settings.line, LINE, unit, side), 0.5 * factor),
        dot=max(stroke_pixels(settings.dot, DOT, unit, side), 0.7 * factor) if settings.dot else 0,
        dot_light=settings.dot_light,
        fade=settings.fade,
        reach=settings.reach * side,
        gradient=settings.gradient,
        gains=exposure(graph, settings.exposure),
        sparks=sparks(graph),
    )


__all__ = ["Plan", "describe", "plan_of", "strips", "strips_of"]
