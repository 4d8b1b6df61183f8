"""What vertices can be coloured by: one table for settings, colouring, legends and pages.

An attribute is a row here and a function of its name in `gallery.coloring`: in `attributes.VALUES`
if it gives a number per vertex, in `coloring.CATEGORIES` if it gives a category per vertex.
This module imports neither numpy nor numba, so that settings and `--help` can read it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

Source = Literal["graph", "positions", "execution", "facts", "measurements"]
"""What values are computed from: graph, layout, the run on its target, costs, measured runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """What a colour can show.

    Attributes:
        name: Its name in settings.
        title: A few words, as in "by edge length".
        caption: Its name in a picture's legend, with what is counted per vertex.
        sentence: Explains it to visitors.
        palette: The default palette; "own" if each category has its own colour.
        categorical: Whether values are categories rather than numbers on a scale.
        unit: Written after the numbers in the legend.
        logarithmic: Whether the scale is logarithmic; zeros are at its low end.
        needs: What its values are computed from.
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
        sentence="The colour shows the layer, in the order in which the network runs them.",
        palette="aurora",
        categorical=True,
    ),
    Attribute(
        name="operator",
        title="operator type",
        caption="operator type",
        sentence="The colour shows the operator type.",
        categorical=True,
    ),
    Attribute(
        name="pass",
        title="pass",
        caption="pass",
        sentence="The colour shows the pass: forward, backward or update.",
        categorical=True,
    ),
    Attribute(
        name="kind",
        title="kind of vertex",
        caption="kind of vertex",
        sentence="The colour shows the kind of vertex.",
        categorical=True,
    ),
    Attribute(
        name="depth",
        title="depth",
        caption="depth, the step at which a vertex could run",
        sentence="The colour shows the step at which a vertex could run.",
        palette="aurora",
        unit="steps",
    ),
    Attribute(
        name="flops",
        title="work",
        caption="work, floating-point operations per vertex",
        sentence="The colour shows the work of a vertex, in floating-point operations.",
        palette="ember",
        unit="FLOP",
        logarithmic=True,
    ),
    Attribute(
        name="bytes",
        title="communication",
        caption="communication, bytes read and written per vertex",
        sentence="The colour shows how much data a vertex reads and writes.",
        palette="lagoon",
        unit="B",
        logarithmic=True,
    ),
    Attribute(
        name="exchange",
        title="exchange between tiles",
        caption="exchange, bytes per vertex sent to other tiles",
        sentence="The colour shows how much data a vertex sends to other tiles.",
        palette="lagoon",
        unit="B",
        logarithmic=True,
        needs=frozenset({"graph", "execution"}),
    ),
    Attribute(
        name="degree",
        title="degree",
        caption="degree, edges per vertex",
        sentence="The colour shows the number of edges of a vertex.",
        palette="orchid",
        unit="edges",
        logarithmic=True,
    ),
    Attribute(
        name="tile",
        title="tile",
        caption="tile of the processor",
        sentence="The colour shows the tile of the processor that a vertex runs on.",
        palette="spectrum",
        needs=frozenset({"graph", "execution"}),
    ),
    Attribute(
        name="start",
        title="start",
        caption="start, when a vertex begins on the processor",
        sentence="The colour shows when a vertex begins in the modelled run.",
        palette="aurora",
        unit="s",
        needs=frozenset({"graph", "execution"}),
    ),
    Attribute(
        name="time",
        title="time",
        caption="time that a vertex keeps its tile busy",
        sentence="The colour shows how long a vertex keeps its tile busy in the modelled run.",
        palette="ember",
        unit="s",
        logarithmic=True,
        needs=frozenset({"graph", "execution"}),
    ),
    Attribute(
        name="live",
        title="memory at the peak",
        caption="what is in memory at the peak, and why",
        sentence="The colour shows what is in memory when the modelled run needs most of it.",
        categorical=True,
        needs=frozenset({"graph", "execution"}),
    ),
    Attribute(
        name="length",
        title="edge length",
        caption="mean length of the edges read",
        sentence="The colour shows the mean length of the edges that a vertex reads.",
        palette="meadow",
        unit="pt",
        logarithmic=True,
        needs=frozenset({"graph", "positions"}),
    ),
    Attribute(
        name="parameters",
        title="parameters",
        caption="parameters, bytes read per vertex",
        sentence="The colour shows how many bytes of parameters a vertex reads.",
        palette="meadow",
        unit="B",
        logarithmic=True,
    ),
    Attribute(
        name="measured",
        title="measured time",
        caption="measured time of the operator of a vertex (grey: not measured)",
        sentence="The colour shows how long the operator of a vertex took in a measured run.",
        palette="ember",
        unit="s",
        logarithmic=True,
        needs=frozenset({"graph", "measurements"}),
    ),
)

TABLE: Mapping[str, Attribute] = MappingProxyType({one.name: one for one in _ROWS})
"""All attributes by name, in the order in which they are offered."""

ATTRIBUTES = tuple(TABLE)
"""Their names."""

METRIC = "metric"
MEASURED = "measured"

_OWN = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def find(name: str) -> Attribute | None:
    """The attribute of a name, those of a single model's measurements included, or None.

    "measured:DEVICE" is the time on another device, and "metric:NAME" any other number that
    operators have, with names in lower case, digits and hyphens.

    >>> find("metric:sqnr-db").title, find("metric:")
    ('sqnr-db', None)
    """
    kind, _, own = name.partition(":")
    if name in TABLE:
        return TABLE[name]
    if len(own) > 80 or not _OWN.fullmatch(own):
        return None
    if kind == MEASURED:
        time, on = TABLE[MEASURED], f", {own}"
        return replace(time, name=name, title=time.title + on, caption=time.caption + on)
    if kind == METRIC:
        return Attribute(
            name=name,
            title=own,
            caption=f"{own} of the operator of a vertex (grey: none given)",
            sentence=f"The colour shows the {own} of the operator of a vertex.",
            palette="lagoon",
            needs=frozenset({"graph", "measurements"}),
        )
    return None


def is_measured(name: str) -> bool:
    """Whether an attribute comes from a model's measurements."""
    known = find(name)
    return known is not None and "measurements" in known.needs
