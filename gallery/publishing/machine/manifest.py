"""Everything that the site shows, for machines."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

from gallery.publishing.assets.files import Placed
from gallery.publishing.machine.schema import NAME
from gallery.publishing.parts.clean import clean
from gallery.publishing.parts.exports import ExportView
from gallery.publishing.settings import SiteSettings
from gallery.publishing.views import ModelView, ScanView

SCHEMA = "gallery-of-networks/1"
"""Name and version of the manifest's form; the number grows with incompatible changes."""


def manifest(models: Sequence[ModelView], settings: SiteSettings) -> dict[str, Any]:
    """The manifest; the same models always give the same value.

    Args:
        models: In the order of the index.
        settings: The site's settings.

    Returns:
        The content of `manifest.json`; unknown numbers are null.
    """
    return {
        "$schema": NAME,
        "schema": SCHEMA,
        "title": settings.title,
        "description": settings.description,
        "base_url": settings.base_url,
        "language": settings.language,
        "provenance": settings.provenance().value(),
        "models": [entry(model) for model in models],
    }


def entry(model: ModelView) -> dict[str, Any]:
    """Everything known about one model."""
    front = dataclasses.asdict(model.exhibit.front)
    return {
        "slug": model.slug,
        "page": f"{model.slug}/index.html",
        "path": clean(model.exhibit.path),
        "title": model.title,
        "tags": model.tags,
        "front": front,
        "model_card": dataclasses.asdict(model.exhibit.card),
        "facts": dataclasses.asdict(model.facts) if model.facts else None,
        "run": dataclasses.asdict(model.exhibit.run[0]) if model.exhibit.run else None,
        "unknown_operators": model.exhibit.unknown_operators,
        "failure": dataclasses.asdict(model.failure) if model.failure else None,
        "provenance": model.exhibit.provenance.value() if model.exhibit.provenance else None,
        "measured": [dataclasses.asdict(one) for one in model.exhibit.measured],
        "exports": [_export(one) for one in model.exports],
        "component": _component(model),
        "scans": [_scan(view) for view in (*_first(model.hero), *model.variants)],
        "diagram": _file(model.diagram),
        "multiples": _file(model.multiples),
        "poster": [_file(one) for one in _poster(model)],
        "film": [_file(one) for one, _ in model.film.sources] if model.film else [],
        "card": _file(model.card),
        "viewer": model.viewer or None,
        "downloads": {one.name: _file(one.file) for one in model.downloads},
    }


def encode(value: Any) -> bytes:
    """JSON in ASCII on one line, with keys in the given order and a newline at the end."""
    return (json.dumps(value, ensure_ascii=True, separators=(",", ":")) + "\n").encode("ascii")


def _export(one: ExportView) -> dict[str, Any]:
    facts = one.facts
    return {
        "slug": one.slug,
        "label": one.label,
        "path": one.path,
        "digest": facts.digest if facts else None,
        "file_bytes": facts.file_bytes if facts else None,
        "weight_bytes": one.weights,
        "operators": facts.operators if facts else None,
        "macs": facts.macs if facts else None,
        "macs_by_dtype": facts.macs_by_dtype if facts else {},
        "opset": facts.opsets.get("ai.onnx") if facts else None,
        "failure": dataclasses.asdict(one.failure) if one.failure else None,
    }


def _component(model: ModelView) -> dict[str, Any] | None:
    one = model.exhibit
    if not one.whole:
        return None
    return {"whole": clean(one.whole), "role": clean(one.role), "rank": one.rank}


def encode_manifest(entries: Sequence[bytes], settings: SiteSettings) -> bytes:
    """The encoded manifest of models whose entries are encoded already.

    Args:
        entries: What `encode` makes of each model's `entry`, in the order of the index.
        settings: The site's settings.
    """
    empty = encode(manifest((), settings))
    inner = b",".join(entry.rstrip(b"\n") for entry in entries)
    # No text of the settings holds this: its quotes would be escaped.
    return empty.replace(b'"models":[]', b'"models":[%b]' % inner, 1)


def _first(main: ScanView | None) -> tuple[ScanView, ...]:
    return (main,) if main else ()


def _scan(view: ScanView) -> dict[str, Any]:
    scan = view.scan
    named = ("caption", "passes", "skeleton", "fallback", "attribute", "palette", "ground")
    return {
        "key": view.key,
        **{name: getattr(scan, name) for name in named},
        "vertices": scan.vertices,
        "edges": scan.edges,
        "legend": [dataclasses.asdict(one) for one in scan.legend],
        "pictures": [_file(one) for one in _files(view)],
    }


def _files(view: ScanView) -> list[Placed]:
    """Every file of the scan once, ordered by format and width."""
    files = {one.href: one for source in view.picture.sources for one in source.candidates}
    files |= {one.href: one for one in (view.picture.fallback, view.picture.largest)}
    return list(files.values())


def _poster(model: ModelView) -> list[Placed]:
    pictures = (model.poster.largest,) if model.poster else ()
    return [*pictures, *((model.poster_document,) if model.poster_document else ())]


def _file(file: Placed | None) -> dict[str, Any] | None:
    return dataclasses.asdict(file) if file else None
