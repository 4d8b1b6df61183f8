"""The results of a model in brief: all that most builds read of it.

A site shows a model on many pages, but all of it on its own pages alone, which stay as they are
while the model does. One record of the cache holds what the other pages show, and names the files
of all results, so that a result that is incomplete is noticed without being read.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from gallery.cache import Cache, CachedFile, Entry, cache_key
from gallery.fingerprint import fingerprint
from gallery.pipeline.plan import ModelPlan
from gallery.pipeline.products import PRODUCTS
from gallery.pipeline.products.base import Form, Product
from gallery.pipeline.variants import NOTHING_TO_TRAIN
from gallery.schema import DIGEST, MismatchError, a_list, each, hold, record, text

log = logging.getLogger(__name__)

_FORM = record(
    {
        "digest": text(64, DIGEST),
        "notes": each(text()),
        "dimensions": each(text()),
        "results": a_list,
    }
)


Forms = Mapping[int, Form]
"""Forms by their identity: what they are made of cannot be compared."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Brief:
    """The results of a model, in brief.

    Attributes:
        digest: SHA-256 of all results, with those that are left out here.
        notes: What the user should know about them.
        dimensions: Names of the model's symbolic dimensions.
        keys: Their keys.
        told: What other pages show of each, as JSON; None if that is nothing.
        files: The files of all of them.
    """

    digest: str
    notes: tuple[str, ...]
    dimensions: tuple[str, ...]
    keys: tuple[str, ...]
    told: tuple[dict[str, Any] | None, ...]
    files: Mapping[str, CachedFile]


def brief_key(plan: ModelPlan) -> str:
    """Key of the brief of a plan's results."""
    return _key([key for _, _, key in _results(plan)])


def _key(keys: Sequence[str]) -> str:
    return cache_key("brief", fingerprint(__name__), results=list(keys))


def brief_of(plan: ModelPlan, entries: Mapping[str, Entry]) -> Brief:
    """The brief of a plan's results.

    Args:
        plan: The plan that was carried out.
        entries: All its results, by key.
    """
    results = _results(plan)
    return Brief(
        digest=digest_of(entries),
        notes=notes_of(entries.values()),
        dimensions=dimensions_of(entries.values()),
        keys=tuple(key for _, _, key in results),
        told=tuple(product.brief(plan, what, entries[key].value) for product, what, key in results),
        files={
            _file(number, name): file
            for number, (_, _, key) in enumerate(results)
            for name, file in entries[key].files.items()
        },
    )


def digest_of(entries: Mapping[str, Entry | None]) -> str:
    """SHA-256 of some results."""
    told = {
        key: [one.value, {name: file.sha256 for name, file in one.files.items()}] if one else None
        for key, one in entries.items()
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def keep(brief: Brief, cache: Cache) -> None:
    """Keep a brief for the next build; where the cache is full, that takes longer."""
    value = {
        "digest": brief.digest,
        "notes": list(brief.notes),
        "dimensions": list(brief.dimensions),
        "results": list(brief.told),
    }
    with suppress(OSError):
        cache.put(_key(brief.keys), value, brief.files)


def kept(plan: ModelPlan, cache: Cache) -> Brief | None:
    """The brief of a plan's results, if the cache has it and the files of all of them.

    What it tells of them is not checked yet: a build that changes nothing does not read it.
    """
    keys = tuple(key for _, _, key in _results(plan))
    key = _key(keys)
    rarely_used = cache.is_old(key)
    entry = cache.get(key)
    if entry is None:
        return None
    try:
        _FORM(entry.value)
        if len(entry.value["results"]) != len(keys):
            raise MismatchError(f"a list of {len(keys)} results", "results")
    except MismatchError as error:
        _warn(plan, error)
        return None
    if rarely_used:
        cache.use(keys)
    return Brief(
        digest=entry.value["digest"],
        notes=tuple(entry.value["notes"]),
        dimensions=tuple(entry.value["dimensions"]),
        keys=keys,
        told=tuple(entry.value["results"]),
        files=entry.files,
    )


def forms_kept(rows: Iterable[tuple[Brief, ModelPlan]]) -> Forms:
    """The forms that all results of many models have: to see that at once takes far less time.

    Args:
        rows: Briefs, each with the plan of its results.
    """
    values: dict[int, list[object]] = {}
    forms: dict[int, Form] = {}
    for brief, plan in rows:
        for (product, what, _), value in zip(_results(plan), brief.told, strict=True):
            form = product.form(plan, what)
            forms[id(form)] = form
            values.setdefault(id(form), []).append(value)
    return {
        name: form
        for name, form in forms.items()
        if hold(form.value, [value for value in values[name] if value is not None])
    }


def told_in(
    brief: Brief, plan: ModelPlan, sure: Forms = MappingProxyType({})
) -> dict[str, Entry | None] | None:
    """What other pages show of each result, by its key; None if the brief is damaged.

    Args:
        brief: Of the results of the plan.
        plan: The plan.
        sure: Forms that its results have, from `forms_kept`; the others are checked.
    """
    files = _by_number(brief.files)
    try:
        return {
            key: _checked(key, value, files.get(number, {}), product.form(plan, what), sure)
            for number, ((product, what, key), value) in enumerate(
                zip(_results(plan), brief.told, strict=True)
            )
        }
    except MismatchError as error:
        _warn(plan, error)
        return None


def _warn(plan: ModelPlan, error: MismatchError) -> None:
    log.warning("%s: a brief is damaged in the cache: %s", plan.file.relative, error)


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
        if entry.value.get("untrained"):
            notes[NOTHING_TO_TRAIN] = None
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


def _by_number(files: Mapping[str, CachedFile]) -> dict[int, dict[str, CachedFile]]:
    """The files of each result, by its number and by their names."""
    found: dict[int, dict[str, CachedFile]] = {}
    for name, file in files.items():
        number, _, own = name.partition("-")
        if number.isdecimal():
            found.setdefault(int(number), {})[own] = file
    return found


def _checked(
    key: str, value: Any, files: Mapping[str, CachedFile], form: Form, sure: Forms
) -> Entry | None:
    """A result, if it has its form; raises MismatchError."""
    form.check_files(files)
    if value is None:
        return None
    if id(form) not in sure:
        form.value(value)
    return Entry(key=key, value=value, files=files)
