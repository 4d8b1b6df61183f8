"""Kernels that several processes need at once are compiled by one of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numba
import pytest
from numba.core.errors import TypingError

from gallery import fingerprint, jit
from gallery.jit import kernel_cache


def _next(number: int) -> int:
    return number + 1


def test_the_second_waits_for_what_the_first_compiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    waits = threading.Event()
    monkeypatch.setattr(kernel_cache.time, "sleep", lambda _: waits.set())
    first, second = kernel_cache.CompiledOnce(_next), kernel_cache.CompiledOnce(_next)
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
    monkeypatch.setattr(kernel_cache, "_PATIENCE", 0.0)
    first, second = kernel_cache.CompiledOnce(_next), kernel_cache.CompiledOnce(_next)
    assert first.load_overload((numba.int64,), numba.njit(_next).targetctx) is None
    assert second.load_overload((numba.int64,), numba.njit(_next).targetctx) is None


def _wrong(number: Any) -> Any:
    return number.missing


def test_a_kernel_that_cannot_be_compiled_keeps_no_other_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(kernel_cache.time, "sleep", lambda _: pytest.fail("it waits"))
    first, second = jit.kernel(_wrong), jit.kernel(_wrong)
    for one in (first, second):
        with pytest.raises(TypingError):
            one(2)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], kernel_cache._Files]:
    """The files of a kernel as a process sees them."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    return lambda: kernel_cache.CompiledOnce(_next)._cache_file


def test_what_an_older_version_has_left_is_never_read(
    files: Callable[[], kernel_cache._Files], monkeypatch: pytest.MonkeyPatch
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
    files: Callable[[], kernel_cache._Files], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other, waits = files(), files(), threading.Event()
    write = one._save_data
    monkeypatch.setattr(kernel_cache.time, "sleep", lambda _: waits.set())
    with ThreadPoolExecutor(1) as pool:

        def meanwhile(*given: object) -> None:
            pool.submit(other.save, "other", "other code")
            assert waits.wait(300)
            write(*given)

        monkeypatch.setattr(one, "_save_data", meanwhile)
        one.save("one", "one code")
    assert [files().load(key) for key in ("one", "other")] == ["one code", "other code"]


_CALLS = """
from gallery.constants import STEP
from gallery.inner import next_of
from gallery.jit import kernel

@kernel
def both(number):
    return next_of(number) * STEP

print(both(1))
"""

_INNER = """
from gallery.jit import inner_kernel

@inner_kernel
def next_of(number):
    return number + 1
"""


def test_a_kernel_is_compiled_again_when_what_it_calls_has_changed(tmp_path: Path) -> None:
    """numba 0.68 compares the file of a kernel alone, and goes on with the old code of others."""
    package = tmp_path / "gallery"
    package.mkdir()
    (package / "__init__.py").touch()
    shutil.copy(fingerprint.__file__, package)
    shutil.copytree(
        Path(jit.__file__).parent, package / "jit", ignore=shutil.ignore_patterns("__pycache__")
    )

    def result(constants: str, inner: str) -> tuple[str, int]:
        for name, text in (("constants", constants), ("inner", inner), ("outer", _CALLS)):
            (package / f"{name}.py").write_text(text, "utf-8")
        given = {"PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "kernels")}
        told = subprocess.run(
            [sys.executable, "-B", "-c", "import gallery.outer"],
            cwd=tmp_path,
            env={**os.environ, **given},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        kept = (tmp_path / "kernels").rglob("outer.both*.nbi")
        return told.strip(), max(one.stat().st_mtime_ns for one in kept)

    first = result("STEP = 10", _INNER)
    assert first[0] == "20"
    assert result("STEP = 10", _INNER) == first
    assert result("STEP = 100", _INNER)[0] == "200"
    assert result("STEP = 100", _INNER.replace("+ 1", "+ 2"))[0] == "300"
