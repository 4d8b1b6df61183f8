"""Numba's decorators, typed so that compiled functions keep their types for the type checker."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba.core import event
from numba.core.caching import FunctionCache

from gallery.jit.array_functions import load_array_functions
from gallery.jit.call_types import remember_calls
from gallery.jit.compiling import Compiling
from gallery.jit.kernel_cache import CompiledOnce, Failures
from gallery.jit.machine_code import ParallelCompiler, link_kernels

# A thread that waits for another sleeps: by default, those of OpenMP run in circles for
# milliseconds. On a busy machine that takes the time of the very thread that they wait for, and
# as much again as the small steps of a layout themselves. Read when the first parallel kernel runs.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

Function = TypeVar("Function", bound=Callable[..., Any])

load_array_functions()
event.register("numba:compile", Failures())
_COMPILING = Compiling(lambda found: isinstance(getattr(found, "_cache", None), CompiledOnce))
link_kernels(_COMPILING)
remember_calls(_COMPILING)

_OPTIONS: dict[str, Any] = {
    "cache": True,
    "nogil": True,
    # Division by zero gives infinity or NaN, or 0 for integers: a branch at each division that
    # raises an error would keep the compiler from doing several at a time.
    "error_model": "numpy",
    # Nobody calls them as functions of C.
    "no_cfunc_wrapper": True,
}


def kernel(function: Function) -> Function:
    """Compile a function with numba, once per machine; it runs without the GIL."""
    return _compiled(function)


def inner_kernel(function: Function) -> Function:
    """Compile a function that kernels alone call: a call from Python would end the process.

    What unpacks the arguments of calls from Python takes as long to compile as a small function.
    """
    return _compiled(function, no_cpython_wrapper=True)


def parallel_kernel(function: Function) -> Function:
    """Compile a function whose `numba.prange` loops run on all cores.

    Only for loops whose iterations write to separate memory: then the result does not depend on
    the number of cores.
    """
    return _compiled(function, parallel=True, pipeline_class=ParallelCompiler)


def _compiled(function: Function, **options: Any) -> Function:
    """A function for numba to compile, with a cache of ours; itself if numba is turned off."""
    made = numba.njit(**options, **_OPTIONS)(function)
    if isinstance(getattr(made, "_cache", None), FunctionCache):
        made._cache = CompiledOnce(function)
    return cast(Function, made)
