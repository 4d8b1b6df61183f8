"""The manifest's form as a JSON Schema (draft 2020-12), made from the types that fill it.

The schema is published beside the manifest; its descriptions come from the types' docstrings, and
from the help texts of settings.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Sequence
from typing import Any

from gallery.coloring.types import LegendEntry
from gallery.costs.facts import Facts
from gallery.errors import Failure
from gallery.execution.results import RunSummary
from gallery.publishing.assets.files import Placed
from gallery.publishing.exhibit import MeasuredSums, ScanImages
from gallery.rendering.provenance import Provenance
from gallery.settings.cards import Card
from gallery.settings.values import FrontMatter

NAME = "manifest.schema.json"
"""Its file name, beside the manifest."""

_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean"}
_SCAN = (
    *("key", "caption", "passes", "skeleton", "fallback", "attribute", "palette", "ground"),
    *("vertices", "edges"),
)
_ATTRIBUTE = re.compile(r"^ {4}(\w+): (.+?)(?=^ {4}\w+: |^\s*$|\Z)", re.MULTILINE | re.DOTALL)


def manifest_schema(version: str) -> dict[str, Any]:
    """The schema of `manifest.json`.

    Args:
        version: Name and version of the form, as in the manifest.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Manifest of a gallery ({version})",
        "description": "Every model of a gallery with its facts and files; null means unknown.",
        **_object(
            {
                "$schema": {"const": NAME},
                "schema": {"const": version},
                "title": {"type": "string"},
                "description": {"type": "string"},
                "base_url": {"type": "string"},
                "language": {"type": "string"},
                "provenance": _provenance(),
                "models": {"type": "array", "items": {"$ref": "#/$defs/model"}},
            }
        ),
        "$defs": {
            "model": _model(),
            "scan": _scan(),
            "file": _of(Placed),
        },
    }


def _model() -> dict[str, Any]:
    file = {"$ref": "#/$defs/file"}
    return _object(
        {
            "slug": {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"},
            "page": {"type": "string"},
            "path": {"type": "string"},
            "title": {"type": "string"},
            "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
            "front": _of(FrontMatter),
            "model_card": _of(Card),
            "facts": _or_null(_of(Facts)),
            "run": _or_null(_of(RunSummary)),
            "unknown_operators": {"type": "array", "items": {"type": "string"}},
            "failure": _or_null(_of(Failure)),
            "provenance": _or_null(_provenance()),
            "measured": {"type": "array", "items": _of(MeasuredSums)},
            "exports": {"type": "array", "items": _export()},
            "component": _or_null(
                _object(
                    {
                        "whole": {"type": "string", "description": "What it is a component of."},
                        "role": {"type": "string", "description": "What it is there."},
                        "rank": {"type": "integer", "description": "Its place in the data's way."},
                    }
                )
            ),
            "scans": {"type": "array", "items": {"$ref": "#/$defs/scan"}},
            "diagram": _or_null(file),
            "multiples": _or_null(file),
            "poster": {"type": "array", "items": file},
            "film": {"type": "array", "items": file},
            "card": _or_null(file),
            "viewer": _or_null({"type": "string"}),
            "downloads": {"type": "object", "additionalProperties": file},
        }
    )


def _export() -> dict[str, Any]:
    """An export of a model, in short."""
    text = {name: {"type": "string"} for name in ("slug", "label", "path")}
    numbers = ("file_bytes", "weight_bytes", "operators", "macs")
    return _object(
        {
            **text,
            "digest": _or_null({"type": "string"}),
            **{name: _or_null({"type": "integer"}) for name in numbers},
            "macs_by_dtype": {"type": "object", "additionalProperties": {"type": "integer"}},
            "opset": _or_null({"type": "integer"}),
            "failure": _or_null(_of(Failure)),
        }
    )


def _provenance() -> dict[str, Any]:
    """The settings are an object whose names differ with the version."""
    known = _of(Provenance, ("software", "source"))["properties"]
    text = "The settings that shape it."
    return _object({**known, "settings": {"type": "object", "description": text}})


def _scan() -> dict[str, Any]:
    pictures = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/file"}}
    return _object(
        {
            **_of(ScanImages, _SCAN)["properties"],
            "legend": {"type": "array", "items": _of(LegendEntry)},
            "pictures": pictures,
        }
    )


def _of(kind: type, names: Sequence[str] = ()) -> dict[str, Any]:
    """The schema of a dataclass: all its fields, or those named, and nothing else."""
    # The exhibit's module imports these for type checkers only.
    late = {"LegendEntry": LegendEntry, "Facts": Facts}
    hints = typing.get_type_hints(kind, localns=late)
    documented = dict(_ATTRIBUTE.findall(inspect.getdoc(kind) or ""))
    fields = {field.name: field for field in dataclasses.fields(kind)}
    properties = {}
    for name in names or fields:
        # Settings are described by their fields' metadata, other dataclasses by their docstring.
        help_text = fields[name].metadata.get("help", "")
        sentence = f"{help_text[0].upper()}{help_text[1:]}." if help_text else ""
        text = " ".join((sentence or documented.get(name, "")).split())
        schema = _value(hints[name])
        properties[name] = {**schema, "description": text} if text else schema
    return _object(properties)


def _value(hint: Any) -> dict[str, Any]:
    """The schema of a type: plain, a tuple, a dictionary, a dataclass, or a union of these."""
    if hint in _PLAIN:
        return {"type": _PLAIN[hint]}
    if hint is type(None):
        return {"type": "null"}
    origin, inside = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return {"anyOf": [_value(one) for one in inside]}
    if origin is tuple:
        return {"type": "array", "items": _value(inside[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": _value(inside[1])}
    if dataclasses.is_dataclass(hint):
        return _of(typing.cast(type, hint))
    raise TypeError(f"the manifest's schema has no form for {hint}")


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
