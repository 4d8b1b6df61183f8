"""Continuous attributes: a number per vertex, a scale, and words for its ticks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gallery.coloring.exchange import exchange_bytes
from gallery.errors import RenderError
from gallery.graph import ComputeGraph, Kind
from gallery.jit import fast_kernel

Values = npt.NDArray[np.float64]
Positions = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How a continuous attribute is shown.

    Attributes:
        values: From a graph and, where they are needed, positions: float64 (n,).
        palette: The palette that it has by default.
        unit: Written behind the numbers of the legend.
        logarithmic: Whether places on the scale are logarithms; zeros stand at its low end.
    """

    values: Callable[[ComputeGraph, Positions | None], Values]
    palette: str
    unit: str
    logarithmic: bool


@fast_kernel
def _depths(indptr: npt.NDArray[np.int64], sources: npt.NDArray[np.int32]) -> Values:
    # IN indptr, sources; vertices are in topological order, so that one sweep is enough.
    depth = np.zeros(len(indptr) - 1, np.float64)
    for v in range(len(depth)):
        longest = -1.0
        for e in range(indptr[v], indptr[v + 1]):
            longest = max(longest, depth[sources[e]])
        depth[v] = longest + 1.0
    return depth


@fast_kernel
def _read(
    indptr: npt.NDArray[np.int64],
    sources: npt.NDArray[np.int32],
    weight: npt.NDArray[np.float64],
) -> Values:
    # IN indptr, sources, weight; OUT the sum of the weights of what each vertex reads.
    total = np.zeros(len(indptr) - 1, np.float64)
    for v in range(len(total)):
        for e in range(indptr[v], indptr[v + 1]):
            total[v] += weight[sources[e]]
    return total


@fast_kernel
def _lengths(
    indptr: npt.NDArray[np.int64],
    sources: npt.NDArray[np.int32],
    positions: Positions,
) -> Values:
    # IN indptr, sources, positions; OUT the mean length of the edges that each vertex reads.
    mean = np.zeros(len(indptr) - 1, np.float64)
    for v in range(len(mean)):
        for e in range(indptr[v], indptr[v + 1]):
            dx = positions[v, 0] - positions[sources[e], 0]
            dy = positions[v, 1] - positions[sources[e], 1]
            mean[v] += np.sqrt(dx * dx + dy * dy)
        if indptr[v + 1] > indptr[v]:
            mean[v] /= indptr[v + 1] - indptr[v]
    return mean


def _depth(graph: ComputeGraph, _: Positions | None) -> Values:
    return np.asarray(_depths(graph.indptr, graph.sources))


def _flops(graph: ComputeGraph, _: Positions | None) -> Values:
    return graph.vertex_flops.astype(np.float64)


def _bytes(graph: ComputeGraph, _: Positions | None) -> Values:
    return np.asarray(
        _read(graph.indptr, graph.sources, graph.vertex_bytes.astype(np.float64))
        + graph.vertex_bytes
    )


def _exchange(graph: ComputeGraph, _: Positions | None) -> Values:
    if graph.tiles is None:
        raise _no_tiles(graph)
    return exchange_bytes(graph).astype(np.float64)


def _degree(graph: ComputeGraph, _: Positions | None) -> Values:
    degree = np.diff(graph.indptr) + np.bincount(graph.sources, minlength=graph.vertices)
    return degree.astype(np.float64)


def _no_tiles(graph: ComputeGraph) -> RenderError:
    return RenderError(
        "the graph has no tiles", graph.model, "lower it for a target or colour by layer"
    )


def _tile(graph: ComputeGraph, _: Positions | None) -> Values:
    if graph.tiles is None:
        raise _no_tiles(graph)
    return graph.tiles.astype(np.float64)


def _length(graph: ComputeGraph, positions: Positions | None) -> Values:
    if positions is None:
        raise RenderError(
            "edge lengths need a layout", graph.model, "pass positions=layout.positions"
        )
    return np.asarray(_lengths(graph.indptr, graph.sources, positions))


def _parameters(graph: ComputeGraph, _: Positions | None) -> Values:
    own = np.where(graph.vertex_kind == Kind.PARAMETER, graph.vertex_bytes, 0.0)
    return np.asarray(_read(graph.indptr, graph.sources, own.astype(np.float64)) + own)


SCALES: Mapping[str, Scale] = {
    "depth": Scale(values=_depth, palette="aurora", unit="steps", logarithmic=False),
    "flops": Scale(values=_flops, palette="ember", unit="FLOP", logarithmic=True),
    "bytes": Scale(values=_bytes, palette="lagoon", unit="B", logarithmic=True),
    "exchange": Scale(values=_exchange, palette="lagoon", unit="B", logarithmic=True),
    "degree": Scale(values=_degree, palette="orchid", unit="edges", logarithmic=True),
    "tile": Scale(values=_tile, palette="spectrum", unit="", logarithmic=False),
    "length": Scale(values=_length, palette="meadow", unit="pt", logarithmic=True),
    "parameters": Scale(values=_parameters, palette="meadow", unit="B", logarithmic=True),
}


def places(values: Values, logarithmic: bool) -> tuple[Values, tuple[tuple[float, float], ...]]:
    """Places 0..1 on the scale, and (value, place) of its ticks.

    The scale runs from the first to the last value; a logarithmic one from the hundredth part of
    the positive values up, so that a few tiny ones do not use up the palette.

    Args:
        values: float64 (n,), not negative.
        logarithmic: See `Scale`.
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
        span = np.log(high / low)
        place = np.log(np.maximum(values, low) / low) / span
        ticks = low * np.exp(steps * span)
    else:
        place = (values - low) / (high - low)
        ticks = low + steps * (high - low)
    return np.clip(place, 0, 1), tuple(zip(ticks.tolist(), steps.tolist(), strict=True))


def amount(value: float, unit: str = "") -> str:
    """A number in three digits with its unit, "k" being a thousand.

    >>> amount(4_089_184_256, "FLOP"), amount(12, "steps"), amount(0.25)
    ('4.09 GFLOP', '12 steps', '0.25')
    """
    prefixes = ("", "k", "M", "G", "T", "P", "E")
    power = 0
    while abs(value) >= 999.5 and power < len(prefixes) - 1:
        value /= 1000
        power += 1
    number = f"{value:.3g}"
    prefix = prefixes[power]
    if unit in ("FLOP", "B"):
        return f"{number} {prefix}{unit}"
    return f"{number}{' ' + prefix if prefix else ''}{' ' + unit if unit else ''}"
