"""A colouring in the viewer's data: its table, the row of each vertex and the colours of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gallery.coloring.types import Coloring
from gallery.graph import ComputeGraph
from gallery.numerics.elementary import interpolate
from gallery.rendering.viewer.container import Part, part_of, planes
from gallery.rendering.viewer.graph_data import MANY, GraphData
from gallery.rendering.viewer.tables import color_table

_SHADES, _FEW_SHADES = 128, 32
"""Colours of a continuous colouring that are told apart in the viewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColorData:
    """A colouring in a viewer's data.

    Attributes:
        table: What it shows, see `color_table`; JSON.
        part: Its sections, which are numbered only where all colourings are known: "rows" of the
            shown vertices, "colors" of rows, and "inks" for their colours on paper.
    """

    table: Mapping[str, Any]
    part: Part

    @property
    def attribute(self) -> str:
        """What the colours show."""
        return str(self.table["attribute"])


def color_data(
    coloring: Coloring, on_paper: Coloring, graph: ComputeGraph, shown: GraphData
) -> ColorData:
    """A colouring of a graph in its viewer's data.

    Args:
        coloring: On black.
        on_paper: The same for a light ground.
        graph: The graph.
        shown: What of it is shown.
    """
    rows = coloring.index[shown.vertices]
    shades = _FEW_SHADES if len(shown.vertices) > MANY else _SHADES
    step = 1 if coloring.categorical else max(len(coloring.colors) // shades, 1)
    sections = {
        "rows": planes(rows - rows % step),
        "colors": coloring.colors.tobytes(),
        "inks": inks(coloring, on_paper).tobytes(),
    }
    return ColorData(table=color_table(coloring, graph), part=part_of({}, sections))


def inks(coloring: Coloring, on_paper: Coloring) -> npt.NDArray[np.uint8]:
    """The colours on paper of a colouring's rows: uint8 (k, 3), sRGB.

    Neighbours in a legend are moved apart as far as their colours need it, which differs between
    the grounds: where the two have other rows, those of the vertices tell which belong together,
    and those of no vertex lie between them.
    """
    if not len(coloring.index) or np.array_equal(coloring.index, on_paper.index):
        return on_paper.colors
    there = np.full(len(coloring.colors), -1, np.int64)
    there[coloring.index] = on_paper.index
    known = np.flatnonzero(there >= 0)
    every = interpolate(np.arange(len(there)), known, there[known])
    return np.asarray(on_paper.colors[np.rint(every).astype(np.int64)])
