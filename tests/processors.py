"""What a model becomes on other processors, stage by stage.

    python -m tests.processors MODEL [--vertices 8000] [--passes training]

prints a digest of every intermediate result as JSON. Run under several of `PROCESSORS`, the first
digest that differs tells where the bytes part. Each of them makes the libraries choose their code
as on another processor: numba and LLVM, NumPy, and OpenBLAS.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from gallery.coloring import color
from gallery.coloring.coloring import attributes_of
from gallery.coloring.palettes import PALETTES, sample
from gallery.loading.load import load
from gallery.lowering import lower
from gallery.placement import layout
from gallery.placement.graphviz_engines import started
from gallery.placement.hierarchy import hierarchy
from gallery.placement.skeleton import skeleton
from gallery.rendering.raster.bloom import glow_of
from gallery.rendering.raster.raster import plan_of, strips
from gallery.rendering.raster.strokes import draw
from gallery.rendering.raster.tone import tone
from gallery.rendering.scan import render
from gallery.rendering.types import RenderSettings
from gallery.rendering.viewer.data import viewer_data

_NO_AVX512 = "X86_V4 AVX512_ICL AVX512_SPR"

PROCESSORS: Mapping[str, Mapping[str, str]] = {
    "here": {},
    "avx512": {"NUMBA_CPU_NAME": "skylake-avx512", "NUMBA_NUM_THREADS": "8"},
    "avx2": {
        "NUMBA_CPU_NAME": "haswell",
        "NUMBA_CPU_FEATURES": "+avx2,+fma",
        "NPY_DISABLE_CPU_FEATURES": _NO_AVX512,
        "OPENBLAS_CORETYPE": "HASWELL",
        "NUMBA_NUM_THREADS": "2",
    },
    "sse4": {
        "NUMBA_CPU_NAME": "nehalem",
        "NUMBA_CPU_FEATURES": "+sse4.2",
        "NPY_DISABLE_CPU_FEATURES": f"X86_V3 {_NO_AVX512}",
        "OPENBLAS_CORETYPE": "NEHALEM",
        "NUMBA_NUM_THREADS": "3",
    },
    "generic": {
        "NUMBA_CPU_NAME": "generic",
        "NUMBA_CPU_FEATURES": "",
        "NPY_DISABLE_CPU_FEATURES": f"X86_V3 {_NO_AVX512}",
        "OPENBLAS_CORETYPE": "NEHALEM",
        "NUMBA_NUM_THREADS": "1",
    },
}
"""Environment variables by the processor that they stand for; "generic" has SSE2 alone.

`NPY_DISABLE_CPU_FEATURES="AVX2 FMA3"` would disable nothing in NumPy 2.4: its names are those of
the levels of x86-64.
"""


def environment(processor: str, kernels: Path) -> dict[str, str]:
    """The environment of one of `PROCESSORS`, which keeps its compiled kernels for itself."""
    given = PROCESSORS[processor]
    theirs = {"NUMBA_CACHE_DIR": str(kernels / processor)} if given else {}
    return {**os.environ, **given, **theirs}


def digests(model: Path, vertices: int, passes: str) -> dict[str, str]:
    """A digest of each intermediate result, in the order in which they are made."""
    found: dict[str, str] = {}

    def note(name: str, *values: object) -> None:
        digest = hashlib.sha256()
        for value in values:
            array = isinstance(value, np.ndarray)
            digest.update(np.ascontiguousarray(value).tobytes() if array else repr(value).encode())
        found[name] = digest.hexdigest()[:12]

    places = np.linspace(0, 1, 256)
    note("palettes", *(sample(name, places, on) for name in PALETTES for on in ("dark", "light")))
    graph = lower(load(model), vertices=vertices, passes=passes)
    note("graph", graph.indptr, graph.sources, graph.vertex_flops, graph.vertex_bytes)
    sizes = hierarchy(graph, 1600)
    for number, level in enumerate(sizes.levels):
        whole = level.whole()
        note(f"level {number}", whole.indptr, whole.neighbours, whole.weights, whole.charge)
    with started("sfdp", 300.0, "nodes") as engine:
        note("skeleton", skeleton(graph, sizes, engine, 1).positions)
    placed = layout(graph, seconds=300.0)
    note("positions", placed.positions)
    attributes = attributes_of(graph)
    colorings = [color(graph, name, positions=placed.positions) for name in attributes]
    for name, one in zip(attributes, colorings, strict=True):
        note(f"colours by {name}", one.index, one.colors)
    settings = RenderSettings(labels=True, legend=True)
    for ground in ("dark", "light"):
        one = color(graph, ground=ground)
        plan = plan_of(placed, one, 640, settings)
        light = draw(plan.strokes, (plan.frame.width, 0, plan.frame.height))
        note(f"light on {ground}", light)
        note(f"curve on {ground}", plan.curve.single, plan.curve.dense, plan.curve.places)
        toned = tone(light, plan.curve)
        note(f"tones on {ground}", toned)
        note(f"glow on {ground}", glow_of(toned, settings.glow).light)
        note(f"pixels on {ground}", *strips(placed, one, 640, settings))
        picture = render(placed, one, size=640, settings=settings)
        note(f"scan on {ground}", picture.pixels)
    on_paper = [
        color(graph, name, ground="light", positions=placed.positions) for name in attributes
    ]
    note("viewer", viewer_data(placed, colorings, on_paper=on_paper))
    return found


def main() -> None:
    """Print the digests of a model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--vertices", type=int, default=8000)
    parser.add_argument("--passes", default="forward", choices=["forward", "training"])
    options = parser.parse_args()
    print(json.dumps(digests(options.model, options.vertices, options.passes)))


if __name__ == "__main__":
    main()
