"""Runs of ONNX Runtime against what this program tells of them.

`python -m tests.benchmarks.bench_profile memory [MODEL...]`: the modelled peak of activations and
that of ONNX Runtime's own events, without optimisations on one thread. Its arena rounds sizes up to
256 bytes, gives whole regions away, and keeps what a kernel needs while it runs, so it is told
twice: what was requested, and what the arena held for it.

`python -m tests.benchmarks.bench_profile joined [LEVEL...] [MODEL...]`: at each level of
optimisation, the share of the measured time that was joined to operators, and sums by layer as a
share of the run.

Without names, all sample models, one after another, each in a process of its own. The largest
needs 9 GB of memory.
"""

from __future__ import annotations

import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from gallery.costs.sequential import sequential_memory
from gallery.errors import LoadError
from gallery.loading.load import load
from gallery.measuring.here import Trial, measure
from gallery.measuring.joining import join
from gallery.measuring.runner import LEVELS
from gallery.measuring.sums import sums
from gallery.measuring.types import MeasurementError
from tests.costs.test_sequential import held_by_runtime

MODELS = Path(__file__).parents[2] / "models"
MEMORY = 13 << 30


def memory(path: Path) -> None:
    """Print the peaks of one model."""
    told = sequential_memory(load(path))
    peak = told.peak if told else 0
    with tempfile.TemporaryDirectory() as folder:
        events = held_by_runtime(path, Path(folder))
    requested = max(one.requested for one in events)
    held = max(one.held for one in events)
    steps = len(told.order) if told else 0
    print(
        f"{path.stem:18} {peak / 1e6:10.3f} MB modelled, {peak / requested:.4f} of requested, "
        f"{peak / held:.4f} of held by the arena; {steps} operators, {len(events)} events",
        flush=True,
    )


def joined(path: Path, levels: Sequence[str]) -> None:
    """Print what was joined of one model, at each of some levels."""
    try:
        model = load(path)
    except LoadError as error:
        print(f"{path.stem:18} cannot be loaded: {error}")
        return
    for level in levels:
        started = time.monotonic()
        try:
            table = measure(path, Trial(level=level, memory=MEMORY, seconds=900))
        except MeasurementError as error:
            print(f"{path.stem:18} {level:8} {error}", flush=True)
            continue
        found = join(table, model, source="", device="")
        for one in found.measurements:
            own = one.total - one.apart
            layers = math.fsum(float(value) for _, value in sums(one, model)["layers"])
            print(
                f"{path.stem:18} {level:8} {100 * (1 - one.lost / own):6.2f} % joined, layers "
                f"{100 * (layers + one.apart + one.lost) / one.run:6.2f} % of a run of "
                f"{1e3 * one.run:8.2f} ms, of it {100 * one.apart / one.total:.2f} % layouts; "
                f"{len(table.rows)} events, {time.monotonic() - started:.0f} s",
                flush=True,
            )


def main(what: str, names: list[str]) -> None:
    """Print the table."""
    levels = [name for name in names if name in LEVELS]
    paths = [Path(name) for name in names if name not in LEVELS] or sorted(MODELS.glob("*.onnx"))
    if len(paths) > 1:
        for path in paths:
            command = [
                sys.executable,
                "-m",
                "tests.benchmarks.bench_profile",
                what,
                *levels,
                str(path),
            ]
            subprocess.run(command, check=False)
    elif what == "memory":
        memory(paths[0])
    else:
        joined(paths[0], levels or list(LEVELS))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
