"""Mutated models through all stages, and folders of them through the whole command.

    python -m tests.benchmarks.fuzz [--count 10000] [--build 100] [--seed 1]

Every mutant is loaded, and where that works its facts are taken and it is lowered with its
backward pass; some are laid out and drawn too. Anything but a result or a `GalleryError` with a
hint, and anything that takes longer than `PATIENCE`, is printed with the file and counts as found.
Then `--build` mutants and all bad files of the tests go through one `gallery build`.
"""

from __future__ import annotations

import argparse
import collections
import json
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

import onnx

from gallery.coloring import color
from gallery.costs.facts import facts
from gallery.errors import GalleryError
from gallery.loading.load import load
from gallery.lowering import lower
from gallery.placement import layout
from gallery.rendering.operator_diagram.draw import diagram
from gallery.rendering.scan import render
from tests.conftest import SETTINGS
from tests.hostile import hostile_model
from tests.loading.test_bad_files import CASES
from tests.mutants import TEXTS, mutants
from tests.onnx_text import parse

PATIENCE = 60
"""Seconds of one mutant; the machine may be busy with other work."""

DRAWN = 50
"""One of so many mutants is laid out and drawn."""

ROOT = Path(__file__).parent.parent.parent
SAMPLES = ("lstm", "alexnet", "vgg16", "unet", "pointnet", "resnet18", "whisper-tiny")


def originals() -> list[tuple[str, onnx.ModelProto]]:
    """What is mutated: control flow and functions in text, a hostile net, small sample models."""
    found = [(f"text-{number}", parse(text)) for number, text in enumerate(TEXTS)]
    found.append(("hostile", hostile_model()))
    for name in SAMPLES:
        content = (ROOT / "models" / f"{name}.onnx").read_bytes()
        found.append((name, onnx.load_model_from_string(content)))
    return found


def attempt(path: Path, number: int) -> str:
    """How far a mutant comes."""
    model = load(path)
    facts(model, path.stat().st_size)
    graph = lower(model, vertices=500, passes=("forward", "training")[number % 2])
    if number % DRAWN:
        return "lowered"
    placed = layout(graph, seconds=5)
    render(placed, color(graph, "layer", positions=placed.positions), size=64)
    diagram(model, seconds=5)
    return "drawn"


def outcome(path: Path, number: int) -> str:
    """The stage that a mutant came to, or "found: ..." for a mistake of ours."""
    signal.alarm(PATIENCE)
    try:
        return attempt(path, number)
    except GalleryError as error:
        return error.stage if error.found and error.hint else f"found: no hint: {error}"
    except Exception:
        return "found: " + traceback.format_exc(limit=-4)
    finally:
        signal.alarm(0)


def fuzz(count: int, seed: int, folder: Path) -> collections.Counter[str]:
    """Take mutants through the stages; how many came how far."""
    seen: collections.Counter[str] = collections.Counter()
    sources = originals()
    each = max(1, count // (2 * len(sources)))
    for name, original in sources:
        for ways in ("bytes", "structure"):
            started = time.perf_counter()
            for number, content in enumerate(mutants(original, ways, each, f"{seed}{name}{ways}")):
                path = folder / "mutant.onnx"
                path.write_bytes(content)
                what = outcome(path, number)
                if what.startswith("found"):
                    kept = folder / f"{name}-{ways}-{number}.onnx"
                    kept.write_bytes(content)
                    print(f"{kept.name}: {what}", flush=True)
                seen[what.partition(":")[0]] += 1
            seconds = time.perf_counter() - started
            print(f"{name} {ways}: {each} in {seconds:.0f} s, {dict(seen)}", flush=True)
    return seen


def not_to_be_said(log: str) -> list[str]:
    """The lines of a build's log that tell of a fault of the program."""
    signs = ("Traceback", "a bug in the program", ": crash", "the worker ended with")
    return [line for line in log.splitlines() if any(one in line for one in signs)]


def fuzz_build(count: int, seed: int, folder: Path) -> list[str]:
    """Build a folder of mutants and bad files; what should not have been said."""
    models = folder / "models"
    models.mkdir()
    sources = originals()
    for name, original in sources:
        for number, content in enumerate(
            mutants(original, "structure", count // len(sources), f"{seed}build{name}")
        ):
            (models / f"{name}-{number}.onnx").write_bytes(content)
    for name, (content, _) in CASES.items():
        (models / f"bad {name}.onnx").write_bytes(content)
    settings = SETTINGS.replace("diagram = false", "diagram = true")
    (models / "gallery.toml").write_text(settings + "\n[limits]\nseconds = 120\nskeleton = 5\n")
    command = [
        sys.executable,
        "-m",
        "gallery",
        "build",
        str(models),
        "-o",
        f"{folder}/site",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print(done.stdout.strip())
    wrong = [] if done.returncode in (0, 1) else [f"exit status {done.returncode}"]
    wrong += not_to_be_said(done.stderr)
    manifest = json.loads((folder / "site" / "manifest.json").read_bytes())
    failures = [one["failure"] for one in manifest["models"] if one["failure"]]
    wrong += [f"no hint: {one}" for one in failures if not one["hint"]]
    return wrong


def main() -> int:
    """Run both; 1 where something was found."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=10_000)
    options.add_argument("--build", type=int, default=100)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--keep", type=Path, help="directory for what was found")
    given = options.parse_args()

    def late(_signal: int, _frame: object) -> None:
        raise TimeoutError(f"more than {PATIENCE} s")

    signal.signal(signal.SIGALRM, late)
    with tempfile.TemporaryDirectory() as name:
        folder = given.keep or Path(name)
        folder.mkdir(exist_ok=True)
        seen = fuzz(given.count, given.seed, folder)
        print(dict(seen))
        wrong = fuzz_build(given.build, given.seed, Path(name)) if given.build else []
    print("\n".join(wrong) or "the build said nothing wrong")
    return 1 if wrong or seen["found"] else 0


if __name__ == "__main__":
    sys.exit(main())
