"""Numba's decorators, typed so that compiled functions keep their types for the type checker.

None of them allows LLVM's fast math, which may reorder sums and fuse products with them as the
processor suits: pictures have to be the same on all processors.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, TypeVar, cast

import numba
import numpy.typing as npt
from numba.core import event
from numba.core.caching import FunctionCache, IndexDataCacheFile

from gallery.call_types import remember_calls
from gallery.compiling import Compiling
from gallery.fingerprint import fingerprint
from gallery.machine_code import ParallelCompiler, link_kernels

# A thread that waits for another sleeps: by default, those of OpenMP run in circles for
# milliseconds. On a busy machine that takes the time of the very thread that they wait for, and
# as much again as the small steps of a layout themselves. Read when the first parallel kernel runs.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

Function = TypeVar("Function", bound=Callable[..., Any])
Array = TypeVar("Array", bound=npt.NDArray[Any])
Found = TypeVar("Found")

_PATIENCE = 60.0
"""Seconds to wait for another process to compile a kernel, which takes it some at most."""

_POLL = 0.02
"""Seconds between two looks whether it has."""


class CompiledOnce(FunctionCache):  # type: ignore[misc]
    """Numba's cache of a kernel, where processes that need it at once do not all compile it.

    The first one locks a file beside the compiled kernels, and the others wait for it. A kernel
    reads others while it is compiled, never itself, so that no two processes wait for each other;
    and a process that waits too long compiles, so nothing depends on the locks but time.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file = _Files.of(vars(self)["_cache_file"], fingerprint(function.__module__))
        self._name = f"{function.__module__}.{function.__qualname__}.lock"
        self._held: IO[bytes] | None = None

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """What is compiled for a signature, or None if this process is to compile it."""
        found = super().load_overload(sig, target_context)
        if found is None and self._held is None:
            self._held = _locked(Path(self.cache_path) / self._name)
            found = super().load_overload(sig, target_context)
            if found is not None:
                self.release()
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled for a signature, for this process and the others."""
        try:
            super().save_overload(sig, data)
        finally:
            self.release()

    def release(self) -> None:
        """Let others compile the kernel, if this process was to."""
        if self._held:
            self._held.close()
            self._held = None


class _Failures(event.Listener):  # type: ignore[misc]
    """Lets others try to compile the kernels that this process could not compile."""

    def on_start(self, told: Any) -> None:
        """A function begins to be compiled."""

    def on_end(self, told: Any) -> None:
        """It has been compiled, or has failed to be; `is_failed` does not tell which."""
        cache = getattr(told.data["dispatcher"], "_cache", None)
        if isinstance(cache, CompiledOnce) and any(told._exc_details or ()):
            cache.release()


class _Files(IndexDataCacheFile):  # type: ignore[misc]
    """The files of a kernel: an index names a file for each signature, once that is written.

    Numba's own names it before. For a moment the index then names what an older version of the
    kernel has left, and, where two processes write at once, later too what was compiled for another
    signature. And numba compares the module of the kernel alone with the one that was compiled: a
    kernel would go on with an older version of what it calls in other modules.
    """

    @classmethod
    def of(cls, files: IndexDataCacheFile, version: str) -> _Files:
        """Those of the same kernel.

        Args:
            files: As numba makes them.
            version: Of all that the kernel is made of.
        """
        base = files._index_name.removesuffix(".nbi")
        return cls(files._cache_path, base, (files._source_stamp, version))

    def save(self, key: Any, data: Any) -> None:
        """Add what was compiled for a signature."""
        lock = _locked(Path(self._index_path).with_suffix(".writing"))
        try:
            known = self._load_index()
            free = (self._data_name(n) for n in itertools.count(1))
            name = known.get(key) or next(one for one in free if one not in known.values())
            self._save_data(name, data)
            if key not in known:
                self._save_index({**known, key: name})
        finally:
            if lock:
                lock.close()


def _locked(path: Path) -> IO[bytes] | None:
    """A file that no other process has locked, until it is closed; None if that cannot be had."""
    with suppress(ImportError, OSError):  # not Windows; or the folder cannot be written
        import fcntl  # noqa: PLC0415

        path.parent.mkdir(parents=True, exist_ok=True)
        file, late = path.open("ab"), time.monotonic() + _PATIENCE
        while time.monotonic() < late:
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return file
            time.sleep(_POLL)
        file.close()
    return None


def _shared(compiled: Any, place: str) -> Any:
    """A compiled function whose cache is `CompiledOnce`; itself if numba is turned off."""
    if isinstance(getattr(compiled, place, None), FunctionCache):
        setattr(compiled, place, CompiledOnce(compiled.py_func))
    return compiled


event.register("numba:compile", _Failures())
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
    return cast(Function, _shared(numba.njit(**_OPTIONS)(function), "_cache"))


def read_only(array: Array) -> Array:
    """A view of an array that cannot be written to.

    A kernel is compiled once more for arrays of another kind, such as those that can be, so
    those that can be given both are given views.
    """
    view = array.view()
    view.flags.writeable = False
    return view


def inner_kernel(function: Function) -> Function:
    """Compile a function that kernels alone call: a call from Python would end the process.

    What unpacks the arguments of calls from Python takes as long to compile as a small function.
    """
    made = numba.njit(no_cpython_wrapper=True, **_OPTIONS)(function)
    return cast(Function, _shared(made, "_cache"))


def ufunc(function: Callable[..., float]) -> Callable[..., Any]:
    """Compile a function of numbers into one of arrays, which broadcasts as NumPy's do."""
    made = numba.vectorize(cache=True)(function)
    _shared(getattr(made, "_dispatcher", made), "cache")
    return cast(Callable[..., Any], made)


def parallel_kernel(function: Function) -> Function:
    """Compile a function whose `numba.prange` loops run on all cores.

    Only for loops whose iterations write to separate memory: then the result does not depend on
    the number of cores.
    """
    made = numba.njit(parallel=True, pipeline_class=ParallelCompiler, **_OPTIONS)(function)
    return cast(Function, _shared(made, "_cache"))


def each(
    work: Callable[..., Found], items: Iterable[tuple[Any, ...]], *, alone: bool
) -> list[Found]:
    """What a function makes of each item, on as many threads as kernels use.

    For work within kernels that are not parallel themselves: they run without the GIL.

    Args:
        work: The function.
        items: Its arguments.
        alone: On this thread, as others are not worth their start.
    """
    threads = 1 if alone else numba.get_num_threads()
    if threads == 1:
        return [work(*item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        return [one.result() for one in [pool.submit(work, *item) for item in items]]
