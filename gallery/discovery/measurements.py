"""Finds the measurements beside a model: MODEL.profile.json, MODEL.metrics.csv and the like.

A word between the model's name and the kind tells devices apart, as in `resnet50.t4.profile.json`.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gallery.errors import DiscoverError
from gallery.measuring.files import attributes_in
from gallery.measuring.types import MeasurementError

ENDINGS = (".profile.json", ".profile.csv", ".metrics.csv")

LARGEST = 64 << 20
"""Most bytes of a file with measurements."""

MOST = 16
"""How many of them are read for a model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementFile:
    """A file with measurements of a model.

    Attributes:
        name: Its name.
        device: The word before its kind, or "".
        attributes: What it lets the model be coloured by, in order.
        digest: SHA-256 of its content in hexadecimal.
        content: Its content as zlib compresses it; on a machine that does not have it, empty.
        problem: Why it is not read, or "".
    """

    name: str
    device: str = ""
    attributes: tuple[str, ...] = ()
    digest: str = ""
    content: bytes = b""
    problem: str = ""


Found = tuple[bool, str, str]
"""Whether a file with measurements names a device, its own name, and the device's."""


def by_model(names: Sequence[str]) -> dict[str, list[Found]]:
    """The files with measurements in a directory, by the name of their model without its suffix.

    "a.b.profile.json" belongs to "a.b.onnx" if there is such a model, and else to "a.onnx".

    Args:
        names: All names in the directory.
    """
    models = {name[: -len(".onnx")] for name in names if name.lower().endswith(".onnx")}
    found: dict[str, list[Found]] = {}
    for name in names:
        ending = next((one for one in ENDINGS if name.lower().endswith(one)), None)
        start = model = name[: -len(ending)] if ending else ""
        while model and model not in models:
            model = model.rpartition(".")[0]
        if model:
            found.setdefault(model, []).append((start != model, name, start[len(model) + 1 :]))
    return {model: sorted(ones) for model, ones in found.items()}


def measurements_of(
    model: Path, beside: Mapping[str, Sequence[Found]], read: Callable[[Path, int], bytes]
) -> tuple[MeasurementFile, ...]:
    """The measurements beside a model, by name; those without a device first.

    Args:
        model: Path of the model.
        beside: From `by_model` of its directory.
        read: Returns the content of a file of at most so many bytes, or raises `DiscoverError`.
    """
    found = beside.get(model.name[: -len(".onnx")], ())
    return tuple(_file(model.parent / name, device, read) for _, name, device in found[:MOST])


def _file(path: Path, device: str, read: Callable[[Path, int], bytes]) -> MeasurementFile:
    name, device = _plain(path.name), _plain(device)
    try:
        content = read(path, LARGEST)
        attributes = attributes_in(content, path.name, device)
    except DiscoverError as error:
        told = f"{error.found}, so it is not read; {error.hint}"
        return MeasurementFile(name=name, device=device, problem=told)
    except MeasurementError as error:
        return MeasurementFile(name=name, device=device, problem=f"{name}: {error}")
    return MeasurementFile(
        name=name,
        device=device,
        attributes=attributes,
        digest=hashlib.sha256(content).hexdigest(),
        content=zlib.compress(content, 1),
    )


def _plain(name: str) -> str:
    """A name of the file system as text that can be written."""
    return name.encode("utf-8", "replace").decode()
