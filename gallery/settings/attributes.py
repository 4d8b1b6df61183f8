"""What vertices can be coloured by: one table for settings, colouring, legends and pages.

An attribute is a row here and, in `gallery.coloring`, a function of its name: one of
`attributes.VALUES` for a number a vertex, one of `coloring.CATEGORIES` for a category a vertex.
This module imports neither numpy nor numba, so that settings and `--help` can read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Source = Literal["graph", "positions", "tiles", "facts", "measurements"]
"""What values are made of: the graph, the layout, the target's tiles, costs, or measured runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """What a colour can show.

    Attributes:
        name: As settings call it.
        title: In a few words, as in "by edge length".
        caption: In the legend of a picture, with what is counted for each vertex.
        sentence: Explains it to the visitor.
        palette: The palette that it has by default; "own" where each category has a colour.
        categorical: Whether values are categories, else numbers on a scale.
        unit: Written behind the numbers of the legend.
        logarithmic: Whether places on the scale are logarithms; zeros stand at its low end.
        needs: What its values are made of.
    """

    name: str
    title: str
    caption: str
    sentence: str
    palette: str = "own"
    categorical: bool = False
    unit: str = ""
    logarithmic: bool = False
    needs: frozenset[Source] = frozenset({"graph"})


_ROWS = (
    Attribute(
        name="layer",
        title="layer",
        caption="layer",
        sentence="The colour is the layer, in the order in which the network runs them.",
        palette="aurora",
        categorical=True,
    ),
    Attribute(
        name="operator",
        title="operator type",
        caption="operator type",
        sentence="The colour is the type of operator.",
        categorical=True,
    ),
    Attribute(
        name="pass",
        title="pass",
        caption="pass",
        sentence="The colour is the pass: forward, backward, update.",
        categorical=True,
    ),
    Attribute(
        name="kind",
        title="kind of vertex",
        caption="kind of vertex",
        sentence="The colour is the kind of vertex.",
        categorical=True,
    ),
    Attribute(
        name="depth",
        title="depth",
        caption="depth, the step at which a vertex could run",
        sentence="The colour is the step at which a vertex could run.",
        palette="aurora",
        unit="steps",
    ),
    Attribute(
        name="flops",
        title="work",
        caption="work, floating-point operations a vertex",
        sentence="The colour is the work of a vertex, in floating-point operations.",
        palette="ember",
        unit="FLOP",
        logarithmic=True,
    ),
    Attribute(
        name="bytes",
        title="communication",
        caption="communication, bytes read and written a vertex",
        sentence="The colour is the data that a vertex reads and writes.",
        palette="lagoon",
        unit="B",
        logarithmic=True,
    ),
    Attribute(
        name="exchange",
        title="exchange between tiles",
        caption="exchange, bytes a vertex sends to other tiles",
        sentence="The colour is the data that a vertex sends to other tiles.",
        palette="lagoon",
        unit="B",
        logarithmic=True,
        needs=frozenset({"graph", "tiles"}),
    ),
    Attribute(
        name="degree",
        title="degree",
        caption="degree, edges a vertex",
        sentence="The colour is the number of edges of a vertex.",
        palette="orchid",
        unit="edges",
        logarithmic=True,
    ),
    Attribute(
        name="tile",
        title="tile",
        caption="tile of the processor",
        sentence="The colour is the tile of the processor that a vertex runs on.",
        palette="spectrum",
        needs=frozenset({"graph", "tiles"}),
    ),
    Attribute(
        name="length",
        title="edge length",
        caption="mean length of the edges read",
        sentence="The colour is the mean length of the edges that a vertex reads.",
        palette="meadow",
        unit="pt",
        logarithmic=True,
        needs=frozenset({"graph", "positions"}),
    ),
    Attribute(
        name="parameters",
        title="parameters",
        caption="parameters read, bytes a vertex",
        sentence="The colour is the parameters that a vertex reads.",
        palette="meadow",
        unit="B",
        logarithmic=True,
    ),
)

TABLE: Mapping[str, Attribute] = MappingProxyType({one.name: one for one in _ROWS})
"""All attributes by name, in the order in which they are offered."""

ATTRIBUTES = tuple(TABLE)
"""Their names."""
