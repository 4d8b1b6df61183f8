"""How fast models lower, and how many edges they have: `python -m tests.benchmarks.bench_lower`.

Each row runs in a process of its own, so that its peak memory is its own; kernels are compiled
before the clock starts. `--quick` lowers three models at 100 k vertices; `--large` adds AlexNet's
training step at the size of Graphcore's picture (18.7 M vertices).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import psutil

MODELS = Path(__file__).parents[2] / "models"

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
    arguments = parser.parse_args()
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
