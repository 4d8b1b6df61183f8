"""The results of a model in brief: all that most builds read of it.

A site shows a model on many pages, but all of it on its own pages alone, which stay as they are
while the model does. One record of the cache holds what the other pages show, and names the files
of all results, so that a result that is incomplete is noticed without being read.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from gallery.cache import Cache, CachedFile, Entry, cache_key
from gallery.fingerprint import fingerprint
from gallery.pipeline.plan import ModelPlan
from gallery.pipeline.products import PRODUCTS
from gallery.pipeline.products.base import Form, Product
from gallery.schema import DIGEST, MismatchError, anything, each, record, text

log = logging.getLogger(__name__)

_FORM = record(
    {
        "digest": text(64, DIGEST),
        "notes": each(text()),
        "dimensions": each(text()),
        "results": each(anything),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Brief:
    """The results of a model, in brief.

    Attributes:
        digest: SHA-256 of all results, with those that are left out here.
        notes: What the user should know about them.
        dimensions: Names of the model's symbolic dimensions.
        results: What other pages show of each result, by its key; None if that is nothing.
    """

    digest: str
    notes: tuple[str, ...]
    dimensions: tuple[str, ...]
    results: Mapping[str, Entry | None]


def brief_key(plan: ModelPlan) -> str:
    """Key of the brief of a plan's results."""
    return _key(_results(plan))


def _key(results: Sequence[tuple[Product, str, str]]) -> str:
    return cache_key("brief", fingerprint(__name__), results=[key for _, _, key in results])


def brief_of(plan: ModelPlan, entries: Mapping[str, Entry]) -> Brief:
    """The brief of a plan's results.

    Args:
        plan: The plan that was carried out.
        entries: All its results, by key.
    """
    shown = {}
    for product, what, key in _results(plan):
        value = product.brief(plan, what, entries[key].value)
        shown[key] = (
            None if value is None else Entry(key=key, value=value, files=entries[key].files)
        )
    return Brief(
        digest=digest_of(entries),
        notes=notes_of(entries.values()),
        dimensions=dimensions_of(entries.values()),
        results=shown,
    )


def digest_of(entries: Mapping[str, Entry | None]) -> str:
    """SHA-256 of some results."""
    told = {
        key: [one.value, {name: file.sha256 for name, file in one.files.items()}] if one else None
        for key, one in entries.items()
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def keep(brief: Brief, plan: ModelPlan, entries: Mapping[str, Entry], cache: Cache) -> None:
    """Keep a brief for the next build; where the cache is full, that takes longer."""
    results = [brief.results[key] for _, _, key in _results(plan)]
    value = {
        "digest": brief.digest,
        "notes": list(brief.notes),
        "dimensions": list(brief.dimensions),
        "results": [one.value if one else None for one in results],
    }
    files = {
        _file(number, name): file
        for number, (_, _, key) in enumerate(_results(plan))
        for name, file in entries[key].files.items()
    }
    with suppress(OSError):
        cache.put(brief_key(plan), value, files)


def kept(plan: ModelPlan, cache: Cache) -> Brief | None:
    """The brief of a plan's results, if the cache has it and the files of all of them."""
    results = _results(plan)
    entry = cache.get(_key(results))
    if entry is None:
        return None
    try:
        _FORM(entry.value)
        if len(entry.value["results"]) != len(results):
            raise MismatchError(f"a list of {len(results)} results", "results")
        shown = {
            key: _checked(key, value, _files(number, entry), product.form(plan, what))
            for number, ((product, what, key), value) in enumerate(
                zip(results, entry.value["results"], strict=True)
            )
        }
    except MismatchError as error:
        log.warning("%s: a brief is damaged in the cache: %s", plan.file.relative, error)
        return None
    cache.use(key for _, _, key in results)
    return Brief(
        digest=entry.value["digest"],
        notes=tuple(entry.value["notes"]),
        dimensions=tuple(entry.value["dimensions"]),
        results=shown,
    )


def notes_of(entries: Iterable[Entry | None]) -> tuple[str, ...]:
    """What the user should know about some results."""
    notes: dict[str, None] = {}
    for entry in filter(None, entries):
        if entry.value.get("fallback"):
            notes[f"skeleton by {entry.value['engine']}: {entry.value['fallback']}"] = None
        unknown = entry.value.get("unknown_operators")
        if unknown:
            listed = ", ".join(unknown)
            notes[
                f"operators drawn as one vertex, because they are unknown or inconsistent: {listed}"
            ] = None
        for warning in entry.value.get("warnings", ()):
            notes[warning] = None
    return tuple(notes)


def dimensions_of(entries: Iterable[Entry | None]) -> tuple[str, ...]:
    """Names of the symbolic dimensions that some results tell."""
    told = filter(None, entries)
    return tuple(name for entry in told for name, _ in entry.value.get("bindings", ()))


def _results(plan: ModelPlan) -> list[tuple[Product, str, str]]:
    """Product, name and key of every result of a plan."""
    return [(one, what, key) for one in PRODUCTS for what, key in plan.keys(one).items()]


def _file(number: int, name: str) -> str:
    """The name, among all files, of a file of one of the results."""
    return f"{number}-{name}"


def _files(number: int, entry: Entry) -> Iterator[tuple[str, CachedFile]]:
    start = _file(number, "")
    return (
        (name.removeprefix(start), file)
        for name, file in entry.files.items()
        if name.startswith(start)
    )


def _checked(
    key: str, value: Any, found: Iterator[tuple[str, CachedFile]], form: Form
) -> Entry | None:
    """A result, if it has its form; raises MismatchError."""
    files = dict(found)
    if value is None:
        form.check_files(files)
        return None
    form.check(value, files)
    return Entry(key=key, value=value, files=files)
