"""Time and memory an edge by stage, from thousands to hundreds of millions of edges.

    python -m tests.benchmarks.bench_scale                 # a decoder of 8 billion parameters
    python -m tests.benchmarks.bench_scale --largest       # as large as the issue's goals
    python -m tests.benchmarks.bench_scale --before DIRECTORY
    python -m tests.benchmarks.bench_scale --figure        # draw scale.svg from scale.json

Each row is a process of its own with its kernels compiled: a model is read, lowered, laid out,
coloured and drawn to a PNG. Seconds are those of the processor, of all cores, and of the wall; peak
memory is that of each stage, with all that is kept from those before (on Linux; 0 elsewhere).
Measured rows replace those of the same model and size in `scale.json`; `--before` compares with
another tree of this program, in turn, and keeps nothing.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.beside import ROOT, in_turn, medians, told
from tests.benchmarks.language_model import write
from tests.benchmarks.scale_figure import figure

HERE = Path(__file__).parent
RESULTS, PICTURE = HERE / "scale.json", HERE / "scale.svg"
DECODER = "decoder-8b"
STEPS = ("lower", "layout", "color", "draw")
SIZES = (6_000, 20_000, 60_000, 200_000, 600_000, 2_000_000, 6_000_000, 20_000_000)
LARGEST = (
    ("alexnet", "training", 20_000_000, 8192),
    ("resnet50", "forward", 3_200_000, 2048),
    (DECODER, "forward", 10_000_000, 2048),
    (DECODER, "forward", 60_000_000, 2048),
)
HEAD = (
    f"{'model':<12} {'passes':<8} {'vertices':>11} {'edges':>12}  "
    + " ".join(f"{name:>20}" for name in ("lower", "lay out", "colour", "draw"))
    + "   ns an edge by the processor, bytes an edge at the peak"
)

STAGES = """
import ctypes, tempfile
from pathlib import Path
from gallery.coloring import color
from gallery.loading.load import load
from gallery.lowering import lower
from gallery.placement import layout
from gallery.rendering.scan import save_scan

path, passes, vertices, size = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
room = tempfile.TemporaryDirectory()
picture = Path(room.name) / "scan.png"

def status(field):
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return 1024 * int(next(line for line in lines if line.startswith(field)).split()[1])

def forget_peak():
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass

stages = {}

def measured(name, work):
    forget_peak()
    made, seconds = timed(work)
    stages[name] = [*seconds, status("VmHWM") - start]
    return made

model = load(path)
# Another seed, as what is remembered of this layout would serve the next one.
small = layout(lower(model, vertices=3000, passes=passes), seed=2)
save_scan(small, color(small.graph), picture, size=size)
del small
if sys.platform == "linux":
    # Else the first stages would use what the small scan has left.
    ctypes.CDLL(None).malloc_trim(0)
start = status("VmRSS")
graph = measured("lower", lambda: lower(model, vertices=vertices, passes=passes))
placed = measured("layout", lambda: layout(graph))
colors = measured("color", lambda: color(graph))
measured("draw", lambda: save_scan(placed, colors, picture, size=size))
print(json.dumps({"vertices": graph.vertices, "edges": graph.edges, "start": start, **stages}))
"""


def row(tree: Path, model: Path, passes: str, vertices: int, size: int) -> dict[str, Any]:
    """One row: stages of a model, each as seconds of the processor and the wall, and peak bytes."""
    found = told(tree, STAGES, model, passes, vertices, size)
    return {"model": model.stem, "passes": passes, "size": size, **found}


def seconds_of(one: dict[str, Any], which: int) -> float:
    """Seconds of a row's stages together: of the processor (0) or by the wall (1)."""
    return float(sum(one[name][which] for name in STEPS))


def peak_of(one: dict[str, Any]) -> float:
    """Most memory in use in any stage of a row, in bytes."""
    return float(one["start"] + max(one[name][2] for name in STEPS))


def line(one: dict[str, Any]) -> str:
    """A row as a line of the table."""
    edges = one["edges"]
    stages = [one[name] for name in STEPS]
    cells = [f"{1e9 * cpu / edges:>9.0f} ns {peak / edges:>6.0f} B" for cpu, _, peak in stages]
    return (
        f"{one['model']:<12} {one['passes']:<8} {one['vertices']:>11,} {edges:>12,}  "
        + " ".join(cells)
        + f"   {seconds_of(one, 1):.1f} s by the wall, {peak_of(one) / 2**30:.2f} GiB"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """Medians of one tree: seconds of the processor and by the wall of each of `STEPS` and of all
    together, the most memory in use in bytes, and the edges."""

    steps: dict[str, list[float]]
    together: list[float]
    peak: float
    edges: int


def compare(
    before: Path, model: Path, passes: str, vertices: int, size: int, turns: int
) -> list[Scanned]:
    """A model by a tree before and by this one, in turn."""
    runs = in_turn((before, ROOT), lambda tree: row(tree, model, passes, vertices, size), turns)
    return [
        Scanned(
            steps={name: medians([one[name][:2] for one in side]) for name in STEPS},
            together=medians([[seconds_of(one, 0), seconds_of(one, 1)] for one in side]),
            peak=statistics.median(map(peak_of, side)),
            edges=side[0]["edges"],
        )
        for side in runs
    ]


def compared(before: Path, model: Path, passes: str, vertices: int, size: int, turns: int) -> str:
    """A line: this tree and one before in turn, medians; ratios of seconds and of memory."""
    was, now = compare(before, model, passes, vertices, size, turns)
    cells = []
    for name in ("lower", "layout", "draw"):
        old, new = was.steps[name][0], now.steps[name][0]
        cells.append(f"{name} {old:.2f} → {new:.2f} s ({new / old:.2f})")
    old, new = was.peak / 2**30, now.peak / 2**30
    cells.append(f"peak {old:.2f} → {new:.2f} GiB ({new / old:.2f})")
    return (
        f"{model.stem} {passes}, {now.edges:,} edges, {size} px: {', '.join(cells)}; "
        f"all {now.together[0] / was.together[0]:.2f} of the processor's time before"
    )


def keep(one: dict[str, Any]) -> None:
    """Put a row into the results, in place of an older one."""
    found = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    key = ("model", "passes", "size", "vertices")
    found = [other for other in found if any(other[name] != one[name] for name in key)]
    found = sorted([*found, one], key=lambda other: (other["model"], other["edges"]))
    RESULTS.write_text("[\n" + ",\n".join(map(json.dumps, found)) + "\n]\n")


def main() -> None:
    """Print the table, keep it and draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vertices", type=int, nargs="+", default=SIZES)
    parser.add_argument("--model", type=Path, help="another model than the decoder")
    parser.add_argument("--passes", default="forward", choices=["forward", "training"])
    parser.add_argument("--size", type=int, default=2048, help="side of the picture in pixels")
    parser.add_argument("--largest", action="store_true", help="the largest graphs: 12 GiB")
    parser.add_argument("--figure", action="store_true", help="draw the figure, measure nothing")
    parser.add_argument("--before", type=Path, help="compare with the program in this directory")
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as room:
        decoder = write(Path(room) / f"{DECODER}.onnx")
        model = (options.model or decoder).resolve()
        rows = [(model, options.passes, count, options.size) for count in options.vertices]
        if options.largest:
            rows = [
                (decoder if name == DECODER else ROOT / "models" / f"{name}.onnx", *rest)
                for name, *rest in LARGEST
            ]
        for one in [] if options.figure else rows:
            if options.before:
                print(compared(options.before.resolve(), *one, options.turns), flush=True)
                continue
            if one is rows[0]:
                print(HEAD)
            found = row(ROOT, *one)
            print(line(found), flush=True)
            keep(found)
    if not options.before:
        PICTURE.write_text(figure(json.loads(RESULTS.read_text()), DECODER))


if __name__ == "__main__":
    main()
