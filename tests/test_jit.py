"""Kernels that several processes need at once are compiled by one of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numba
import pytest
from numba.core.errors import TypingError

from gallery import jit


def _next(number: int) -> int:
    return number + 1


def test_the_second_waits_for_what_the_first_compiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    waits = threading.Event()
    monkeypatch.setattr(jit.time, "sleep", lambda _: waits.set())
    first, second = jit.CompiledOnce(_next), jit.CompiledOnce(_next)
    compiled, wanted = numba.njit(_next), (numba.int64,)
    compiled.compile(wanted)
    assert first.load_overload(wanted, compiled.targetctx) is None
    with ThreadPoolExecutor(1) as other:
        found = other.submit(second.load_overload, wanted, compiled.targetctx)
        assert waits.wait(300)
        first.save_overload(wanted, compiled.overloads[wanted])
        assert found.result(300) is not None


def test_a_process_that_waits_too_long_compiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(jit, "_PATIENCE", 0.0)
    first, second = jit.CompiledOnce(_next), jit.CompiledOnce(_next)
    assert first.load_overload((numba.int64,), numba.njit(_next).targetctx) is None
    assert second.load_overload((numba.int64,), numba.njit(_next).targetctx) is None


def _wrong(number: Any) -> Any:
    return number.missing


def test_a_kernel_that_cannot_be_compiled_keeps_no_other_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(jit.time, "sleep", lambda _: pytest.fail("it waits"))
    first, second = jit.kernel(_wrong), jit.kernel(_wrong)
    for one in (first, second):
        with pytest.raises(TypingError):
            one(2)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], jit._Files]:
    """The files of a kernel as a process sees them."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    return lambda: jit.CompiledOnce(_next)._cache_file


def test_what_an_older_version_has_left_is_never_read(
    files: Callable[[], jit._Files], monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, reader, found = files(), files(), []
    writer.save("old", "old code")
    writer.flush()  # as when the source has changed
    write = writer._save_data

    def look(*given: object) -> None:
        found.append(reader.load("new"))
        write(*given)

    monkeypatch.setattr(writer, "_save_data", look)
    writer.save("new", "new code")
    assert [*found, reader.load("new")] == [None, "new code"]


def test_two_that_write_at_once_keep_their_own(
    files: Callable[[], jit._Files], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other, waits = files(), files(), threading.Event()
    write = one._save_data
    monkeypatch.setattr(jit.time, "sleep", lambda _: waits.set())
    with ThreadPoolExecutor(1) as pool:

        def meanwhile(*given: object) -> None:
            pool.submit(other.save, "other", "other code")
            assert waits.wait(300)
            write(*given)

        monkeypatch.setattr(one, "_save_data", meanwhile)
        one.save("one", "one code")
    assert [files().load(key) for key in ("one", "other")] == ["one code", "other code"]
