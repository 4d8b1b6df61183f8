"""Layouts side by side: the same lowered graphs by this project and by others, as one table.

    python -m tests.benchmarks.bench_layout --vertices 15000 60000 --limit 300

Rivals come with `pip install -e ".[bench]"`; one that is not there is told so.
Each runs in a process of its own. Seconds are of the layout alone, without imports and without
reading the graph; those of CPU time say more where the machine is shared.

`--before DIRECTORY` compares with another tree of this program instead: the trees in turn, each
time in a process of its own with its kernels compiled, medians of five, and the stress of the last
drawings. CPU time includes Graphviz.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from gallery.graph import ComputeGraph
from gallery.loading.load import load
from gallery.lowering import lower
from gallery.placement.graph_levels import undirected
from gallery.placement.quality import cover, neighbourhood_preservation, stress
from tests.benchmarks.rivals import RIVALS

ROOT = Path(__file__).parents[2]
HEAD = (
    f"{'layout':20} {'seconds':>9} {'cpu':>9} {'MiB':>7} {'stress':>7} {'nbhood':>7} {'cover':>6}"
)
BESIDE = (
    f"{'model':<16} {'passes':<9} {'vertices':>11} {'edges':>12} "
    f"{'cpu':>7} {'now':>7} {'ratio':>6} {'wall':>7} {'now':>7} {'ratio':>6} "
    f"{'stress':>7} {'now':>7} {'ratio':>6}"
)
TURNS = 10

LAID_OUT = """
import json, resource, sys, time
from pathlib import Path
from gallery.loading.load import load
from gallery.lowering import lower
from gallery.placement import layout
path, vertices, passes, out = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], Path(sys.argv[4])
model = load(path)
layout(lower(model, vertices=3000, passes=passes))
graph = lower(model, vertices=vertices, passes=passes)
def cpu():
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)
wall, before = time.perf_counter(), cpu()
placed = layout(graph)
print(json.dumps([cpu() - before, time.perf_counter() - wall]))
placed.positions.tofile(out)
"""


def compare(before: Path, model: Path, passes: str, vertices: int) -> str:
    """One line: this tree and one before, in turn."""
    graph = lower(load(model), vertices=vertices, passes=passes)
    both = undirected(graph.indptr, graph.sources)
    seconds: list[list[list[float]]] = [[], []]
    drawn: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        out = Path(name) / "positions"
        for turn in range(TURNS):
            tree = (before, ROOT)[turn % 2]
            command = [sys.executable, "-c", LAID_OUT, str(model), str(vertices), passes, str(out)]
            environment = {**os.environ, "PYTHONPATH": str(tree)}
            done = subprocess.run(
                command, capture_output=True, text=True, check=True, cwd=tree, env=environment
            )
            seconds[turn % 2].append(json.loads(done.stdout.splitlines()[-1]))
            if turn >= TURNS - 2:
                positions = np.fromfile(out, np.float32).reshape(-1, 2)
                drawn.append(stress(*both, positions, np.random.default_rng(1)))
    (cpu, wall), (cpu_now, wall_now) = (
        [statistics.median(column) for column in zip(*runs, strict=True)] for runs in seconds
    )
    return (
        f"{model.stem:<16} {passes:<9} {graph.vertices:>11,} {graph.edges:>12,} "
        f"{cpu:>7.2f} {cpu_now:>7.2f} {cpu / cpu_now:>6.2f} "
        f"{wall:>7.2f} {wall_now:>7.2f} {wall / wall_now:>6.2f} "
        f"{drawn[0]:>7.4f} {drawn[1]:>7.4f} {drawn[1] / drawn[0]:>6.3f}"
    )


def store(graph: ComputeGraph, path: Path) -> None:
    """Write what layouts need of a graph."""
    arrays = {f"level{i}": level for i, level in enumerate(graph.levels)}
    np.savez(
        path,
        indptr=graph.indptr,
        sources=graph.sources,
        operator=graph.vertex_operator,
        layer=[operator.layer for operator in graph.operators],
        parent=[layer.parent for layer in graph.layers],
        levels=len(graph.levels),
        **{"pass": graph.vertex_pass},
        **arrays,
    )


def measured(graph: ComputeGraph, name: str, directory: Path, limit: float) -> str:
    """One line of the table."""
    out = directory / name
    command = [sys.executable, "-m", "tests.benchmarks.rivals", name, directory / "graph.npz", out]
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired:
        return f"{name:20} not done after {limit:g} s"
    if done.returncode:
        return f"{name:20} exit status {done.returncode}: {' '.join(done.stderr.split()[-12:])}"
    told = json.loads(done.stdout.splitlines()[-1])
    if "missing" in told:
        return f"{name:20} {told['missing']}"
    positions = np.fromfile(out, np.float32).reshape(-1, 2)
    random = np.random.default_rng
    both = undirected(graph.indptr, graph.sources)
    return (
        f"{name:20} {told['seconds']:9.2f} {told['cpu']:9.2f} {told['peak']:7.0f} "
        f"{stress(*both, positions, random(1)):7.4f} "
        f"{neighbourhood_preservation(*both, positions, random(1)):7.4f} "
        f"{cover(graph, positions):6.2f}"
    )


def main() -> None:
    """Print a table for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=str(ROOT / "models" / "resnet50.onnx"))
    parser.add_argument("--passes", default="forward", choices=["forward", "training"])
    parser.add_argument("--vertices", type=int, nargs="+", default=[15_000])
    parser.add_argument("--layouts", nargs="+", default=list(RIVALS), choices=list(RIVALS))
    parser.add_argument("--limit", type=float, default=600, help="seconds for each layout")
    parser.add_argument("--before", type=Path, help="compare with the program in this directory")
    options = parser.parse_args()
    if options.before:
        print(BESIDE)
        for vertices in options.vertices:
            one = Path(options.model).resolve()
            print(compare(options.before.resolve(), one, options.passes, vertices), flush=True)
        return
    model = load(Path(options.model))
    for vertices in options.vertices:
        graph = lower(model, vertices=vertices, passes=options.passes)
        print(f"\n{model.name}, {graph.vertices} vertices, {graph.edges} edges\n{HEAD}", flush=True)
        with tempfile.TemporaryDirectory() as name:
            store(graph, Path(name) / "graph.npz")
            for layout in options.layouts:
                print(measured(graph, layout, Path(name), options.limit), flush=True)


if __name__ == "__main__":
    main()
