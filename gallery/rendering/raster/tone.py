"""Tone mapping: from sums of light to colours, by a curve in lightness fitted to each picture.

The mean colour of a pixel's strokes gives the hue, and the amount of light the lightness: a floor
that shows single edges, the strokes' own colour in the clusters, and towards a tint (on paper, a
shade) of it in the densest cores. So nothing burns out to white, however dense. Where a pixel is
between floor and core is fitted to each picture (`raster.fit`). Colours are in
OKLab (see `gallery.coloring.oklab`).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from gallery.coloring.oklab import (
    HUES,
    LIGHTNESSES,
    chroma_limits,
    oklab_from_linear,
)
from gallery.elementary import (
    log,
    raised,
)
from gallery.jit import inner_kernel, kernel, parallel_kernel
from gallery.rendering.raster.lanes import chromas, hues, scale_places, to_lab, to_linear

Light = npt.NDArray[np.float32]
Table = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

FLOOR = 0.19
"""OKLab lightness of the faintest edge on black, about grey level 17 of 255."""
PAPER = (0.968, 0.966, 0.958)
"""The light ground, in linear light."""

_FIRST_INK = 0.07
"""How much darker the faintest edge is than the paper, in OKLab lightness."""
BODY = 0.7
"""Position on the curve at which a pixel has the lightness of its strokes' own colour."""
_TINT = 0.94
"""Lightness that the densest pixels on black approach: above it, hues are hard to tell apart."""
_CORE = 0.6
"""Share of the way to `_TINT` that they go."""
_DEPTH = 0.17
"""How much darker the densest ink is than its own colour."""
_BLACKEST = 0.22

_RED, _YELLOW, _GREEN = 35.0, 100.0, 150.0
"""Hues between which dim light turns to red, and the one that turns most, in degrees."""
_TURN = 34.0
"""By how many degrees it would turn where it is black."""
_RADIAN = float(np.pi / 180)

_MOST = 1.25
"""How many times its lightness a pixel may have for more chroma."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    """How light a pixel is for an amount of light.

    Attributes:
        single: Amount of light of the faintest edge, which maps to the floor.
        dense: Amount that maps to the top.
        places: float32 (k,), rising from 0 (floor) to 1 (top), at even steps of the logarithm of
            the amount from `single` to `dense`.
        light_ground: Whether ink adds up on paper, rather than light on black.
    """

    single: float
    dense: float
    places: Table
    light_ground: bool = False


@kernel
def _between(table: Table, place: float) -> float:
    # What a table of even steps from 0 to 1 has at a place from 0 on, at most its last value.
    at = min(place, 1.0) * (len(table) - 1)
    i = min(int(at), len(table) - 2)
    return float(table[i] + (table[i + 1] - table[i]) * (at - i))


@functools.cache
def _shares() -> Table:
    # How much of the chroma is kept where the lightness becomes 0 to _MOST times itself.
    return np.asarray(raised(np.linspace(0, _MOST, 4097), 0.45), np.float32)


@inner_kernel
def _goal(place: float, lightness: float, ground: float) -> float:
    # Lightness of a pixel from that of its strokes; the ground is 0 if light adds up.
    if ground > 0:
        first = ground - _FIRST_INK
        last = min(max(lightness - _DEPTH, _BLACKEST), lightness)
    else:
        first = FLOOR
        last = lightness + max(_TINT - lightness, 0.0) * _CORE
    if place < 0:
        return float(ground + (first - ground) * (1 + place))
    if place < BODY:
        return float(first + (lightness - first) * place / BODY)
    return float(lightness + (last - lightness) * (place - BODY) / (1 - BODY))


@inner_kernel
def _ember(hue: float) -> float:
    # By how many degrees a hue turns to red where it has no light: dim yellow would be olive.
    rise, fall = (hue - _RED) / (_YELLOW - _RED), (_GREEN - hue) / (_GREEN - _YELLOW)
    return float(_TURN * max(min(rise, fall), 0.0))


@inner_kernel
def _limit(limits: Table, lightness: float, hue: float) -> float:
    # Bilinear interpolation between whole degrees and rows of lightness.
    row = min(max(lightness, 0.0), 1.0) * (LIGHTNESSES - 1)
    i = min(int(row), LIGHTNESSES - 2)
    j = int(hue) % HUES
    k = (j + 1) % HUES
    u, v = row - i, hue - int(hue)
    low = limits[i, j] * (1 - v) + limits[i, k] * v
    high = limits[i + 1, j] * (1 - v) + limits[i + 1, k] * v
    return float(low * (1 - u) + high * u)


@inner_kernel
def _tone_row(
    light: Light,
    ends: tuple[np.float32, np.float32],
    table: Table,
    ground: float,
    tables: tuple[Table, Table],
    out: Light,
) -> None:
    # INOUT out (w, 3): pixels with light are changed. They are gathered, so that all but what is
    # looked up is done for several at a time.
    limits, shares = tables
    width = len(light)
    columns = np.empty(width, np.int32)
    amounts, place = np.empty(width, np.float32), np.empty(width, np.float32)
    r, g, b = np.empty(width, np.float32), np.empty(width, np.float32), np.empty(width, np.float32)
    chroma, hue = np.empty(width, np.float32), np.empty(width, np.float32)
    # Of the type of all whole numbers: 0 has one of its own, for which numba would compile what
    # it is given to as well.
    many = int(np.int64(0))
    for x in range(width):
        amount = light[x, 3]
        if amount > 0:
            columns[many], amounts[many] = x, amount
            r[many], g[many], b[many] = (
                light[x, 0] / amount,
                light[x, 1] / amount,
                light[x, 2] / amount,
            )
            many += 1
    to_lab(r, g, b, many)
    chromas(g, b, many, chroma)
    hues(g, b, many, hue)
    scale_places(amounts, ends[0], ends[1], many, place)
    for k in range(many):
        at = _between(table, place[k]) if place[k] >= 0 else float(place[k])
        lightness = float(r[k])
        goal = _goal(at, lightness, ground)
        turn = 0.0
        if ground > 0:
            ink = min((ground - goal) / max(ground - lightness, 1e-3), 1.0)
            share = ink * (1.75 - 0.75 * ink)
        else:
            part = goal / max(lightness, 1e-3)
            share = _between(shares, part / _MOST)
            turn = _ember(hue[k]) * max(1 - part, 0.0)
        far = chroma[k]
        kept = min(far * share, 0.96 * _limit(limits, goal, hue[k] - turn))
        scale = kept / far if far > 1e-6 else 0.0
        r[k] = goal
        # A turn by the angle, whose tangent is that of its series.
        angle = turn * _RADIAN
        slope = angle * (1 + angle * angle / 3)
        scale /= np.sqrt(1 + slope * slope)
        g[k], b[k] = (g[k] + slope * b[k]) * scale, (b[k] - slope * g[k]) * scale
    to_linear(r, g, b, many)
    for k in range(many):
        x = columns[k]
        out[x, 0], out[x, 1], out[x, 2] = r[k], g[k], b[k]


@parallel_kernel
def _tone(
    light: Light,
    ends: tuple[np.float32, np.float32],
    places: Table,
    paper: tuple[float, float, float, float],
    tables: tuple[Table, Table],
    out: Light,
) -> None:
    # IN paper: linear light and lightness of the ground; 0 if light adds up. OUT out (h, w, 3),
    # linear light.
    single, span = ends
    limits, shares = tables
    red, green, blue, ground = paper
    for y in numba.prange(light.shape[0]):
        row = out[y]
        row[:, 0], row[:, 1], row[:, 2] = red, green, blue
        _tone_row(light[y], (single, span), places, ground, (limits, shares), row)


def tone(light: Light, curve: Curve) -> Light:
    """The colours of sums of light: from float32 (h, w, 4) to linear float32 (h, w, 3)."""
    out = np.empty((*light.shape[:2], 3), np.float32)
    ground = float(oklab_from_linear(np.array(PAPER))[0])
    span = float(log(curve.dense / curve.single))
    _tone(
        light,
        (np.float32(curve.single), np.float32(span)),
        curve.places,
        (*PAPER, ground) if curve.light_ground else (0.0, 0.0, 0.0, 0.0),
        (chroma_limits(), _shares()),
        out,
    )
    return out
