"""Where the time of the sample gallery goes: processor seconds by stage and product.

    python -m tests.benchmarks.bench_gallery [MODEL ...] [--before DIRECTORY] [--runs N]
        [--vertices N]

Builds the sample models, or those named, in one process on one core: all anew, then in another
palette with what the cache has. "start" is imports and discovery, "pages" what the parent process
does at the end. `--before` does the same with another tree of this program, in turn, each with its
own defaults; `--vertices` is the budget of main scans of this tree alone. Numbers are medians of
the runs. Python looks for garbage as often, and memory is kept as long, as in a worker. Processor
time includes that of Graphviz. Kernels must be compiled: build anything first.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.beside import ROOT, in_turn, told

BUILD = """
import os, shutil, tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from gallery.cache import Cache
from gallery.pipeline.build import build, planned
from gallery.pipeline.options import BuildOptions
from gallery.pipeline.products import make_all
from gallery.pipeline.stages import Stages
from gallery.settings.values import GallerySettings

def made(models, settings, cache):
    found = Counter(start=0.0)
    for plan in planned(models, settings, BuildOptions()):
        within = [[busy(), 0.0]]
        def notify(step):
            if step.seconds is None:
                within.append([busy(), 0.0])
                return
            began, inner = within.pop()
            took = busy() - began
            found[step.stage] += took - inner
            within[-1][1] += took
        make_all(Stages(plan, cache, notify))
        began, inner = within.pop()
        found["the rest"] += busy() - began - inner
    return found

# What workers do; older trees have some of these elsewhere, or not at all.
for home, name in (
    ("gallery.pipeline.garbage", "look_rarely"),
    ("gallery.garbage", "look_rarely"),
    ("gallery.pipeline.memory", "keep_freed"),
):
    with suppress(ImportError):
        getattr(import_module(home), name)()
vertices, *names = sys.argv[1:]
with tempfile.TemporaryDirectory() as room:
    models, site = Path(room) / "models", Path(room) / "site"
    models.mkdir()
    for path in Path("models").iterdir():
        if path.suffix in (".onnx", ".md") and (not names or path.stem in names):
            shutil.copy(path, models)
    cache, settings = Cache(Path(room) / ".cache" / "gallery"), GallerySettings()
    if vertices:
        settings = replace(settings, scan=replace(settings.scan, vertices=int(vertices)))
    found = []
    for one in (settings, replace(settings, scan=replace(settings.scan, palette="fire"))):
        found.append(made(models, one, cache))
        if len(found) == 1:
            found[0]["start"] = busy() - sum(found[0].values())
        began = busy()
        build(models, site, settings=one)
        found[-1]["pages"] = busy() - began
print(json.dumps(found))
"""

Times = list[dict[str, float]]


def times(tree: Path, models: Sequence[str], vertices: str = "") -> Times:
    """Processor seconds by stage, of a cold build and of another palette, by a tree.

    Args:
        tree: Directory of the program.
        models: Names of sample models; none for all.
        vertices: Budget of main scans, or "" for the default.
    """
    alone = {"NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    found: Times = told(tree, BUILD, vertices, *models, **alone)
    return found


def compare(
    trees: Sequence[Path], models: Sequence[str], turns: int, vertices: str = ""
) -> list[Times]:
    """What `times` finds by each tree, in turn, as medians; `vertices` is of this tree alone."""
    runs = in_turn(trees, lambda tree: times(tree, models, vertices if tree == ROOT else ""), turns)
    return [by_stage(one) for one in runs]


def by_stage(runs: list[Times]) -> Times:
    """The medians by stage of several runs."""
    merged: Times = []
    for kind in zip(*runs, strict=True):
        stages = dict.fromkeys(stage for one in kind for stage in one)
        merged.append(
            {stage: statistics.median(one.get(stage, 0.0) for one in kind) for stage in stages}
        )
    return merged


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", help="names of sample models, such as lstm")
    parser.add_argument("--before", type=Path, help="compare with the program in this directory")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--vertices", default="", help="vertex budget of this tree's main scans")
    chosen = parser.parse_args()
    trees = [*([chosen.before.resolve()] if chosen.before else []), ROOT]
    found = compare(trees, chosen.models, chosen.runs, chosen.vertices)
    for which, title in enumerate(("cold", "another palette")):
        columns = [one[which] for one in found]
        print(f"{title:<18}" + "".join(f"{tree.name[-12:]:>13}" for tree in trees))
        for stage in dict.fromkeys(stage for one in reversed(columns) for stage in one):
            print(f"  {stage:<16}" + "".join(f"{one.get(stage, 0.0):13.2f}" for one in columns))
        sums = [sum(one.values()) for one in columns]
        print("  sum             " + "".join(f"{one:13.2f}" for one in sums), end="")
        print(f"  ratio {sums[-1] / sums[0]:.3f}" if len(sums) > 1 else "")
    for tree, one in zip(trees, found, strict=True):
        cold, other = (sum(kind.values()) for kind in one)
        print(f"{tree.name}: another palette is {other / cold:.3f} of cold")


if __name__ == "__main__":
    main()
