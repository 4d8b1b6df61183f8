"""The layout of the operators by Graphviz, or by rows of our own if every engine fails."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gallery.graph import ComputeGraph
from gallery.placement.graph_levels import FloatArray, IntArray, Level
from gallery.placement.graphviz_engines import (
    EngineError,
    Started,
    dot_source,
    positions,
    started,
)
from gallery.placement.hierarchy import Hierarchy, smaller
from gallery.placement.quotients import quotient
from gallery.placement.remembered import remembered

FALLBACKS = ("sfdp", "neato", "twopi")
"""Engines to try, in this order, if the requested one fails."""

MOST_NODES = {"dot": 500, "neato": 800, "fdp": 300, "circo": 300}
"""Most nodes that an engine places within a few seconds; 1,200 for engines not listed."""

MOST_CYCLES = {"dot": 400, "circo": 75}
"""Most edges beyond the number of nodes for these engines: with twice as many they can take half a
minute, and where a time limit strikes is not the same on every machine."""

_positions = remembered(
    positions, lambda ready, source, nodes: (ready.engine, ready.seconds, source, nodes)
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Skeleton:
    """Positions for the vertices of the coarsest level.

    Attributes:
        positions: float32 (n, 2), inches, y up.
        engine: The engine that made them, or "layers" for our own rows.
        fallback: Why the requested engine was not used, or "".
    """

    positions: FloatArray
    engine: str
    fallback: str = ""


def skeleton(graph: ComputeGraph, sizes: Hierarchy, ready: Started, seed: int) -> Skeleton:
    """Lay out the coarsest level with a Graphviz engine, or with the next one that works.

    If there are too many operators for the engine, it lays out their layers instead, and each
    operator starts at the position of its layer.

    Args:
        graph: The compute graph.
        sizes: Its levels.
        ready: The engine, started for "nodes"; others get as much processor time.
        seed: Seed of the engines that start from random positions.
    """
    reasons: list[str] = []
    for name in (ready.engine, *(other for other in FALLBACKS if other != ready.engine)):
        level, group = _small_enough(graph, sizes, MOST_NODES.get(name, 1200))
        edges, weights = _edges(level)
        cycles = len(edges) - level.vertices
        if cycles > MOST_CYCLES.get(name, cycles):
            reasons.append(f"{name} is slow on graphs with {cycles:,} more edges than nodes")
            continue
        if not len(edges):
            nowhere = np.zeros((level.vertices, 2), np.float32)
            return Skeleton(positions=nowhere[group], engine=name, fallback="; ".join(reasons))
        try:
            source = dot_source(edges, weights, seed)
            own = (
                nullcontext(ready)
                if name == ready.engine
                else started(name, ready.seconds, "nodes")
            )
            with own as engine:
                found = _positions(engine, source, level.vertices)
        except EngineError as error:
            reasons.append(str(error))
            continue
        missing = np.asarray(np.isnan(found).any(axis=1))
        if missing[edges].any():
            reasons.append(f"{name} gave no position for {int(missing[edges].sum())} ends of edges")
            continue
        found = np.where(missing[:, None], np.float32(0), found)[group]
        return Skeleton(positions=found, engine=name, fallback="; ".join(reasons))
    found = rows(sizes.levels[-1].whole())
    return Skeleton(positions=found, engine="layers", fallback="; ".join(reasons))


def _small_enough(graph: ComputeGraph, sizes: Hierarchy, limit: int) -> tuple[Level, IntArray]:
    """The coarsest level or a quotient of it, and the vertex there of each vertex of the level."""
    level = sizes.levels[-1].whole()
    group = np.arange(level.vertices, dtype=np.int32)
    for up in smaller(graph, sizes, limit):
        level = quotient(level, up, int(up.max()) + 1)
        group = up[group]
    return level, group


def _edges(level: Level) -> tuple[npt.NDArray[np.int32], FloatArray]:
    """Each edge once, smaller number first, with its weight over twice the mean, at most 1."""
    ends = np.repeat(np.arange(level.vertices, dtype=np.int32), np.diff(level.indptr))
    once = ends < level.neighbours
    edges = np.stack([ends[once], level.neighbours[once]], axis=1)
    weights = level.weights[once] if len(level.weights) else np.ones(len(edges), np.float32)
    if not len(edges):
        return edges, weights
    return edges, np.minimum(weights / (2 * weights.mean()), 1).astype(np.float32)


def rows(level: Level) -> FloatArray:
    """A layered layout that cannot fail: rows by longest path, in numerical order."""
    depth = np.zeros(level.vertices, np.int64)
    for vertex in range(level.vertices):
        before = level.neighbours[level.indptr[vertex] : level.indptr[vertex + 1]]
        before = before[before < vertex]
        if len(before):
            depth[vertex] = depth[before].max() + 1
    order = np.argsort(depth, kind="stable")
    width = np.bincount(depth)
    start = np.concatenate([[0], np.cumsum(width)])[:-1]
    column = np.empty(level.vertices, np.float64)
    column[order] = np.arange(level.vertices) - np.repeat(start, width)
    column -= (width[depth] - 1) / 2
    return np.stack([column, -depth], axis=1).astype(np.float32)
