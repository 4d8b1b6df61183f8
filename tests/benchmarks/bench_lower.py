"""How fast models lower, and how many edges they have: `python -m tests.benchmarks.bench_lower`.

Each row runs in a process of its own, so that its peak memory is its own; kernels are compiled
before the clock starts. `--quick` lowers three models at 100 k vertices; `--large` adds AlexNet's
training step at the size of Graphcore's picture (18.7 M vertices). `--before DIRECTORY` compares
with another tree of this program: models of many operators at 20 k and 100 k vertices, the trees in
turn, each time in a process of its own, medians of five in seconds of the processor.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import psutil

from tests.benchmarks.beside import ROOT, in_turn, medians, told

MODELS = ROOT / "models"

CODE = """
import json, sys, time
import psutil
from gallery.loading.load import load
from gallery.lowering import lower
path, vertices, passes = sys.argv[1], int(sys.argv[2]), sys.argv[3]
model = load(path)
lower(model, vertices=2000, passes=passes)
process = psutil.Process()
before = process.memory_info().rss
start = time.perf_counter()
graph = lower(model, vertices=vertices, passes=passes)
seconds = time.perf_counter() - start
info = process.memory_info()
peak = getattr(info, "peak_wset", 0)
if not peak:
    import resource
    unit = 1024 if sys.platform != "darwin" else 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
print(json.dumps([graph.vertices, graph.edges, seconds, peak, peak - before]))
"""

BUDGETS = (20_000, 100_000)
MANY_OPERATORS = ("bert-base", "densenet121", "diffusion-unet", "gpt2", "llama", "swin-t")

REPEATED = """
from itertools import product
from gallery.loading.load import load
from gallery.lowering import lower

def lowered(vertices, passes):
    for _ in range(3):
        lower(model, vertices=vertices, passes=passes)

model, found = load(sys.argv[1]), []
for passes, vertices in product(("forward", "training"), map(int, sys.argv[2:])):
    lower(model, vertices=vertices, passes=passes)
    found += [seconds / 3 for seconds in timed(lambda: lowered(vertices, passes))[1]]
print(json.dumps(found))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lowered:
    """One graph lowered by two trees: seconds of the processor and by the wall."""

    model: str
    passes: str
    vertices: int
    before: list[float]
    now: list[float]


def compare(before: Path, name: str, turns: int = 5) -> list[Lowered]:
    """A sample model in all its cases by this tree and one before, in turn: medians."""
    runs = in_turn(
        (before, ROOT), lambda tree: told(tree, REPEATED, MODELS / f"{name}.onnx", *BUDGETS), turns
    )
    was, now = map(medians, runs)
    return [
        Lowered(
            model=name,
            passes=passes,
            vertices=vertices,
            before=was[2 * index : 2 * index + 2],
            now=now[2 * index : 2 * index + 2],
        )
        for index, (passes, vertices) in enumerate(product(("forward", "training"), BUDGETS))
    ]


def print_compared(before: Path) -> None:
    """Print a table of this tree and one before, in seconds of the processor."""
    print(f"{'model':<16} {'passes':<9} {'vertices':>9} {'before':>8} {'now':>8} {'ratio':>6}")
    for name in MANY_OPERATORS:
        for one in compare(before, name):
            was, now = one.before[0], one.now[0]
            print(
                f"{name:<16} {one.passes:<9} {one.vertices:>9,} "
                f"{was:>8.3f} {now:>8.3f} {was / now:>6.2f}",
                flush=True,
            )


def row(model: Path, vertices: int, passes: str) -> str:
    """One line of the table: a model lowered in a process of its own."""
    command = [sys.executable, "-c", CODE, str(model), str(vertices), passes]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    n, m, seconds, peak, grown = json.loads(done.stdout)
    return (
        f"{model.stem:<16} {passes:<9} {n:>11,} {m:>12,} {m / n:>6.2f} {seconds:>8.2f} "
        f"{m / seconds / 1e6:>7.1f} {peak / 2**30:>6.2f} {grown / m:>6.1f}"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three models at 100 k vertices")
    parser.add_argument("--large", action="store_true", help="add AlexNet training at 18.7 M")
    parser.add_argument("--before", type=Path, help="compare with the program in this directory")
    arguments = parser.parse_args()
    if arguments.before:
        print_compared(arguments.before.resolve())
        return
    print(f"one core of {psutil.cpu_count()}; M/s: million edges a second; B/edge: peak growth")
    print(
        f"{'model':<16} {'passes':<9} {'vertices':>11} {'edges':>12} {'e/v':>6} {'seconds':>8} "
        f"{'M/s':>7} {'GiB':>6} {'B/edge':>6}"
    )
    names = sorted(MODELS.glob("*.onnx"))
    if arguments.quick:
        names = [MODELS / f"{name}.onnx" for name in ("alexnet", "resnet50", "vit-b16")]
    for model in names:
        for passes in ("forward", "training"):
            print(row(model, 100_000 if arguments.quick else 1_000_000, passes), flush=True)
    if arguments.large:
        print(row(MODELS / "alexnet.onnx", 18_700_000, "training"), flush=True)
        print(row(MODELS / "resnet50.onnx", 20_000_000, "training"), flush=True)


if __name__ == "__main__":
    main()
