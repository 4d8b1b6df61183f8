"""The layer strip: the main layers in execution order, as long as their shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gallery.coloring.layer_order import layer_name
from gallery.coloring.oklab import hex_of
from gallery.coloring.types import Coloring
from gallery.graph import ComputeGraph
from gallery.rendering.labels.regions import main_layer_heads, members_of

_COLORS = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A layer on the strip.

    Attributes:
        name: Name of the layer; "" for the vertices outside all main layers.
        share: Share of all vertices, 0 to 1.
        colors: "#rrggbb" of its vertices, in palette order.
    """

    name: str
    share: float
    colors: tuple[str, ...]


def layer_strip(graph: ComputeGraph, coloring: Coloring) -> tuple[Stretch, ...]:
    """Divide the strip among the main layers, in the order of the forward pass.

    Args:
        graph: The graph whose layers are shown.
        coloring: A colouring of that graph.
    """
    layer = graph.vertex_layer()
    stretches = []
    rest = np.ones(graph.vertices, bool)
    for head in main_layer_heads(graph):
        inside = members_of(graph, head)[layer]
        rest &= ~inside
        places = np.flatnonzero(inside)
        stretches.append((_middle(graph, places), layer_name(graph.layers, head), places))
    if rest.any():
        places = np.flatnonzero(rest)
        stretches.append((_middle(graph, places), "", places))
    return tuple(
        Stretch(
            name=name,
            share=len(places) / graph.vertices,
            colors=_sample(coloring, places, graph.vertices),
        )
        for _, name, places in sorted(stretches, key=lambda one: one[0])
    )


def _middle(graph: ComputeGraph, places: npt.NDArray[np.intp]) -> float:
    forward = places[graph.vertex_pass[places] == 0]
    return float(np.median(forward if len(forward) else places))


def _sample(coloring: Coloring, places: npt.NDArray[np.intp], total: int) -> tuple[str, ...]:
    order = np.sort(coloring.index[places])
    count = max(1, round(_COLORS * len(order) / total))
    chosen = order[((np.arange(count) + 0.5) * len(order) / count).astype(np.intp)]
    return tuple(hex_of(coloring.colors[row]) for row in chosen)
