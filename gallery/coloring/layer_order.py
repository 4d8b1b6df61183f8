"""Positions along a palette for the layers of a tree: related layers get similar colours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gallery.model import Layer

_BLOCK = re.compile(r"blocks? \d+( to \d+)?")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TreePlaces:
    """Positions of the layers on a palette.

    Attributes:
        place: float64 (k,), 0 to 1, position of each layer's own vertices.
        middle: float64 (k,), 0 to 1, middle of the range of each layer with all below it.
        counts: int64 (k,), number of vertices of each layer with all below it.
        heads: Layers at the topmost fork of the tree, in execution order.
    """

    place: npt.NDArray[np.float64]
    middle: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]
    heads: tuple[int, ...]


def tree_places(
    layers: Sequence[Layer], vertex_layer: npt.NDArray[np.int32], gap: float = 0.3
) -> TreePlaces:
    """Divide the palette among the layers, in proportion to the square roots of their sizes.

    Children divide their parent's range in the order of their first vertices. At the topmost fork,
    gaps are left between them, so that the main layers differ visibly.

    Args:
        layers: Parents first.
        vertex_layer: int32 (n,), in execution order.
        gap: Share of the palette that is left between the layers of the topmost fork.
    """
    k = len(layers)
    own = np.bincount(vertex_layer, minlength=k).astype(np.int64)
    first = np.full(k, len(vertex_layer), np.int64)
    np.minimum.at(first, vertex_layer, np.arange(len(vertex_layer)))
    own_first = first.copy()
    counts, weight = own.copy(), np.sqrt(own.astype(np.float64))
    children: list[list[int]] = [[] for _ in layers]
    for layer in range(k - 1, 0, -1):
        parent = layers[layer].parent
        counts[parent] += counts[layer]
        weight[parent] += weight[layer]
        first[parent] = min(first[parent], first[layer])
        if counts[layer]:
            children[parent].append(layer)
    fork = _fork(children)
    low, high = np.zeros(k), np.ones(k)
    place = np.full(k, 0.5)
    for layer in range(k):
        items = [(int(first[child]), child) for child in children[layer]]
        if own[layer]:
            items.append((int(own_first[layer]), layer))
        items.sort()
        total = sum(_weight(item, layer, own, weight) for _, item in items) or 1.0
        width = high[layer] - low[layer]
        space = width * gap / (len(items) - 1) if layer == fork and len(items) > 1 else 0.0
        at, scale = low[layer], width - space * max(len(items) - 1, 0)
        for _, item in items:
            end = at + scale * _weight(item, layer, own, weight) / total
            if item == layer:
                place[layer] = (at + end) / 2
            else:
                low[item], high[item] = at, end
            at = end + space
    heads = tuple(sorted(children[fork], key=lambda child: int(first[child]))) if k else ()
    return TreePlaces(place=place, middle=(low + high) / 2, counts=counts, heads=heads)


def main_layers(
    layers: Sequence[Layer], tree: TreePlaces, least: float = 1
) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """The main layers: the largest parts of the model, none inside another, in execution order.

    A layer with more than half of all vertices is replaced by the layers inside it.

    Args:
        layers: Parents first.
        tree: The positions of these layers.
        least: Fewest vertices of a layer inside another that counts.

    Returns:
        Each main layer, with the layers at its own topmost fork, if any.
    """
    below: list[list[int]] = [[] for _ in layers]
    for child, record in enumerate(layers):
        if record.parent >= 0 and tree.counts[child] >= least:
            below[record.parent].append(child)
    found: list[tuple[int, tuple[int, ...]]] = []
    waiting = list(tree.heads)
    while waiting:
        head = waiting.pop()
        inner = head
        while len(below[inner]) == 1:
            inner = below[inner][0]
        parts = below[inner]
        if parts and tree.counts[head] > 0.5 * tree.counts[0]:
            waiting += parts
        else:
            found.append((head, tuple(parts)))
    return tuple(sorted(found, key=lambda one: (float(tree.middle[one[0]]), one[0])))


def layer_name(layers: Sequence[Layer], layer: int) -> str:
    """The last part of a layer's path; numbers are prefixed with the name above them.

    >>> tree = ["", "", -1], ["stage 2", "stage 2", 0], ["block 3", "stage 2/block 3", 1]
    >>> layer_name([Layer(name=n, path=p, parent=up) for n, p, up in tree], 2)
    'stage 2, block 3'
    """
    name = layers[layer].name
    if _BLOCK.fullmatch(name) and layers[layer].parent > 0:
        return f"{layers[layers[layer].parent].name}, {name}"
    while name.split(".", maxsplit=1)[0].isdigit() and layers[layer].parent > 0:
        layer = layers[layer].parent
        name = f"{layers[layer].name}.{name}"
    return name


def _weight(
    item: int,
    layer: int,
    own: npt.NDArray[np.int64],
    weight: npt.NDArray[np.float64],
) -> float:
    return float(np.sqrt(own[layer]) if item == layer else weight[item])


def _fork(children: list[list[int]]) -> int:
    layer = 0
    while children and len(children[layer]) == 1:
        layer = children[layer][0]
    # A chain that ends in a single leaf has no fork: the whole model keeps the palette.
    return layer if children and children[layer] else 0
