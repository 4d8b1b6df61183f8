"""Kernels and what they call, compiled with less work, do what numba's own would do."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest
from numba.core import event
from numba.core.codegen import CPUCodeLibrary, JITCPUCodegen
from numba.core.errors import TypingError

from gallery.jit import kernel, machine_code, parallel_kernel
from gallery.jit.compiling import Compiling

_ERRORS = """
import numpy as np
from gallery.jit import inner_kernel, kernel

@inner_kernel
def checked(number):
    if number < 0:
        raise ValueError(f"found {number}")
    return number

@kernel
def total(numbers):
    found = 0
    for number in numbers:
        found += checked(number)
    return found

assert total(np.arange(4)) == 6
try:
    total(np.array([1, -2]))
except ValueError as error:
    print(error)
"""


def test_an_inner_kernel_says_what_is_wrong_when_compiled_and_when_read(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(_ERRORS, "utf-8")
    root = str(Path(__file__).parents[2])
    for _ in range(2):
        command = [sys.executable, str(program)]
        done = subprocess.run(
            command,
            env={**os.environ, "PYTHONPATH": root, "NUMBA_CACHE_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == "found -2\n"
    kept = [path for path in tmp_path.rglob("*.nbc") if "checked" in path.name]
    assert len(kept) == 1


def _double(number):  # type: ignore[no-untyped-def]
    return 2 * number


def _wrong(number):  # type: ignore[no-untyped-def]
    return number.missing


def test_garbage_is_collected_but_while_a_kernel_is_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    during: list[bool] = []

    class Looks(event.Listener):  # type: ignore[misc]
        def on_start(self, told: object) -> None:
            during.append(gc.isenabled())

        def on_end(self, told: object) -> None:
            pass

    with event.install_listener("numba:run_pass", Looks()):
        assert kernel(_double)(2) == 4
        with pytest.raises(TypingError):
            kernel(_wrong)(2)
        assert set(during) == {False}
        assert gc.isenabled()
        during.clear()
        assert numba.njit(_double)(2) == 4
        assert set(during) == {True}


def _raised(numbers):  # type: ignore[no-untyped-def]
    out = np.empty_like(numbers)
    for i in numba.prange(len(numbers)):
        out[i] = max(numbers[i], np.int8(1))
    return out


def test_what_kernels_call_is_compiled_once_and_optimised_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[str] = []
    optimised: list[str] = []
    optimise = CPUCodeLibrary._optimize_final_module

    class Names(event.Listener):  # type: ignore[misc]
        def on_start(self, told: event.Event) -> None:
            compiled.append(told.data["dispatcher"].py_func.__qualname__)

        def on_end(self, told: object) -> None:
            pass

    def counted(library: CPUCodeLibrary) -> None:
        optimised.append(library.name)
        optimise(library)

    monkeypatch.setattr(CPUCodeLibrary, "_optimize_final_module", counted)
    numbers = np.arange(3, dtype=np.uint16)  # of which no other kernel takes the larger of two
    with event.install_listener("numba:compile", Names()):
        for decorator in (kernel, parallel_kernel):
            monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / decorator.__name__))
            assert decorator(_raised)(numbers).tolist() == [1, 1, 2]
    assert compiled.count("_raised") == 2
    assert compiled.count("ol_max.<locals>.impl") == 1
    assert len(optimised) == 2


def test_a_numba_that_is_built_otherwise_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    before = JITCPUCodegen._library_class
    monkeypatch.setattr(machine_code, "_CHANGED", ((JITCPUCodegen, "absent"),))
    machine_code.link_kernels(Compiling(lambda _: False))
    assert JITCPUCodegen._library_class is before


_CALLS = """
import sys
from llvmlite import binding
from gallery.jit import kernel

parsed, parse = [], binding.parse_bitcode

def counted(code):
    parsed.append(code)
    return parse(code)

binding.parse_bitcode = counted

@kernel
def doubled(number):
    return 2 * number

@kernel
def more(number):
    return doubled(number) + 1

assert doubled(3) == 6
print(len(parsed))
if "more" in sys.argv:
    assert more(3) == 7
    print(len(parsed))
"""


def test_a_kernel_is_parsed_when_what_calls_it_is_compiled(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(_CALLS, "utf-8")
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])

    def printed(*arguments: str) -> list[str]:
        command = [sys.executable, str(program), *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.split()

    printed()
    assert printed("more") == ["0", "1"]
    assert printed("more") == ["0", "0"]


def test_numba_keeps_the_functions_of_others_in_its_own_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    kinds: list[str] = []
    for function in (numba.njit(cache=True)(_double), kernel(_double)):
        assert function(2) == 4
        (compiled,) = function.overloads.values()  # type: ignore[attr-defined]
        kinds.append(compiled.library.serialize_using_object_code()[1])
    assert kinds == ["object", machine_code._NAMED]
