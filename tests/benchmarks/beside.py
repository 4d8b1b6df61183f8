"""Runs this program and another tree of it in turn, each time in a process of its own."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).parents[2]

Found = TypeVar("Found")

CLOCK = """
import json, resource, sys, time

def busy():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)

def timed(work):
    wall, used = time.perf_counter(), busy()
    made = work()
    return made, [busy() - used, time.perf_counter() - wall]
"""
"""For measured programs: `busy()` gives seconds of the processor, with those of children that
ended; `timed(work)` what a function returns, and its seconds of the processor and by the wall."""


def told(tree: Path, program: str, *arguments: object, **environment: str) -> Any:
    """What a program prints as JSON in its last line, run by a tree after `CLOCK`.

    Args:
        tree: Directory of the gallery's program that is imported.
        program: Python code.
        arguments: Its arguments.
        environment: Variables beside those of this process.
    """
    done = subprocess.run(
        [sys.executable, "-c", CLOCK + program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=tree,
        env={**os.environ, **environment, "PYTHONPATH": str(tree)},
    )
    return json.loads(done.stdout.splitlines()[-1])


def in_turn(
    trees: Sequence[Path], measure: Callable[[Path], Found], turns: int
) -> list[list[Found]]:
    """What is measured of each tree, turn by turn."""
    found: list[list[Found]] = [[] for _ in trees]
    for _ in range(turns):
        for tree, column in zip(trees, found, strict=True):
            column.append(measure(tree))
    return found


def medians(runs: Sequence[Sequence[float]]) -> list[float]:
    """The median of each number over several runs."""
    return [statistics.median(column) for column in zip(*runs, strict=True)]
