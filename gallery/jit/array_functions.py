"""Loads numba's functions of arrays without SciPy's linear algebra.

Before it loads the first kernel, numba (0.68, `_check_blas` of `numba.np.arraymath`) imports all of
`scipy.linalg` to know that it is there: a fifteenth of the time until a worker is ready. SciPy is
there wherever this package is, and no kernel of ours needs it. Where code does, numba looks again
when it compiles that.
"""

from __future__ import annotations

from importlib import import_module

from numba.np import linalg


def load_array_functions() -> None:
    """Import them."""
    look = linalg.ensure_blas
    linalg.ensure_blas = lambda: None
    try:
        import_module("numba.np.arraymath")
    finally:
        linalg.ensure_blas = look
