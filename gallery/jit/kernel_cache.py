"""Keeps what kernels were compiled to, for this process and all others on the machine.

Numba's cache, but for three things: of the processes that need a kernel at once one compiles it; an
index never names a file that is not written yet; and a kernel is compiled again when anything that
it is made of has changed.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from numba.core import event
from numba.core.caching import FunctionCache, IndexDataCacheFile

from gallery.fingerprint import fingerprint

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


class Failures(event.Listener):  # type: ignore[misc]
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
