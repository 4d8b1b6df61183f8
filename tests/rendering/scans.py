"""Layouts with known places, for tests of colour and drawing."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from gallery.graph import ComputeGraph, GraphOperator
from gallery.loading.load import load
from gallery.lowering import lower
from gallery.model import Layer
from gallery.placement import layout
from gallery.placement.types import Layout


def layered(bodies: int = 5, size: int = 120, seed: int = 1, name: str = "net") -> ComputeGraph:
    """Bodies of vertices in a chain; each vertex reads four of the body before."""
    rng = np.random.default_rng(seed)
    layers = [Layer(name="", path="", parent=-1)]
    operators = []
    for body in range(bodies):
        layers.append(Layer(name=f"stage{body}", path=f"stage{body}", parent=0))
        layers.append(Layer(name="0", path=f"stage{body}/0", parent=len(layers) - 1))
        kind = ("Conv", "Relu", "Add", "MatMul", "Softmax")[body % 5]
        operators.append(
            GraphOperator(name=f"op{body}", type=kind, layer=len(layers) - 1, operator=body)
        )
    sources = [np.empty(0, np.int64) for _ in range(size)]
    for body in range(1, bodies):
        for _ in range(size):
            sources.append(np.unique(rng.integers(0, size, 4)) + (body - 1) * size)
    n = bodies * size
    lengths = [len(read) for read in sources]
    return ComputeGraph(
        model=name,
        vertex_operator=np.repeat(np.arange(bodies), size).astype(np.int32),
        vertex_kind=np.full(n, 2, np.uint8),
        vertex_pass=np.zeros(n, np.uint8),
        vertex_flops=rng.lognormal(8, 2, n).astype(np.float32),
        vertex_bytes=rng.lognormal(5, 1, n).astype(np.float32),
        indptr=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        sources=np.concatenate(sources).astype(np.int32),
        operators=tuple(operators),
        layers=tuple(layers),
        target="h100",
    )


def ring(graph: ComputeGraph, spread: float = 40.0, seed: int = 2) -> Layout:
    """Operators around a circle of radius 400, each a cloud of its vertices."""
    rng = np.random.default_rng(seed)
    angle = graph.vertex_operator * (2 * np.pi / max(len(graph.operators), 1))
    centre = 400 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    positions = centre + rng.normal(size=(graph.vertices, 2)) * spread
    return placed(graph, positions)


def placed(graph: ComputeGraph, positions: object) -> Layout:
    """A layout of these positions."""
    return Layout(
        graph=graph,
        positions=np.asarray(positions, np.float32).reshape(graph.vertices, 2).copy(),
        skeleton="sfdp",
        engine="sfdp",
        seed=7,
    )


@cache
def facing(vertices: int = 1500) -> Layout:
    """A training graph of a sample as hemispheres."""
    model = load(Path(__file__).parents[2] / "models" / "resnet18.onnx")
    return layout(lower(model, vertices=vertices, passes="training"))
