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
from gallery.jit import inner_kernel, parallel_kernel
from gallery.numerics.elementary import (
    log,
    raised,
)
from gallery.rendering.raster.lanes import chromas, hues, scale_places, to_lab, to_linear
from gallery.rendering.raster.sums import rows_of

Light = npt.NDArray[np.float32]
Lane = npt.NDArray[np.float32]
Table = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Real = np.float32

FLOOR = 0.19
"""OKLab lightness of the faintest edge on black, about grey level 17 of 255."""
PAPER = (0.968, 0.966, 0.958)
"""The light ground, in linear light."""

_FIRST_INK = 0.07
"""How much darker the faintest edge is than the paper, in OKLab lightness."""
BODY = 0.7
"""Position on the curve at which a pixel has the lightness of its strokes' own colour."""
_TINT = np.float32(0.94)
"""Lightness that the densest pixels on black approach: above it, hues are hard to tell apart."""
_CORE = np.float32(0.6)
"""Share of the way to `_TINT` that they go."""
_DEPTH = np.float32(0.17)
"""How much darker the densest ink is than its own colour."""
_BLACKEST = np.float32(0.22)

_RED, _YELLOW, _GREEN = np.float32(35), np.float32(100), np.float32(150)
"""Hues between which dim light turns to red, and the one that turns most, in degrees."""
_TURN = np.float32(34)
"""By how many degrees it would turn where it is black."""
_RADIAN = np.float32(np.pi / 180)

_MOST = np.float32(1.25)
"""How many times its lightness a pixel may have for more chroma."""
_MOST_INK, _LESS_INK = np.float32(1.75), np.float32(0.75)
"""Share of the chroma that little ink keeps, as a multiple of its own, and by how much it falls."""
_INSIDE = np.float32(0.96)
"""Share of the chroma that sRGB has which a pixel may have."""

_ZERO, _ONE, _THREE = np.float32(0), np.float32(1), np.float32(3)
_LITTLE, _NO_CHROMA = np.float32(1e-3), np.float32(1e-6)
_FAINT_LIGHT, _FAINT_INK, _BODY = np.float32(FLOOR), np.float32(_FIRST_INK), np.float32(BODY)
_STEP, _HUES, _ROW_BEFORE = np.int32(1), np.int32(HUES), np.int32(LIGHTNESSES - 2)
_GREEN_SUM, _BLUE_SUM, _WEIGHT = np.uint64(1), np.uint64(2), np.uint64(3)
_NEXT, _ROW, _LAST_ROW = np.uint32(1), np.uint32(HUES), np.float32(LIGHTNESSES - 1)


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


@functools.cache
def _shares() -> Table:
    # How much of the chroma is kept where the lightness becomes 0 to _MOST times itself.
    return np.asarray(raised(np.linspace(0, float(_MOST), 4097), 0.45), np.float32)


@inner_kernel
def _look_up(places: Lane, table: Table, many: int) -> None:
    # INOUT places: those from 0 on become what a table of even steps from 0 to 1 has there, at
    # most its last value; those below 0 stay.
    steps, last = np.float32(len(table) - 1), np.int32(len(table) - 2)
    for k in range(many):
        place = places[k]
        at = min(max(place, _ZERO), _ONE) * steps
        i = np.uint32(min(np.int32(at), last))
        found = table[i] + (table[i + _NEXT] - table[i]) * (at - np.float32(i))
        places[k] = place if place < _ZERO else found


@inner_kernel
def _goals(places: Lane, lightness: Lane, ground: Real, many: int) -> None:
    # INOUT places: places on the curve become lightnesses of pixels, from those of their strokes;
    # the ground is 0 if light adds up.
    for k in range(many):
        at, own = places[k], lightness[k]
        if ground > _ZERO:
            first = ground - _FAINT_INK
            last = min(max(own - _DEPTH, _BLACKEST), own)
        else:
            first = _FAINT_LIGHT
            last = own + max(_TINT - own, _ZERO) * _CORE
        under = ground + (first - ground) * (_ONE + at)
        body = first + (own - first) * at / _BODY
        core = own + (last - own) * (at - _BODY) / (_ONE - _BODY)
        places[k] = under if at < _ZERO else (body if at < _BODY else core)


@inner_kernel
def _parts(goals: Lane, lightness: Lane, ground: Real, many: int, found: Lane) -> None:
    # OUT found: the share of the lightness that is left or, on paper, of the ink that is there.
    for k in range(many):
        goal, own = goals[k], lightness[k]
        ink = min((ground - goal) / max(ground - own, _LITTLE), _ONE)
        found[k] = ink if ground > _ZERO else goal / max(own, _LITTLE)


@inner_kernel
def _turns(parts: Lane, hue: Lane, many: int, found: Lane) -> None:
    # INOUT hue, in degrees, which turns to red where there is little light: dim yellow would be
    # olive. OUT found: by how many degrees.
    for k in range(many):
        own = hue[k]
        rise, fall = (own - _RED) / (_YELLOW - _RED), (_GREEN - own) / (_GREEN - _YELLOW)
        turn = _TURN * max(min(rise, fall), _ZERO) * max(_ONE - parts[k], _ZERO)
        hue[k], found[k] = own - turn, turn


@inner_kernel
def _limits(goals: Lane, hue: Lane, limits: Table, many: int, found: Lane) -> None:
    # IN limits (LIGHTNESSES * HUES,); OUT found: the largest chroma in sRGB, bilinear between
    # whole degrees and rows of lightness.
    for k in range(many):
        row = min(max(goals[k], _ZERO), _ONE) * _LAST_ROW
        i = min(np.int32(row), _ROW_BEFORE)
        j = np.int32(hue[k])
        u, v = row - np.float32(i), hue[k] - np.float32(j)
        j = j if j < _HUES else j - _HUES
        after = np.int32(0) if j == _HUES - _STEP else j + _STEP
        at, beside = np.uint32(i * _HUES + j), np.uint32(i * _HUES + after)
        low = limits[at] * (_ONE - v) + limits[beside] * v
        high = limits[at + _ROW] * (_ONE - v) + limits[beside + _ROW] * v
        found[k] = low * (_ONE - u) + high * u


@inner_kernel
def _scales(shares: Lane, chroma: Lane, limits: Lane, many: int) -> None:
    # INOUT shares of the chroma that are kept: less where sRGB has not so much.
    for k in range(many):
        far = chroma[k]
        kept = min(far * shares[k], _INSIDE * limits[k])
        shares[k] = kept / far if far > _NO_CHROMA else _ZERO


@inner_kernel
def _turn(a: Lane, b: Lane, scales: Lane, turns: Lane, many: int) -> None:
    # INOUT a, b: scaled and turned by degrees, by an angle whose tangent is that of its series.
    for k in range(many):
        angle = turns[k] * _RADIAN
        slope = angle * (_ONE + angle * angle / _THREE)
        scale = scales[k] / np.sqrt(_ONE + slope * slope)
        first, second = a[k], b[k]
        a[k], b[k] = (first + slope * second) * scale, (second - slope * first) * scale


@inner_kernel
def _tone_row(
    light: Light,
    ends: tuple[np.float32, np.float32],
    table: Table,
    ground: np.float32,
    tables: tuple[Table, Table],
    out: Light,
) -> None:
    # IN light, a row of `rows_of`; INOUT out (w, 3): pixels with light are changed. They are
    # gathered, and each step is a loop of its own with few arrays, so that it is done for several
    # of them at a time.
    limits, shares = tables
    width = len(out)
    columns = np.empty(width, np.int32)
    amounts, goal = np.empty(width, np.float32), np.empty(width, np.float32)
    r, g, b = np.empty(width, np.float32), np.empty(width, np.float32), np.empty(width, np.float32)
    chroma, hue = np.empty(width, np.float32), np.empty(width, np.float32)
    share, most = np.empty(width, np.float32), np.empty(width, np.float32)
    # Of the type of all whole numbers: 0 has one of its own, for which numba would compile what
    # it is given to as well.
    many = int(np.int64(0))
    for x in range(width):
        at = np.uint64(4 * x)
        amount = light[at + _WEIGHT]
        if amount > 0:
            columns[many], amounts[many] = x, amount
            r[many], g[many], b[many] = (
                light[at] / amount,
                light[at + _GREEN_SUM] / amount,
                light[at + _BLUE_SUM] / amount,
            )
            many += 1
    to_lab(r, g, b, many)
    chromas(g, b, many, chroma)
    hues(g, b, many, hue)
    scale_places(amounts, ends[0], ends[1], many, goal)
    _look_up(goal, table, many)
    _goals(goal, r, ground, many)
    _parts(goal, r, ground, many, share)
    turn = amounts
    turn[:many] = 0
    if ground > 0:
        for k in range(many):
            share[k] *= _MOST_INK - _LESS_INK * share[k]
    else:
        _turns(share, hue, many, turn)
        for k in range(many):
            share[k] /= _MOST
        _look_up(share, shares, many)
    _limits(goal, hue, limits, many, most)
    _scales(share, chroma, most, many)
    _turn(g, b, share, turn, many)
    to_linear(goal, g, b, many)
    for k in range(many):
        x = columns[k]
        out[x, 0], out[x, 1], out[x, 2] = goal[k], g[k], b[k]


@parallel_kernel
def _tone(
    light: Light,
    ends: tuple[np.float32, np.float32],
    places: Table,
    paper: tuple[np.float32, np.float32, np.float32, np.float32],
    tables: tuple[Table, Table],
    out: Light,
) -> None:
    # IN light as of `rows_of`, paper: linear light and lightness of the ground; 0 if light adds up.
    # OUT out (h, w, 3), linear light.
    single, span = ends
    limits, shares = tables
    red, green, blue, ground = paper
    for y in numba.prange(out.shape[0]):
        row = out[y]
        row[:, 0], row[:, 1], row[:, 2] = red, green, blue
        _tone_row(light[y], (single, span), places, ground, (limits, shares), row)


def tone(light: Light, curve: Curve) -> Light:
    """The colours of sums of light: from float32 (h, w, 4) to linear float32 (h, w, 3)."""
    out = np.empty((*light.shape[:2], 3), np.float32)
    red, green, blue = (np.float32(one) for one in PAPER)
    paper = red, green, blue, np.float32(oklab_from_linear(np.array(PAPER))[0])
    span = float(log(curve.dense / curve.single))
    _tone(
        rows_of(light),
        (np.float32(curve.single), np.float32(span)),
        curve.places,
        paper if curve.light_ground else (_ZERO, _ZERO, _ZERO, _ZERO),
        (chroma_limits().reshape(-1), _shares()),
        out,
    )
    return out
