"""Make the collection: `python -m tests.collection.make DIRECTORY [--only PRODUCER ...]`.

Runs each recipe in an environment with its packages, prints a table of what was made, and exits
with 1 where a recipe or one of its files failed. Environments are made in a temporary folder, or
in that of `--environments`, where they are found again.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

RECIPES = Path(__file__).parent / "recipes"
ROOT = Path(__file__).parents[2]
# The reference implementation's expression of PEP 723.
METADATA = re.compile(r"(?m)^# /// script$\s(?P<content>(^#(| .*)$\s)+)^# ///$")
READY = "ready"
"""A file of an environment whose packages are all installed."""
# Trained weights must not depend on hash order or the number of processors; nothing is downloaded.
SETTINGS = {
    "PYTHONHASHSEED": "0",
    "OMP_NUM_THREADS": "1",
    "PYTHONPATH": str(ROOT),
    "HF_HUB_OFFLINE": "1",
    "CUDA_VISIBLE_DEVICES": "",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """A producer's script, the packages it needs and the producers whose files it reads."""

    name: str
    dependencies: tuple[str, ...]
    reads: tuple[str, ...]
    bare: bool
    """Install the dependencies without what they depend on."""

    @property
    def environment(self) -> str:
        """Name of the environment; recipes with the same packages share one."""
        digest = hashlib.sha256("\n".join(sorted(self.dependencies)).encode()).hexdigest()
        return f"collection-{digest[:12]}"


def read(path: Path) -> Recipe:
    """Read a recipe's inline metadata.

    Raises:
        ValueError: the file has none.
    """
    match = METADATA.search(path.read_text(encoding="utf-8"))
    if match is None:
        raise ValueError(f"{path} has no inline script metadata (PEP 723)")
    lines = match["content"].splitlines()
    metadata = tomllib.loads("\n".join(line[2:] for line in lines))
    settings = metadata.get("tool", {}).get("collection", {})
    return Recipe(
        name=path.stem,
        dependencies=tuple(metadata["dependencies"]),
        reads=tuple(settings.get("reads", ())),
        bare=settings.get("bare", False),
    )


def recipes() -> list[Recipe]:
    """All recipes, those that read others' files behind them."""
    found = {p.stem: read(p) for p in sorted(RECIPES.glob("*.py")) if p.stem != "__init__"}
    order = TopologicalSorter({name: recipe.reads for name, recipe in found.items()})
    return [found[name] for name in order.static_order()]


def interpreter(recipe: Recipe, environments: Path) -> Path:
    """The Python of the recipe's environment, which is made where it isn't there yet."""
    folder = environments / recipe.environment
    python = folder / "bin" / "python"
    if not (folder / READY).exists():
        venv.create(folder, with_pip=True, clear=True)
        options = ["--no-deps"] if recipe.bare else []
        command = [python, "-m", "pip", "install", "-q", *options, *recipe.dependencies]
        subprocess.run(command, check=True)
        (folder / READY).touch()
    return python


def run(recipe: Recipe, directory: Path, environments: Path) -> bool:
    """Run a recipe; whether all of its files were made."""
    try:
        python = interpreter(recipe, environments)
    except subprocess.CalledProcessError as error:
        print(f"{recipe.name}: its packages can't be installed: {error}", file=sys.stderr)
        return False
    command = [python, "-m", f"tests.collection.recipes.{recipe.name}", directory / recipe.name]
    with tempfile.TemporaryDirectory() as scratch:  # some producers write beside their files
        return not subprocess.run(
            command, check=False, cwd=scratch, env=os.environ | SETTINGS
        ).returncode


def table(directory: Path, complete: dict[str, bool]) -> Iterator[str]:
    """A line for each producer, and their sum."""
    counts = {}
    for name, whole in complete.items():
        sizes = [path.stat().st_size for path in (directory / name).glob("*.onnx")]
        counts[name] = (len(sizes), sum(sizes))
        yield _line(name, *counts[name]) + ("" if whole else "  incomplete")
    yield _line("all", *map(sum, zip(*counts.values(), strict=True)))


def _line(name: str, files: int, size: int) -> str:
    return f"{name:24}{files:6}{size:16,}"


def main() -> int:
    """Make the producers' files that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--only", nargs="+", metavar="PRODUCER", help="make these producers' files")
    parser.add_argument("--environments", type=Path, help="folder that keeps the environments")
    options = parser.parse_args()
    wanted = [recipe for recipe in recipes() if recipe.name in (options.only or [recipe.name])]
    unknown = set(options.only or ()) - {recipe.name for recipe in wanted}
    if unknown:
        parser.error(f"recipes/ has no {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory() as temporary:
        environments = (options.environments or Path(temporary)).resolve()
        complete = {
            recipe.name: run(recipe, options.directory.resolve(), environments) for recipe in wanted
        }
    print("\n".join(table(options.directory, complete)))
    return 0 if all(complete.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
