"""The viewer's data: a laid-out graph and its colours in a compact format.

What no colour changes and each colouring are made and deflated by themselves (`graph_data`,
`color_data`), so that another palette makes only the colourings anew that it changes.
`templates/viewer/decode.js` reads what is written here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gallery.coloring.types import Coloring
from gallery.errors import PublishError
from gallery.execution.types import Execution
from gallery.model import Model
from gallery.placement.types import Layout
from gallery.rendering.provenance import Provenance, software
from gallery.rendering.viewer.color_data import ColorData, color_data
from gallery.rendering.viewer.container import joined, part_of
from gallery.rendering.viewer.graph_data import GraphData, graph_data

VERTICES = 250_000
"""Most vertices that are shown: about 0.8 MB of data, and smooth on a phone's processor."""
EDGES = 1_500_000
"""Most edges that are shown."""


def viewer_data(  # noqa: PLR0913
    layout: Layout,
    colorings: Sequence[Coloring],
    model: Model | None = None,
    *,
    on_paper: Sequence[Coloring] = (),
    execution: Execution | None = None,
    budget: tuple[int, int] = (VERTICES, EDGES),
    provenance: Provenance | None = None,
    exposed: str = "auto",
) -> bytes:
    """The data of one scan's viewer; same input, same bytes.

    Args:
        layout: The graph with its positions.
        colorings: Colourings of the graph that the visitor can choose from, the default first.
        model: The model of the graph, for the names of what operators read and write, or None.
        on_paper: The same colourings for a light ground, in the same order; without them, colours
            are the same on both.
        execution: How the graph runs, for the player; without it, it plays the order.
        budget: Most vertices and edges.
        provenance: What the data are made from; None for this version and nothing else.
        exposed: What the light of vertices follows, see `RenderSettings.exposure`.

    Returns:
        A container as described in `gallery.rendering.viewer.container`.

    Raises:
        PublishError: There is no colouring, one or the execution is of another graph, or those on
            paper are not the same.
    """
    graph = layout.graph
    if not colorings:
        raise PublishError("the viewer has no colouring", graph.model, "give at least one")
    papers = on_paper or colorings
    if [one.attribute for one in papers] != [one.attribute for one in colorings]:
        found = "the colourings on paper are by other attributes"
        raise PublishError(found, graph.model, "colour the same attributes on both grounds")
    for one in (*colorings, *papers):
        if len(one.index) != graph.vertices:
            found = (
                f"the colouring by {one.attribute} has {len(one.index)} vertices, "
                f"the graph {graph.vertices}"
            )
            raise PublishError(found, graph.model, "colour the graph that was laid out")
    if execution is not None and len(execution.vertex_step) != graph.vertices:
        found = f"the run has {len(execution.vertex_step)} vertices, the graph {graph.vertices}"
        raise PublishError(found, graph.model, "run the graph that was laid out")
    shown = graph_data(layout, model, execution, budget=budget, exposed=exposed)
    colors = [
        color_data(one, paper, graph, shown) for one, paper in zip(colorings, papers, strict=True)
    ]
    return whole_data(shown, colors, provenance)


def whole_data(
    shown: GraphData, colors: Sequence[ColorData], provenance: Provenance | None = None
) -> bytes:
    """The data of a viewer from their parts, the default colouring first; see `viewer_data`."""
    head = {
        "provenance": (provenance or Provenance(software=software())).value(),
        "colorings": [one.table for one in colors],
    }
    numbered = [
        replace(one.part, sizes={f"{name}{number}": size for name, size in one.part.sizes.items()})
        for number, one in enumerate(colors)
    ]
    return joined([part_of(head, {}), shown.part, *numbered])
