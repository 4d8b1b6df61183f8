"""Elementary functions with the same bits on every processor.

The C library, NumPy and SciPy choose other code for processors with AVX2, AVX-512 or fused
multiply-add, whose results differ in the last bit. These functions use nothing but the operations
that IEEE 754 rounds correctly (+, -, *, / and square root), in a fixed order. They are accurate to
a few units in the last place; of their arguments, infinities and NaN are not provided for.

Functions of a number are for kernels; those of arrays, at the end, take what NumPy's take.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import factorial
from typing import Any

import numpy as np
import numpy.typing as npt

from gallery.jit import inner_kernel, kernel, read_only

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.float64] | npt.NDArray[np.int64]

LN2 = 0.6931471805599453
"""The natural logarithm of 2."""

_LN2_HIGH, _LN2_LOW = float.fromhex("0x1.62e42feep-1"), float.fromhex("0x1.a39ef35793c76p-33")
_HALF_PI_HIGH = float.fromhex("0x1.921fb544p+0")
_HALF_PI_LOW = float.fromhex("0x1.0b4611a626331p-34")
"""Constants in two parts, the first with so few digits that its multiples are exact."""

_SQRT2 = 1.4142135623730951
_ONE_BITS = 1023 << 52
_CUBE_ROOT_BITS = np.uint64(0x2A9F7893782DA1CE)
_EXP_TERMS = tuple(float(Fraction(1, factorial(n))) for n in range(13, -1, -1))
_LOG_TERMS = tuple(2.0 / n for n in range(21, 0, -2))
_SIN_TERMS = tuple(float(Fraction((-1) ** (n // 2), factorial(n))) for n in range(17, 0, -2))
_COS_TERMS = tuple(float(Fraction((-1) ** (n // 2), factorial(n))) for n in range(18, -1, -2))
_ATAN_TERMS = tuple((-1.0) ** (n // 2) / n for n in range(25, 0, -2))
"""Coefficients of the power series, the highest power first."""

_K0_SERIES = (0.0000074, 0.0001075, 0.00262698, 0.0348859, 0.23069756, 0.4227842, -0.57721566)
_I0_SERIES = (0.0045813, 0.0360768, 0.2659732, 1.2067492, 3.0899424, 3.5156229, 1.0)
_K0_TAIL = (0.00053208, -0.0025154, 0.00587872, -0.01062446, 0.02189568, -0.07832358, 1.25331414)
"""M. Abramowitz and I. Stegun, Handbook of Mathematical Functions, 1964, 9.8.5, 9.8.1 and 9.8.6."""


@inner_kernel
def _series(terms: tuple[float, ...], x: float) -> float:
    total = terms[0]
    for term in terms[1:]:
        total = total * x + term
    return total


@kernel
def exponential(x: float) -> float:
    """The exponential of a number: 0 below -708, infinite above 709."""
    if x < -708.0:
        return 0.0
    if x > 709.0:
        return np.inf
    twos = np.floor(x / LN2 + 0.5)
    rest = (x - twos * _LN2_HIGH) - twos * _LN2_LOW
    return _series(_EXP_TERMS, rest) * np.int64((np.int64(twos) << 52) + _ONE_BITS).view(np.float64)


@kernel
def logarithm(x: float) -> float:
    """The natural logarithm of a positive number that is not subnormal."""
    bits = np.float64(x).view(np.int64)
    twos = (bits >> 52) - 1023
    mantissa = np.int64(bits - (twos << 52)).view(np.float64)
    if mantissa > _SQRT2:
        mantissa *= 0.5
        twos += 1
    # ln m = 2 artanh((m - 1) / (m + 1)).
    ratio = (mantissa - 1.0) / (mantissa + 1.0)
    return twos * _LN2_HIGH + (twos * _LN2_LOW + ratio * _series(_LOG_TERMS, ratio * ratio))


@kernel
def power(x: float, exponent: float) -> float:
    """A positive number, or 0, to a positive power."""
    return exponential(exponent * logarithm(x)) if x > 0 else 0.0


@kernel
def cube_root(x: float) -> float:
    """The cube root of a number; 0 if it is closer to 0 than 1e-300."""
    size = abs(x)
    if size < 1e-300:
        return 0.0
    # A third of the bits is within 4 % of the root; each of Halley's steps triples the digits.
    root = np.uint64(np.float64(size).view(np.uint64) // np.uint64(3) + _CUBE_ROOT_BITS).view(
        np.float64
    )
    for _ in range(2):
        cube = root * root * root
        root *= (cube + 2.0 * size) / (2.0 * cube + size)
    return root if x > 0 else -root


@kernel
def sine(x: float) -> float:
    """The sine of an angle in radians, up to a million."""
    return cosine(x, 1)


@kernel
def cosine(x: float, behind: int = 0) -> float:
    """The cosine of an angle in radians, up to a million, that lags by some quarters of a turn."""
    turns = np.floor(x / (_HALF_PI_HIGH + _HALF_PI_LOW) + 0.5)
    rest = (x - turns * _HALF_PI_HIGH) - turns * _HALF_PI_LOW
    quarter = (np.int64(turns) - behind) % 4
    square = rest * rest
    value = _series(_SIN_TERMS, square) * rest if quarter % 2 else _series(_COS_TERMS, square)
    return -value if quarter in (1, 2) else value


@kernel
def angle(y: float, x: float) -> float:
    """The angle from the x axis to a point, in radians from -pi to pi; 0 at the origin."""
    wide, high = abs(x), abs(y)
    longer, shorter = max(wide, high), min(wide, high)
    if longer == 0.0:
        return 0.0
    found = 0.0
    if shorter > 0.4142135623730951 * longer:
        # atan t = pi / 4 - atan((1 - t) / (1 + t)).
        ratio = (shorter - longer) / (shorter + longer)
        found = np.pi / 4
    else:
        ratio = shorter / longer
    found += ratio * _series(_ATAN_TERMS, ratio * ratio)
    if high > wide:
        found = np.pi / 2 - found
    if x < 0:
        found = np.pi - found
    return -found if y < 0 else found


@kernel
def bessel_k0(x: float) -> float:
    """The modified Bessel function K0 of a positive number, to 2e-7 of it."""
    if x <= 2.0:
        small = x * x / 4.0
        large = x * x / 14.0625
        return _series(_K0_SERIES, small) - logarithm(x / 2.0) * _series(_I0_SERIES, large)
    fall: float = exponential(-x) / np.sqrt(x)
    return fall * _series(_K0_TAIL, 2.0 / x)


def exp(x: npt.ArrayLike) -> Any:
    """`exponential` of arrays."""
    return _mapped(_exponentials, x)


def log(x: npt.ArrayLike) -> Any:
    """`logarithm` of arrays."""
    return _mapped(_logarithms, x)


def raised(x: npt.ArrayLike, exponent: npt.ArrayLike) -> Any:
    """`power` of arrays."""
    return _mapped(_powers, x, exponent)


def cbrt(x: npt.ArrayLike) -> Any:
    """`cube_root` of arrays."""
    return _mapped(_cube_roots, x)


def sin(x: npt.ArrayLike) -> Any:
    """`sine` of arrays."""
    return _mapped(_sines, x)


def cos(x: npt.ArrayLike) -> Any:
    """`cosine` of arrays."""
    return _mapped(_cosines, x)


def arctan2(y: npt.ArrayLike, x: npt.ArrayLike) -> Any:
    """`angle` of arrays."""
    return _mapped(_angles, y, x)


def _mapped(function: Callable[..., None], *arguments: npt.ArrayLike) -> Any:
    """A function of each number of arrays, which broadcast; float64, a number for numbers."""
    given = np.broadcast_arrays(*(np.asarray(one, np.float64) for one in arguments))
    made = np.empty(given[0].shape)
    function(made.ravel(), *(read_only(np.ascontiguousarray(one).ravel()) for one in given))
    return made[()]


# Not numba.vectorize, which compiles a loop around each function anew in every process.


@kernel
def _exponentials(made: Floats, x: Floats) -> None:  # OUT: made
    for i in range(len(x)):
        made[i] = exponential(x[i])


@kernel
def _logarithms(made: Floats, x: Floats) -> None:  # OUT: made
    for i in range(len(x)):
        made[i] = logarithm(x[i])


@kernel
def _powers(made: Floats, x: Floats, exponent: Floats) -> None:  # OUT: made
    for i in range(len(x)):
        made[i] = power(x[i], exponent[i])


@kernel
def _cube_roots(made: Floats, x: Floats) -> None:  # OUT: made
    for i in range(len(x)):
        made[i] = cube_root(x[i])


@kernel
def _sines(made: Floats, x: Floats) -> None:  # OUT: made
    for i in range(len(x)):
        made[i] = sine(x[i])


@kernel
def _cosines(made: Floats, x: Floats) -> None:  # OUT: made
    for i in range(len(x)):
        made[i] = cosine(x[i])


@kernel
def _angles(made: Floats, y: Floats, x: Floats) -> None:  # OUT: made
    for i in range(len(x)):
        made[i] = angle(y[i], x[i])


def interpolate(x: npt.ArrayLike, places: Numbers, values: Numbers) -> Floats:
    """Values between those at rising places, as `numpy.interp`."""
    at = np.clip(np.asarray(x, np.float64), places[0], places[-1])
    i = np.clip(np.searchsorted(places, at, side="right") - 1, 0, len(places) - 2)
    width = np.asarray(places[i + 1] - places[i], np.float64)
    share = np.divide(at - places[i], width, out=np.ones_like(width), where=width > 0)
    return np.asarray(values[i] + (values[i + 1] - values[i]) * share, np.float64)


def times(matrix: Floats, vectors: npt.ArrayLike) -> Floats:
    """The products of a matrix (m, k) with vectors (..., k): float64 (..., m).

    For small matrices: BLAS adds in an order that depends on the processor.
    """
    given = np.ascontiguousarray(vectors, np.float64)
    rows, columns = matrix.shape
    made = np.empty((given.size // columns, rows))
    _products(made, read_only(np.ascontiguousarray(matrix)), read_only(given.reshape(-1, columns)))
    return made.reshape(*given.shape[:-1], rows)


@kernel
def _products(made: Floats, matrix: Floats, vectors: Floats) -> None:  # OUT: made
    for i in range(len(vectors)):
        for row in range(len(matrix)):
            total = matrix[row, 0] * vectors[i, 0]
            for k in range(1, matrix.shape[1]):
                total += matrix[row, k] * vectors[i, k]
            made[i, row] = total
