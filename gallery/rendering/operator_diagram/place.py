"""Places the boxes and arrows of a diagram by Graphviz's dot, with a time limit.

Only numbers reach DOT: nodes are integers with a fixed size, and labels are as wide as their text
but made of other letters. See https://graphviz.org/docs/layouts/dot/.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import graphviz

from gallery.model import Layer
from gallery.placement.graphviz_engines import EngineError, places
from gallery.rendering.operator_diagram.blocks import Drawing

WIDEST = 4000.0
"""Width in points above which a drawing is turned, if it is narrower then: pages scroll down."""

_POINTS = 72.0

_CROWDED = 1500
"""Rows that arrows pass, summed over all, beyond which labels are not left to dot: it has twice as
many rows with them, and takes ten seconds to a minute to place the arrows of 3,000."""

_BELOW = 8.0
"""How far below its block the middle of such a label is, in points."""

_SPARE = 3
"""Letters by which a label's room is longer than the label. dot takes one of them for 0.58 of the
font size; where there is none of the fonts of `FAMILY`, digits may be 0.64 and a × 0.84 wide."""

Box = tuple[float, float, float, float]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where everything is, in points, y down.

    Attributes:
        width: Width of the whole drawing.
        height: Height of the whole drawing.
        nodes: Centre of each block.
        links: Bézier control points of each arrow, its tip last; empty if there are none.
        labels: Centre of each arrow's label, or None if it has none.
        frames: Left, top, right, bottom of each layer's frame.
        fallback: Why this is not the full layout, or "".
    """

    width: float
    height: float
    nodes: Sequence[Point]
    links: Sequence[Sequence[Point]]
    labels: Sequence[Point | None]
    frames: Mapping[int, Box]
    fallback: str = ""


def outer_frames(drawing: Drawing, layers: Sequence[Layer]) -> tuple[list[int], list[str]]:
    """The layer whose frame encloses that of each layer, and the title of each frame.

    A layer that would frame nothing but one other frame gets none: its name is put before that of
    the inner one.
    """
    own = [0] * len(layers)
    for block in drawing.blocks:
        own[block.layer] += 1
    filled = [count > 0 for count in own]
    inner = [0] * len(layers)
    for layer in range(len(layers) - 1, 0, -1):
        if filled[layer]:
            inner[layers[layer].parent] += 1
            filled[layers[layer].parent] = True
    parents, names = [], []
    for record in layers:
        parent, name = record.parent, record.name
        while parent > 0 and own[parent] == 0 and inner[parent] == 1:
            name = f"{layers[parent].name} / {name}"
            parent = layers[parent].parent
        parents.append(parent)
        names.append(name)
    return parents, names


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """How dot is asked: with frames or labels, how long it may improve, and in which direction."""

    framed: bool = False
    labelled: bool = False
    patient: bool = False
    across: bool = False


def place(
    drawing: Drawing, sizes: Sequence[Point], parents: Sequence[int], seconds: float
) -> Places:
    """Place a drawing: with frames, else without, else hastily, else in one column.

    If there are too many long arrows, labels are below the blocks that the arrows come from.

    Args:
        drawing: The drawing to place.
        sizes: Width and height of each block in points.
        parents: Enclosing frames, see `outer_frames`.
        seconds: Limit of processor time of each attempt.
    """
    labelled = _passed(drawing) <= _CROWDED
    ways = [_Way(framed=True, labelled=labelled, patient=True), _Way()]
    if any(block.layer for block in drawing.blocks):
        ways.insert(1, _Way(labelled=labelled, patient=True))
    reason = ""
    for way in ways:
        try:
            found = _run(drawing, sizes, parents, way, seconds)
        except EngineError as error:
            reason = str(error)
        else:
            found = _narrow(found, drawing, sizes, parents, way, seconds)
            labels = found.labels if way.labelled else _below(drawing, sizes, found.nodes)
            return replace(found, labels=labels, fallback=reason)
    return _column(drawing, sizes, reason)


def _passed(drawing: Drawing) -> int:
    """How many rows of blocks all arrows pass, if each block stands below those that it reads."""
    row = [0] * len(drawing.blocks)
    links = sorted(drawing.links, key=lambda link: link.source)
    ahead = [link for link in links if link.source < link.reader]
    for link in ahead:
        row[link.reader] = max(row[link.reader], row[link.source] + 1)
    return sum(row[link.reader] - row[link.source] - 1 for link in ahead)


def _below(drawing: Drawing, sizes: Sequence[Point], nodes: Sequence[Point]) -> list[Point | None]:
    """The places of labels below their blocks: of each block's, the first of those that differ."""
    told: set[int] = set()
    places: list[Point | None] = []
    for link in drawing.links:
        x, y = nodes[link.source]
        first = bool(link.label) and link.source not in told
        places.append((x, y + sizes[link.source][1] / 2 + _BELOW) if first else None)
        told |= {link.source} if first else set()
    return places


def _narrow(
    found: Places,
    drawing: Drawing,
    sizes: Sequence[Point],
    parents: Sequence[int],
    way: _Way,
    seconds: float,
) -> Places:
    """The drawing as it is, or turned if it is too wide and turned it is narrower."""
    if found.width <= WIDEST:
        return found
    try:
        turned = _run(drawing, sizes, parents, replace(way, across=True), seconds)
    except EngineError:
        return found
    return min(found, turned, key=lambda one: one.width)


def _run(
    drawing: Drawing, sizes: Sequence[Point], parents: Sequence[int], way: _Way, seconds: float
) -> Places:
    source = _dot(drawing, sizes, parents if way.framed else (), way)
    found = places("dot", source, seconds, "box", "nodes", "edges", "clusters")
    try:
        return _read(found, drawing)
    except (ValueError, KeyError) as error:
        raise EngineError(f"dot gave no positions: {error!r}") from error


def _dot(drawing: Drawing, sizes: Sequence[Point], parents: Sequence[int], way: _Way) -> str:
    asked = {} if way.patient else {"nslimit": "1", "mclimit": "0.1"}
    asked |= {"rankdir": "LR"} if way.across else {}
    graph = graphviz.Digraph(
        graph_attr={
            "nodesep": "0.22",
            "ranksep": "0.30",
            "splines": "spline",
            "margin": "0",
            "compound": "false",
            "newrank": "true",
            **asked,
        },
        node_attr={"shape": "box", "fixedsize": "true", "label": ""},
        edge_attr={"fontname": "Courier", "fontsize": "9", "arrowsize": "0.6"},
    )
    inside: dict[int, list[int]] = {}
    for number, block in enumerate(drawing.blocks):
        inside.setdefault(block.layer if parents else 0, []).append(number)
    _fill(graph, inside, parents, sizes)
    for number, link in enumerate(drawing.links):
        room = len(link.label) + _SPARE
        label = {"label": "x" * room} if link.label and way.labelled else {}
        graph.edge(str(link.source), str(link.reader), id=str(number), **label)
    return str(graph.source)


def _fill(
    graph: graphviz.Digraph,
    inside: Mapping[int, list[int]],
    parents: Sequence[int],
    sizes: Sequence[Point],
) -> None:
    # Children first, so that each frame is complete when it is added to its parent's.
    frames: dict[int, graphviz.Digraph] = {}
    for layer in range(max(len(parents), 1) - 1, -1, -1):
        frame = frames.pop(layer, None)
        if frame is None and layer not in inside and layer:
            continue
        target = (frame or _frame(layer)) if layer else graph
        for number in inside.get(layer, ()):
            width, height = sizes[number]
            target.node(
                str(number), width=f"{width / _POINTS:.3f}", height=f"{height / _POINTS:.3f}"
            )
        if layer:
            parent = parents[layer]
            if parent == 0:
                graph.subgraph(target)
            else:
                frames.setdefault(parent, _frame(parent)).subgraph(target)


def _frame(layer: int) -> graphviz.Digraph:
    # The label reserves space for the layer's name below its boxes.
    room = {"label": "x", "labelloc": "b", "fontsize": "8", "margin": "9"}
    return graphviz.Digraph(name=f"cluster_{layer}", graph_attr=room)


def _read(found: Mapping[str, object], drawing: Drawing) -> Places:
    box, nodes, edges, clusters = (found[key] for key in ("box", "nodes", "edges", "clusters"))
    assert isinstance(box, list)
    assert isinstance(nodes, dict)
    assert isinstance(edges, dict)
    assert isinstance(clusters, dict)
    left, low, right, high = box
    links, labels = [], []
    for number in range(len(drawing.links)):
        edge = edges.get(str(number), {"points": [], "label": []})
        links.append([(x - left, high - y) for x, y in edge["points"]])
        at = edge["label"]
        labels.append((at[0] - left, high - at[1]) if len(at) == 2 else None)
    frames = {
        int(name.removeprefix("cluster_")): (b[0] - left, high - b[3], b[2] - left, high - b[1])
        for name, b in clusters.items()
        if len(b) == 4
    }
    centres = [nodes[str(number)] for number in range(len(drawing.blocks))]
    return Places(
        width=right - left,
        height=high - low,
        nodes=[(x - left, high - y) for x, y in centres],
        links=links,
        labels=labels,
        frames=frames,
    )


def _column(drawing: Drawing, sizes: Sequence[Point], fallback: str) -> Places:
    width = 2 * max((size[0] for size in sizes), default=100.0)
    nodes: list[Point] = []
    y = 0.0
    for _, tall in sizes:
        nodes.append((width / 2, y + tall / 2))
        y += tall + 24
    links = []
    for link in drawing.links:
        a, b = nodes[link.source], nodes[link.reader]
        bend = min(width / 2, 20 + abs(b[1] - a[1]) / 8) if link.reader - link.source > 1 else 0
        links.append(
            [
                (a[0] + bend / 2, a[1] + sizes[link.source][1] / 2),
                (a[0] + bend, a[1] + (b[1] - a[1]) / 3),
                (a[0] + bend, a[1] + (b[1] - a[1]) * 2 / 3),
                (b[0] + bend / 2, b[1] - sizes[link.reader][1] / 2),
            ]
        )
    return Places(
        width=width,
        height=max(y - 24, 1.0),
        nodes=nodes,
        links=links,
        labels=[None] * len(links),
        frames={},
        fallback=fallback,
    )
