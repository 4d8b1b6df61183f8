"""The version of a stage or product: a hash of the source code that makes its result.

A number that someone has to remember to bump goes stale. This one changes with the code of a
module, with everything that it imports from this package, with the libraries imported there, and
with Python itself, whose tables of Unicode and libraries differ between versions.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import sys
from importlib import metadata
from pathlib import Path

_ROOT = Path(__file__).parent

_IMPORT = re.compile(
    r"^\s*(?:from\s+([\w.]+)\s+import\s+(\([^)]*\)|[^\n]*)|import\s+([\w.]+))", re.M
)

_VERSION = re.compile(r"^Version:\s*(\S+)\s*$", re.M)

_FOR_TYPES_ALONE = re.compile(r"^if TYPE_CHECKING:[^\n]*\n(?:(?:[ \t][^\n]*)?\n)*", re.M)

LIBRARIES = {
    "PIL": "pillow",
    "av": "av",
    "colorcet": "colorcet",
    "fontTools": "fonttools",
    "fpdf": "fpdf2",
    "google": "protobuf",
    "graphviz": "graphviz",
    "jinja2": "jinja2",
    "llvmlite": "llvmlite",
    "markdown_it": "markdown-it-py",
    "markupsafe": "markupsafe",
    "nh3": "nh3",
    "numba": "numba",
    "numpy": "numpy",
    "onnx": "onnx",
    "pygraphviz": "pygraphviz",
    "scipy": "scipy",
    "yaml": "pyyaml",
}
"""The distribution of each library whose release can change a result, by import name."""

_DATA = {"fontTools": ("fontpkg-inter",)}
"""Data distributions that a library is used to read."""


_RUNS = {"placement/graphviz_engines.py": ("gallery.placement.graphviz_process",)}
"""Modules that a file runs in a process of its own instead of importing them."""


@functools.cache
def fingerprint(*modules: str) -> str:
    """A hash of some modules, everything in `gallery` that they import, and their libraries.

    Imports for type checkers do not count: they change no result.

    Args:
        modules: Full names ("gallery.lowering").
    """
    digest = hashlib.sha256()
    digest.update(f"{_python()}\0".encode())
    libraries: set[str] = set()
    for file in sorted(_closure(modules)):
        digest.update(_content(file))
        libraries |= _libraries(file)
    for name in sorted(libraries):
        for distribution in (LIBRARIES[name], *_DATA.get(name, ())):
            digest.update(f"{distribution} {_release(distribution)}\0".encode())
    return digest.hexdigest()[:16]


def _closure(modules: tuple[str, ...]) -> set[str]:
    """The files of some modules and of all that they import, relative to the package."""
    waiting, seen = [file for one in modules if (file := _file(one))], set[str]()
    while waiting:
        file = waiting.pop()
        if file not in seen:
            seen.add(file)
            waiting += _needs(file)
    return seen


@functools.cache
def _needs(file: str) -> tuple[str, ...]:
    """The files of the modules that a file imports itself."""
    named = (*_imports(file), *_RUNS.get(file, ()))
    return tuple(dict.fromkeys(found for one in named if (found := _file(one))))


@functools.cache
def _content(file: str) -> bytes:
    return f"{file}\0{_text(file)}\0".encode()


@functools.cache
def _text(file: str) -> str:
    return (_ROOT / file).read_text("utf-8")


@functools.cache
def _imports(file: str) -> tuple[str, ...]:
    found: list[str] = []
    for source, names, module in _IMPORT.findall(_FOR_TYPES_ALONE.sub("", _text(file))):
        found.append(module or source)
        # `from gallery.placement import skeleton` names a module, `... import layout` does not;
        # _file skips a name that is not a module.
        found += [f"{source}.{name}" for name in re.findall(r"\w+", names)]
    return tuple(found)


@functools.cache
def _libraries(file: str) -> frozenset[str]:
    return frozenset(name.partition(".")[0] for name in _imports(file)) & LIBRARIES.keys()


@functools.cache
def _file(module: str) -> str | None:
    """The path of a module's file, relative to the package; None if there is no such module."""
    package, _, inner = module.partition(".")
    if package != "gallery" or not inner:
        return None
    place = inner.replace(".", "/")
    for file in (f"{place}/__init__.py", f"{place}.py"):
        if os.path.isfile(f"{_ROOT}/{file}"):
            return file
    return None


def _python() -> str:
    return ".".join(map(str, sys.version_info[:2]))


@functools.cache
def _release(distribution: str) -> str:
    try:
        text = metadata.distribution(distribution).read_text("METADATA") or ""
    except metadata.PackageNotFoundError:
        return ""
    # Python itself reads the whole file as a letter, for which it takes a while.
    found = _VERSION.search(text.partition("\n\n")[0])
    return found[1] if found else metadata.version(distribution)
