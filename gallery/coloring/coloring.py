"""A colour for every vertex by one of its attributes, with the legend that explains it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gallery.coloring.attributes import VALUES, Given, Positions, places
from gallery.coloring.by_layer import by_layer
from gallery.coloring.hex_codes import Colors
from gallery.coloring.oklab import hex_of, srgb8_from_oklch
from gallery.coloring.operator_types import type_color
from gallery.coloring.palettes import check, for_ground, is_categorical, sample
from gallery.coloring.rules import Painted, painted_by, repainted, tidy
from gallery.coloring.types import MOST_ENTRIES, NO_ENTRY, Categories, Coloring, LegendEntry
from gallery.errors import RenderError
from gallery.execution.results import TITLES, Held
from gallery.execution.types import Execution
from gallery.graph import ComputeGraph, Kind, Pass
from gallery.settings.attributes import ATTRIBUTES, TABLE, Attribute
from gallery.text import amount

if TYPE_CHECKING:  # so that a change in the settings redraws nothing
    from gallery.settings.color_rules import ColorRule

_STEPS = 512
Index = npt.NDArray[np.uint16]
Parts = tuple[Index, Colors, tuple[LegendEntry, ...]]


def color(  # noqa: PLR0913
    graph: ComputeGraph,
    attribute: str = "layer",
    *,
    palette: str = "",
    ground: str = "dark",
    rules: Sequence[ColorRule] = (),
    positions: Positions | None = None,
    execution: Execution | None = None,
) -> Coloring:
    """Colour the vertices of a graph.

    Args:
        graph: What to colour.
        attribute: One of `ATTRIBUTES`, see `gallery.settings.attributes`.
        palette: One of `PALETTES`, or "" for the attribute's own.
        ground: Background that the picture is drawn on, "dark" or "light".
        rules: Colours that override the attribute's; a later rule wins.
        positions: float32 (n, 2), for attributes that need a layout ("length").
        execution: From `run`, for attributes that need one ("start"); None to run the graph on its
            target where that is needed.

    Returns:
        A colour per vertex and a legend.

    Raises:
        RenderError: There is no such attribute, palette, ground or colour, or a source that the
            attribute needs is missing.
    """
    if attribute not in TABLE:
        found = f"there is no attribute {attribute!r} to colour by"
        raise RenderError(found, hint="choose one of " + ", ".join(ATTRIBUTES))
    shown = TABLE[attribute]
    given = Given(graph=graph, positions=positions, execution=execution)
    chosen = palette or shown.palette
    if chosen != "own":
        check(chosen, ground)
    else:
        check("aurora", ground)
    painted = painted_by(graph, rules)
    entry: Index | None = None
    if shown.categorical:
        given.check(attribute)
        parts = _ruled(CATEGORIES[attribute](given, palette, ground), painted)
        index, colors = parts.index, parts.colors
        legend, entry = _legend(parts)
    else:
        index, colors, legend = _scale(given, shown, chosen, ground, painted)
    return Coloring(
        attribute=attribute,
        palette=chosen,
        ground=ground,
        categorical=shown.categorical,
        index=index,
        colors=colors,
        legend=legend,
        entry=entry,
    )


def _scale(
    given: Given, shown: Attribute, palette: str, ground: str, painted: Sequence[Painted]
) -> Parts:
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
    for label, color, touched in painted:
        colors, index = repainted(colors, index, color, touched)
        share = float(touched.mean())
        legend = (*legend, LegendEntry(label=label, color=hex_of(color), share=share))
    return index, colors, legend


def _by_layer(given: Given, palette: str, ground: str) -> Categories:
    return by_layer(given.graph, palette, ground)


def _by_operator(given: Given, palette: str, ground: str) -> Categories:
    graph = given.graph
    types = sorted({operator.type for operator in graph.operators}) or ["Input"]
    row = {name: number for number, name in enumerate(types)}
    of_operator = np.array([row[operator.type] for operator in graph.operators], np.int64)
    index = of_operator[graph.vertex_operator] if len(of_operator) else np.zeros(0, np.int64)
    if palette:
        colors = sample(palette, np.linspace(0, 1, len(types)), ground)
    else:
        colors = np.array([type_color(name, ground) for name in types], np.uint8)
    counts = np.bincount(index, minlength=len(types))
    order = np.argsort(-counts, kind="stable")[: int((counts > 0).sum())]
    shown = order if len(order) <= MOST_ENTRIES else order[: MOST_ENTRIES - 1]
    labels = [types[k] for k in shown]
    if len(shown) < len(order):
        labels.append(f"{len(order) - len(shown)} other types")
        shown = order[: len(shown) + 1]
    entry = np.full(len(types), len(labels) - 1, np.int64)
    entry[shown] = np.arange(len(shown))
    return Categories(
        index=index.astype(np.uint16),
        colors=colors,
        entry=entry[index].astype(np.uint16),
        labels=tuple(labels),
        swatches=colors[shown],
    )


# Eight colours that colour-blind people can tell apart on either ground, found by search.
_KINDS = ((0.68, 0.0, 106), (0.56, 0.226, 312), (0.78, 0.218, 259), (0.86, 0.153, 229),
          (0.76, 0.156, 114), (0.91, 0.053, 128), (0.5, 0.239, 40), (0.97, 0.147, 114))  # fmt: skip
_LIVES = (*_KINDS[1:], (0.42, 0.02, 270))
_PASSES = ((0.70, 0.155, 243), (0.70, 0.20, 30), (0.90, 0.14, 172))


def _members(
    values: npt.NDArray[np.uint8],
    names: Sequence[str],
    tones: Sequence[tuple[float, float, float]],
    palette: str,
    ground: str,
) -> Categories:
    if palette:
        colors = sample(palette, np.linspace(0, 1, len(names)), ground)
    else:
        colors = srgb8_from_oklch(for_ground(np.array(tones), ground))
    index = values.astype(np.uint16)
    return Categories(index=index, colors=colors, entry=index, labels=tuple(names), swatches=colors)


def _by_pass(given: Given, palette: str, ground: str) -> Categories:
    names = [member.name.lower() for member in Pass]
    return _members(given.graph.vertex_pass, names, _PASSES, palette, ground)


def _by_kind(given: Given, palette: str, ground: str) -> Categories:
    names = [member.name.lower() for member in Kind]
    return _members(given.graph.vertex_kind, names, _KINDS, palette, ground)


def _by_life(given: Given, palette: str, ground: str) -> Categories:
    execution = given.run()
    kind = np.where(execution.alive(), execution.vertex_held, len(Held)).astype(np.uint8)
    names = [*(TITLES[one] for one in Held), "not in memory"]
    return _members(kind, names, _LIVES, palette, ground)


def _legend(parts: Categories) -> tuple[tuple[LegendEntry, ...], Index]:
    """The entries that stand for any vertex, with their shares of all, and that of each vertex."""
    rows = len(parts.labels)
    counts = np.bincount(parts.entry, minlength=rows)[:rows]
    kept = np.flatnonzero(counts).tolist()
    legend = tuple(
        LegendEntry(
            label=tidy(parts.labels[row]),
            color=hex_of(parts.swatches[row]),
            share=int(counts[row]) / len(parts.entry),
        )
        for row in kept
    )
    number = np.full(1 << 16, NO_ENTRY, np.uint16)
    number[kept] = np.arange(len(kept))
    return legend, number[parts.entry]


def _ruled(parts: Categories, painted: Sequence[Painted]) -> Categories:
    for label, color, touched in painted:
        colors, index = repainted(parts.colors, parts.index, color, touched)
        swatches, entry = repainted(parts.swatches, parts.entry, color, touched)
        labels = (*parts.labels, label)
        parts = Categories(
            index=index, colors=colors, entry=entry, labels=labels, swatches=swatches
        )
    return parts


CATEGORIES: Mapping[str, Callable[[Given, str, str], Categories]] = {
    "layer": _by_layer,
    "operator": _by_operator,
    "pass": _by_pass,
    "kind": _by_kind,
    "live": _by_life,
}
"""The colouring function of each categorical attribute, of sources, palette or "", and ground."""


def attributes_of(graph: ComputeGraph) -> tuple[str, ...]:
    """The attributes that a graph with a layout can be coloured by; some of `ATTRIBUTES`."""
    given = Given(graph=graph, positions=np.empty((0, 2), np.float32))
    return tuple(name for name, one in TABLE.items() if all(map(given.has, one.needs)))
