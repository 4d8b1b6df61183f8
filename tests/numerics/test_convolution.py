"""Our convolution against SciPy's Fourier transforms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import get_num_threads, set_num_threads
from scipy import fft

from gallery.numerics.convolution import convolve, filter_of, spectrum

SIZES = st.sampled_from([1, 2, 4, 8, 32, 128])


def even(height: int, width: int, random: np.random.Generator) -> np.ndarray:
    """A random kernel that is the same backwards along both axes: float32 (height, width)."""
    rows, columns = (np.minimum(np.arange(n), n - np.arange(n)) for n in (height, width))
    return random.random((height, width), np.float32)[rows[:, None], columns[None, :]]


def by_fourier(grid: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """The cyclic convolution in 64 bits, cut to the grid."""
    wave = fft.rfft2(grid.astype(float), kernel.shape) * fft.rfft2(kernel.astype(float))
    return fft.irfft2(wave, kernel.shape)[: grid.shape[0], : grid.shape[1]]


@settings(deadline=None)
@given(SIZES, SIZES, st.floats(0, 1), st.floats(0, 1), st.integers(0, 99))
def test_a_convolution_is_that_of_fourier_transforms(
    height: int, width: int, down: float, across: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    kernel = even(height, width, random)
    grid = random.standard_normal((max(round(down * height), 1), max(round(across * width), 1)))
    grid = grid.astype(np.float32)
    wanted = by_fourier(grid, kernel)
    error = np.abs(convolve(grid, spectrum(kernel)) - wanted).max()
    assert error <= 2e-6 * (np.abs(grid).sum() * np.abs(kernel).max())


@settings(deadline=None)
@given(SIZES, SIZES, st.integers(0, 99))
def test_a_filter_is_the_spectrum_of_its_kernel(height: int, width: int, seed: int) -> None:
    kernel = even(height, width, np.random.default_rng(seed))
    gain = fft.fft2(kernel.astype(float)).real
    assert np.allclose(filter_of(gain), spectrum(kernel), rtol=0, atol=1e-6 * np.abs(kernel).max())


def test_a_large_grid_that_is_not_a_multiple_of_the_lanes() -> None:
    random = np.random.default_rng(1)
    kernel, grid = even(1024, 512, random), random.random((517, 251), np.float32)
    wanted = by_fourier(grid, kernel)
    assert np.abs(convolve(grid, spectrum(kernel)) - wanted).max() < 2e-6 * wanted.max()


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_change_nothing(threads: int) -> None:
    random = np.random.default_rng(1)
    kernel, grid = spectrum(even(256, 256, random)), random.random((128, 128), np.float32)
    wanted = convolve(grid, kernel)
    before = get_num_threads()
    set_num_threads(min(threads, before))
    try:
        assert convolve(grid, kernel).tobytes() == wanted.tobytes()
    finally:
        set_num_threads(before)
