"""The named regions of a scan: which layers or operators, where they are, and how large."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gallery.coloring.layer_order import layer_name, main_layers, tree_places
from gallery.coloring.types import Coloring
from gallery.graph import ComputeGraph
from gallery.placement.types import Layout
from gallery.rendering.growth import FEW
from gallery.rendering.labels.placement import counts, smoothed
from gallery.rendering.raster.frame import Frame

_SAMPLE = 50_000
"""Vertices and edges that tell well enough where something is."""
_CELLS = 48
_MOST = 60
_LEAST = 0.004

Points = npt.NDArray[np.float32]
Chosen = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A layer or an operator as it appears in the picture.

    Attributes:
        name: Its name.
        depth: 0 for the main layers, 1 for those inside them and for operators.
        composite: Whether layers inside it have names too, so that it is several clusters rather
            than one.
        anchor: Centre of its densest part in pixels; of all of it if it is composite.
        radius: Radius in pixels that contains most of it.
        part: Number n of the layer, or ~n of an operator.
    """

    name: str
    depth: int
    composite: bool
    anchor: tuple[float, float]
    radius: float
    part: int


def traces(layout: Layout, frame: Frame) -> Points:
    """Points in pixels that are as dense as the drawing: at vertices, and along edges."""
    graph = layout.graph
    points = frame.place(layout.positions)
    step = _step(graph.edges)
    places = np.arange(0, graph.edges, step)
    readers = np.searchsorted(graph.indptr, places, side="right") - 1
    ends = points[readers], points[graph.sources[places]]
    along = [ends[0] + np.float32(share) * (ends[1] - ends[0]) for share in (0.2, 0.5, 0.8)]
    return np.concatenate([points[:: _step(graph.vertices)], *along])


def _step(count: int) -> int:
    # Odd, as blocks lie in grids of powers of two: all their rows and columns are met.
    return max(1, count // _SAMPLE) | 1


def regions_of(layout: Layout, frame: Frame) -> list[Region]:
    """The regions, most important first, without layers of less than 0.4% of the vertices.

    In a graph of few vertices, the operators that are in no layer are regions, too. Of hemispheres,
    only the forward one has regions, as those of the other are its mirror image; and of the parts
    of layers that share a name, only the largest, as they are half as large.
    """
    graph = layout.graph
    step = _step(graph.vertices)
    points = frame.place(layout.positions[::step])
    if not graph.vertices:
        return []
    few = graph.vertices < FEW
    named = _named(layout, step)
    halves, told = layout.arrangement == "hemispheres", set[str]()
    least = 1 if few else max(_LEAST * int(named.sum()), 3)
    regions = []
    for name, depth, composite, part, members in _parts(graph, step):
        inside = np.flatnonzero(members & named)
        if halves and depth and name in told:
            continue
        if len(inside) < least:
            continue
        own = points[inside]
        anchor, radius = _middle(own) if composite else _anchor(own, frame, few)
        told.add(name)
        regions.append(
            Region(
                name=name,
                depth=depth,
                composite=composite,
                anchor=anchor,
                radius=radius,
                part=part,
            )
        )
    return regions


def mean_colors(
    layout: Layout, coloring: Coloring, parts: Sequence[int]
) -> list[tuple[int, int, int]]:
    """The mean sRGB colours of the vertices of regions.

    Args:
        layout: Where the vertices are.
        coloring: A colouring of the same graph.
        parts: See `Region`.
    """
    graph = layout.graph
    step = _step(graph.vertices)
    named = _named(layout, step)
    colors = coloring.colors[coloring.index[::step][named]]
    layers = _sums(graph.vertex_layer()[::step][named], colors, len(graph.layers))
    operators = _sums(graph.vertex_operator[::step][named], colors, len(graph.operators))
    found = []
    for part in parts:
        own = operators[~part] if part < 0 else layers[members_of(graph, part)].sum(axis=0)
        red, green, blue = (int(one) for one in own[:3] / own[3])
        found.append((red, green, blue))
    return found


def _sums(
    group: npt.NDArray[np.int32], colors: npt.NDArray[np.uint8], count: int
) -> npt.NDArray[np.float64]:
    # Sums of red, green and blue by group, and how many they are: whole numbers, so exact.
    channels = (np.bincount(group, channel, count) for channel in colors.T)
    return np.stack([*channels, np.bincount(group, minlength=count)], axis=1)


def _named(layout: Layout, step: int) -> Chosen:
    """Which of the sampled vertices regions are of: of hemispheres, those of the forward one."""
    passes = layout.graph.vertex_pass[::step]
    return passes == 0 if layout.arrangement == "hemispheres" else np.ones(len(passes), bool)


def _parts(graph: ComputeGraph, step: int) -> Iterator[tuple[str, int, bool, int, Chosen]]:
    """What may be named: name, depth, whether it is composite, its number, and its vertices."""
    layer = graph.vertex_layer()[::step]
    for head, depth, composite in _layers(graph)[:_MOST]:
        name = layer_name(graph.layers, head)
        yield name, depth, composite, head, members_of(graph, head)[layer]
    if graph.vertices >= FEW:
        return
    for number, operator in enumerate(graph.operators[:_MOST]):
        if operator.layer == 0:
            name = operator.name.rstrip("/").rpartition("/")[2] or operator.type
            yield name, 1, False, ~number, graph.vertex_operator[::step] == number


def main_layer_heads(graph: ComputeGraph) -> list[int]:
    """The main layers of a scan (see `main_layers`), largest first."""
    return [head for head, depth, _ in _layers(graph) if depth == 0]


def _layers(graph: ComputeGraph) -> list[tuple[int, int, bool]]:
    """Layers to name, with depth and whether they are composite, largest first for each depth."""
    tree = tree_places(graph.layers, graph.vertex_layer())
    found: list[tuple[int, int, bool]] = []
    for head, parts in main_layers(graph.layers, tree, _LEAST * graph.vertices):
        found.append((head, 0, bool(parts)))
        found += [(part, 1, False) for part in parts]
    return sorted(found, key=lambda one: (one[1], -int(tree.counts[one[0]]), one[0]))


def members_of(graph: ComputeGraph, head: int) -> npt.NDArray[np.bool_]:
    """Whether each layer is `head` or inside it: bool (k,)."""
    members = np.zeros(len(graph.layers), bool)
    members[head] = True
    for child in range(head + 1, len(graph.layers)):
        members[child] = members[graph.layers[child].parent]
    return members


def _anchor(points: Points, frame: Frame, few: bool) -> tuple[tuple[float, float], float]:
    # The densest spot, as the mean of a bent cluster may be outside it; of few vertices, one.
    found = counts(points, (frame.width, frame.height), _CELLS)
    smooth = smoothed(found, 1.5)
    row, column = np.unravel_index(int(np.argmax(smooth)), smooth.shape)
    x = (float(column) + 0.5) * frame.width / _CELLS
    y = (float(row) + 0.5) * frame.height / _CELLS
    distance = _distances(points, x, y)
    near = distance <= 0.06 * max(frame.width, frame.height)
    if near.any():
        x, y = (float(part) for part in np.median(points[near], axis=0))
        distance = _distances(points, x, y)
    radius = float(np.quantile(distance, 0.6))
    if few:
        x, y = (float(part) for part in points[np.argmin(distance)])
    return (x, y), radius


def _distances(points: Points, x: float, y: float) -> Points:
    across, down = points[:, 0] - x, points[:, 1] - y
    return np.asarray(np.sqrt(across * across + down * down))


def _middle(points: Points) -> tuple[tuple[float, float], float]:
    x, y = (float(part) for part in points.mean(axis=0))
    return (x, y), float(np.quantile(_distances(points, x, y), 0.6))
