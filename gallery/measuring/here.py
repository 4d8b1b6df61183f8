"""Runs a model on this machine and measures its operators, in a process with limits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from gallery.files import read_regular
from gallery.measuring.machine import machine, runtime_version
from gallery.measuring.runner import LEVELS
from gallery.measuring.types import Column, MeasurementError, MeasuringLimitError, Row, Table
from gallery.schema import MismatchError, each, number, record, row, text, whole

_POLL = 0.02
"""Seconds between two looks at the process."""

_LARGEST_RESULT = 64 << 20

_check = record(
    {
        "rows": each(row(text(200), text(80), number(0, 1e9), each(whole(0, 1 << 31))), 1 << 20),
        "run": number(0, 1e9),
        "version": text(80),
        "notes": each(text(1000), 20),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How a model is run.

    Attributes:
        dims: Sizes of symbolic dimensions, as for `load`.
        default_dim: As for `load`.
        shared: As for `load`.
        threads: Number of threads.
        level: Level of optimisation, "none", "basic", "extended" or "all".
        seconds: Limit of time, loading included.
        memory: Limit of resident memory, in bytes.
    """

    dims: Mapping[str, int] = field(default_factory=dict)
    default_dim: int = 0
    shared: Collection[str] = ()
    threads: int = 1
    level: str = "all"
    seconds: float = 120.0
    memory: int = 2 << 30


def measure(path: Path, trial: Trial) -> Table:
    """Run a model and measure its operators.

    Inputs are random, and so are weights that are absent.

    Args:
        path: The model.
        trial: How to run it.

    Raises:
        MeasurementError: ONNX Runtime is not installed or refuses the model, or a limit is reached.
    """
    assert trial.level in LEVELS
    if not runtime_version():
        raise MeasurementError(
            "ONNX Runtime is not installed (pip install 'gallery-of-networks[profile]')"
        )
    with tempfile.TemporaryDirectory(prefix="gallery-profile-") as name:
        folder = Path(name)
        request = {
            "path": str(path.absolute()),
            "dims": dict(trial.dims),
            "default_dim": trial.default_dim,
            "shared": sorted(trial.shared),
            "threads": trial.threads,
            "level": trial.level,
            "memory": trial.memory,
        }
        (folder / "request.json").write_text(json.dumps(request))
        _carry_out(folder, trial)
        result = _result(folder)
    threads = f"{trial.threads} thread" + ("s" if trial.threads != 1 else "")
    return Table(
        columns=(Column(name="", unit="s"),),
        rows=tuple(
            Row(name=name, type=kind, numbers=(seconds,), operators=tuple(operators))
            for name, kind, seconds, operators in result["rows"]
        ),
        device=f"{machine()}, {threads}, ONNX Runtime {result['version']}",
        run=float(result["run"]),
        whole=True,
        traced=True,
        notes=tuple(result["notes"]),
    )


def _result(folder: Path) -> dict[str, Any]:
    """What the process wrote, which is not trusted: it ran a stranger's model."""
    try:
        value = json.loads(read_regular(folder / "result.json", _LARGEST_RESULT))
        if isinstance(value, dict) and isinstance(value.get("refused"), str):
            raise MeasurementError(f"ONNX Runtime refused it: {value['refused'][:400]}")
        _check(value)
    except (OSError, ValueError, RecursionError, MismatchError) as error:
        raise MeasurementError("the process that ran it left no result") from error
    result: dict[str, Any] = value
    return result


def _carry_out(folder: Path, trial: Trial) -> None:
    """Run the process in a folder, and end it when it reaches a limit."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "gallery.measuring.runner", str(folder)],
        cwd=folder,
        env=env,
        stdin=subprocess.PIPE,  # it ends when this does, which the end of this process brings about
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    started = time.monotonic()
    try:
        while process.poll() is None:
            held = 0
            with suppress(psutil.Error):
                held = psutil.Process(process.pid).memory_info().rss
            if held > trial.memory:
                raise MeasuringLimitError(f"it needs more than {trial.memory >> 20:,} MiB to run")
            if time.monotonic() - started > trial.seconds:
                break
            time.sleep(_POLL)
        # A process that ended between two looks may have been late all the same.
        if time.monotonic() - started > trial.seconds:
            raise MeasuringLimitError(f"it takes more than {trial.seconds:g} s to run")
    finally:
        process.kill()
        process.communicate()  # waits for it, and closes the pipe
    if process.returncode:
        raise MeasurementError(f"the process that ran it ended with {process.returncode}")
