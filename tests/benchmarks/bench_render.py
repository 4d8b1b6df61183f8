"""Draws scans and measures: edges a second, cores, size, datashader beside it.

Run as `python -m tests.benchmarks.bench_render [--large]`; `--large` draws 115 million edges at
8,192 pixels, or those of fewer vertices. `--before DIRECTORY` compares with another tree of this
program: scans of ResNet-50 in several sizes, both trees in turn in processes of their own, medians
of five; and how far the pictures differ. Otherwise seconds are the best of three runs: of one core
those of the processor, which a busy machine changes little, of several cores those of the wall.
What the pictures look like is measured by `tests.rendering.measures`.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numba
import numpy as np

from gallery.coloring import color
from gallery.graph import ComputeGraph, GraphOperator
from gallery.loading.load import load
from gallery.lowering import lower
from gallery.model import Layer
from gallery.placement.layout import layout
from gallery.placement.types import Layout
from gallery.rendering.raster.raster import strips
from gallery.rendering.raster.strokes import Strokes, draw
from gallery.rendering.types import RenderSettings
from tests.benchmarks.beside import CLOCK, ROOT, in_turn, medians


def best(
    work: Callable[[], object], runs: int = 3, clock: Callable[[], float] = time.process_time
) -> float:
    """Seconds of the fastest run, after one that compiles."""
    work()
    found = []
    for _ in range(runs):
        start = clock()
        work()
        found.append(clock() - start)
    return min(found)


def segments(edges: int, length: float, side: float, seed: int = 1) -> np.ndarray:
    """Random lines of one length within a square: float32 (2 * edges, 2), ends in turn."""
    rng = np.random.default_rng(seed)
    start = rng.uniform(length, side - length, (edges, 2))
    angle = rng.uniform(0, 2 * np.pi, edges)
    end = start + length * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.stack([start, end], axis=1).reshape(-1, 2).astype(np.float32)


def lines(edges: int, length: float, side: float) -> Strokes:
    """Random lines in ten colours, without dots."""
    points = segments(edges, length, side)
    reads = np.tile(np.array([0, 1], np.int64), edges)
    return Strokes(
        indptr=np.concatenate([[0], np.cumsum(reads)]),
        sources=np.arange(0, 2 * edges, 2, dtype=np.int32),
        points=points,
        index=(np.arange(2 * edges) // 2 % 10).astype(np.uint16),
        colors=np.random.default_rng(2).uniform(size=(10, 3)).astype(np.float32),
        line=1.3,
        dot=0.0,
        dot_light=0.0,
        fade=0.0,
        reach=24.0,
        gradient=True,
    )


def bench_speed(edges: int = 2_000_000) -> None:
    """Edges of 40 px at 1,600 px, on one core and on all."""
    strokes = lines(edges, 40.0, 1600.0)
    cores = numba.get_num_threads()
    numba.set_num_threads(1)
    seconds = best(lambda: draw(strokes, (1600, 0, 1600)))
    rate = edges / seconds / 1e6
    print(f"{edges:,} edges of 40 px, one core: {seconds:.2f} s, {rate:.2f} M/s (goal 1.5)")
    one = best(lambda: draw(strokes, (1600, 0, 1600)), 3, time.perf_counter)
    numba.set_num_threads(cores)
    all_cores = best(lambda: draw(strokes, (1600, 0, 1600)), 3, time.perf_counter)
    print(f"{cores} cores over 1, by the wall: {one / all_cores:.2f} times (goal 1.7 for 2)")


def beside_datashader(edges: int = 600_000) -> dict[str, float]:
    """Seconds of antialiased lines of 40 px, by us in colour and by datashader, on one core each.

    Returns:
        By "ours", "by category" and "without colour".

    Raises:
        ImportError: Datashader is not installed.
    """
    import datashader  # noqa: PLC0415 -- the bench extra alone brings it
    import pandas as pd  # noqa: PLC0415

    strokes = lines(edges, 40.0, 1600.0)
    ends = strokes.points.reshape(-1, 2, 2)
    kinds = pd.Categorical(strokes.index[1::2].astype(str))
    frame = pd.DataFrame(
        {"x0": ends[:, 0, 0], "y0": ends[:, 0, 1], "x1": ends[:, 1, 0], "y1": ends[:, 1, 1],
         "kind": kinds}
    )  # fmt: skip
    canvas = datashader.Canvas(1600, 1600, x_range=(0, 1600), y_range=(0, 1600))

    def theirs(categories: bool) -> object:
        how = datashader.by("kind", datashader.count()) if categories else datashader.count()
        ends = {"x": ["x0", "x1"], "y": ["y0", "y1"], "axis": 1}
        return canvas.line(frame, **ends, agg=how, line_width=1.3)

    numba.set_num_threads(1)
    found = {"ours": best(lambda: draw(strokes, (1600, 0, 1600)))}
    for categories, words in ((True, "by category"), (False, "without colour")):
        found[words] = best(lambda which=categories: theirs(which), 1)
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    return found


def bench_datashader(edges: int = 600_000) -> None:
    """Print the same lines beside datashader."""
    ours, *others = beside_datashader(edges).items()
    print(f"{edges:,} edges of 40 px, one core, ours in colour: {ours[1]:.2f} s")
    for words, other in others:
        print(f"  datashader {words}: {other:.2f} s, {other / ours[1]:.1f} times ours (goal 2)")


def large(vertices: int, fan: int = 6) -> Layout:
    """A graph of the size of Graphcore's largest: bodies in which vertices read near ones."""
    rng = np.random.default_rng(3)
    bodies = 400
    angle = np.linspace(0, 1.9 * np.pi, bodies)
    centre = 4000 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    owner = np.arange(vertices) * bodies // vertices
    positions = (centre[owner] + rng.normal(size=(vertices, 2)) * 60).astype(np.float32)
    order = np.lexsort((positions[:, 0].round(-1), owner))
    positions = positions[order]
    reads = np.minimum(np.arange(vertices), fan)
    indptr = np.concatenate([[0], np.cumsum(reads)])
    readers = np.repeat(np.arange(vertices, dtype=np.int32), reads)
    back = rng.integers(1, 12, len(readers), dtype=np.int32)
    sources = np.maximum(readers - back, 0)
    sources += (sources >= readers) * (readers - 1 - sources)
    graph = ComputeGraph(
        model="large",
        vertex_operator=owner.astype(np.int32),
        vertex_kind=np.full(vertices, 2, np.uint8),
        vertex_pass=np.zeros(vertices, np.uint8),
        vertex_flops=np.ones(vertices, np.float32),
        vertex_bytes=np.ones(vertices, np.float32),
        indptr=indptr,
        sources=np.ascontiguousarray(np.maximum(sources, 0)),
        operators=tuple(
            GraphOperator(name=f"o{k}", type="Conv", layer=0, operator=k) for k in range(bodies)
        ),
        layers=(Layer(name="", path="", parent=-1),),
    )
    return Layout(graph=graph, positions=positions, skeleton="sfdp", engine="sfdp")


def bench_large(vertices: int, size: int = 8192) -> None:
    """All edges of the largest graph, from layout to pixels, on all cores."""
    scan = large(vertices)
    found = color(scan.graph)
    start, busy = time.perf_counter(), time.process_time()
    rows = sum(len(strip) for strip in strips(scan, found, size, RenderSettings()))
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    ends = (
        scan.positions[scan.graph.sources[:1_000_000]]
        - scan.positions[scan.graph.readers()[:1_000_000]]
    )
    span = np.ptp(scan.positions, axis=0).max()
    length = float(np.hypot(*ends.T).mean()) / span * size * 0.91
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{scan.graph.vertices:,} vertices, {scan.graph.edges:,} edges of {length:.0f} px at "
        f"{rows} px: {seconds:.1f} s by the wall (goal 60), {busy:.1f} s of all cores, "
        f"peak {peak:.1f} GiB with the graph"
    )


MODEL = ROOT / "models" / "resnet50.onnx"
SCANS = (
    (100_000, 1280),
    (1_000_000, 1280),
    (1_000_000, 2048),
    (3_200_000, 1280),
    (3_200_000, 2048),
)

DRAWING = """
import pickle
import numpy as np
from gallery.coloring import color
from gallery.rendering.scan import render

layout = None
for line in sys.stdin:
    path, size, ground, out = line.split()
    if layout is None or path != last:
        with open(path, "rb") as file:
            layout = pickle.load(file)
        last = path
    coloring = color(layout.graph, ground=ground)
    picture, seconds = timed(lambda: render(layout, coloring, size=int(size)))
    np.save(out, picture.pixels)
    print(json.dumps(seconds), flush=True)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One scan drawn by two trees: seconds of the processor and by the wall, and the difference.

    `most` is how many levels of grey pixels differ by at most, `nearly_all` at most 99.99 % of
    them.
    """

    vertices: int
    edges: int
    size: int
    ground: str
    before: list[float]
    now: list[float]
    most: int
    nearly_all: int


def compare(
    before: Path, scans: Sequence[tuple[int, int]] = SCANS, turns: int = 5
) -> Iterator[Drawn]:
    """Scans of ResNet-50 by this tree and one before, in turn, as medians, on both grounds.

    Args:
        before: The other tree.
        scans: Vertices and side in pixels of each; both trees draw the layout of this one.
        turns: How often each is drawn, after once to compile.
    """
    with tempfile.TemporaryDirectory() as room, ExitStack() as held:
        trees = (before, ROOT)
        painters = {tree: held.enter_context(_painter(tree)) for tree in trees}
        pictures = {tree: f"{room}/{which}.npy" for which, tree in enumerate(trees)}
        edges: dict[int, int] = {}
        for (vertices, size), ground in product(scans, ("dark", "light")):
            path = Path(room) / f"{vertices}.pkl"
            if vertices not in edges:
                scan = layout(lower(load(MODEL), vertices=vertices))
                path.write_bytes(pickle.dumps(scan))
                edges[vertices] = scan.graph.edges

            def draw_once(tree: Path, order: str = f"{path} {size} {ground}") -> list[float]:
                return _drawn(painters[tree], f"{order} {pictures[tree]}")

            was, now = in_turn(trees, draw_once, turns + 1)
            one, other = (np.load(picture).astype(int) for picture in pictures.values())
            apart = np.abs(one - other)
            yield Drawn(
                vertices=vertices,
                edges=edges[vertices],
                size=size,
                ground=ground,
                before=medians(was[1:]),
                now=medians(now[1:]),
                most=int(apart.max()),
                nearly_all=round(float(np.percentile(apart, 99.99))),
            )


def print_compared(before: Path) -> None:
    """Print a table of this tree and one before."""
    print(
        f"{'vertices':>9} {'edges':>10} {'px':>5} {'ground':<6} {'busy before, now, ratio':>24}  "
        f"{'wall before, now, ratio':>24}  grey levels apart: most, 99.99 %"
    )
    for one in compare(before):
        shown = "  ".join(
            f"{was:>8.3f} {now:>7.3f} {was / now:>6.2f}"
            for was, now in zip(one.before, one.now, strict=True)
        )
        print(
            f"{one.vertices:>9,} {one.edges:>10,} {one.size:>5} {one.ground:<6} {shown}  "
            f"{one.most}, {one.nearly_all}",
            flush=True,
        )


def _painter(tree: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CLOCK + DRAWING],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
    )


def _drawn(painter: subprocess.Popen[str], order: str) -> list[float]:
    print(order, file=painter.stdin, flush=True)
    assert painter.stdout is not None
    found: list[float] = json.loads(painter.stdout.readline())
    return found


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", nargs="?", type=int, const=18_700_000)
    parser.add_argument("--before", type=Path, help="compare with the program in this directory")
    chosen = parser.parse_args()
    if chosen.before:
        print_compared(chosen.before.resolve())
    elif chosen.large:
        bench_large(chosen.large)
    else:
        bench_speed()
        bench_datashader()


if __name__ == "__main__":
    main()
