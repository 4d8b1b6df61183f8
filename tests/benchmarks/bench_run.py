"""How fast runs are modelled, and how well placed: `python -m tests.benchmarks.bench_run`.

For each model, vertices, passes and target: seconds of the processor for `run` (kernels compiled
before), the modelled time and its parts. Then, on ResNet-50, what the tiles receive and the time of
the fullest link with the balanced placement, with a random one, and with contiguous runs of equal
work, as if each layer had a part of the processor to itself.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from gallery.execution import clock
from gallery.execution.run import run
from gallery.execution.steps import by_step
from gallery.execution.types import Execution, held
from gallery.execution.work import reading
from gallery.graph import Kind
from gallery.loading.load import load
from gallery.lowering import lower

MODELS = Path(__file__).parents[2] / "models"
ROWS = (
    ("resnet50", 100_000, "forward", "ipu2"),
    ("resnet50", 1_000_000, "forward", "ipu2"),
    ("resnet50", 1_000_000, "training", "ipu2"),
    ("resnet50", 1_000_000, "forward", "h100"),
    ("bert-base", 1_000_000, "forward", "ipu2"),
    ("gpt2", 1_000_000, "training", "ipu2"),
)


def exchanged(execution: Execution, tile: np.ndarray) -> tuple[float, float]:
    """Bytes received with these tiles, and seconds of the fullest links."""
    graph, target = execution.graph, execution.target
    computes = ~np.isin(graph.vertex_kind, (Kind.INPUT, Kind.PARAMETER))
    order, begins = by_step(execution.vertex_step, execution.steps, computes)
    order = order[np.lexsort((tile[order], execution.vertex_step[order]))]
    blocks = (graph.indptr, graph.sources, graph.vertex_bytes.astype(np.float64))
    _, received, fullest, _ = clock.exchanged(
        blocks, order, begins, tile, reading(graph), target.tiles
    )
    return float(received.sum()), float(fullest.sum()) / (target.exchange / target.tiles)


def main() -> None:
    """Print both tables."""
    for name, vertices, passes, target in ROWS:
        model = load(MODELS / f"{name}.onnx")
        run(lower(model, vertices=2_000, passes=passes, target=target))
        graph = lower(model, vertices=vertices, passes=passes, target=target)
        started = time.process_time()
        execution = run(graph)
        took = time.process_time() - started
        parts = (execution.step_sync, execution.step_exchange, execution.step_compute)
        milliseconds = " + ".join(f"{1e3 * part.sum():.3f}" for part in parts)
        print(
            f"{name:10} {graph.vertices:9,} {passes:8} {target}: run in {took:.2f} s; "
            f"{1e3 * execution.seconds:.3f} ms = {milliseconds}, "
            f"peak {held(execution.memory).max() / 1e6:.1f} MB"
        )
    for vertices in (100_000, 1_000_000):
        execution = run(lower(load(MODELS / "resnet50.onnx"), vertices=vertices))
        tiles, work = execution.target.tiles, np.cumsum(execution.graph.vertex_flops + 1.0)
        at_random = np.random.default_rng(0).integers(0, tiles, execution.graph.vertices)
        contiguous = np.minimum(work / work[-1] * tiles, tiles - 1)
        balanced = exchanged(execution, execution.vertex_tile)
        for name, tile in (("random", at_random), ("contiguous", contiguous)):
            other = exchanged(execution, tile.astype(np.int32))
            factors = [a / b for a, b in zip(other, balanced, strict=True)]
            print(
                f"resnet50 {vertices:9,}, {name} against balanced: "
                f"{factors[0]:.2f} × the bytes, {factors[1]:.2f} × the time of exchange"
            )


if __name__ == "__main__":
    main()
