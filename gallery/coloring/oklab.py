"""Perceptual colour: sRGB, linear light, OKLab and the largest chroma inside the sRGB gamut.

The space and its matrices are Björn Ottosson's, https://bottosson.github.io/posts/oklab/; the
transfer curve is IEC 61966-2-1's.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from gallery.jit import kernel, read_only
from gallery.numerics.elementary import arctan2, cbrt, cos, raised, sin, times

Floats = npt.NDArray[np.float64]

LMS_FROM_LINEAR = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
LAB_FROM_ROOTS = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
LINEAR_FROM_LMS = np.array(
    [
        [4.076741661347994, -3.3077115904081937, 0.2309699287294279],
        [-1.2684380040921763, 2.609757400663372, -0.3413193963102196],
        [-0.004196086541837087, -0.7034186144594495, 1.7076147009309448],
    ]
)
ROOTS_FROM_LAB = np.array(
    [
        [0.9999999984505199, 0.39633779217376786, 0.21580375806075877],
        [1.0000000088817607, -0.10556134232365634, -0.0638541747717059],
        [1.0000000546724108, -0.08948418209496575, -1.2914855378640917],
    ]
)
"""The inverses, as numbers: LAPACK's last digits depend on the processor."""

HUES = 360
"""Columns of `chroma_limits`: whole degrees."""
LIGHTNESSES = 257
"""Rows of `chroma_limits`: lightness 0 to 1 in steps of 1/256."""
_MOST_CHROMA = 0.4
"""More than any colour in sRGB has."""
_HALVINGS = 14
"""Until the largest chroma is known to 1/40,000."""


def linear_from_srgb(srgb: npt.ArrayLike) -> Floats:
    """Linear light 0..1 of sRGB values 0..1, element by element."""
    value = np.asarray(srgb, np.float64)
    return np.where(value <= 0.04045, value / 12.92, raised((value + 0.055) / 1.055, 2.4))


def srgb_from_linear(linear: npt.ArrayLike) -> Floats:
    """Values in sRGB for linear light, clipped to 0..1.

    >>> float(np.round(srgb_from_linear(0.2140), 2))
    0.5
    """
    value = np.clip(np.asarray(linear, np.float64), 0, 1)
    return np.where(value <= 0.0031308, value * 12.92, 1.055 * raised(value, 1 / 2.4) - 0.055)


def oklab_from_linear(linear: npt.ArrayLike) -> Floats:
    """OKLab (..., 3) of linear sRGB (..., 3)."""
    return times(LAB_FROM_ROOTS, cbrt(times(LMS_FROM_LINEAR, linear)))


def linear_from_oklab(lab: npt.ArrayLike) -> Floats:
    """Linear sRGB (..., 3) of OKLab (..., 3); outside 0..1 where sRGB cannot show it."""
    roots = times(ROOTS_FROM_LAB, lab)
    return times(LINEAR_FROM_LMS, roots * roots * roots)


def oklch_from_srgb8(colors: npt.NDArray[np.uint8]) -> Floats:
    """Lightness, chroma and hue (degrees, 0..360) of 8-bit sRGB (..., 3)."""
    lab = oklab_from_linear(linear_from_srgb(colors / 255.0))
    chroma = np.sqrt(lab[..., 1] ** 2 + lab[..., 2] ** 2)
    hue = np.degrees(arctan2(lab[..., 2], lab[..., 1])) % 360
    return np.stack([lab[..., 0], chroma, hue], axis=-1)


def srgb8_from_oklch(lch: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    """8-bit sRGB (..., 3) of lightness, chroma, hue in degrees; clipped to the gamut."""
    value = np.asarray(lch, np.float64)
    angle = np.radians(value[..., 2])
    lab = np.stack([value[..., 0], value[..., 1] * cos(angle), value[..., 1] * sin(angle)], axis=-1)
    return np.rint(srgb_from_linear(linear_from_oklab(lab)) * 255).astype(np.uint8)


@cache
def chroma_limits() -> npt.NDArray[np.float32]:
    """The largest chroma inside sRGB: float32 (LIGHTNESSES, HUES), by bisection; read-only."""
    lightness = np.linspace(0, 1, LIGHTNESSES)
    angle = np.radians(np.arange(HUES))
    limits = np.empty((LIGHTNESSES, HUES), np.float32)
    matrices = read_only(ROOTS_FROM_LAB), read_only(LINEAR_FROM_LMS)
    _bisect(limits, lightness, cos(angle), sin(angle), *matrices)
    limits.setflags(write=False)
    return limits


@kernel
def _bisect(limits, lightness, ahead, aside, roots_from_lab, linear_from_lms):  # type: ignore[no-untyped-def]
    """OUT: limits float32 (lightnesses, hues); the hues are given by their cosines and sines."""
    roots = np.empty(3)
    for i in range(len(lightness)):
        for j in range(len(ahead)):
            low, high = 0.0, _MOST_CHROMA
            for _ in range(_HALVINGS):
                middle = (low + high) / 2
                for k in range(3):
                    root = roots_from_lab[k, 0] * lightness[i]
                    root += roots_from_lab[k, 1] * (middle * ahead[j])
                    root += roots_from_lab[k, 2] * (middle * aside[j])
                    roots[k] = root * root * root
                inside = True
                for k in range(3):
                    linear = linear_from_lms[k, 0] * roots[0]
                    linear += linear_from_lms[k, 1] * roots[1]
                    linear += linear_from_lms[k, 2] * roots[2]
                    inside &= -1e-6 <= linear <= 1 + 1e-6
                if inside:
                    low = middle
                else:
                    high = middle
            limits[i, j] = low


def chroma_limit(lightness: npt.ArrayLike, hue: npt.ArrayLike) -> Floats:
    """The largest chroma inside sRGB at a lightness 0..1 and a hue in degrees (bilinear)."""
    row = np.clip(np.asarray(lightness, np.float64), 0, 1) * (LIGHTNESSES - 1)
    column = np.asarray(hue, np.float64) % HUES
    i = np.minimum(row.astype(np.intp), LIGHTNESSES - 2)
    j = np.minimum(column.astype(np.intp), HUES - 1)
    k = (j + 1) % HUES
    u, v = row - i, column - j
    limits = chroma_limits()
    low = limits[i, j] * (1 - v) + limits[i, k] * v
    high = limits[i + 1, j] * (1 - v) + limits[i + 1, k] * v
    return np.asarray(low * (1 - u) + high * u, np.float64)


def hex_of(color: npt.NDArray[np.uint8]) -> str:
    """Write "#rrggbb" for one 8-bit colour (3,)."""
    return "#" + "".join(f"{int(part):02x}" for part in color)
