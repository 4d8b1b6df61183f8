"""Colours of many pixels in OKLab, in loops that compilers do several pixels at a time.

Each number is float32 and has an array of its own, and no loop branches, so that its steps become
SIMD instructions. All of them are within some 1e-6 of the exact result, far less than a grey level,
and the same on all processors. Matrices and functions are those of `gallery.coloring.oklab` and
`gallery.numerics.elementary`, which are exact.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gallery.coloring.oklab import (
    LAB_FROM_ROOTS,
    LINEAR_FROM_LMS,
    LMS_FROM_LINEAR,
    ROOTS_FROM_LAB,
)
from gallery.jit import inner_kernel

Lane = npt.NDArray[np.float32]
Real = np.float32

_M1 = LMS_FROM_LINEAR.astype(np.float32)
_M2 = LAB_FROM_ROOTS.astype(np.float32)
_W1 = ROOTS_FROM_LAB.astype(np.float32)
_W2 = LINEAR_FROM_LMS.astype(np.float32)

_ZERO, _ONE, _TWO = np.float32(0), np.float32(1), np.float32(2)
_THIRD, _ROOT_BITS = np.float32(1 / 3), np.int32(709_921_077)
_SMALL = np.float32(1e-15)
_STEEP, _QUARTER, _HALF = np.float32(0.41421356), np.float32(45), np.float32(90)
_TURN, _DEGREES = np.float32(360), np.float32(180 / np.pi)
_EXPONENT, _MANTISSA, _ONE_BITS = np.int32(23), np.int32(0x7FFFFF), np.int32(0x3F800000)
_BIAS = np.int32(127)
_LN2 = np.float32(0.6931471805599453)
# Terms of the series of the arc tangent and of twice the inverse hyperbolic tangent.
_A1, _A3, _A5, _A7, _A9, _A11, _A13 = (np.float32((-1.0) ** (n // 2) / n) for n in range(1, 14, 2))
_L1, _L3, _L5, _L7, _L9, _L11 = (np.float32(2.0 / n) for n in range(1, 12, 2))


@inner_kernel
def _root(x: Real) -> Real:
    # The cube root of a number from 0 on: a third of the bits is within 4 % of it, and each of
    # Halley's steps triples the digits.
    size = np.float32(max(x, _SMALL))
    third = np.int32(np.float32(size.view(np.int32)) * _THIRD)
    root = np.int32(third + _ROOT_BITS).view(np.float32)
    cube = root * root * root
    root *= (cube + _TWO * size) / (_TWO * cube + size)
    cube = root * root * root
    return np.float32(root * ((cube + _TWO * size) / (_TWO * cube + size)))


@inner_kernel
def to_lab(r: Lane, g: Lane, b: Lane, many: int) -> None:
    """Linear red, green and blue, from 0 on, become lightness, a and b of OKLab, in place."""
    for k in range(many):
        c0 = _root(_M1[0, 0] * r[k] + _M1[0, 1] * g[k] + _M1[0, 2] * b[k])
        c1 = _root(_M1[1, 0] * r[k] + _M1[1, 1] * g[k] + _M1[1, 2] * b[k])
        c2 = _root(_M1[2, 0] * r[k] + _M1[2, 1] * g[k] + _M1[2, 2] * b[k])
        r[k] = _M2[0, 0] * c0 + _M2[0, 1] * c1 + _M2[0, 2] * c2
        g[k] = _M2[1, 0] * c0 + _M2[1, 1] * c1 + _M2[1, 2] * c2
        b[k] = _M2[2, 0] * c0 + _M2[2, 1] * c1 + _M2[2, 2] * c2


@inner_kernel
def to_linear(lightness: Lane, a: Lane, b: Lane, many: int) -> None:
    """Lightness, a and b become linear red, green and blue, those below 0 become 0, in place."""
    for k in range(many):
        c0 = _W1[0, 0] * lightness[k] + _W1[0, 1] * a[k] + _W1[0, 2] * b[k]
        c1 = _W1[1, 0] * lightness[k] + _W1[1, 1] * a[k] + _W1[1, 2] * b[k]
        c2 = _W1[2, 0] * lightness[k] + _W1[2, 1] * a[k] + _W1[2, 2] * b[k]
        c0, c1, c2 = c0 * c0 * c0, c1 * c1 * c1, c2 * c2 * c2
        lightness[k] = max(_W2[0, 0] * c0 + _W2[0, 1] * c1 + _W2[0, 2] * c2, _ZERO)
        a[k] = max(_W2[1, 0] * c0 + _W2[1, 1] * c1 + _W2[1, 2] * c2, _ZERO)
        b[k] = max(_W2[2, 0] * c0 + _W2[2, 1] * c1 + _W2[2, 2] * c2, _ZERO)


@inner_kernel
def chromas(a: Lane, b: Lane, many: int, found: Lane) -> None:
    """OUT found, the distances from grey."""
    for k in range(many):
        found[k] = np.sqrt(a[k] * a[k] + b[k] * b[k])


@inner_kernel
def hues(a: Lane, b: Lane, many: int, found: Lane) -> None:
    """OUT found, the angles of (a, b) in degrees from 0 to 360."""
    for k in range(many):
        wide, high = abs(a[k]), abs(b[k])
        longer, shorter = max(wide, high, _SMALL), min(wide, high)
        steep = shorter > _STEEP * longer
        # atan t = 45° - atan((1 - t) / (1 + t)).
        over = shorter - longer if steep else shorter
        under = shorter + longer if steep else longer
        ratio = over / under
        s = ratio * ratio
        sum_ = _A1 + s * (_A3 + s * (_A5 + s * (_A7 + s * (_A9 + s * (_A11 + s * _A13)))))
        angle = ratio * sum_ * _DEGREES + (_QUARTER if steep else _ZERO)
        angle = _HALF - angle if high > wide else angle
        angle = _TWO * _HALF - angle if a[k] < _ZERO else angle
        found[k] = _TURN - angle if b[k] < _ZERO else angle


@inner_kernel
def scale_places(amounts: Lane, single: Real, span: Real, many: int, found: Lane) -> None:
    """OUT found, where amounts are from the least, 0, to the most on a logarithmic scale, 1.

    Amounts below the least go from -1, for none, to 0, by their cube roots.
    """
    for k in range(many):
        ratio = amounts[k] / single
        above = np.float32(max(ratio, _ONE))
        bits = above.view(np.int32)
        twos = np.float32((bits >> _EXPONENT) - _BIAS)
        mantissa = np.int32((bits & _MANTISSA) | _ONE_BITS).view(np.float32)
        # ln m = 2 artanh((m - 1) / (m + 1)).
        part = (mantissa - _ONE) / (mantissa + _ONE)
        s = part * part
        sum_ = _L1 + s * (_L3 + s * (_L5 + s * (_L7 + s * (_L9 + s * _L11))))
        high = (twos * _LN2 + part * sum_) / span
        low = _root(min(ratio, _ONE)) - _ONE
        found[k] = low if ratio < _ONE else high
