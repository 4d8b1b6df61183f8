"""Our elementary functions against NumPy's and SciPy's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import special

from gallery.numerics import elementary

EPSILON = float(np.finfo(float).eps)
LARGE = st.floats(1e-290, 1e290)


def close(found: object, wanted: object, digits: float = 4) -> bool:
    """Whether numbers are within some units of the last place."""
    return bool(np.isclose(found, wanted, rtol=digits * EPSILON, atol=0))


@settings(deadline=None)
@given(st.floats(-700, 700))
def test_the_exponential(x: float) -> None:
    assert close(elementary.exp(x), np.exp(x))


def test_the_exponential_ends_at_zero_and_infinity() -> None:
    assert elementary.exp(np.array([-1e9, -709, 0, 710])).tolist() == [0, 0, 1, np.inf]


@settings(deadline=None)
@given(LARGE)
def test_the_logarithm(x: float) -> None:
    assert close(elementary.log(x), np.log(x))


@settings(deadline=None)
@given(st.floats(-1e-3, 1e-3))
def test_the_logarithm_near_one(x: float) -> None:
    assert close(elementary.log(1 + x), np.log(1 + x))


@settings(deadline=None)
@given(st.one_of(LARGE, LARGE.map(lambda x: -x)))
def test_the_cube_root(x: float) -> None:
    # Two steps from 4 %: within 4e-14, far below what a pixel shows.
    assert close(elementary.cbrt(x), np.cbrt(x), 200)


@settings(deadline=None)
@given(st.floats(1e-30, 1e30), st.floats(0.01, 8))
def test_the_power(x: float, exponent: float) -> None:
    assert close(elementary.raised(x, exponent), x**exponent, 4 + 2 * abs(exponent * np.log(x)))


@settings(deadline=None)
@given(st.floats(-1e6, 1e6))
def test_sine_and_cosine(x: float) -> None:
    assert abs(elementary.sin(x) - np.sin(x)) < 2 * EPSILON
    assert abs(elementary.cos(x) - np.cos(x)) < 2 * EPSILON


@settings(deadline=None)
@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_the_angle(y: float, x: float) -> None:
    # Zeros of either sign are the same to us.
    assert abs(elementary.arctan2(y, x) - np.arctan2(y + 0.0, x + 0.0)) < 1e-11


def test_zero_and_numbers_close_to_it() -> None:
    assert elementary.cbrt(np.array([0.0, 1e-310, -1e-310])).tolist() == [0, 0, 0]
    assert elementary.raised(0.0, 2.4) == 0
    assert elementary.raised(0.3, 0.0) == 1


@settings(deadline=None)
@given(st.floats(1e-6, 80))
def test_the_bessel_function(x: float) -> None:
    found = elementary.bessel_k0(x)
    assert np.isclose(found, special.k0(x), rtol=3e-7, atol=0)


@settings(deadline=None)
@given(hnp.arrays(float, st.integers(2, 9), elements=st.integers(0, 5)), st.floats(-1, 50))
def test_interpolation(steps: np.ndarray, x: float) -> None:
    places, values = np.cumsum(steps), np.arange(len(steps)) ** 2.0
    found = elementary.interpolate(x, places, values)
    # At a step, and before one at the very start, ours is the later value.
    if x not in places and x > places[0]:
        assert np.isclose(found, np.interp(x, places, values), rtol=1e-12, atol=1e-12)


@settings(deadline=None)
@given(hnp.arrays(float, (4, 3), elements=st.floats(-9, 9)))
def test_products_with_a_matrix(vectors: np.ndarray) -> None:
    matrix = np.array([[1.0, 2.0, 3.0], [0.5, -1.0, 0.25]])
    assert np.allclose(elementary.times(matrix, vectors), vectors @ matrix.T, rtol=0, atol=1e-13)


@pytest.mark.parametrize("function", [elementary.exp, elementary.cbrt, elementary.sin])
def test_arrays_of_any_shape_and_of_32_bits(function: Callable[..., np.ndarray]) -> None:
    x = np.linspace(-3, 3, 24, dtype=np.float32).reshape(2, 3, 4)
    found = function(x)
    assert found.shape == x.shape
    assert found.ravel().tolist() == [function(float(one)) for one in x.ravel()]
