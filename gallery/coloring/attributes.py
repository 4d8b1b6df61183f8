"""Continuous attributes: a number per vertex, its position on a scale, and the ticks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gallery.errors import RenderError
from gallery.execution.run import run
from gallery.execution.types import Execution
from gallery.graph import ComputeGraph, Kind
from gallery.jit import kernel
from gallery.numerics.elementary import exp, log
from gallery.settings.attributes import TABLE, Source
from gallery.targets import TARGETS

Values = npt.NDArray[np.float64]
Positions = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Given:
    """The sources that colours can be computed from.

    Attributes:
        graph: The graph to colour.
        positions: float32 (n, 2), or None.
        execution: How it runs, or None to find out where that is needed.
    """

    graph: ComputeGraph
    positions: Positions | None = None
    execution: Execution | None = None

    def has(self, source: Source) -> bool:
        """Whether a source is available."""
        return {
            "graph": True,
            "positions": self.positions is not None,
            "execution": self.execution is not None or self.graph.target in TARGETS,
        }.get(source, False)

    def run(self) -> Execution:
        """How the graph runs on its target."""
        return self.execution or run(self.graph)

    def check(self, attribute: str) -> None:
        """Raise `RenderError` unless all sources that an attribute needs are available."""
        for source in sorted(TABLE[attribute].needs):
            if not self.has(source):
                found = f"colours by {attribute} need {_NEEDED[source][0]}"
                raise RenderError(found, self.graph.model, _NEEDED[source][1])


_NEEDED: Mapping[Source, tuple[str, str]] = {
    "graph": ("a graph", "lower the model first"),
    "positions": ("a layout", "pass positions=layout.positions"),
    "execution": (
        "a target, which the graph does not have",
        "lower it for one, or colour by layer",
    ),
    "facts": ("the facts of the model", "colour by layer"),
    "measurements": ("measurements", "colour by layer"),
}


@kernel
def _depths(indptr: npt.NDArray[np.int64], sources: npt.NDArray[np.int32]) -> Values:
    # Vertices are in topological order, so one sweep is enough.
    depth = np.zeros(len(indptr) - 1, np.float64)
    for v in range(len(depth)):
        longest = -1.0
        for e in range(indptr[v], indptr[v + 1]):
            longest = max(longest, depth[sources[e]])
        depth[v] = longest + 1.0
    return depth


@kernel
def _read(
    indptr: npt.NDArray[np.int64],
    sources: npt.NDArray[np.int32],
    weight: npt.NDArray[np.float64],
) -> Values:
    # The sum of the weights of the sources of each vertex.
    total = np.zeros(len(indptr) - 1, np.float64)
    for v in range(len(total)):
        for e in range(indptr[v], indptr[v + 1]):
            total[v] += weight[sources[e]]
    return total


@kernel
def _lengths(
    indptr: npt.NDArray[np.int64],
    sources: npt.NDArray[np.int32],
    positions: Positions,
) -> Values:
    # The mean length of the incoming edges of each vertex.
    mean = np.zeros(len(indptr) - 1, np.float64)
    for v in range(len(mean)):
        for e in range(indptr[v], indptr[v + 1]):
            dx = positions[v, 0] - positions[sources[e], 0]
            dy = positions[v, 1] - positions[sources[e], 1]
            mean[v] += np.sqrt(dx * dx + dy * dy)
        if indptr[v + 1] > indptr[v]:
            mean[v] /= indptr[v + 1] - indptr[v]
    return mean


def _depth(given: Given) -> Values:
    return np.asarray(_depths(given.graph.indptr, given.graph.sources))


def _flops(given: Given) -> Values:
    return given.graph.vertex_flops.astype(np.float64)


def _bytes(given: Given) -> Values:
    graph = given.graph
    written = graph.vertex_bytes.astype(np.float64)
    return np.asarray(_read(graph.indptr, graph.sources, written) + graph.vertex_bytes)


def _exchange(given: Given) -> Values:
    return given.run().vertex_sent


def _degree(given: Given) -> Values:
    graph = given.graph
    degree = np.diff(graph.indptr) + np.bincount(graph.sources, minlength=graph.vertices)
    return degree.astype(np.float64)


def _tile(given: Given) -> Values:
    return given.run().vertex_tile.astype(np.float64)


def _start(given: Given) -> Values:
    return given.run().vertex_start


def _time(given: Given) -> Values:
    return given.run().vertex_time


def _length(given: Given) -> Values:
    assert given.positions is not None
    return np.asarray(_lengths(given.graph.indptr, given.graph.sources, given.positions))


def _parameters(given: Given) -> Values:
    graph = given.graph
    own = np.where(graph.vertex_kind == Kind.PARAMETER, graph.vertex_bytes, 0.0)
    return np.asarray(_read(graph.indptr, graph.sources, own.astype(np.float64)) + own)


VALUES: Mapping[str, Callable[[Given], Values]] = {
    "depth": _depth,
    "flops": _flops,
    "bytes": _bytes,
    "exchange": _exchange,
    "degree": _degree,
    "tile": _tile,
    "start": _start,
    "time": _time,
    "length": _length,
    "parameters": _parameters,
}
"""The values of each continuous attribute: float64 (n,), not negative."""


def places(values: Values, logarithmic: bool) -> tuple[Values, tuple[tuple[float, float], ...]]:
    """Positions 0..1 on the scale, and (value, position) of its ticks.

    The scale runs from the smallest to the largest value; a logarithmic one starts at the first
    percentile of the positive values, so that a few tiny ones do not use up the palette.

    Args:
        values: float64 (n,), not negative.
        logarithmic: Whether the scale is logarithmic; zeros are at its low end.
    """
    shown = values[values > 0] if logarithmic else values
    if not len(shown):
        return np.zeros(len(values)), ((0.0, 0.0),)
    low = float(np.quantile(shown, 0.01)) if logarithmic else float(shown.min())
    high = float(shown.max())
    if high <= low:
        return np.where(values >= high, 0.5, 0.0), ((high, 0.5),)
    steps = np.linspace(0, 1, 5)
    if logarithmic:
        span = float(log(high / low))
        place = log(np.maximum(values, low) / low) / span
        ticks = low * exp(steps * span)
    else:
        place = (values - low) / (high - low)
        ticks = low + steps * (high - low)
    return np.clip(place, 0, 1), tuple(zip(ticks.tolist(), steps.tolist(), strict=True))
