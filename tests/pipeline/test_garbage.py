"""Python looks for garbage rarely, and not at all during a block of objects that stay."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from gallery.pipeline.garbage import lasting, until_the_end


@pytest.mark.parametrize("module", ["gallery.cli.main", "gallery.pipeline.workers.worker"])
def test_commands_and_workers_look_for_garbage_rarely(module: str) -> None:
    told = "gc.set_threshold = lambda *most: print('most', most[0], file=sys.stderr, flush=True)"
    done = subprocess.run(
        [sys.executable, "-c", f"import gc, sys, {module}; {told}; {module}.main()", "facts"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "most 50000\n" in done.stderr


def test_nobody_looks_for_garbage_at_the_end() -> None:
    # What is registered first runs last.
    told = "atexit.register(lambda: print('frozen', gc.get_freeze_count() > 0))"
    asked = "from gallery.pipeline.garbage import look_rarely; look_rarely()"
    program = f"import atexit, gc; {told}; {asked}"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "frozen True\n"


class Self:
    """Refers to itself: garbage once nobody else does."""

    def __init__(self) -> None:
        self.itself = self


def test_nobody_looks_for_garbage_during_a_lasting_block() -> None:
    assert gc.isenabled()
    with until_the_end():
        with lasting():
            assert not gc.isenabled()
            kept = Self()
        assert gc.isenabled()
        frozen = gc.get_freeze_count()
        assert frozen > 0
        del kept
        gc.collect()
        assert gc.get_freeze_count() == frozen
    assert gc.get_freeze_count() == 0
    assert gc.collect() > 0


def test_who_had_turned_the_search_off_finds_it_off() -> None:
    gc.disable()
    try:
        with until_the_end(), lasting():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_block_that_fails_leaves_the_search_on() -> None:
    try:
        with until_the_end(), lasting():
            raise ValueError
    except ValueError:
        pass
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
