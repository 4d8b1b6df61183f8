"""Processes that make much and throw away little do not keep looking for garbage."""

from __future__ import annotations

import subprocess
import sys

import pytest


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
