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
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gallery.graph import ComputeGraph
from gallery.loading.load import load
from gallery.lowering import lower
from gallery.placement.graph_levels import undirected
from gallery.placement.quality import cover, neighbourhood_preservation, stress
from tests.benchmarks.beside import ROOT, in_turn, medians, told
from tests.benchmarks.rivals import RIVALS

HEAD = (
    f"{'layout':20} {'seconds':>9} {'cpu':>9} {'MiB':>7} {'stress':>7} {'nbhood':>7} {'cover':>6}"
)
BESIDE = (
    f"{'model':<16} {'passes':<9} {'vertices':>11} {'edges':>12} "
    f"{'cpu':>7} {'now':>7} {'ratio':>6} {'wall':>7} {'now':>7} {'ratio':>6} "
    f"{'stress':>7} {'now':>7} {'ratio':>6}"
)

LAID_OUT = """
from pathlib import Path
from gallery.loading.load import load
from gallery.lowering import lower
from gallery.placement import layout
path, vertices, passes, out = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], Path(sys.argv[4])
model = load(path)
# Another seed, as what is remembered of this layout would serve the next one.
layout(lower(model, vertices=3000, passes=passes), seed=2)
graph = lower(model, vertices=vertices, passes=passes)
placed, seconds = timed(lambda: layout(graph))
placed.positions.tofile(out)
print(json.dumps(seconds))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaidOut:
    """One graph laid out by two trees: seconds of the processor and by the wall, and stress."""

    vertices: int
    edges: int
    before: list[float]
    now: list[float]
    stress_before: float
    stress_now: float


def compare(before: Path, model: Path, passes: str, vertices: int, turns: int = 5) -> LaidOut:
    """A graph by this tree and one before, in turn: medians, and the stress of the last turn."""
    graph = lower(load(model), vertices=vertices, passes=passes)
    both = undirected(graph.indptr, graph.sources)
    with tempfile.TemporaryDirectory() as name:
        trees = {tree: Path(name) / str(k) for k, tree in enumerate((before, ROOT))}
        was, now = in_turn(
            tuple(trees),
            lambda tree: told(tree, LAID_OUT, model, vertices, passes, trees[tree]),
            turns,
        )
        drawn = [
            stress(*both, np.fromfile(out, np.float32).reshape(-1, 2), np.random.default_rng(1))
            for out in trees.values()
        ]
    return LaidOut(
        vertices=graph.vertices,
        edges=graph.edges,
        before=medians(was),
        now=medians(now),
        stress_before=drawn[0],
        stress_now=drawn[1],
    )


def compared(before: Path, model: Path, passes: str, vertices: int) -> str:
    """One line: this tree and one before, in turn."""
    one = compare(before, model, passes, vertices)
    times = " ".join(
        f"{was:>7.2f} {now:>7.2f} {was / now:>6.2f}"
        for was, now in zip(one.before, one.now, strict=True)
    )
    return (
        f"{model.stem:<16} {passes:<9} {one.vertices:>11,} {one.edges:>12,} {times} "
        f"{one.stress_before:>7.4f} {one.stress_now:>7.4f} "
        f"{one.stress_now / one.stress_before:>6.3f}"
    )


class RivalError(Exception):
    """Another program did not lay out a graph."""


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


def measured(name: str, graph: ComputeGraph, directory: Path, limit: float) -> dict[str, float]:
    """Seconds by the wall and of the processor, MiB, and quality of one program's layout.

    Args:
        name: One of `RIVALS`.
        graph: What is laid out.
        directory: Where it is stored, as graph.npz.
        limit: Seconds after which the program is ended.

    Raises:
        RivalError: It is not installed, failed or was too slow; says which.
    """
    out = directory / name
    command = [sys.executable, "-m", "tests.benchmarks.rivals", name, directory / "graph.npz", out]
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired:
        raise RivalError(f"not done after {limit:g} s") from None
    if done.returncode:
        raise RivalError(f"exit status {done.returncode}: {' '.join(done.stderr.split()[-12:])}")
    found = json.loads(done.stdout.splitlines()[-1])
    if "missing" in found:
        raise RivalError(found["missing"])
    positions = np.fromfile(out, np.float32).reshape(-1, 2)
    random = np.random.default_rng
    both = undirected(graph.indptr, graph.sources)
    return {
        **found,
        "stress": stress(*both, positions, random(1)),
        "neighbours": neighbourhood_preservation(*both, positions, random(1)),
        "cover": cover(graph, positions),
    }


def line(name: str, graph: ComputeGraph, directory: Path, limit: float) -> str:
    """One line of the table."""
    try:
        one = measured(name, graph, directory, limit)
    except RivalError as why:
        return f"{name:20} {why}"
    return (
        f"{name:20} {one['seconds']:9.2f} {one['cpu']:9.2f} {one['peak']:7.0f} "
        f"{one['stress']:7.4f} {one['neighbours']:7.4f} {one['cover']:6.2f}"
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
            print(compared(options.before.resolve(), one, options.passes, vertices), flush=True)
        return
    model = load(Path(options.model))
    for vertices in options.vertices:
        graph = lower(model, vertices=vertices, passes=options.passes)
        print(f"\n{model.name}, {graph.vertices} vertices, {graph.edges} edges\n{HEAD}", flush=True)
        with tempfile.TemporaryDirectory() as name:
            store(graph, Path(name) / "graph.npz")
            for layout in options.layouts:
                print(line(layout, graph, Path(name), options.limit), flush=True)


if __name__ == "__main__":
    main()
