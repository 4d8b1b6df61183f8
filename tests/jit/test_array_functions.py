"""Kernels are loaded without SciPy's linear algebra, which other code that numba compiles has."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import sys
import numba
import numpy as np
from gallery.numerics.elementary import exp
exp(np.ones(4))
assert "scipy.linalg" not in sys.modules
product = numba.njit(lambda one, other: one @ other)
assert product(np.eye(3), np.full((3, 3), 2.0)).sum() == 18
variance = numba.njit(lambda values: np.cov(values))
assert abs(variance(np.arange(3.0)) - 1) < 1e-9
assert "scipy.linalg" in sys.modules
"""


def test_linear_algebra_is_imported_where_it_is_used_alone() -> None:
    subprocess.run([sys.executable, "-c", _PROGRAM], check=True)
