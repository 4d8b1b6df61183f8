"""Random compute graphs with work, bytes, parameters and a backward pass, for the laws of a run."""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import strategies as st

from gallery.graph import ComputeGraph, Kind
from gallery.targets import TARGETS, Target
from tests.strategies import compute_graphs


@st.composite
def working_graphs(draw: st.DrawFn) -> ComputeGraph:
    """Graphs whose vertices differ in work and size; some that read nothing are parameters."""
    graph = draw(compute_graphs(40))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    n = graph.vertices
    kind = np.full(n, Kind.COMPUTE, np.uint8)
    sources = np.diff(graph.indptr) == 0
    kind[sources & (rng.random(n) < 0.5)] = Kind.PARAMETER
    kind[sources & (rng.random(n) < 0.2)] = Kind.INPUT
    return dataclasses.replace(
        graph,
        vertex_kind=kind,
        vertex_flops=(rng.integers(0, 3, n) * rng.lognormal(9, 2, n)).astype(np.float32),
        vertex_bytes=np.ceil(rng.lognormal(5, 2, n)).astype(np.float32),
        target="ipu2",
    )


def small(name: str, tiles: int) -> Target:
    """A processor like the named one, with so many tiles of the same kind."""
    whole = TARGETS[name]
    share = tiles / whole.tiles
    rates = ("flops", "vector_flops", "bandwidth", "exchange", "memory")
    return dataclasses.replace(
        whole, tiles=tiles, **{rate: getattr(whole, rate) * share for rate in rates}
    )
