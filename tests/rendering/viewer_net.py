"""A small network with every pass, laid out on a ring, for the tests of the viewer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx

from gallery.coloring import Coloring, attributes_of, color
from gallery.graph import ComputeGraph
from gallery.loading.load import load
from gallery.lowering import lower
from gallery.model import Model
from gallery.placement.types import Layout

_TEXT = """
<ir_version: 10, opset_import: ["" : 20]>
net (float[1, 3, 16, 16] image, float[5, 1, 4] words)
    => (float[1, 8, 16, 16] out, float[5, 1, 1, 6] said)
<float[8, 3, 3, 3] w1 = {W1}, float[8, 8, 1, 1] w2 = {W2},
 float[1, 6, 4] w3 = {W3}, float[1, 6, 6] w4 = {W4}> {
    a = Conv<pads = [1, 1, 1, 1]>(image, w1)
    b = Relu(a)
    c = Conv(b, w2)
    out = Add(b, c)
    said = RNN<hidden_size = 6>(words, w3, w4)
}
"""
_SIZES = {"W1": 216, "W2": 64, "W3": 24, "W4": 36}


def net(folder: Path, vertices: int = 600, passes: str = "training") -> tuple[Model, Layout]:
    """The model and its graph on a ring."""
    path = folder / "net.onnx"
    text = _TEXT
    for name, size in _SIZES.items():
        text = text.replace(name, ",".join("0" * size))
    path.write_bytes(onnx.parser.parse_model(text).SerializeToString())
    model = load(path)
    return model, ring(lower(model, vertices=vertices, passes=passes))


def ring(graph: ComputeGraph) -> Layout:
    """Vertices in the order of their numbers on a ring, the first at the right."""
    turn = np.arange(graph.vertices) / max(1, graph.vertices) * 2 * np.pi
    away = 60 + 40 * ((np.arange(graph.vertices) * 7) % 11) / 11
    places = np.stack([away * np.cos(turn), away * np.sin(turn)], axis=1).astype(np.float32)
    return Layout(graph=graph, positions=places, skeleton="sfdp", engine="sfdp")


def colorings(layout: Layout, ground: str = "dark") -> list[Coloring]:
    """Every colouring that the graph can have, on one of the grounds."""
    graph, where = layout.graph, layout.positions
    return [color(graph, name, ground=ground, positions=where) for name in attributes_of(graph)]
