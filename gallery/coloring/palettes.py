"""Palettes: perceptually uniform continuous ones, and categorical ones.

Our own continuous palettes run through a few stops in OKLCh and are spaced evenly by distance in
OKLab; their lightness never falls, so that colour-blind people can follow them. Aurora is a
rainbow; ember and those after it have two or three hues each, so that pictures side by side get
along (`gallery.settings.families`). Those with `CET_` names, fire, bmy, kbc and the Glasbey sets
are from colorcet (https://colorcet.holoviz.org, Peter Kovesi's "Good Colour Maps",
arXiv:1509.03700).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import numpy.typing as npt

from gallery.coloring.hex_codes import Colors, from_hex
from gallery.coloring.oklab import (
    chroma_limit,
    hex_of,
    linear_from_srgb,
    oklab_from_linear,
    oklch_from_srgb8,
    srgb8_from_oklch,
)
from gallery.errors import RenderError
from gallery.numerics.elementary import cos, interpolate, sin

_STOPS: Mapping[str, tuple[tuple[float, float, float], ...]] = {
    # Lightness, hue in degrees (unwrapped), share of the chroma that sRGB allows there.
    "aurora": (
        (0.47, 264, 0.92),
        (0.575, 298, 0.92),
        (0.64, 335, 0.92),
        (0.69, 375, 0.92),
        (0.75, 412, 0.92),
        (0.84, 446, 0.86),
        (0.87, 486, 0.78),
        (0.90, 534, 0.80),
    ),
    "orchid": (
        (0.42, 272, 0.85),
        (0.55, 305, 0.90),
        (0.67, 340, 0.92),
        (0.80, 378, 0.90),
        (0.92, 430, 0.75),
    ),
    "ember": (
        (0.46, 310, 0.94),
        (0.53, 354, 0.81),
        (0.63, 383, 0.90),
        (0.74, 406, 0.93),
        (0.84, 433, 0.96),
        (0.94, 456, 0.92),
    ),
    "lagoon": (
        (0.42, 288, 0.86),
        (0.55, 264, 0.90),
        (0.67, 246, 0.86),
        (0.79, 212, 0.82),
        (0.93, 178, 0.80),
    ),
    "meadow": (
        (0.40, 230, 0.84),
        (0.53, 199, 0.83),
        (0.68, 158, 0.85),
        (0.80, 142, 0.79),
        (0.95, 119, 0.86),
    ),
    "heather": (
        (0.40, 289, 0.81),
        (0.52, 306, 0.77),
        (0.64, 316, 0.91),
        (0.77, 324, 0.92),
        (0.90, 355, 0.75),
    ),
    "amber": (
        (0.40, 33, 0.94),
        (0.57, 37, 0.92),
        (0.70, 66, 0.95),
        (0.79, 86, 0.95),
        (0.95, 110, 0.89),
    ),
    "patina": (
        (0.40, 53, 0.94),
        (0.52, 100, 0.94),
        (0.66, 140, 0.81),
        (0.82, 159, 0.69),
        (0.93, 195, 0.84),
    ),
    "berry": (
        (0.42, 393, 0.95),
        (0.52, 372, 0.81),
        (0.64, 340, 0.81),
        (0.77, 319, 0.90),
        (0.88, 299, 0.87),
    ),
    "frost": (
        (0.40, 269, 0.55),
        (0.56, 260, 0.56),
        (0.64, 242, 0.57),
        (0.80, 221, 0.53),
        (0.94, 196, 0.53),
    ),
    "shore": (
        (0.42, 260, 0.90),
        (0.52, 256, 0.63),
        (0.64, 209, 0.37),
        (0.79, 111, 0.35),
        (0.94, 90, 0.96),
    ),
    "spectrum": tuple((0.76, 262 + angle, 0.92) for angle in range(0, 361, 30)),
}
_COLORCET = ("fire", "bmy", "kbc", "CET_CBL1", "CET_CBL2", "CET_CBTL1", "CET_C6", "CET_C7")
_OKABE_ITO = ("#56b4e9", "#e69f00", "#009e73", "#f0e442", "#cc79a7", "#d55e00", "#0072b2")
_CATEGORICAL = ("okabe-ito", "glasbey")

PALETTES: tuple[str, ...] = (*_STOPS, *_COLORCET, *_CATEGORICAL)
"""Names of all palettes."""


def is_categorical(palette: str) -> bool:
    """Whether a palette is an unordered set of colours."""
    return palette in _CATEGORICAL


def sample(palette: str, places: npt.ArrayLike, ground: str = "dark") -> Colors:
    """Colours at positions along a palette.

    Args:
        palette: A name of `PALETTES`.
        places: Float (k,), positions 0 to 1 along a continuous palette; a categorical one ignores
            them and gives its first k colours, starting again when they run out.
        ground: "dark" or "light".

    Returns:
        uint8 (k, 3), sRGB.

    Raises:
        RenderError: There is no such palette or ground.
    """
    check(palette, ground)
    place = np.clip(np.asarray(places, np.float64).reshape(-1), 0, 1)
    if is_categorical(palette):
        colors = _categorical(palette, ground)
        return np.asarray(colors[np.arange(len(place)) % len(colors)])
    table = _table(palette, ground)
    return np.asarray(table[np.rint(place * (len(table) - 1)).astype(np.intp)])


def distances(palette: str, ground: str = "dark") -> npt.NDArray[np.float64]:
    """How far along a continuous palette its colours are, in OKLab, with bends cut short.

    Returns:
        float64 (33,), rising from 0, at evenly spaced places.
    """
    colors = sample(palette, np.arange(33) / 32, ground)
    lab = oklab_from_linear(linear_from_srgb(colors / 255.0))
    steps = np.sqrt((np.diff(lab, axis=0) ** 2).sum(axis=1))
    return np.concatenate([[0.0], np.cumsum(steps)])


def check(palette: str, ground: str) -> None:
    """Raise `RenderError` unless the palette and the ground exist."""
    if palette not in PALETTES:
        found = f"there is no palette {palette!r}"
        raise RenderError(found, hint="choose one of " + ", ".join(PALETTES))
    if ground not in ("dark", "light"):
        raise RenderError(f"there is no ground {ground!r}", hint="choose dark or light")


def for_ground(lch: npt.NDArray[np.float64], ground: str) -> npt.NDArray[np.float64]:
    """Lightness, chroma and hue adapted to the ground: unchanged on dark, darker on light."""
    if ground == "dark":
        return lch
    return _at(0.34 + (np.clip(lch[..., 0], 0.35, 0.95) - 0.35) * 0.5, lch)


def _darkened(lch: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Colours of a palette for a light ground; most of the range of lightness stay."""
    return _at(0.33 + (np.clip(lch[..., 0], 0.4, 0.95) - 0.4) * 0.7, lch)


def _at(
    lightness: npt.NDArray[np.float64], lch: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The colours at another lightness, with the same share of the chroma that sRGB allows."""
    share = lch[..., 1] / np.maximum(chroma_limit(lch[..., 0], lch[..., 2]), 1e-6)
    chroma = np.minimum(share, 0.95) * chroma_limit(lightness, lch[..., 2])
    return np.stack([lightness, chroma, lch[..., 2]], axis=-1)


@cache
def _table(palette: str, ground: str, rows: int = 1024) -> Colors:
    lch = _own(palette) if palette in _STOPS else _borrowed(palette, ground)
    fitted = _darkened(lch) if ground == "light" and palette in _STOPS else lch
    angle = np.radians(fitted[:, 2])
    plane = np.stack([fitted[:, 0], fitted[:, 1] * cos(angle), fitted[:, 1] * sin(angle)], axis=-1)
    steps = np.linalg.norm(np.diff(plane, axis=0), axis=1)
    distance = np.concatenate([[0.0], np.cumsum(steps)])
    even = interpolate(np.linspace(0, distance[-1], rows), distance, np.arange(len(fitted)))
    return srgb8_from_oklch(fitted[np.rint(even).astype(np.intp)])


def _own(palette: str) -> npt.NDArray[np.float64]:
    stops = np.array(_STOPS[palette])
    at = np.linspace(0, len(stops) - 1, 4096)
    lightness, hue, share = (interpolate(at, np.arange(len(stops)), column) for column in stops.T)
    return np.stack([lightness, share * chroma_limit(lightness, hue), hue % 360], axis=-1)


def _borrowed(palette: str, ground: str) -> npt.NDArray[np.float64]:
    # A colour as dark (or light) as the ground would be invisible on it.
    lch = oklch_from_srgb8(_listed(palette))
    seen = lch[:, 0] >= 0.36 if ground == "dark" else lch[:, 0] <= 0.72
    lch = lch[seen]
    at = np.linspace(0, len(lch) - 1, 4096)
    unwrapped = np.degrees(np.unwrap(np.radians(lch[:, 2])))
    columns = (lch[:, 0], lch[:, 1], unwrapped)
    return np.stack([interpolate(at, np.arange(len(lch)), column) for column in columns], axis=-1)


def _categorical(palette: str, ground: str) -> Colors:
    if palette == "okabe-ito":
        lch = oklch_from_srgb8(np.array([from_hex(color) for color in _OKABE_ITO]))
        return srgb8_from_oklch(for_ground(lch, ground))
    name = "glasbey_light" if ground == "dark" else "glasbey_dark"
    return _listed(name)


def _listed(name: str) -> Colors:
    """The colours of a palette of colorcet."""
    # It takes longer to import than most models do to be coloured, mostly by palettes of our own.
    import colorcet  # noqa: PLC0415

    return np.array([from_hex(color) for color in colorcet.palette[name]], np.uint8)


__all__ = ["PALETTES", "check", "for_ground", "from_hex", "hex_of", "is_categorical", "sample"]
