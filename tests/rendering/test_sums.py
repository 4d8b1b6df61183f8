"""Rows of sums of light."""

from __future__ import annotations

import numpy as np
import pytest

from gallery.rendering.raster.gaps import Gaps, lift
from gallery.rendering.raster.sums import rows_of
from gallery.rendering.raster.tone import Curve, tone


def _part(rows: int, width: int) -> np.ndarray:
    """Light of a picture that is a part of a wider canvas, whose other pixels are not numbers."""
    canvas = np.full((rows + 3, width + 5, 4), np.nan, np.float32)
    part = canvas[1 : rows + 1, :width]
    part[:] = np.random.default_rng(3).uniform(0, 2, part.shape)
    return part


def test_rows_are_those_of_the_picture_and_what_lies_between() -> None:
    part = _part(6, 7)
    rows = rows_of(part)
    assert rows.shape == (6, 12 * 4)
    assert rows.flags.c_contiguous
    assert (rows[:, : 7 * 4] == part.reshape(6, -1)).all()
    rows[2, 5] = -1
    assert part[2, 1, 1] == -1


def test_pixels_that_do_not_follow_one_another_have_no_rows() -> None:
    with pytest.raises(ValueError, match="follow"):
        rows_of(_part(6, 7)[:, ::2])


def test_what_lies_between_rows_is_neither_toned_nor_lifted() -> None:
    part = _part(40, 33)
    whole = part.copy()
    curve = Curve(single=0.1, dense=4, places=np.linspace(0, 1, 9, dtype=np.float32))
    assert (tone(part, curve) == tone(whole, curve)).all()
    gaps = Gaps(np.linspace(0, 1, 16, dtype=np.float32).reshape(4, 4), 10.0, 1.0)
    lift(part, gaps, 0)
    lift(whole, gaps, 0)
    assert (part == whole).all()
    assert np.isnan(part.base[:, 33:]).all()
