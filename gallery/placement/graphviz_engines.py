"""Runs a Graphviz engine on a weighted graph of numbered nodes, with a time limit.

Nodes are integers: no name from a model ever reaches DOT. The library bundled with pygraphviz does
the work; see https://graphviz.org/docs/layouts/ for the engines.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import graphviz
import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

ENGINES = ("dot", "neato", "fdp", "sfdp", "circo", "twopi", "osage", "patchwork")
"""The engines of Graphviz, each of which gives scans a different shape."""

_PROGRAM = Path(__file__).with_name("graphviz_process.py")
_POINTS_PER_INCH = 72.0

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
    for node in nodes.tolist():
        graph.node(str(node))
    for (source, reader), weight in zip(edges.tolist(), weights.tolist(), strict=True):
        graph.edge(
            str(source),
            str(reader),
            weight=str(1 + round(4 * weight)),
            len=f"{1.5 - 0.5 * weight:.3f}",
        )
    return str(graph.source)


def _components(edges: npt.NDArray[np.int32]) -> int:
    """Number of connected components, without isolated nodes."""
    nodes, ends = np.unique(edges, return_inverse=True)
    sources, readers = ends.reshape(-1, 2).T
    joined = coo_array((np.ones(len(edges), bool), (sources, readers)), (len(nodes), len(nodes)))
    return int(connected_components(joined, directed=False, return_labels=False))


def run(engine: str, source: str, nodes: int, seconds: float) -> npt.NDArray[np.float32]:
    """Positions from a Graphviz engine: float32 (nodes, 2), inches, y up; NaN for absent nodes.

    Args:
        engine: One of `ENGINES`.
        source: The graph as DOT, with nodes from 0..nodes-1.
        nodes: Number of nodes.
        seconds: Time limit, after which the engine is killed.

    Raises:
        EngineError: It took too long or crashed.
    """
    positions = np.full((nodes, 2), np.nan, np.float32)
    for node, place in places(engine, source, seconds, "nodes")["nodes"].items():
        positions[int(node)] = place or np.nan
    return positions / np.float32(_POINTS_PER_INCH)


def places(engine: str, source: str, seconds: float, *parts: str) -> dict[str, Any]:
    """Where an engine puts the parts of a graph, in points, y up.

    Args:
        engine: One of `ENGINES`.
        source: The graph as DOT.
        seconds: Time limit, after which the engine is killed.
        parts: Some of "nodes" (x and y by name), "edges" (by id: "points", the control points of
            the curve with its tip last, and "label", x and y of the label or an empty list),
            "clusters" (left, bottom, right, top by name) and "box" (the same for the whole graph).

    Raises:
        EngineError: It took too long or crashed.
    """
    # -P keeps this directory off the module path, where its types.py would shadow Python's own.
    command = [sys.executable, "-P", str(_PROGRAM), engine, str(seconds), *parts]
    try:
        done = subprocess.run(  # noqa: S603
            command, input=source, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as late:
        raise EngineError(f"{engine} did not finish within {seconds:g} s") from late
    if done.returncode:
        tail = " ".join(done.stderr.split()[-20:])
        raise EngineError(f"{engine} failed with exit status {done.returncode}: {tail}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found
