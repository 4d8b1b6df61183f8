"""Kernels that several processes need at once are compiled by one of them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numba
import pytest

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
        assert waits.wait(10)
        first.save_overload(wanted, compiled.overloads[wanted])
        assert found.result(10) is not None


def test_a_process_that_waits_too_long_compiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(jit, "_PATIENCE", 0.0)
    first, second = jit.CompiledOnce(_next), jit.CompiledOnce(_next)
    assert first.load_overload((numba.int64,), numba.njit(_next).targetctx) is None
    assert second.load_overload((numba.int64,), numba.njit(_next).targetctx) is None
