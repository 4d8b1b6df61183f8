"""The version of a stage: a hash of the program text that makes its result.

A number that someone must remember to raise goes stale; this one changes with the code of the
stage, with all that it imports from this package, and with the libraries that do the work.
"""

from __future__ import annotations

import functools
import hashlib
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_ROOT = Path(__file__).parent

_IMPORT = re.compile(
    r"^\s*(?:from\s+(gallery[\w.]*)\s+import\s+(\([^)]*\)|[^\n]*)|import\s+(gallery[\w.]*))", re.M
)

_LIBRARIES = (
    "fontpkg-inter",
    "fpdf2",
    "numba",
    "numpy",
    "onnx",
    "pillow",
    "pygraphviz",
    "scipy",
)
"""Those whose release can change a result."""


@functools.cache
def fingerprint(*modules: str) -> str:
    """A hash of the text of some modules and of everything in `gallery` that they import.

    Args:
        modules: Full names ("gallery.lowering").
    """
    digest = hashlib.sha256(_libraries().encode())
    for path in sorted(_closure(modules)):
        digest.update(path.relative_to(_ROOT).as_posix().encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _closure(modules: tuple[str, ...]) -> set[Path]:
    waiting, seen = list(modules), set[Path]()
    while waiting:
        path = _path(waiting.pop())
        if path is None or path in seen:
            continue
        seen.add(path)
        waiting += _imports(path)
    return seen


@functools.cache
def _imports(path: Path) -> tuple[str, ...]:
    found: list[str] = []
    for source, names, module in _IMPORT.findall(path.read_text("utf-8")):
        found.append(module or source)
        # `from gallery.placement import engine` names a module, `... import layout` does not;
        # a name that is no module is passed over by _path.
        found += [f"{source}.{name}" for name in re.findall(r"\w+", names)]
    return tuple(found)


@functools.cache
def _path(module: str) -> Path | None:
    parts = module.split(".")[1:]
    if not parts:
        return None
    place = _ROOT.joinpath(*parts)
    for path in (place / "__init__.py", place.with_suffix(".py")):
        if path.is_file():
            return path
    return None


@functools.cache
def _libraries() -> str:
    releases = []
    for name in _LIBRARIES:
        try:
            releases.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            releases.append(name)
    return "\n".join(releases)
