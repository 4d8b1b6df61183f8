"""What of the viewer's data no colour changes: places, edges, tables, light and the run.

Positions are rounded to 15 bits per coordinate (a 32,768th of the picture's longer side), or to 13
if there are many; edges are changes of distances between vertex numbers, and names are stored once
in tables. A graph over the budget is shown in larger blocks (see `sample`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from gallery.coloring.oklab import chroma_limit
from gallery.execution.types import Execution
from gallery.graph import ComputeGraph, Kind, Pass
from gallery.model import Model, freeze
from gallery.numerics.elementary import log
from gallery.placement.fibres import GATHER, PULL, straight
from gallery.placement.types import Layout
from gallery.rendering.growth import grown
from gallery.rendering.raster.curves import LIGHT, REACH
from gallery.rendering.raster.exposure import BOUNDS, exposure
from gallery.rendering.raster.spans import spans_of
from gallery.rendering.raster.strokes import FAINTEST, single_light
from gallery.rendering.tilt import heights
from gallery.rendering.types import RenderSettings
from gallery.rendering.viewer.container import (
    Part,
    part_of,
    planes,
    smooth,
    steps,
    varints,
    zigzag,
)
from gallery.rendering.viewer.sample import Sample, sample
from gallery.rendering.viewer.schedule import schedule_sections, schedule_table
from gallery.rendering.viewer.tables import graph_tables, palettes

VERSION = 2
MANY = 1 << 16
"""Of more vertices, a colour or a place is never looked at alone: they are told less exactly."""

_STEPS = 65_535
_PLACE, _ROUGH_PLACE = 2, 8
"""Units of positions, in steps of the viewer's; 8 are half the distance of 250,000 vertices."""
_LIGHTNESSES, _HUES = 65, 120
_TENS = np.array([float(f"1e{power}") for power in range(-50, 40)])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GraphData:
    """All of a viewer's data but its colours.

    Attributes:
        vertices: int32 (k,), the vertices of the graph that are shown, whose colours are told.
        part: The data.
    """

    vertices: npt.NDArray[np.int32]
    part: Part

    def __post_init__(self) -> None:
        """Make the array read-only."""
        freeze(self.vertices)


def graph_data(
    layout: Layout,
    model: Model | None,
    execution: Execution | None,
    *,
    budget: tuple[int, int],
    exposed: str,
) -> GraphData:
    """All data of a scan's viewer but its colours; the arguments are those of `viewer_data`."""
    graph = layout.graph
    shown = sample(graph, vertices=budget[0], edges=budget[1])
    step = _ROUGH_PLACE if len(shown.vertices) > MANY else _PLACE
    frame, places = _places(layout.positions, shown.vertices, step)
    gains = exposure(graph, exposed)
    head: dict[str, Any] = {
        "version": VERSION,
        "whole": [graph.vertices, graph.edges],
        "shown": [len(shown.vertices), len(shown.sources)],
        "frame": frame,
        "step": step,
        "complete": shown.complete,
        "arrangement": layout.arrangement,
        "heights": [round(float(height), 4) for height in heights(graph).reshape(-1)],
        **_fibres(layout),
        "single": _single(layout, gains),
        "gamut": [_LIGHTNESSES, _HUES],
        "look": _look(graph.vertices),
        "skeleton": layout.engine,
        "target": graph.target,
        "kinds": [kind.name.lower() for kind in Kind],
        "passes": [member.name.lower() for member in Pass],
        **graph_tables(graph, model, shown.sets),
        "palettes": palettes(),
        **(schedule_table(execution) if execution else {}),
    }
    sections = {
        "x": smooth(places[:, 0]),
        "y": smooth(places[:, 1]),
        **_vertex_sections(layout, shown),
        **_edge_sections(shown),
        "gains": _gains(gains[shown.vertices] * _stands_for(graph, shown)),
        "gamut": _gamut(),
        **(schedule_sections(execution, shown) if execution else {}),
    }
    return GraphData(vertices=shown.vertices, part=part_of(head, sections))


def _places(
    positions: npt.NDArray[np.float32], shown: npt.NDArray[np.int32], step: int
) -> tuple[list[float], npt.NDArray[np.uint16]]:
    """Width and height of the whole graph (the longer is 1), and positions in it, y up.

    The positions are uint16 (k, 2), of the shown vertices only, in units of so many steps.
    """
    if not len(positions):
        return [1.0, 1.0], np.zeros((0, 2), np.uint16)
    least, most = _box(positions)
    low = least.astype(np.float64)
    extent = most - low
    side = float(extent.max()) or 1.0
    places = np.rint((positions[shown] - low) / side * (_STEPS / step)).clip(0, _STEPS // step)
    return [round(float(length) / side, 6) for length in extent], places.astype(np.uint16)


def _box(positions: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], ...]:
    """The least and the most x and y: float32 (2,) each, 0 if there are no positions."""
    if not len(positions):
        return np.zeros(2, np.float32), np.zeros(2, np.float32)
    # Axis by axis: the smallest of each column takes NumPy thirty times as long.
    return np.array([one.min() for one in positions.T]), np.array(
        [one.max() for one in positions.T]
    )


def _fibres(layout: Layout) -> dict[str, Any]:
    """How the fibres of hemispheres are drawn; lengths are shares of the graph's longer side."""
    if layout.arrangement != "hemispheres":
        return {}
    low, high = _box(layout.positions)
    side = float((high - low).max()) or 1.0
    middle = [round(-float(one) / side, 6) for one in low]
    found = {"middle": middle, "pull": PULL, "gather": GATHER}
    return {"fibres": {**found, "light": LIGHT, "reach": round(REACH * middle[0], 6)}}


def _single(layout: Layout, gains: npt.NDArray[np.float32]) -> float:
    """Light of the faintest edge's brightest pixels, if edges are a pixel wide."""
    look = grown(RenderSettings(), layout.graph.vertices)
    reach = look.reach / 1600 / (1 - 2 * look.margin)
    low, high = _box(layout.positions)
    spans = spans_of(*straight(layout), layout.positions)
    return round(
        single_light(spans, reach * (float((high - low).max()) or 1.0), look.fade, gains), 6
    )


def _look(vertices: int) -> dict[str, float]:
    """How the still pictures are drawn, so that the viewer can draw the same way.

    Lengths are shares of the graph's longer side; `line` is the width of an edge and `dot` the
    radius of a vertex in pixels of a picture 1,600 wide; `least` and `most` are bounds of gains.
    """
    look = grown(RenderSettings(), vertices)
    return {
        "reach": look.reach / 1600 / (1 - 2 * look.margin),
        "fade": look.fade,
        "faintest": FAINTEST,
        "line": look.line,
        "dot": look.dot,
        "light": look.dot_light,
        "glow": look.glow,
        "middle": look.middle,
        "least": BOUNDS[0],
        "most": BOUNDS[1],
        "share": 1 - 2 * look.margin,
    }


def _stands_for(graph: ComputeGraph, shown: Sample) -> npt.NDArray[np.float32]:
    """Light of a class to that of the mean class: the share of edges that its edges stand for.

    Of one that reads nothing, the share of vertices. float32 (k,).
    """
    count = len(shown.vertices)
    if count == graph.vertices:
        return np.ones(count, np.float32)
    known = shown.member >= 0
    member = shown.member[known]
    reads = np.bincount(member, np.diff(graph.indptr)[known], count)
    size = np.bincount(member, minlength=count)
    edges, vertices = reads.sum() / max(1, shown.read.sum()), size.mean()
    each = np.where(shown.read, reads / np.maximum(shown.read, 1) / edges, size / vertices)
    return np.asarray(each, np.float32)


def _gains(gains: npt.NDArray[np.float32]) -> bytes:
    """Gains in 255 steps of equal ratio from the least to the most."""
    least, most = BOUNDS
    place = log(gains.astype(np.float64) / least) / float(log(most / least))
    return bytes(np.rint(place * 255).clip(0, 255).astype(np.uint8).tobytes())


@cache
def _gamut() -> bytes:
    """The largest chroma in sRGB by lightness and hue, for the tone shader; 255 stands for 0.4.

    Hues are the centres of `_HUES` equal parts of the circle.
    """
    hues = (np.arange(_HUES) + 0.5) * 360 / _HUES
    limits = chroma_limit(np.linspace(0, 1, _LIGHTNESSES)[:, None], hues[None, :])
    return bytes(np.rint(limits / 0.4 * 255).astype(np.uint8).tobytes())


def _vertex_sections(layout: Layout, shown: Sample) -> dict[str, bytes]:
    """The properties of each shown vertex."""
    graph, at = layout.graph, shown.vertices
    flops, flops_table = _amounts(_sums(graph.vertex_flops, shown))
    written, bytes_table = _amounts(_sums(graph.vertex_bytes, shown))
    forward = np.zeros(0, np.int64)
    if graph.gradient_of is not None:
        twin = graph.gradient_of[at]
        forward = np.where(twin < 0, -1, shown.member[twin])
    return {
        "operator": varints(zigzag(steps(graph.vertex_operator[at]))),
        "kind": graph.vertex_kind[at].tobytes(),
        "pass": graph.vertex_pass[at].tobytes(),
        "flops": planes(flops),
        "flops_table": flops_table.astype("<f4").tobytes(),
        "bytes": planes(written),
        "bytes_table": bytes_table.astype("<f4").tobytes(),
        "read": varints(shown.read),
        "sent": varints(shown.sent),
        "forward": varints(zigzag(steps(forward))),
    }


def _sums(amounts: npt.NDArray[np.float32], shown: Sample) -> npt.NDArray[np.float32]:
    """What the members of each class have together: float32 (k,)."""
    known = shown.member >= 0
    sums = np.bincount(shown.member[known], amounts[known], len(shown.vertices))
    return np.asarray(sums, np.float32)


def _amounts(
    values: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The row of each value in a table of values with four digits, fewer if there are too many."""
    for digits in (4, 3, 2):
        known = np.where(np.isfinite(values) & (values > 0), values, 1).astype(np.float64)
        unit = _TENS[np.searchsorted(_TENS, known, side="right") - digits]
        rounded = np.where(values > 0, np.rint(known / unit) * unit, 0)
        table, rows = np.unique(rounded.astype(np.float32), return_inverse=True)
        if len(table) <= _STEPS + 1:
            break
    return rows.astype(np.int64), table.astype(np.float64)


def _edge_sections(shown: Sample) -> dict[str, bytes]:
    """How many sources each vertex reads, and how far down in the order each of them is.

    The distance of a vertex's k-th source is given as its difference from that of the last vertex
    before it that has one, which is mostly 0, since neighbours read alike.
    """
    readers, sources = shown.readers.astype(np.int64), shown.sources.astype(np.int64)
    count = np.bincount(readers, minlength=len(shown.vertices))
    rank = np.arange(len(readers)) - np.repeat(np.cumsum(count) - count, count)
    # NumPy sorts numbers of 16 bits by their digits, in a fraction of the time.
    short = np.uint16 if int(count.max(initial=0)) <= _STEPS else np.int64
    order = np.argsort(rank.astype(short), kind="stable")
    change = np.empty(len(readers), np.int64)
    change[order] = np.diff((readers - sources)[order], prepend=0)
    first = order[np.flatnonzero(np.diff(rank[order], prepend=-1))]
    change[first] = readers[first] - sources[first]
    return {"degree": varints(count), "edges": varints(zigzag(change))}
