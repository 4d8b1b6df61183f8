"""Fits the tone curve to a picture: what most of it is made of gets most of the range.

Where a pixel is between floor and core depends about equally on the logarithm of its amount and on
its rank among all pixels, which gives most of the range to the most frequent amounts. The effect of
ranks is limited where it would separate nearly equal amounts, as in G. W. Larson, H. Rushmeier and
C. Piatko, "A visibility matching tone reproduction operator", IEEE TVCG 3 (4), 1997. How bright a
pixel is in the end depends on its colour as well, and on the glow of those around it: so the curve
is bent until, in a sample of the picture, few pixels are bright and many are dark.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gallery.coloring.oklab import linear_from_srgb, srgb_from_linear
from gallery.jit import kernel
from gallery.numerics.elementary import LN2, interpolate, log, logarithm, raised
from gallery.rendering.raster.bloom import glow_of
from gallery.rendering.raster.sums import rows_of
from gallery.rendering.raster.tone import BODY, PAPER, Curve, tone

Light = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

_INK = 1.12
"""Position of the median pixel on paper, relative to that on black: pale ink is hard to see."""

_COUNTED = 1000
"""Most rows and columns of pixels that are counted."""
_BINS = 1024
_LOW, _HIGH = -12.0, 28.0
_PLACES = 257
_RANKED = 0.55
"""Weight of a pixel's rank; the rest is the weight of its logarithm."""
_STEEPEST = 4.0
"""How much ranks may stretch a part of the scale at most."""
_DENSE = 0.9985
"""Share of the pixels below the top of the curve."""
_QUIET = 0.974
"""Share of the pixels below the place where they are bright, so that few pixels are bright."""
_BRIGHT = 0.63
"""Place at which, on average, the largest channel of a pixel on black is 240 of 255."""
_ARCHED, _BENT = -0.5, 30.0
"""Bounds of the bend of the curve above its median for that: the slope at the median is 1 / (1 +
bend) times that of a straight line, and at the top 1 + bend times."""
_FEW, _DARK = 0.02, 0.43
"""Most of the lit pixels that are brighter than 240 of 255, and least that are darker than 100."""
_LESS, _MORE = 0.12, 0.2
"""How far from the usual place the bright pixels may be moved for that."""
_GROWN = 0.3
"""Places of the median up to which many pixels have to be dark; it is higher where few strokes are
large."""
_SAMPLED, _ENOUGH, _STEPS = 200, 1000, 5
"""Most rows of the sample, the least of its pixels that tell anything, and steps of a search."""
_GREY_8, _GREY_15, _GREY_100, _GREY_155, _GREY_240 = (
    float(one) for one in linear_from_srgb(np.array([8, 15, 100, 155, 240]) / 255)
)
_LIT_INK = float(
    (np.array(PAPER) - linear_from_srgb(srgb_from_linear(np.array(PAPER)) - 8 / 255)).max()
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Amounts:
    """What the curve of a picture follows.

    Attributes:
        single: See `Curve`.
        dense: See `Curve`.
        raw: float64 (k,), places by logarithm and rank, at even steps of the logarithm.
        median: Step of the median pixel, from 0 to 1.
        quiet: Step of the pixel of which `_QUIET` are below.
        light_ground: See `Curve`.
    """

    single: float
    dense: float
    raw: Floats
    median: float
    quiet: float
    light_ground: bool

    def curve(self, middle: float, bright: float) -> Curve:
        """The curve that has its median at a place, and the pixels above it bent to another."""
        logs = np.linspace(0, 1, len(self.raw))
        at = np.clip(interpolate(self.median, logs, self.raw), 0.02, 0.98)
        bend = float(np.clip(log(middle) / log(at), 0.5, 4.0))
        places = raised(self.raw, bend)
        median, quiet = (interpolate(one, logs, places) for one in (self.median, self.quiet))
        return Curve(
            single=self.single,
            dense=self.dense,
            places=_few_bright(places, float(median), float(quiet), bright).astype(np.float32),
            light_ground=self.light_ground,
        )


def fit_curve(
    light: Light, single: float, middle: float, light_ground: bool, glow: float = 0.0
) -> Curve:
    """Fit the curve to a picture.

    Args:
        light: float32 (h, w, 4).
        single: Amount of light of the faintest edge's pixels.
        middle: Target position of the median pixel on black, 0 (floor) to 1 (top); on paper, it is
            a little more. It is less where too few pixels would be dark.
        light_ground: See `Curve`.
        glow: Strength of the glow, see `glow_of`.
    """
    found = _amounts(light, single, light_ground)
    if found is None:
        places = np.linspace(0, 1, _PLACES).astype(np.float32)
        return Curve(single=single, dense=single * 4, places=places, light_ground=light_ground)
    step = max(-(-max(light.shape[:2]) // _SAMPLED), 1)
    sampled = np.ascontiguousarray(light[::step, ::step])
    wanted = min(middle * _INK, 0.98) if light_ground else middle
    usual = BODY if light_ground else _BRIGHT
    if np.count_nonzero(sampled[..., 3] >= single) < _ENOUGH:
        return found.curve(wanted, usual)

    def glowing() -> Light | float:
        return glow_of(tone(sampled, found.curve(wanted, usual)), glow).light if glow > 0 else 0.0

    def enough_dark(place: float) -> bool:
        return _shares(sampled, found.curve(place, usual), halo)[1] >= _DARK

    def few_bright(place: float) -> bool:
        return _shares(sampled, found.curve(wanted, place), halo)[0] <= _FEW

    halo = glowing()
    if middle <= _GROWN:
        wanted = _highest(enough_dark, wanted / 2, wanted)
    low, high = usual - _LESS, usual + _MORE
    usual = _highest(few_bright, low, high)
    if glow > 0:
        # Now that bright pixels are where they belong, they glow otherwise.
        halo = glowing()
        usual = _highest(few_bright, low, high)
    return found.curve(wanted, usual)


def _highest(fits: Callable[[float], bool], low: float, high: float) -> float:
    # About the highest place that fits, by bisection, where all below it do.
    if fits(high):
        return high
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _shares(sampled: Light, curve: Curve, halo: Light | float) -> tuple[float, float]:
    # Shares of the lit pixels that are bright and dark: by their strongest channel, on paper by
    # how much ink of its strongest colour a pixel has.
    linear = tone(sampled, curve)
    if curve.light_ground:
        least = _across(np.minimum, linear)
        lit = _across(np.maximum, np.asarray(PAPER, np.float32) - linear) > _LIT_INK
        bright, dark = least < _GREY_15, least > _GREY_155
    else:
        most = _across(np.maximum, linear + halo)
        lit = most > _GREY_8
        bright, dark = most > _GREY_240, most < _GREY_100
    many = max(int(lit.sum()), 1)
    return float((bright & lit).sum()) / many, float((dark & lit).sum()) / many


def _across(choose: np.ufunc, colors: Light) -> Light:
    # The least or most of three channels: along so short an axis, NumPy takes thirty times as
    # long.
    first, second, third = (colors[..., channel] for channel in range(3))
    return np.asarray(choose(choose(first, second), third))


def _amounts(light: Light, single: float, light_ground: bool) -> _Amounts | None:
    # None if there is no light above that of the faintest edge.
    step = -(-max(light.shape[:2]) // _COUNTED)
    counts = _histogram(rows_of(light), light.shape[1], step).astype(np.float64)
    bounds = _LOW + np.arange(_BINS + 1) * (_HIGH - _LOW) / _BINS
    lowest = float(log(single)) / LN2
    counts[bounds[1:] <= lowest] = 0
    total = counts.sum()
    if not total:
        return None
    share = np.concatenate([[0.0], np.cumsum(counts) / total])
    # With less than two octaves, single edges would be as bright as clusters.
    octaves = max(float(interpolate(_DENSE, share, bounds)) - lowest, 2.0)
    logs = np.linspace(0, 1, _PLACES)
    rank = np.diff(interpolate(lowest + logs * octaves, bounds, share))
    for _ in range(8):
        rank = np.minimum(rank / max(rank.sum(), 1e-12), _STEEPEST / len(rank))
    ranks = np.concatenate([[0.0], np.cumsum(rank)])
    median, quiet = (
        (float(interpolate(one, share, bounds)) - lowest) / octaves for one in (0.5, _QUIET)
    )
    return _Amounts(
        single=single,
        dense=single * float(raised(2.0, octaves)),
        raw=(1 - _RANKED) * logs + _RANKED * ranks / max(ranks[-1], 1e-12),
        median=median,
        quiet=quiet,
        light_ground=light_ground,
    )


@kernel
def _histogram(light: Light, width: int, step: int) -> npt.NDArray[np.int64]:
    # Counts of each `step`-th row's and column's pixels of light, as of `rows_of`, by the base-2
    # logarithm of their amount.
    counts = np.zeros(_BINS, np.int64)
    scale = _BINS / (_HIGH - _LOW)
    for y in range(0, light.shape[0], step):
        for x in range(0, width, step):
            amount = light[y, 4 * x + 3]
            if amount > 0:
                at = int((logarithm(amount) / LN2 - _LOW) * scale)
                counts[min(max(at, 0), _BINS - 1)] += 1
    return counts


def _few_bright(places: Floats, median: float, quiet: float, goal: float) -> Floats:
    # Places above the median are bent so that `quiet` becomes `goal`; where the median is
    # near that already, as in pictures of few edges, a third of the way from there to the top.
    # A hyperbola still rises at the median, where a power would be flat and the many pixels around
    # it one plane of colour.
    if not median < quiet < 1:
        return places
    above = np.maximum(places - median, 0.0) / (1 - median)
    wanted = max(goal, median + (1 - median) / 3)
    at, to = (quiet - median) / (1 - median), (wanted - median) / (1 - median)
    bend = float(np.clip((at / to - 1) / (1 - at), _ARCHED, _BENT))
    bent = median + (1 - median) * above / (1 + bend * (1 - above))
    return np.where(places > median, bent, places)
