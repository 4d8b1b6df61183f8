"""Numba's decorators, typed so that compiled functions keep their types for the type checker.

None of them allows LLVM's fast math, which may reorder sums and fuse products with them as the
processor suits: pictures have to be the same on all processors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
"""Division by zero gives infinity or NaN, or 0 for integers, as in NumPy: a branch at each division
that raises an error would keep the compiler from doing several at a time."""


def kernel(function: Function) -> Function:
    """Compile a function with numba, once per machine; it runs without the GIL."""
    return cast(Function, numba.njit(**_OPTIONS)(function))


def ufunc(function: Callable[..., float]) -> Callable[..., Any]:
    """Compile a function of numbers into one of arrays, which broadcasts as NumPy's do."""
    return cast(Callable[..., Any], numba.vectorize(cache=True)(function))


def parallel_kernel(function: Function) -> Function:
    """Compile a function whose `numba.prange` loops run on all cores.

    Only for loops whose iterations write to separate memory: then the result does not depend on
    the number of cores.
    """
    return cast(Function, numba.njit(parallel=True, **_OPTIONS)(function))
