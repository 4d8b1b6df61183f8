"""A colour for every vertex by one of its attributes, with the legend that explains it."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gallery.coloring.attributes import VALUES, Given, Positions, places
from gallery.coloring.layer_order import layer_name, main_layers, tree_places
from gallery.coloring.oklab import hex_of, srgb8_from_oklch
from gallery.coloring.operator_types import type_color
from gallery.coloring.palettes import Colors, check, for_ground, from_hex, is_categorical, sample
from gallery.coloring.types import Coloring, LegendEntry
from gallery.errors import RenderError
from gallery.graph import ComputeGraph, Kind, Pass
from gallery.settings.attributes import ATTRIBUTES, TABLE, Attribute
from gallery.text import amount, visible

if TYPE_CHECKING:  # so that a change in the settings redraws nothing
    from gallery.settings.color_rules import ColorRule

_STEPS = 512
_LEGEND = 24
Index = npt.NDArray[np.uint16]
Parts = tuple[Index, Colors, tuple[LegendEntry, ...]]


def color(
    graph: ComputeGraph,
    attribute: str = "layer",
    *,
    palette: str = "",
    ground: str = "dark",
    rules: Sequence[ColorRule] = (),
    positions: Positions | None = None,
) -> Coloring:
    """Colour the vertices of a graph.

    Args:
        graph: What to colour.
        attribute: One of `ATTRIBUTES`, see `gallery.settings.attributes`.
        palette: One of `PALETTES`, or "" for the attribute's own.
        ground: Background that the picture is drawn on, "dark" or "light".
        rules: Colours that override the attribute's; a later rule wins.
        positions: float32 (n, 2), for attributes that need a layout ("length").

    Returns:
        A colour per vertex and a legend.

    Raises:
        RenderError: There is no such attribute, palette, ground or colour, or a source that the
            attribute needs is missing.
    """
    if attribute not in TABLE:
        found = f"there is no attribute {attribute!r} to colour by"
        raise RenderError(found, hint="choose one of " + ", ".join(ATTRIBUTES))
    shown, given = TABLE[attribute], Given(graph=graph, positions=positions)
    chosen = palette or shown.palette
    if chosen != "own":
        check(chosen, ground)
    else:
        check("aurora", ground)
    if shown.categorical:
        given.check(attribute)
        parts = CATEGORIES[attribute](graph, palette, ground)
    else:
        parts = _continuous(given, shown, chosen, ground)
    index, colors, legend = _ruled(graph, parts, rules)
    return Coloring(
        attribute=attribute,
        palette=chosen,
        ground=ground,
        categorical=shown.categorical,
        index=index,
        colors=colors,
        legend=legend,
    )


def _continuous(given: Given, shown: Attribute, palette: str, ground: str) -> Parts:
    if is_categorical(palette):
        found = f"palette {palette!r} has no order for a continuous attribute"
        raise RenderError(found, given.graph.model, "choose a continuous palette, such as aurora")
    given.check(shown.name)
    place, ticks = places(VALUES[shown.name](given), shown.logarithmic)
    colors = sample(palette, np.linspace(0, 1, _STEPS), ground)
    index = np.rint(place * (_STEPS - 1)).astype(np.uint16)
    legend = tuple(
        LegendEntry(
            label=amount(value, shown.unit),
            color=hex_of(colors[round(at * (_STEPS - 1))]),
            share=at,
        )
        for value, at in ticks
    )
    return index, colors, legend


def _by_layer(graph: ComputeGraph, palette: str, ground: str) -> Parts:
    vertex_layer = graph.vertex_layer()
    seen = np.unique(vertex_layer)
    if len(seen) < 4 and len(graph.operators) > len(seen):
        return _by_chain(graph, palette, ground)
    tree = tree_places(graph.layers, vertex_layer)
    chosen = palette or "aurora"
    heads = [head for head, _ in main_layers(graph.layers, tree)] or [0]
    if is_categorical(chosen):
        top = _heads_of(graph, heads)
        colors = sample(chosen, np.zeros(len(heads) + 1), ground)
        index = top[vertex_layer].astype(np.uint16)
        swatches = colors[: len(heads)]
    else:
        colors = sample(chosen, np.arange(_STEPS * 2) / (_STEPS * 2 - 1), ground)
        index = np.rint(tree.place * (len(colors) - 1)).astype(np.uint16)[vertex_layer]
        swatches = sample(chosen, tree.middle[heads], ground)
    shares = tree.counts[heads] / max(graph.vertices, 1)
    labels = [_tidy(layer_name(graph.layers, head) or "model") for head in heads]
    return index, colors, _legend(labels, swatches, shares)


def _heads_of(graph: ComputeGraph, heads: Sequence[int]) -> npt.NDArray[np.int64]:
    top = np.full(len(graph.layers), len(heads), np.int64)
    for row, head in enumerate(heads):
        top[head] = row
    for layer, record in enumerate(graph.layers):
        if record.parent >= 0 and top[layer] == len(heads):
            top[layer] = top[record.parent]
    return top


def _by_chain(graph: ComputeGraph, palette: str, ground: str) -> Parts:
    # In a model without scopes, the operators in their order stand in for layers.
    counts = np.bincount(graph.vertex_operator, minlength=len(graph.operators))
    first = np.full(len(counts), graph.vertices, np.int64)
    np.minimum.at(first, graph.vertex_operator, np.arange(graph.vertices))
    order = np.argsort(first, kind="stable")[: int((counts > 0).sum())]
    at = np.zeros(len(counts))
    weight = np.sqrt(counts[order].astype(np.float64))
    at[order] = (np.cumsum(weight) - weight / 2) / max(float(weight.sum()), 1.0)
    chosen = palette or "aurora"
    colors = sample(chosen, np.arange(_STEPS * 2) / (_STEPS * 2 - 1), ground)
    rows = np.rint(at * (len(colors) - 1)).astype(np.uint16)
    labels = [_tidy(graph.operators[o].name) for o in order]
    shares = counts[order] / max(graph.vertices, 1)
    return rows[graph.vertex_operator], colors, _legend(labels, colors[rows[order]], shares)


def _by_operator(graph: ComputeGraph, palette: str, ground: str) -> Parts:
    types = sorted({operator.type for operator in graph.operators})
    row = {name: number for number, name in enumerate(types)}
    of_operator = np.array([row[operator.type] for operator in graph.operators], np.int64)
    index = of_operator[graph.vertex_operator] if len(of_operator) else np.zeros(0, np.int64)
    if palette:
        colors = sample(palette, np.linspace(0, 1, max(len(types), 1)), ground)
    else:
        colors = np.array([type_color(name, ground) for name in types or ["Input"]], np.uint8)
    counts = np.bincount(index, minlength=len(types))
    order = [int(k) for k in np.argsort(-counts, kind="stable") if counts[k]]
    labels = [_tidy(types[k]) for k in order]
    legend = _legend(labels, colors[order], counts[order] / max(graph.vertices, 1), largest=True)
    return index.astype(np.uint16), colors, legend


# Eight colours that colour-blind people can tell apart on either ground, found by search.
_KINDS = ((0.68, 0.0, 106), (0.56, 0.226, 312), (0.78, 0.218, 259), (0.86, 0.153, 229),
          (0.76, 0.156, 114), (0.91, 0.053, 128), (0.5, 0.239, 40), (0.97, 0.147, 114))  # fmt: skip
_PASSES = ((0.70, 0.155, 243), (0.68, 0.205, 38), (0.92, 0.18, 108))


def _members(
    values: npt.NDArray[np.uint8],
    names: Sequence[str],
    tones: Sequence[tuple[float, float, float]],
    palette: str,
    ground: str,
) -> Parts:
    if palette:
        colors = sample(palette, np.linspace(0, 1, len(names)), ground)
    else:
        colors = srgb8_from_oklch(for_ground(np.array(tones), ground))
    counts = np.bincount(values, minlength=len(names))
    present = [k for k in range(len(names)) if counts[k]]
    labels = [names[k] for k in present]
    legend = _legend(labels, colors[present], counts[present] / max(len(values), 1))
    return values.astype(np.uint16), colors, legend


def _by_pass(graph: ComputeGraph, palette: str, ground: str) -> Parts:
    names = [member.name.lower() for member in Pass]
    return _members(graph.vertex_pass, names, _PASSES, palette, ground)


def _by_kind(graph: ComputeGraph, palette: str, ground: str) -> Parts:
    names = [member.name.lower() for member in Kind]
    return _members(graph.vertex_kind, names, _KINDS, palette, ground)


def _legend(
    labels: Sequence[str],
    colors: Colors,
    shares: npt.NDArray[np.float64],
    largest: bool = False,
) -> tuple[LegendEntry, ...]:
    keep = np.arange(len(labels))
    if len(labels) > _LEGEND:
        keep = np.argsort(-np.asarray(shares), kind="stable")[:_LEGEND]
        keep = keep if largest else np.sort(keep)
    return tuple(
        LegendEntry(label=labels[k], color=hex_of(colors[k]), share=float(shares[k]))
        for k in keep.tolist()
    )


def _ruled(graph: ComputeGraph, parts: Parts, rules: Sequence[ColorRule]) -> Parts:
    index, colors, legend = parts
    for rule in rules:
        if rule.on not in ("layer", "operator"):
            found = f"a colour rule applies to {rule.on!r}"
            raise RenderError(found, graph.model, 'set its "on" to "layer" or "operator"')
        layer_hit = [fnmatch.fnmatchcase(layer.path, rule.pattern) for layer in graph.layers]
        hit = np.array(
            [
                layer_hit[operator.layer]
                if rule.on == "layer"
                else fnmatch.fnmatchcase(operator.name, rule.pattern)
                or fnmatch.fnmatchcase(operator.type, rule.pattern)
                for operator in graph.operators
            ],
            bool,
        )
        chosen = from_hex(rule.color)
        touched = hit[graph.vertex_operator] if len(hit) else np.zeros(0, bool)
        if not touched.any():
            continue
        colors = np.concatenate([colors, chosen[None]])
        index = np.where(touched, len(colors) - 1, index).astype(np.uint16)
        entry = LegendEntry(
            label=_tidy(rule.pattern), color=hex_of(chosen), share=float(touched.mean())
        )
        legend = (*legend, entry)
    return index, colors, legend


def _tidy(name: str, limit: int = 48) -> str:
    text = visible(name)
    return text if len(text) <= limit else text[: limit - 1] + "…"


CATEGORIES: Mapping[str, Callable[[ComputeGraph, str, str], Parts]] = {
    "layer": _by_layer,
    "operator": _by_operator,
    "pass": _by_pass,
    "kind": _by_kind,
}
"""The colouring function of each categorical attribute, of graph, palette or "", and ground."""


def attributes_of(graph: ComputeGraph) -> tuple[str, ...]:
    """The attributes that a graph with a layout can be coloured by; some of `ATTRIBUTES`."""
    given = Given(graph=graph, positions=np.empty((0, 2), np.float32))
    return tuple(name for name, one in TABLE.items() if all(map(given.has, one.needs)))
