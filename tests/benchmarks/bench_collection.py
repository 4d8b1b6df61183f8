"""How long a collection of many small models takes to build, and how its index feels.

    python -m tests.benchmarks.bench_collection [--networks N] [--keep DIR] [--no-browser] [COUNT…]

For each number of models one row: seconds and processor seconds of the first build by model, of a
build without a change, and of one after a changed model; how much of the last the program itself
took without its workers; its peak memory; the size of the site and of its index. Then, in Chromium
with the machine as it is: the layout shift of the index, and how long a key of a search takes until
the next frame. Models are small networks of different sizes with made-up words, and the settings
make few and small pictures, so that what is left is what the program does by model. There are N
different networks; further models are copies of them with other words, which are drawn once.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper, save

from tests.benchmarks.index_browser import QUERY, felt

ROOT = Path(__file__).parent.parent.parent
SETTINGS = """
title = "Many models"
base_url = "https://example.org/many/"
[scan]
vertices = 600
[variants]
sizes = [320]
size = [320]
light = false
names = false
training = false
skeletons = []
colors = ["operator"]
diagram = false
graphs = []
poster = false
viewer = false
"""
FAMILIES = ("Residual", "Dense", "Mixer", "Recurrent", "Inverted", "Plain", "Grouped", "Wide")
TAGS = ("vision", "speech", "text", "tabular", "mobile", "quantised", "teaching", "baseline")
_RUN = """
import json, sys
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from gallery.cli.main import main
status = main(sys.argv[1:])
self, children = getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN)
peak = next(int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines()
            if line.startswith("VmHWM"))
print(json.dumps([self.ru_utime + self.ru_stime, children.ru_utime + children.ru_stime, peak]))
sys.exit(status)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One run of the program: seconds, processor seconds of it and of its workers, peak bytes."""

    seconds: float
    own: float
    workers: float
    peak: int


def network(number: int, seed: int = 0) -> ModelProto:
    """A small perceptron whose widths no other number has."""
    widths = [8 + (number * 7 + layer * 13 + seed) % 57 for layer in range(3 + number % 4)]
    widths[0] = 8 + number + seed
    nodes, weights = [], []
    for layer, (wide, next_wide) in enumerate(pairwise(widths)):
        name, source = f"block{layer}", f"x{layer}"
        weight = np.zeros((wide, next_wide), np.float32)
        weights.append(numpy_helper.from_array(weight, f"{name}.weight"))
        nodes.append(
            helper.make_node(
                "MatMul", [source, f"{name}.weight"], [f"{name}.y"], f"/{name}/matmul/MatMul"
            )
        )
        kind = ("Relu", "Tanh", "Sigmoid")[(number + layer) % 3]
        nodes.append(
            helper.make_node(kind, [f"{name}.y"], [f"x{layer + 1}"], f"/{name}/act/{kind}")
        )
    graph = helper.make_graph(
        nodes,
        f"net {number}",
        [helper.make_tensor_value_info("x0", TensorProto.FLOAT, [4, widths[0]])],
        [helper.make_tensor_value_info(f"x{len(widths) - 1}", TensorProto.FLOAT, [4, widths[-1]])],
        weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def sidecar(number: int, kind: int) -> str:
    """Words about a model; those that are drawn depend on the kind of network alone."""
    family = FAMILIES[kind % len(FAMILIES)]
    tags = ", ".join(sorted({TAGS[kind % 8], TAGS[number // 8 % 8], f"set-{number // 40}"}))
    return f"""---
title: {family} Net {kind}
year: {1998 + kind % 27}
paper: On networks of kind {number}
authors: Ada Example, Author {number % 500}
family: {family}
tags: [{tags}]
licence: MIT
---
A network of kind {kind}, trained for {TAGS[kind % 8]}. It has the name word{number:04}.
"""


def make_models(folder: Path, count: int, networks: int) -> None:
    """Write the models, their words and the settings."""
    folder.mkdir(parents=True)
    (folder / "gallery.toml").write_text(SETTINGS, encoding="utf-8")
    for number in range(count):
        kind = number % networks
        save(network(kind), folder / f"net-{number:04}.onnx")
        (folder / f"net-{number:04}.md").write_text(sidecar(number, kind), encoding="utf-8")


def build(models: Path, site: Path) -> Build:
    """Build a site by the command line."""
    command = [sys.executable, "-c", _RUN, "build", str(models), "-o", str(site)]
    # As where the program is installed: Python keeps compiled modules, and so does the gallery.
    env = {name: one for name, one in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=env)
    own, workers, peak = json.loads(done.stdout.strip().splitlines()[-1])
    return Build(seconds=time.perf_counter() - started, own=own, workers=workers, peak=1024 * peak)


def measured(folder: Path, count: int, networks: int) -> tuple[list[Build], Path]:
    """The first build, one without a change and one after a changed model; and the site."""
    models, site = folder / "models", folder / "site"
    if not models.is_dir():
        make_models(models, count, networks)
    builds = [build(models, site), build(models, site)]
    save(network(count // 2, 10_000), models / f"net-{count // 2:04}.onnx")
    builds.append(build(models, site))
    save(network(count // 2 % networks), models / f"net-{count // 2:04}.onnx")
    return builds, site


def main() -> None:
    """Build every number of models and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("counts", nargs="*", type=int, default=[100, 1000, 5000])
    parser.add_argument("--keep", type=Path, help="a directory for models and sites")
    parser.add_argument("--networks", type=int, default=100)
    parser.add_argument("--no-browser", action="store_true", help="leave out the index")
    options = parser.parse_args()
    print(
        f"{'models':>6} {'first, a model':>22} {'unchanged':>16} {'one changed':>22}"
        f" {'peak':>8} {'site':>9} {'index':>8}"
    )
    with tempfile.TemporaryDirectory() as temporary:
        for count in options.counts:
            folder = (options.keep or Path(temporary)) / str(count)
            (first, same, changed), site = measured(folder, count, options.networks)
            size = sum(path.stat().st_size for path in site.rglob("*") if path.is_file())
            index = (site / "index.html").stat().st_size
            print(
                f"{count:6} {first.seconds:6.0f} s, {1000 * first.own / count:5.1f} ms a model"
                f" {same.seconds:6.2f}, {same.own:5.2f} cpu"
                f" {changed.seconds:6.2f}, {changed.own:5.2f} + {changed.workers:4.2f} cpu"
                f" {max(one.peak for one in (first, same, changed)) / 1e6:5.0f} MB"
                f" {size / 1e6:6.1f} MB {index / 1e3:5.0f} kB",
                flush=True,
            )
            if not options.no_browser:
                print(f"       index: {felt(site, QUERY)}", flush=True)
            if not options.keep:
                shutil.rmtree(folder)


if __name__ == "__main__":
    main()
