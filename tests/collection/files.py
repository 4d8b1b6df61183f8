"""What recipes share: writing the files of a table, each with its truth beside it."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Truth:
    """What a producer knows of a network; the fields are explained in `tests.collection`."""

    source: str
    parameters: int | None = None
    folded: int | None = None
    modules: list[str] | None = None


def source(*packages: str, how: str = "") -> str:
    """Say that these installed packages made a file: "torch 2.14.1, onnxscript 0.7.2; opset 13"."""
    made_by = ", ".join(f"{package} {version(package)}" for package in packages)
    return f"{made_by}; {how}" if how else made_by


def given(producer: str, *names: str) -> list[Path]:
    """Paths of files of a producer that comes before."""
    return [Path(sys.argv[1]).parent / producer / f"{name}.onnx" for name in names]


def truth_of(path: Path) -> Truth:
    """The truth that lies beside a file."""
    return Truth(**json.loads(path.with_suffix(".json").read_text(encoding="utf-8")))


def make(recipes: Mapping[str, Callable[[Path], Truth]]) -> None:
    """Write every file of the table into the folder that the command line names, and exit.

    `FOLDER [NAME ...]` are the arguments. A file that can't be made is reported and left out, and
    makes the exit status 1.
    """
    folder, names = Path(sys.argv[1]), sys.argv[2:] or list(recipes)
    folder.mkdir(parents=True, exist_ok=True)
    failed = [name for name in names if not _made(folder / f"{name}.onnx", recipes[name])]
    sys.exit(1 if failed else 0)


def _made(path: Path, recipe: Callable[[Path], Truth]) -> bool:
    try:
        truth = recipe(path)
    except Exception as error:  # the other files of the table are still wanted
        traceback.print_exc()
        print(f"failed: {path.stem}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        path.unlink(missing_ok=True)
        return False
    text = json.dumps(asdict(truth), indent=1)
    path.with_suffix(".json").write_text(text + "\n", encoding="utf-8")
    return True
