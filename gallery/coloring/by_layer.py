"""Colours by layer: along the palette in execution order, or the members of a set."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gallery.coloring.layer_key import LayerKey, apart, joined, layer_key, run_label
from gallery.coloring.layer_order import tree_places
from gallery.coloring.palettes import distances, is_categorical, sample
from gallery.coloring.types import MOST_ENTRIES, NO_ENTRY, Categories
from gallery.graph import ComputeGraph
from gallery.numerics.elementary import interpolate

_ROWS = 1024
_APART = 0.04
"""Distance in OKLab of the colours of neighbours in the legend, as far as the palette reaches."""

Floats = npt.NDArray[np.float64]


def by_layer(graph: ComputeGraph, palette: str, ground: str) -> Categories:
    """Colours of layers; of operators, in a model with hardly any layers."""
    vertex_layer = graph.vertex_layer()
    own = np.bincount(vertex_layer, minlength=len(graph.layers))
    if np.count_nonzero(own) < 4 and len(graph.operators) > np.count_nonzero(own):
        return _by_chain(graph, palette, ground)
    tree = tree_places(graph.layers, vertex_layer)
    key = layer_key(graph.layers, tree, own, MOST_ENTRIES)
    return _colored(tree.place, vertex_layer, key, palette or "aurora", ground)


def _by_chain(graph: ComputeGraph, palette: str, ground: str) -> Categories:
    counts = np.bincount(graph.vertex_operator, minlength=len(graph.operators))
    first = np.full(len(counts), graph.vertices, np.int64)
    np.minimum.at(first, graph.vertex_operator, np.arange(graph.vertices))
    order = np.argsort(first, kind="stable")[: int((counts > 0).sum())]
    place = np.zeros(len(counts))
    weight = np.sqrt(counts[order].astype(np.float64))
    place[order] = (np.cumsum(weight) - weight / 2) / max(float(weight.sum()), 1.0)
    runs = joined(counts[order].tolist(), [0] * len(order), MOST_ENTRIES)
    entry = np.full(len(counts), -1, np.int64)
    labels = []
    middles = []
    for number, (start, stop) in enumerate(runs):
        ends = order[start], order[stop - 1]
        names = [graph.operators[one].name for one in ends]
        labels.append(names[0] if stop - start == 1 else run_label(*names))
        middles.append(float(place[ends[0]] + place[ends[1]]) / 2)
        entry[order[start:stop]] = number
    key = LayerKey(labels=tuple(labels), place=np.array(middles, np.float64), entry=entry)
    return _colored(place, graph.vertex_operator, key, palette or "aurora", ground)


def _colored(
    place: Floats, vertex: npt.NDArray[np.int32], key: LayerKey, palette: str, ground: str
) -> Categories:
    """Colour vertices by places on the palette, moved so that neighbours in the legend differ.

    Args:
        place: float64 (k,), of each layer or operator.
        vertex: int32 (n,), the layer or operator of each vertex.
        key: The entries.
        palette: Continuous, or a set, whose members go to the entries.
        ground: "dark" or "light".
    """
    entry = np.where(key.entry < 0, NO_ENTRY, key.entry).astype(np.uint16)[vertex]
    if is_categorical(palette):
        colors = sample(palette, np.zeros(len(key.labels) + 1), ground)
        index = np.minimum(entry, len(key.labels)).astype(np.uint16)
        return Categories(
            index=index, colors=colors, entry=entry, labels=key.labels, swatches=colors
        )
    moved = _told_apart(key.place, palette, ground)
    colors = sample(palette, np.arange(_ROWS) / (_ROWS - 1), ground)
    rows = np.rint(_follow(place, key.place, moved) * (_ROWS - 1)).astype(np.uint16)
    return Categories(
        index=rows[vertex],
        colors=colors,
        entry=entry,
        labels=key.labels,
        swatches=sample(palette, moved, ground),
    )


def _told_apart(place: Floats, palette: str, ground: str) -> Floats:
    """Places of entries whose colours differ; those that differ already stay."""
    far = distances(palette, ground)
    even = np.arange(len(far)) / (len(far) - 1)
    before = interpolate(place, even, far)
    after = apart(before, _APART, float(far[-1]))
    return place if np.array_equal(before, after) else interpolate(after, far, even)


def _follow(place: Floats, before: Floats, after: Floats) -> Floats:
    """Move places with those around them, in proportion."""
    if np.array_equal(before, after):
        return place
    ends = np.array([0.0]), np.array([1.0])
    start = np.concatenate([ends[0], before, ends[1]])
    return interpolate(place, start, np.concatenate([ends[0], after, ends[1]]))
