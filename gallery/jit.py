"""Compiled functions that keep their types for the type checker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """Compile a function with numba, once per machine; it runs without the interpreter's lock."""
    return cast(Function, numba.njit(cache=True, nogil=True)(function))


def fast_kernel(function: Function) -> Function:
    """Compile a function whose sums may be taken in any order and fused (LLVM's fast math)."""
    return cast(Function, numba.njit(cache=True, nogil=True, fastmath=True)(function))


def parallel_kernel(function: Function) -> Function:
    """Compile a function whose `numba.prange` loops run on all cores.

    Only for loops whose steps write to places of their own: then the number of cores does not
    show in the result.
    """
    return cast(Function, numba.njit(cache=True, nogil=True, parallel=True)(function))
