"""Measures the first scan after an installation, where every kernel has to be compiled.

Run as `python -m tests.benchmarks.bench_start [--before DIRECTORY] [--runs N] [--model MODEL]`.
Each run is a process with an empty `NUMBA_CACHE_DIR`; with `--before` another tree of this program
takes turns with this one, with as many vertices. Prints seconds by the wall and of all processors,
medians, and then which kernels took longest to compile in this tree, each without those that it
calls.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.beside import ROOT, in_turn, medians

VERTICES = 100_000

KERNELS = """
import sys, time
from collections import Counter
from numba.core import event
from gallery.cli.main import main

spent, stack = Counter(), []

class Listener(event.Listener):
    def on_start(self, told):
        stack.append([time.thread_time(), 0.0])
    def on_end(self, told):
        start, inner = stack.pop()
        took = time.thread_time() - start
        if stack:
            stack[-1][1] += took
        function = told.data["dispatcher"].py_func
        spent[function.__module__ + "." + function.__qualname__] += took - inner

from gallery.rendering import ahead
ahead.compiled = lambda: True
event.register("numba:compile", Listener())
main(sys.argv[1:])
print(f"{sum(spent.values()):.1f} s of compiling in this process, by kernel:")
for name, seconds in spent.most_common(20):
    print(f"{seconds:7.2f} {name}")
"""


def scan(
    tree: Path, model: Path, program: Sequence[str], vertices: int, output: int | None = None
) -> tuple[float, float]:
    """Seconds of all processors and by the wall of a scan with nothing compiled.

    Args:
        tree: Directory of the program.
        model: What is drawn.
        program: Arguments of Python before those of `gallery`.
        vertices: Budget of the scan.
        output: Where what it prints goes, as for `subprocess.run`.
    """
    with tempfile.TemporaryDirectory() as room:
        start, used = time.perf_counter(), _busy()
        subprocess.run(
            [
                *(sys.executable, *program, "scan", str(model), "-o", f"{room}/scan.png"),
                *("--vertices", str(vertices)),
            ],
            check=True,
            stdout=output,
            cwd=tree,
            env={**os.environ, "PYTHONPATH": str(tree), "NUMBA_CACHE_DIR": f"{room}/kernels"},
        )
        return _busy() - used, time.perf_counter() - start


def _busy() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def first_scans(
    trees: Sequence[Path], model: Path, turns: int, vertices: int = VERTICES
) -> list[list[float]]:
    """Seconds of all processors and by the wall of each tree's first scan, in turn: medians."""
    found = in_turn(
        trees,
        lambda tree: scan(tree, model, ("-m", "gallery"), vertices, subprocess.DEVNULL),
        turns,
    )
    return [medians(runs) for runs in found]


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, help="compare with the program in this directory")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--vertices", type=int, default=VERTICES, help="budget of the scan")
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "unet.onnx")
    chosen = parser.parse_args()
    trees = [*([chosen.before.resolve()] if chosen.before else []), ROOT]
    found = first_scans(trees, chosen.model.resolve(), chosen.runs, chosen.vertices)
    for tree, (busy, wall) in zip(trees, found, strict=True):
        print(f"{tree}: {wall:.1f} s by the wall, {busy:.1f} s of processors")
    if chosen.before is not None:
        busy, wall = (now / was for was, now in zip(*found, strict=True))
        print(f"now over before: {wall:.2f} by the wall, {busy:.2f} of processors")
    scan(ROOT, chosen.model, ("-c", KERNELS), chosen.vertices)


if __name__ == "__main__":
    main()
