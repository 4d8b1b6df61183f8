"""Lays out one stored graph by one program, in a process of its own; see bench_layout.py."""

# ruff: noqa: PLC0415 - a rival is imported only in the process that runs it

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

Positions = np.ndarray
Run = Callable[[], Positions]


def pairs(stored: dict[str, np.ndarray]) -> np.ndarray:
    """Edges as (source, reader)."""
    n = len(stored["indptr"]) - 1
    readers = np.repeat(np.arange(n, dtype=np.int32), np.diff(stored["indptr"]))
    return np.stack([stored["sources"], readers], axis=1)


def gallery(stored: dict[str, np.ndarray]) -> Run:
    """This project, skeleton included."""
    from gallery.graph import ComputeGraph, GraphOperator
    from gallery.model import Layer
    from gallery.placement import layout

    n = len(stored["indptr"]) - 1
    operators = int(stored["operator"].max()) + 1
    graph = ComputeGraph(
        model="stored",
        vertex_operator=stored["operator"],
        vertex_kind=np.zeros(n, np.uint8),
        vertex_pass=stored["pass"],
        vertex_flops=np.zeros(n, np.float32),
        vertex_bytes=np.zeros(n, np.float32),
        indptr=stored["indptr"],
        sources=stored["sources"],
        operators=tuple(
            GraphOperator(name=str(i), type="", layer=int(stored["layer"][i]), operator=i)
            for i in range(operators)
        ),
        layers=tuple(
            Layer(name=str(i), path=str(i), parent=int(parent))
            for i, parent in enumerate(stored["parent"])
        ),
        levels=tuple(stored[f"level{i}"] for i in range(int(stored["levels"]))),
    )
    return lambda: layout(graph).positions


def sfdp(stored: dict[str, np.ndarray]) -> Run:
    """Graphviz sfdp of the whole graph, in its library."""
    from gallery.placement.graphviz_engines import run

    edges = pairs(stored).tolist()
    joined = ";".join(f"{a}--{b}" for a, b in edges)
    source = f"graph{{graph[start=1 overlap=true];node[shape=point];{joined}}}"
    n = len(stored["indptr"]) - 1
    return lambda: np.nan_to_num(run("sfdp", source, n, 36_000))


TOLERANCE = 0.01
"""Of NetworKit's solver in Maxent-stress: at 1 the layout is far worse than the one that it starts
from, at its default of 1e-5 no better than here and twice as slow (version 11.3)."""


def networkit(name: str) -> Callable[[dict[str, np.ndarray]], Run]:
    """A layout of NetworKit."""

    def prepare(stored: dict[str, np.ndarray]) -> Run:
        import networkit

        edges = pairs(stored).astype(np.uint64)
        networkit.setSeed(1, False)
        graph = networkit.GraphFromCoo((edges[:, 0], edges[:, 1]), n=len(stored["indptr"]) - 1)

        def run() -> Positions:
            start = networkit.viz.PivotMDS(graph, 2, 50)
            start.run()
            places = start.getCoordinates()
            if name == "maxent":
                better = networkit.viz.MaxentStress(graph, 2, 2, places, TOLERANCE)
                better.run()
                places = better.getCoordinates()
            return np.array(places)

        return run

    return prepare


def igraph(name: str) -> Callable[[dict[str, np.ndarray]], Run]:
    """A layout of igraph."""

    def prepare(stored: dict[str, np.ndarray]) -> Run:
        import random

        import igraph

        random.seed(1)
        graph = igraph.Graph(n=len(stored["indptr"]) - 1, edges=pairs(stored).tolist())
        return lambda: np.array(graph.layout(name).coords)

    return prepare


def forceatlas2(stored: dict[str, np.ndarray]) -> Run:
    """ForceAtlas2's package, 100 rounds with Barnes and Hut's approximation."""
    from fa2_modified import ForceAtlas2
    from scipy.sparse import csr_matrix

    edges, n = pairs(stored), len(stored["indptr"]) - 1
    ones = np.ones(2 * len(edges))
    ends = np.concatenate([edges, edges[:, ::-1]])
    matrix = csr_matrix((ones, (ends[:, 0], ends[:, 1])), shape=(n, n))
    start = np.random.default_rng(1).random((n, 2))
    engine = ForceAtlas2(barnesHutOptimize=True, verbose=False)
    return lambda: np.array(engine.forceatlas2(matrix, pos=start, iterations=100))


_OGDF = """
std::pair<ogdf::Graph*, std::vector<ogdf::node>*> build(int n, const int* ends, long m) {
    auto* graph = new ogdf::Graph();
    auto* nodes = new std::vector<ogdf::node>(n);
    for (auto& node : *nodes) node = graph->newNode();
    for (long i = 0; i < m; ++i) graph->newEdge((*nodes)[ends[2 * i]], (*nodes)[ends[2 * i + 1]]);
    return {graph, nodes};
}
void places(ogdf::GraphAttributes& at, const std::vector<ogdf::node>& nodes, float* out) {
    for (size_t i = 0; i < nodes.size(); ++i) {
        out[2 * i] = at.x(nodes[i]);
        out[2 * i + 1] = at.y(nodes[i]);
    }
}
"""


def ogdf_fmmm(stored: dict[str, np.ndarray]) -> Run:
    """OGDF's fast multipole multilevel method with its default options."""
    import cppyy
    from ogdf_python import cppinclude, ogdf

    cppinclude("ogdf/energybased/FMMMLayout.h")
    cppyy.cppdef(_OGDF)
    edges, n = np.ascontiguousarray(pairs(stored)), len(stored["indptr"]) - 1
    graph, nodes = cppyy.gbl.build(n, edges.ravel(), len(edges))
    graphics = ogdf.GraphAttributes.nodeGraphics | ogdf.GraphAttributes.edgeGraphics
    attributes = ogdf.GraphAttributes(graph, graphics)
    method = ogdf.FMMMLayout()
    method.useHighLevelOptions(True)
    method.randSeed(1)

    def run() -> Positions:
        method.call(attributes)
        positions = np.zeros(2 * n, np.float32)
        cppyy.gbl.places(attributes, nodes, positions)
        return positions.reshape(n, 2)

    return run


RIVALS: dict[str, Callable[[dict[str, np.ndarray]], Run]] = {
    "gallery": gallery,
    "sfdp": sfdp,
    "networkit-pivotmds": networkit("pivotmds"),
    "networkit-maxent": networkit("maxent"),
    "igraph-drl": igraph("drl"),
    "igraph-fr": igraph("fr"),
    "forceatlas2": forceatlas2,
    "ogdf-fmmm": ogdf_fmmm,
}


def main() -> None:
    """Arguments: the rival, the stored graph, where to write the positions."""
    name, graph, out = sys.argv[1:4]
    try:
        run = RIVALS[name](dict(np.load(graph)))
    except ImportError as missing:
        print(json.dumps({"missing": str(missing)}))
        return
    cpu = time.process_time()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    positions = run()
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = time.process_time() - cpu + after.ru_utime - children.ru_utime
    Path(out).write_bytes(positions.astype(np.float32).tobytes())
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak = max(own, after.ru_maxrss) / 1024
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": peak}))


if __name__ == "__main__":
    main()
