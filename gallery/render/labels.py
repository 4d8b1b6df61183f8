"""Names of layers at their bodies: where they go, and how they stay readable on any picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt, gaussian_filter

from gallery.color.oklab import (
    linear_from_oklab,
    linear_from_srgb,
    oklab_from_linear,
    srgb_from_linear,
)
from gallery.color.tree import tree_places
from gallery.color.types import Coloring
from gallery.graph import ComputeGraph
from gallery.layout.types import Layout
from gallery.render.frame import Frame
from gallery.render.words import extent, mask, plain, put

CONTRAST = 4.5
"""Least contrast of a label to what is under it (WCAG 2.2, success criterion 1.4.3)."""
SMALLEST = 11
"""Pixels: below it nobody reads."""

_SAMPLE = 200_000
_CELLS = 48
_MOST = 40

Rectangle = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A name and its place.

    Attributes:
        text: In letters that the font has.
        box: Left, top, right, bottom in pixels.
        size: Of the font in pixels.
        color: sRGB of the body.
    """

    text: str
    box: Rectangle
    size: int
    color: tuple[int, int, int]


def place_labels(layout: Layout, coloring: Coloring, frame: Frame) -> tuple[Label, ...]:
    """Put the names of layers at their bodies, none over another, the largest layers first.

    Args:
        layout: Where the vertices are.
        coloring: Of the same graph.
        frame: Of the picture.
    """
    graph = layout.graph
    if not graph.vertices:
        return ()
    step = max(1, graph.vertices // _SAMPLE)
    points = frame.place(layout.positions[::step])
    layer = graph.vertex_layer()[::step]
    index = coloring.index[::step]
    bodies = _bodies(graph, layer)
    placed: list[Label] = []
    taken: list[Rectangle] = []
    side = min(frame.width, frame.height)
    for head, depth, members in bodies:
        inside = members[layer]
        if inside.sum() < max(0.004 * len(layer), 3):
            continue
        anchor, radius = _anchor(points[inside], frame)
        share = 0.30 if depth == 0 else 0.20
        largest = side * (0.024 if depth == 0 else 0.016)
        size = round(min(max(radius * share, SMALLEST), max(largest, SMALLEST)))
        text = plain(_name(graph, head), 28)
        box = _free(anchor, radius, extent(text, size), taken, frame)
        if box is None or not text.strip():
            continue
        taken.append(box)
        tone = coloring.colors[index[inside]].mean(axis=0)
        red, green, blue = (int(part) for part in tone)
        placed.append(Label(text=text, box=box, size=size, color=(red, green, blue)))
        if len(placed) == _MOST:
            break
    return tuple(placed)


def draw_labels(
    pixels: npt.NDArray[np.uint8], labels: Sequence[Label], ground: str
) -> npt.NDArray[np.uint8]:
    """A copy of a picture with labels: what is under a name is dimmed until the name reads well.

    Args:
        pixels: uint8 (h, w, 3).
        labels: From `place_labels`.
        ground: "dark" or "light".
    """
    out = pixels.copy()
    for label in labels:
        ink = label_color(label, ground)
        _dim(out, label.box, ink, ground)
    for label in labels:
        left, top, _, _ = label.box
        pad = _pad(label.size)
        put(out, mask(label.text, label.size), (left + pad, top + pad), label_color(label, ground))
    return out


def label_color(label: Label, ground: str) -> tuple[int, int, int]:
    """Colour of a name: a tint of its body, near white on a dark ground, near black on light."""
    lab = oklab_from_linear(linear_from_srgb(np.array(label.color) / 255.0))
    chroma = max(float(np.hypot(lab[1], lab[2])), 1e-6)
    kept = min(chroma, 0.035) / chroma
    lightness = 0.965 if ground == "dark" else 0.24
    angle = np.array([lightness, lab[1] * kept, lab[2] * kept])
    red, green, blue = (
        np.rint(srgb_from_linear(linear_from_oklab(angle)) * 255).astype(int).tolist()
    )
    return int(red), int(green), int(blue)


def luminance(color: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Relative luminance of sRGB 0..255 (..., 3), as WCAG 2.2 defines it."""
    linear = linear_from_srgb(np.asarray(color, np.float64) / 255)
    return np.asarray(linear @ np.array([0.2126, 0.7152, 0.0722]))


def _bodies(
    graph: ComputeGraph, layer: npt.NDArray[np.int32]
) -> list[tuple[int, int, npt.NDArray[np.bool_]]]:
    # Layers of the topmost fork, then their children, each by number of vertices.
    tree = tree_places(graph.layers, layer)
    parents = np.array([record.parent for record in graph.layers])
    heads = sorted(tree.heads, key=lambda head: -int(tree.counts[head]))
    below = [
        child
        for child in range(len(parents))
        if parents[child] in tree.heads and tree.counts[child]
    ]
    below.sort(key=lambda child: -int(tree.counts[child]))
    ranked = [(head, 0) for head in heads] + [(child, 1) for child in below[: 2 * _MOST]]
    found = []
    for head, depth in ranked:
        members = np.zeros(len(parents), bool)
        members[head] = True
        for record in range(head + 1, len(parents)):
            members[record] = members[parents[record]]
        found.append((head, depth, members))
    return found


def _name(graph: ComputeGraph, layer: int) -> str:
    own = graph.layers[layer]
    if own.name.isdigit() and own.parent > 0:
        return f"{graph.layers[own.parent].name}.{own.name}"
    return own.name


def _anchor(points: npt.NDArray[np.float32], frame: Frame) -> tuple[tuple[float, float], float]:
    # The densest place: the mean of a bent body may lie outside it.
    counts, _, _ = np.histogram2d(
        points[:, 0],
        points[:, 1],
        bins=_CELLS,
        range=((0, frame.width), (0, frame.height)),
    )
    smooth = gaussian_filter(counts, 1.5, mode="constant")
    column, row = np.unravel_index(int(np.argmax(smooth)), smooth.shape)
    x = (float(column) + 0.5) * frame.width / _CELLS
    y = (float(row) + 0.5) * frame.height / _CELLS
    distance = np.hypot(points[:, 0] - x, points[:, 1] - y)
    near = distance <= 0.12 * max(frame.width, frame.height)
    if near.any():
        x, y = (float(part) for part in np.median(points[near], axis=0))
        distance = np.hypot(points[:, 0] - x, points[:, 1] - y)
    return (x, y), float(np.quantile(distance, 0.6))


def _pad(size: int) -> int:
    return max(2, round(size * 0.25))


def _free(
    anchor: tuple[float, float],
    radius: float,
    text: tuple[int, int],
    taken: Sequence[Rectangle],
    frame: Frame,
) -> Rectangle | None:
    # On the body, else around it, nearest first; None where all is taken.
    size = round(text[1] / 1.25)
    wide, tall = text[0] + 2 * _pad(size), text[1] + 2 * _pad(size)
    for ring in (0.0, 0.5, 0.9, 1.3):
        for turn in range(1 if ring == 0 else 12):
            angle = np.pi * (turn / 6 + 0.5)
            reach = ring * min(radius, 0.12 * frame.width)
            left = round(anchor[0] + reach * np.cos(angle) - wide / 2)
            top = round(anchor[1] + reach * np.sin(angle) - tall / 2)
            box = (left, top, left + wide, top + tall)
            inside = left >= 0 and top >= 0 and box[2] <= frame.width and box[3] <= frame.height
            if inside and not any(_meet(box, other) for other in taken):
                return box
    return None


def _meet(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _dim(
    pixels: npt.NDArray[np.uint8],
    box: Rectangle,
    ink: tuple[int, int, int],
    ground: str,
) -> None:
    # Scale light under the name (or, on paper, its lack) to the contrast, with a soft border.
    pad = _pad(round((box[3] - box[1]) / 1.75))
    left, top, right, bottom = box[0] + pad, box[1] + pad, box[2] - pad, box[3] - pad
    soft = 3 * pad
    y0, x0 = max(top - soft, 0), max(left - soft, 0)
    y1, x1 = min(bottom + soft, pixels.shape[0]), min(right + soft, pixels.shape[1])
    area = pixels[y0:y1, x0:x1]
    inner = (slice(top - y0, bottom - y0), slice(left - x0, right - x0))
    cover = np.zeros(area.shape[:2])
    cover[inner] = 1
    outside = distance_transform_edt(cover == 0)
    cover = np.clip(1 - outside / soft, 0, 1) ** 2
    bright = luminance(area)[inner]
    level = float(luminance(np.array(ink)))
    linear = linear_from_srgb(area / 255.0)
    if ground == "dark":
        allowed = (level + 0.05) / (CONTRAST * 1.3) - 0.05
        factor = min(1.0, allowed / max(float(bright.max()), 1e-6))
        linear *= 1 + (factor - 1) * cover[:, :, None]
    else:
        needed = (level + 0.05) * CONTRAST * 1.3 - 0.05
        factor = min(1.0, (1 - needed) / max(1 - float(bright.min()), 1e-6))
        linear = 1 - (1 - linear) * (1 + (factor - 1) * cover[:, :, None])
    pixels[y0:y1, x0:x1] = np.rint(srgb_from_linear(linear) * 255).astype(np.uint8)
