"""Draws a scan strip by strip: edges as lines of light, vertices as dots, then tone mapping."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import numpy.typing as npt

from gallery.coloring.types import Coloring
from gallery.errors import RenderError
from gallery.placement.types import Layout
from gallery.rendering.growth import grown
from gallery.rendering.provenance import software
from gallery.rendering.raster.bloom import Glow, finish, glow_of
from gallery.rendering.raster.curves import Curves, draw_all, draw_all_of
from gallery.rendering.raster.downsample import shrink
from gallery.rendering.raster.fit import fit_curve
from gallery.rendering.raster.frame import Frame, frame
from gallery.rendering.raster.scenes import Same, line_of, same_of, scenes_of
from gallery.rendering.raster.strokes import Light, Strokes, single_light
from gallery.rendering.raster.tiles import TILE
from gallery.rendering.raster.tone import Curve, tone
from gallery.rendering.types import RenderSettings

Pixels = npt.NDArray[np.uint8]

_WHOLE = 2560
"""Pictures up to this side are drawn in one go; for larger ones, a preview of it sets the tones."""
_DETAIL = 1280
"""Smaller pictures are drawn at least this large and downsampled in linear light."""
_STRIP_BYTES = 256 << 20
_PREVIEW_STROKES = 12_000_000


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
    glow: Glow
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
        yield _strip(plan, top, min(rows, height - top))


def _strip(plan: Plan, top: int, rows: int) -> Pixels:
    toned = plan.toned
    if toned is None:
        light = draw_all(plan.strokes, plan.curves, (plan.frame.width, top, rows))
        toned = tone(light, plan.curve)
    small = shrink(toned, plan.shrink)
    return finish(small, plan.glow, top // plan.shrink, plan.frame.height // plan.shrink)


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
    same = same_of(layout, settings)
    whole = max(drawn.width, drawn.height) <= _WHOLE
    # Before there is what the picture itself needs, as both take much memory.
    previews = [] if whole else [_preview(layout, c, settings, drawn, same) for c in colorings]
    scenes = scenes_of(layout, colorings, settings, drawn, factor, same)
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
            curve, seen = previews[place]
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
    layout: Layout, coloring: Coloring, settings: RenderSettings, whole: Frame, same: Same
) -> tuple[Curve, Light]:
    # Relative to its size, a large picture has narrower lines than its preview: dense parts have
    # less light by that ratio.
    part = _WHOLE / max(whole.width, whole.height)
    side = (max(round(whole.width * part), 1), max(round(whole.height * part), 1))
    small = frame(layout.positions, side, settings.margin)
    strokes, curves = scenes_of(layout, [coloring], settings, small, 1, same)[0]
    step = max(1, layout.graph.edges // _PREVIEW_STROKES)
    light = draw_all(strokes, curves, (small.width, 0, small.height), step)
    wide = line_of(layout, settings, whole, 1)
    ratio = wide / strokes.line * part
    curve = _curve(light, strokes, coloring, settings, ratio)
    return curve, tone(light, _scaled(curve, 1 / ratio))


def _scaled(curve: Curve, ratio: float) -> Curve:
    return replace(curve, dense=max(curve.dense * ratio, curve.single * 4))


def _curve(
    light: Light, strokes: Strokes, coloring: Coloring, settings: RenderSettings, ratio: float
) -> Curve:
    faint = single_light(strokes.known_spans(), strokes.reach, strokes.fade, strokes.gains)
    single = min(strokes.line, 1.0) * faint
    on_paper = coloring.ground == "light"
    glow = 0.0 if on_paper else settings.glow
    curve = fit_curve(light, single, settings.middle, on_paper, glow)
    return _scaled(curve, ratio)


__all__ = ["Plan", "describe", "plan_of", "strips", "strips_of"]
