"""ONNX_HUB_MANIFEST.json, the catalogue of a model zoo, as a source of words.

The form is that of `onnx.hub`, https://onnx.ai/onnx/repo-docs/Hub.html: a list of
`{"model", "model_path", "onnx_version", "opset_version", "metadata": {"model_sha", "model_bytes",
"tags", "io_ports", "model_with_data_path", ...}}`.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gallery.discovery.context import CatalogueEntry
from gallery.discovery.discover import ModelFile
from gallery.errors import DiscoverError
from gallery.files import read_regular
from gallery.model import WHOLE

CATALOGUE = "ONNX_HUB_MANIFEST.json"
LARGEST_CATALOGUE = 64 << 20

_LONGEST, _MOST_TAGS, _MOST_NAMED = 200, 32, 3
_DIGEST = re.compile(r"[0-9a-f]{64}")


def with_catalogue(files: Sequence[ModelFile], directory: Path) -> tuple[ModelFile, ...]:
    """The files with what the catalogue in their directory says of each.

    Args:
        files: From `discover`.
        directory: The models directory.
    """
    by_path = dict(_by_path(_rows(directory)[0]))
    return tuple(_described(file, by_path.get(file.relative)) for file in files)


def catalogue_notes(files: Sequence[ModelFile], directory: Path) -> tuple[str, ...]:
    """What is wrong with the catalogue of a directory, in sentences.

    Args:
        files: From `discover`.
        directory: The models directory.
    """
    rows, problem = _rows(directory)
    by_path, there = dict(_by_path(rows)), {file.relative for file in files}
    lost = sorted(name for name in by_path if name not in there)
    return problem or _told(lost, len(rows) - len(by_path))


def _rows(directory: Path) -> tuple[list[Any], tuple[str, ...]]:
    """The entries of the catalogue, and why it is not read."""
    path = directory / CATALOGUE
    if not path.is_file():
        return [], ()
    try:
        if not path.resolve().is_relative_to(directory.resolve()):
            raise DiscoverError("it is a link that leads out of the models directory")
        rows = json.loads(read_regular(path, LARGEST_CATALOGUE))
    except (DiscoverError, ValueError, RecursionError) as error:
        told = error.found if isinstance(error, DiscoverError) else f"it is not JSON: {error}"
        return [], (f"{CATALOGUE} is not read: {told}",)
    if not isinstance(rows, list):
        return [], (f"{CATALOGUE} is not read: it is not a list of models",)
    return rows, ()


def _by_path(rows: Sequence[object]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each entry by the path of its model, relative to the catalogue."""
    for row in rows:
        path = row.get("model_path") if isinstance(row, dict) else None
        if isinstance(row, dict) and isinstance(path, str) and path:
            yield posixpath.normpath(path.replace("\\", "/").lstrip("/"))[: 20 * _LONGEST], row


def _told(lost: Sequence[str], nameless: int) -> tuple[str, ...]:
    notes = []
    if lost:
        named = ", ".join(name[:80] for name in lost[:_MOST_NAMED])
        more = f" and {len(lost) - _MOST_NAMED:,} more" if len(lost) > _MOST_NAMED else ""
        notes.append(f"{CATALOGUE} names models that are not there: {named}{more}")
    if nameless:
        notes.append(
            f"{CATALOGUE} has entries without a `model_path` of their own, which are not read: "
            f"{nameless:,}"
        )
    return tuple(notes)


def _described(file: ModelFile, row: dict[str, Any] | None) -> ModelFile:
    if row is None:
        return file
    given = row.get("metadata")
    metadata = given if isinstance(given, dict) else {}
    tags = metadata.get("tags")
    size = metadata.get("model_with_data_bytes")
    entry = CatalogueEntry(
        model=_text(row.get("model")),
        tags=tuple(filter(None, map(_text, tags)))[:_MOST_TAGS] if isinstance(tags, list) else (),
        archive=_text(metadata.get("model_with_data_path")),
        archive_sha=_text(metadata.get("model_with_data_sha")),
        archive_bytes=size if type(size) is int and 0 <= size < 1 << 62 else 0,
    )
    return replace(file, catalogue=entry, notes=(*file.notes, *_differences(file, metadata)))


def _differences(file: ModelFile, metadata: dict[str, Any]) -> Iterator[str]:
    """What the catalogue says of another file than that which is there."""
    size, digest = metadata.get("model_bytes"), metadata.get("model_sha")
    if file.problem or not file.bytes:
        return
    if isinstance(size, int) and size != file.bytes:
        yield (
            f"{CATALOGUE} says that the file has {size:,} bytes, but it has {file.bytes:,}; "
            "download it again, or correct the catalogue"
        )
    elif (
        isinstance(digest, str)
        and _DIGEST.fullmatch(digest)
        and file.bytes <= WHOLE
        and digest != file.digest
    ):
        yield (
            f"{CATALOGUE} gives another SHA-256 than the file has; download it again, or correct "
            "the catalogue"
        )


def _text(value: object) -> str:
    return " ".join(value.split())[:_LONGEST] if isinstance(value, str) else ""
