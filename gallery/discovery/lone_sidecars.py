"""Markdown files beside models that are not the sidecar of any of them."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

from gallery.discovery.discover import ModelFile

OTHERS = frozenset(
    {
        *("readme", "index", "license", "licence", "notice", "authors", "citation", "changelog"),
        *("changes", "history", "contributing", "code_of_conduct", "security", "todo"),
    }
)
"""Names, without their suffix and in lower case, of files that are not about one model."""


def lone_sidecars(files: Sequence[ModelFile], ignored: Callable[[Path], bool]) -> tuple[str, ...]:
    """A sentence for each Markdown file that was probably meant for a model but is not read.

    Args:
        files: From `discover`.
        ignored: Whether the patterns of the models directory ignore a path.
    """
    models: dict[Path, list[ModelFile]] = {}
    for file in files:
        models.setdefault(file.path.parent, []).append(file)
    return tuple(
        _told(folder / name, beside)
        for folder, beside in models.items()
        for name in _lone(folder, beside)
        if not ignored(folder / name)
    )


def _lone(folder: Path, beside: Sequence[ModelFile]) -> list[str]:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    read = {_sidecar(file) for file in beside}
    return [
        name
        for name in names
        if name.lower().endswith(".md")
        and not name.startswith(".")
        and name not in read
        and name[:-3].lower() not in OTHERS
    ]


def _told(path: Path, beside: Sequence[ModelFile]) -> str:
    shown = beside[0].relative[: -len(beside[0].path.name)] + path.name
    near = next((one for one in beside if _plain(_sidecar(one)) == _plain(path.name)), None)
    if near is None:
        found = f"{shown} is not the sidecar of a model, because no model has its name"
        return f"{found}; rename it, or add it to .galleryignore"
    found = f"{shown} is not the sidecar of {near.path.name}, because their names differ in"
    return f"{found} case or in the form of their accents; rename it to {_sidecar(near)}"


def _sidecar(file: ModelFile) -> str:
    return file.path.with_suffix(".md").name


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
