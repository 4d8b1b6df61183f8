"""From sums of light to colours: a curve of the picture's own, in lightness alone.

The mean colour of a pixel's strokes gives hue and chroma, the amount of light gives the lightness:
from a floor that shows a single edge, along the logarithm of the amount, up to the lightest tint
of that hue that is still saturated. So nothing burns out to white, however dense. The histogram
of the picture sets both ends of the curve and its bend, as in G. W. Larson, H. Rushmeier and
C. Piatko, "A visibility matching tone reproduction operator", IEEE TVCG 3 (4), 1997. Colours are
OKLab's (see `gallery.color.oklab`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numba
import numpy as np
import numpy.typing as npt

from gallery.color.kernel import kernel, parallel_kernel
from gallery.color.oklab import (
    HUES,
    LAB_FROM_ROOTS,
    LIGHTNESSES,
    LINEAR_FROM_LMS,
    LMS_FROM_LINEAR,
    ROOTS_FROM_LAB,
    chroma_limits,
)

Light = npt.NDArray[np.float32]
Table = npt.NDArray[np.float32]

FLOOR = 0.19
"""OKLab lightness of the faintest edge on black, about grey level 17 of 255."""
CEILING = 0.35
"""OKLab lightness of the densest ink on a light ground."""
PAPER = (0.968, 0.966, 0.958)
"""The light ground, linear light."""

_BINS = 1024
_LOW, _HIGH = -12.0, 28.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """How much light makes how light a pixel.

    Attributes:
        single: Amount of the faintest edge; it comes out at the floor.
        dense: Amount that comes out at the top.
        bend: Power of the place between both on the scale of logarithms.
        light_ground: Whether ink adds up on paper rather than light on black.
    """

    single: float
    dense: float
    bend: float
    light_ground: bool = False


@kernel
def _histogram(light: Light) -> npt.NDArray[np.int64]:
    # IN light (h, w, 4); OUT counts by the base-2 logarithm of the amount.
    counts = np.zeros(_BINS, np.int64)
    scale = _BINS / (_HIGH - _LOW)
    for y in range(light.shape[0]):
        for x in range(light.shape[1]):
            amount = light[y, x, 3]
            if amount > 0:
                at = int((np.log2(amount) - _LOW) * scale)
                counts[min(max(at, 0), _BINS - 1)] += 1
    return counts


def fit_curve(light: Light, single: float, middle: float, light_ground: bool) -> Curve:
    """Fit the curve to a picture.

    Args:
        light: float32 (h, w, 4).
        single: Amount of the faintest edge's pixels.
        middle: Where the median pixel comes out, 0 (floor) to 1 (top).
        light_ground: See `Curve`.
    """
    counts = _histogram(light)
    edges = _LOW + (np.arange(_BINS) + 0.5) * (_HIGH - _LOW) / _BINS
    counts[edges < np.log2(single)] = 0
    total = int(counts.sum())
    if not total:
        return Curve(single=single, dense=single * 4, bend=1.0, light_ground=light_ground)
    share = np.cumsum(counts) / total
    dense = float(2 ** edges[np.searchsorted(share, 0.998)])
    # Less than two octaves would make single edges as bright as bodies.
    dense = max(dense, single * 4)
    median = float(2 ** edges[np.searchsorted(share, 0.5)])
    place = np.clip(np.log(median / single) / np.log(dense / single), 0.02, 0.98)
    bend = float(np.clip(np.log(middle) / np.log(place), 0.55, 2.2))
    return Curve(single=single, dense=dense, bend=bend, light_ground=light_ground)


@cache
def _tops(light_ground: bool) -> Table:
    # By whole degree of hue: the lightness farthest from the ground that stays well saturated.
    limits = chroma_limits()
    cusp = limits.max(axis=0)
    rows = np.arange(LIGHTNESSES)[:, None]
    if light_ground:
        return np.full(HUES, CEILING, np.float32)
    full = limits >= 0.52 * cusp[None, :]
    return np.asarray(np.where(full, rows, 0).max(axis=0) / (LIGHTNESSES - 1), np.float32)


@kernel
def _amount(amount: float, curve: tuple[float, float, float]) -> float:
    # Place on the way from floor to top: -1..0 below the faintest edge, 0..1 above it.
    single, span, bend = curve
    if amount < single:
        return float(np.cbrt(amount / single) - 1)
    return float(min(np.log(amount / single) / span, 1.0) ** bend)


@kernel
def _limit(limits: Table, lightness: float, hue: float) -> float:
    # Bilinear between whole degrees and rows of lightness.
    row = min(max(lightness, 0.0), 1.0) * (LIGHTNESSES - 1)
    i = min(int(row), LIGHTNESSES - 2)
    j = int(hue) % HUES
    k = (j + 1) % HUES
    u, v = row - i, hue - int(hue)
    low = limits[i, j] * (1 - v) + limits[i, k] * v
    high = limits[i + 1, j] * (1 - v) + limits[i + 1, k] * v
    return float(low * (1 - u) + high * u)


_M1 = LMS_FROM_LINEAR.astype(np.float32)
_M2 = LAB_FROM_ROOTS.astype(np.float32)
_W1 = ROOTS_FROM_LAB.astype(np.float32)
_W2 = LINEAR_FROM_LMS.astype(np.float32)


@kernel
def _lab(r: float, g: float, b: float) -> tuple[float, float, float]:
    c0 = np.cbrt(_M1[0, 0] * r + _M1[0, 1] * g + _M1[0, 2] * b)
    c1 = np.cbrt(_M1[1, 0] * r + _M1[1, 1] * g + _M1[1, 2] * b)
    c2 = np.cbrt(_M1[2, 0] * r + _M1[2, 1] * g + _M1[2, 2] * b)
    return (
        _M2[0, 0] * c0 + _M2[0, 1] * c1 + _M2[0, 2] * c2,
        _M2[1, 0] * c0 + _M2[1, 1] * c1 + _M2[1, 2] * c2,
        _M2[2, 0] * c0 + _M2[2, 1] * c1 + _M2[2, 2] * c2,
    )


@kernel
def _linear(lightness: float, a: float, b: float) -> tuple[float, float, float]:
    l3 = (_W1[0, 0] * lightness + _W1[0, 1] * a + _W1[0, 2] * b) ** 3
    m3 = (_W1[1, 0] * lightness + _W1[1, 1] * a + _W1[1, 2] * b) ** 3
    s3 = (_W1[2, 0] * lightness + _W1[2, 1] * a + _W1[2, 2] * b) ** 3
    return (
        _W2[0, 0] * l3 + _W2[0, 1] * m3 + _W2[0, 2] * s3,
        _W2[1, 0] * l3 + _W2[1, 1] * m3 + _W2[1, 2] * s3,
        _W2[2, 0] * l3 + _W2[2, 1] * m3 + _W2[2, 2] * s3,
    )


@parallel_kernel
def _tone(
    light: Light,
    curve: tuple[float, float, float],
    paper: tuple[float, float, float],
    limits: Table,
    tops: Table,
    out: Light,
) -> None:
    # IN all but out, (h, w, 3) linear light; paper is black where light adds up.
    light_ground = paper[0] > 0
    ground = _lab(paper[0], paper[1], paper[2])[0] if light_ground else 0.0
    for y in numba.prange(light.shape[0]):
        for x in range(light.shape[1]):
            amount = light[y, x, 3]
            if amount <= 0:
                if light_ground:
                    out[y, x, 0], out[y, x, 1], out[y, x, 2] = paper
                continue
            lightness, a, b = _lab(
                light[y, x, 0] / amount, light[y, x, 1] / amount, light[y, x, 2] / amount
            )
            chroma = np.sqrt(a * a + b * b)
            hue = np.degrees(np.arctan2(b, a)) % 360
            place = _amount(amount, curve)
            top = tops[int(hue) % HUES]
            if light_ground:
                end = min(lightness, 0.62) - 0.10 if chroma > 0 else top
                first = ground - 0.10
                goal = ground + (first - ground) * (1 + place)
                if place > 0:
                    goal = first + (max(end, top) - first) * place
                wanted = chroma * min((ground - goal) / max(ground - lightness, 1e-3), 1.25)
            else:
                end = max(min(lightness + 0.17, max(top, lightness)), 0.5)
                goal = FLOOR * (1 + place)
                if place > 0:
                    goal = FLOOR + (end - FLOOR) * place
                wanted = chroma * min(goal / max(lightness, 1e-3), 1.2) ** 0.8
            kept = min(wanted, 0.96 * _limit(limits, goal, hue))
            scale = kept / chroma if chroma > 1e-6 else 0.0
            r, g, b = _linear(goal, a * scale, b * scale)
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = max(r, 0), max(g, 0), max(b, 0)


def tone(light: Light, curve: Curve) -> Light:
    """Colours of sums of light: float32 (h, w, 3), linear, of float32 (h, w, 4)."""
    out = np.zeros((*light.shape[:2], 3), np.float32)
    span = float(np.log(curve.dense / curve.single))
    _tone(
        light,
        (curve.single, span, curve.bend),
        PAPER if curve.light_ground else (0.0, 0.0, 0.0),
        chroma_limits(),
        _tops(curve.light_ground),
        out,
    )
    return out
