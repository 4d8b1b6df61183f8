"""Colours by a number that operators have, such as a measured time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gallery.coloring.attributes import places
from gallery.coloring.oklab import hex_of
from gallery.coloring.palettes import check, from_hex, is_categorical, sample
from gallery.coloring.rules import painted_by, repainted
from gallery.coloring.types import Coloring, LegendEntry
from gallery.errors import RenderError
from gallery.graph import ComputeGraph
from gallery.measuring.types import Measurement
from gallery.settings.attributes import find
from gallery.text import amount

if TYPE_CHECKING:  # so that a change in the settings redraws nothing
    from gallery.settings.color_rules import ColorRule

_STEPS = 512
_UNKNOWN = {"dark": "#55565c", "light": "#b9bac0"}
"""Colour of vertices without a number."""


def color_measured(
    graph: ComputeGraph,
    measurement: Measurement,
    *,
    palette: str = "",
    ground: str = "dark",
    rules: Sequence[ColorRule] = (),
) -> Coloring:
    """Colour the vertices of a graph by a number of the operators that they belong to.

    Args:
        graph: What to colour.
        measurement: The numbers, of the same model.
        palette: A continuous one of `PALETTES`, or "" for the attribute's own.
        ground: Background that the picture is drawn on, "dark" or "light".
        rules: Colours that override those of the numbers; a later rule wins.

    Returns:
        A colour per vertex, on a logarithmic scale for times, and a legend of the scale. Vertices
        of operators without a number are grey.

    Raises:
        RenderError: There is no such attribute, palette, ground or colour.
    """
    shown = find(measurement.attribute)
    if shown is None:
        found = f"there is no attribute {measurement.attribute!r} to colour by"
        raise RenderError(found, graph.model, 'name it "measured", "measured:x" or "metric:x"')
    chosen = palette or shown.palette
    check(chosen, ground)
    if is_categorical(chosen):
        found = f"palette {chosen!r} has no order for a continuous attribute"
        raise RenderError(found, graph.model, "choose a continuous palette, such as aurora")
    numbers = np.array([np.nan if n is None else n for n in measurement.values] or [np.nan])
    of_operator = np.array([one.operator for one in graph.operators] or [-1])
    inside = (of_operator >= 0) & (of_operator < len(numbers))
    rows = np.where(inside, numbers[np.where(inside, of_operator, 0)], np.nan)
    known_rows = np.isfinite(rows)
    # The scale is that of the operators: a large one counts no more than a small one.
    place, ticks = places(rows[known_rows], shown.logarithmic)
    row_index = np.zeros(len(rows), np.uint16)
    row_index[known_rows] = np.rint(place * (_STEPS - 1)).astype(np.uint16)
    index = row_index[graph.vertex_operator]
    colors = sample(chosen, np.linspace(0, 1, _STEPS), ground)
    legend = tuple(
        LegendEntry(
            label=amount(value, measurement.unit),
            color=hex_of(colors[round(at * (_STEPS - 1))]),
            share=at,
        )
        for value, at in (ticks if known_rows.any() else ())
    )
    unknown = ~known_rows[graph.vertex_operator]
    if unknown.any():
        colors, index = repainted(colors, index, from_hex(_UNKNOWN[ground]), unknown)
    for label, color, touched in painted_by(graph, rules):
        colors, index = repainted(colors, index, color, touched)
        share = float(touched.mean())
        legend = (*legend, LegendEntry(label=label, color=hex_of(color), share=share))
    return Coloring(
        attribute=measurement.attribute,
        palette=chosen,
        ground=ground,
        categorical=False,
        index=index.astype(np.uint16),
        colors=colors,
        legend=legend,
    )
