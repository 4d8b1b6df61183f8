"""Runs a Graphviz engine on a weighted graph of numbered nodes, with a limit of processor time.

By the clock the same engine would finish on one machine and fall back on a busier one.

Nodes are integers: no name from a model ever reaches DOT. The library bundled with pygraphviz does
the work; see https://graphviz.org/docs/layouts/ for the engines.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import graphviz
import numpy as np
import numpy.typing as npt
import psutil

from gallery.errors import LayoutError
from gallery.placement.parts import parts_of

ENGINES = ("dot", "neato", "fdp", "sfdp", "circo", "twopi", "osage", "patchwork")
"""The engines of Graphviz, each of which gives scans a different shape."""

_PROGRAM = Path(__file__).with_name("graphviz_process.py")
_POINTS_PER_INCH = 72.0

_PATIENCE = 10
"""How many times its limit of processor time an engine may take by the clock."""

_LEAST_PATIENCE = 60.0
"""Seconds by the clock that an engine may take in any case."""

_NOT_LOADED = 3
"""The program's exit status if it cannot load the library (`graphviz_process.NOT_LOADED`)."""

_LIBRARIES = (
    "install the system's library that it names; on Debian: libglib2.0-0 libxrender1 libx11-6"
)

_POLL = 0.1
"""Seconds between two looks at an engine's processor time."""

_MOST_PACKED = 32
"""Most components that Graphviz may fit into each other. Packing takes quadratic time: 150 pairs of
nodes took 3.2 s, but only 0.17 s in an array (Graphviz 14.1)."""


class EngineError(Exception):
    """An engine gave no positions; the message says why."""


def dot_source(edges: npt.NDArray[np.int32], weights: npt.NDArray[np.float32], seed: int) -> str:
    """The graph as DOT.

    Nodes without an edge are left out: they need no engine, and sfdp takes a minute to pack 1,000.

    Args:
        edges: int32 (k, 2), (source, reader).
        weights: float32 (k,), amount of data, at most 1; more data pulls nodes closer together.
        seed: Seed of the engines that start from random positions.
    """
    nodes = np.unique(edges)
    packed = {"pack": "true"} if _components(edges) <= _MOST_PACKED else {"packmode": "array"}
    graph = graphviz.Digraph(
        graph_attr={"start": str(seed), "overlap": "true", "splines": "false", **packed},
        node_attr={"shape": "point", "width": "0.2", "label": ""},
    )
    # Numbers need no quotes; looking for what does takes the library five times as long.
    graph.body.extend(f"\t{node}\n" for node in nodes.tolist())
    graph.body.extend(
        f"\t{source} -> {reader} [len={1.5 - 0.5 * weight:.3f} weight={1 + round(4 * weight)}]\n"
        for (source, reader), weight in zip(edges.tolist(), weights.tolist(), strict=True)
    )
    return str(graph.source)


def _components(edges: npt.NDArray[np.int32]) -> int:
    """Number of connected components, without isolated nodes."""
    nodes, ends = np.unique(edges, return_inverse=True)
    return int(parts_of(len(nodes), ends.reshape(-1, 2)).max(initial=-1)) + 1


def run(engine: str, source: str, nodes: int, seconds: float) -> npt.NDArray[np.float32]:
    """Positions from a Graphviz engine: float32 (nodes, 2), inches, y up; NaN for absent nodes.

    Args:
        engine: One of `ENGINES`.
        source: The graph as DOT, with nodes from 0..nodes-1.
        nodes: Number of nodes.
        seconds: Limit of processor time, after which the engine is killed.

    Raises:
        EngineError: It took too long or crashed.
        LayoutError: The machine did not let it run, or lacks a library that Graphviz needs.
    """
    with started(engine, seconds, "nodes") as ready:
        return positions(ready, source, nodes)


def positions(ready: Started, source: str, nodes: int) -> npt.NDArray[np.float32]:
    """What `run` gives, from an engine that was started for "nodes"."""
    found = np.full((nodes, 2), np.nan, np.float32)
    for node, place in ready.places(source)["nodes"].items():
        found[int(node)] = place or np.nan
    return found / np.float32(_POINTS_PER_INCH)


def places(engine: str, source: str, seconds: float, *parts: str) -> dict[str, Any]:
    """Where an engine puts the parts of a graph, in points, y up.

    Args:
        engine: One of `ENGINES`.
        source: The graph as DOT.
        seconds: Limit of processor time, after which the engine is killed.
        parts: Some of "nodes" (x and y by name), "edges" (by id: "points", the control points of
            the curve with its tip last, and "label", x and y of the label or an empty list),
            "clusters" (left, bottom, right, top by name) and "box" (the same for the whole graph).

    Raises:
        EngineError: It took too long or crashed.
        LayoutError: The machine did not let it run, or lacks a library that Graphviz needs.
    """
    with started(engine, seconds, *parts) as ready:
        return ready.places(source)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Started:
    """A process that runs an engine once, on the graph that it is given.

    Attributes:
        engine: One of `ENGINES`.
        seconds: Limit of processor time, after which the engine is killed.
        process: The process.
        wall: Limit by the clock, from when it has its graph.
    """

    engine: str
    seconds: float
    process: subprocess.Popen[str]
    wall: float

    def places(self, source: str) -> dict[str, Any]:
        """Where the parts that it was started for are; as `places`."""
        process, engine = self.process, self.engine
        late = time.monotonic() + self.wall
        # By a thread: a pipe takes no more while the engine does not read, and `communicate`
        # forgets what it has not written yet when it is called again.
        given, process.stdin = process.stdin, None
        text = f"{self.wall}\n{source}"
        threading.Thread(target=_give, args=(given, text), daemon=True).start()
        output, log = self._finished(late)
        if process.returncode and process.returncode == -getattr(signal, "SIGKILL", 0):
            killed = f"{engine} was killed from outside, perhaps for lack of memory"
            raise LayoutError(killed, hint="build again")
        if process.returncode == _NOT_LOADED:
            raise LayoutError(f"Graphviz cannot be loaded: {log.strip()}", hint=_LIBRARIES)
        if process.returncode and time.monotonic() > late:
            raise self._too_late()  # It has the same limit, and may have noticed first.
        if process.returncode:
            tail = " ".join(log.split()[-20:])
            raise EngineError(f"{engine} failed with exit status {process.returncode}: {tail}")
        found: dict[str, Any] = json.loads(output)
        return found

    def _finished(self, late: float) -> tuple[str, str]:
        """What the process writes to its output and its log, if it ends by a time."""
        while True:
            with suppress(subprocess.TimeoutExpired):
                return self.process.communicate(timeout=min(_POLL, self.seconds))
            if _processor_time(self.process.pid) > self.seconds:
                limit = f"{self.seconds:g} s of processor time"
                raise EngineError(f"{self.engine} did not finish within {limit}")
            if time.monotonic() > late:
                raise self._too_late()

    def _too_late(self) -> LayoutError:
        time_of = f"{self.seconds:g} s of processor time within {self.wall:g} s"
        found = f"{self.engine} got less than {time_of}"
        return LayoutError(found, hint="build again when the machine is less busy")


@contextmanager
def started(engine: str, seconds: float, *parts: str) -> Iterator[Started]:
    """An engine that loads its library while its graph is still being made.

    Args:
        engine: One of `ENGINES`.
        seconds: Limit of processor time, after which the engine is killed.
        parts: What `places` is to give.
    """
    # Isolated and without site packages, it starts sooner, and this directory is not on the module
    # path, where its types.py would shadow Python's own.
    wall = max(seconds * _PATIENCE, _LEAST_PATIENCE)
    command = [sys.executable, "-I", "-S", str(_PROGRAM), _folder(), engine, *parts]
    pipe = subprocess.PIPE
    with subprocess.Popen(  # noqa: S603
        command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, encoding="utf-8"
    ) as process:
        try:
            yield Started(engine=engine, seconds=seconds, process=process, wall=wall)
        finally:
            process.kill()


@cache
def _folder() -> str:
    """Where pygraphviz is; the process need not look for it.

    Raises:
        LayoutError: It is not installed.
    """
    found = find_spec("pygraphviz")
    if found is None or not found.submodule_search_locations:
        raise LayoutError("pygraphviz is not installed", hint="install it: pip install pygraphviz")
    return found.submodule_search_locations[0]


def _give(pipe: IO[str], text: str) -> None:
    with suppress(OSError), pipe:  # It may end before it has read all.
        pipe.write(text)


def _processor_time(pid: int) -> float:
    with suppress(psutil.Error):
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system)
    return 0.0
