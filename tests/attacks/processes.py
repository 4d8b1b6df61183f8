"""Attacks on a build's processes: none outlives the build, however that ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from tests.attacks.frame import Ground, attack

_SAMPLE = Path(__file__).parents[2] / "models" / "lstm.onnx"
_SECONDS = 60


def _killed(ground: Ground, number: int) -> None:
    """Build a larger model and end the build alone while its workers run."""
    (ground.models / "lstm.onnx").write_bytes(_SAMPLE.read_bytes())
    (ground.models / "gallery.toml").write_text("[scan]\nvertices = 100000\n")
    command = [sys.executable, "-m", "gallery", "build", str(ground.models), "-o", str(ground.site)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as build:
        below = _wait(lambda: _busy(build.pid))
        build.send_signal(number)
        build.wait(_SECONDS)
    assert below, "the build had no workers"
    _wait(lambda: not any(_runs(one) for one in below))
    left = [one for one in below if _runs(one)]
    assert not left, f"{left} outlived the build"


def _busy(pid: int) -> list[psutil.Process]:
    """The descendants of a build once one of them has worked for a while."""
    below = psutil.Process(pid).children(recursive=True)
    return below if any(one.cpu_times().user > 1 for one in below) else []


def _wait(until):  # type: ignore[no-untyped-def]
    """What a function returns, as soon as that is something."""
    end = time.monotonic() + _SECONDS
    while not (found := until()) and time.monotonic() < end:
        pass
    return found


def _runs(process: psutil.Process) -> bool:
    return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)


@attack("processes", "no process outlives a build that is terminated", short=True)
def terminated(ground: Ground) -> None:
    _killed(ground, signal.SIGTERM)


@attack("processes", "no process outlives a build whose terminal is closed")
def hung_up(ground: Ground) -> None:
    _killed(ground, signal.SIGHUP)


@attack("processes", "no process outlives a build that is killed")
def killed(ground: Ground) -> None:
    _killed(ground, signal.SIGKILL)
