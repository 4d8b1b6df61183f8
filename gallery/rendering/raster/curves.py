"""Fibres between hemispheres as strokes, and their light behind that of the bodies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numba
import numpy as np
import numpy.typing as npt

from gallery.jit import parallel_kernel
from gallery.placement.fibres import TURN, Fibres, fibres, straight
from gallery.placement.types import Layout
from gallery.rendering.raster.frame import Frame
from gallery.rendering.raster.strokes import (
    Light,
    Palette,
    Strokes,
    draw,
    draw_several,
    mean_light,
)
from gallery.rendering.raster.sums import rows_of

_MOST = 6_000
"""Fibres to draw; if there are more, an even sample stands for them."""
_PIECES = 8
"""Lines on either side of the long one in which the colours of a fibre's ends blend."""
_BLEND = 0.18
"""Length of that one, in the curve's parameter."""
_SHIFT = 0.3
"""Most that its middle differs from fibre to fibre, so that the colours of many blend softly."""
LIGHT = 0.05
"""Light of a fibre, relative to 1 for a short edge."""
REACH = 0.35
"""Distance from the middle line at which a fibre's light has halved, in widths of a hemisphere."""
_VEIL = 0.6
"""Light that halves what is behind it, relative to the mean of the picture."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curves:
    """Fibres to draw.

    Attributes:
        strokes: Their pieces, without vertices; those of one fibre follow one another.
        readers: int32 (k,), the vertex that reads each fibre.
        light: Light of each at the middle line, relative to 1 for a short edge.
        middle: Column of the middle line, in pixels.
        reach: Distance from there at which their light has halved, in pixels.
        veil: Light that halves what is behind it.
    """

    strokes: Strokes
    readers: npt.NDArray[np.int32]
    light: float
    middle: float
    reach: float
    veil: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """The edges of a layout, apart from the fibres.

    Attributes:
        indptr: int64 (n + 1,).
        sources: int32 (k,), what each vertex reads on its own side.
        fibres: Those to draw, or None if there are none.
    """

    indptr: npt.NDArray[np.int64]
    sources: npt.NDArray[np.int32]
    fibres: Fibres | None


def split(layout: Layout) -> Split:
    """Tell the fibres of a layout from its other edges."""
    indptr, sources = straight(layout)
    none = len(sources) == layout.graph.edges
    return Split(indptr=indptr, sources=sources, fibres=None if none else fibres(layout, _MOST))


def split_strokes(
    strokes: Strokes, layout: Layout, drawn: Frame, edges: Split
) -> tuple[Strokes, Curves | None]:
    """The strokes without fibres, and the fibres, if there are any.

    Args:
        strokes: All edges as lines, and the vertices.
        layout: The layout that they are of.
        drawn: The frame of the picture.
        edges: Its edges.
    """
    found = edges.fibres
    if found is None:
        return strokes, None
    points = found.curves(layout, _places(len(found.edges)))
    many, steps = points.shape[:2]
    starts = np.concatenate([[0], np.cumsum(np.tile(np.r_[0, np.ones(steps - 1, np.int64)], many))])
    sources = np.arange(many * steps).reshape(many, steps)[:, :-1]
    ends = strokes.index[layout.graph.sources[found.edges]], strokes.index[found.readers]
    # One half has the source's colour and the other the reader's; the piece in between blends.
    index = np.where(np.arange(steps) * 2 < steps, ends[0][:, None], ends[1][:, None])
    curved = replace(
        strokes,
        indptr=starts,
        sources=sources.reshape(-1).astype(np.int32),
        points=drawn.place(points.reshape(-1, 2)),
        index=index.reshape(-1).astype(np.uint16),
        dot=0.0,
        fade=0.0,
        gradient=True,
        gains=None,
        sparks=None,
    )
    own = replace(strokes, indptr=edges.indptr, sources=edges.sources)
    left = float(layout.positions[:, 0].min())
    return own, Curves(
        strokes=curved,
        readers=found.readers,
        light=LIGHT * found.stands_for,
        middle=drawn.left,
        reach=-left * drawn.scale * REACH,
        veil=_VEIL * mean_light(own),
    )


def _places(many: int) -> npt.NDArray[np.float32]:
    """The curve's parameter where each fibre is cut into lines: float32 (many, 18)."""
    # Multiples of the golden ratio are even among the fibres of each bundle.
    turns = (np.arange(many, dtype=np.uint32) * TURN).astype(np.float64) / 2**32
    middle = 0.5 + _SHIFT * (turns[:, None] - 0.5)
    half = np.linspace(0, 1, _PIECES + 1)
    first, last = (middle - _BLEND / 2) * half, (1 - middle - _BLEND / 2) * half
    return np.concatenate([first, 1 - last[:, ::-1]], axis=1).astype(np.float32)


def draw_all(
    strokes: Strokes, curves: Curves | None, window: tuple[int, int, int], step: int = 1
) -> Light:
    """The light of some rows of the picture, with fibres behind bodies; see `draw`."""
    return draw_all_of([strokes], [curves], window, step)[0]


def draw_all_of(
    strokes: Sequence[Strokes],
    curves: Sequence[Curves | None],
    window: tuple[int, int, int],
    step: int = 1,
) -> list[Light]:
    """As `draw_all`, for strokes that differ in colours and gaps, in one sweep over the edges."""
    palettes = [Palette(one.index, one.colors, one.gaps) for one in strokes]
    lights = draw_several(strokes[0], palettes, window, step)
    for light, one in zip(lights, curves, strict=True):
        if one is not None:
            columns = (np.arange(light.shape[1]) + 0.5 - one.middle) / one.reach
            weights = (one.light / (1 + columns * columns)).astype(np.float32)
            behind = rows_of(draw(one.strokes, window))
            _add_behind(rows_of(light), behind, weights, np.float32(one.veil))
    return lights


@parallel_kernel
def _add_behind(light: Light, behind: Light, weights: Light, veil: np.float32) -> None:
    # IN behind, as of `rows_of`, weights (w,); INOUT light, as of `rows_of`. An amount of `veil`
    # halves what is behind it.
    for y in numba.prange(light.shape[0]):
        for x in range(len(weights)):
            share = weights[x] * veil / (veil + light[y, 4 * x + 3])
            for c in range(4):
                light[y, 4 * x + c] += share * behind[y, 4 * x + c]
