"""Parts of a gallery that were built on different machines, and how they become one site.

    DIR/shard.json      which part of which collection, the settings, the models, their records
    DIR/files/<sha256>  the files that the records name
    DIR/static/         the files that are published as they are

A part is not a site: it holds everything that `gallery merge` needs to publish the whole, so
neither the models nor the caches of the other machines are needed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from gallery.cache import Cache
from gallery.discovery.static import FOLDER as STATIC
from gallery.errors import DamagedFileError, DiscoverError, Failure, SettingsError
from gallery.files import read_regular
from gallery.pipeline.models import Gallery
from gallery.pipeline.next_site import NextSite
from gallery.pipeline.outcome import Outcome, known
from gallery.pipeline.plan import ModelPlan, plan_of, with_families
from gallery.pipeline.products.base import Form
from gallery.pipeline.products.profile import MACHINE
from gallery.pipeline.records import forms, judge
from gallery.pipeline.reuse import LARGEST, LARGEST_FILE, check_records, records
from gallery.pipeline.schedule import by_work
from gallery.pipeline.shard_models import check_model, file_of, model_row
from gallery.schema import (
    MismatchError,
    anything,
    each,
    mapping,
    one_of,
    record,
    text,
    whole,
)
from gallery.settings.gallery_toml import settings_from
from gallery.settings.values import GallerySettings

FILE_NAME = "shard.json"
SCHEMA = "gallery-of-networks/shard-1"

_check = record(
    {
        "schema": one_of(SCHEMA),
        "number": whole(1, 1 << 20),
        "count": whole(1, 1 << 20),
        "collection": text(64),
        "settings": mapping(text(80), anything),
        "versions": mapping(text(80), text(80), 100),
        "models": each(check_model, 1 << 20),
        "records": check_records,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A part as read from its directory.

    Attributes:
        place: The directory.
        number: The number of the part, from 1.
        count: How many parts there are.
        collection: Hash of the whole collection and of the settings.
        settings: The gallery's settings.
        versions: Version of the code of each stage and product.
        models: As written by `write_shard`.
        records: The cache's records, by key.
    """

    place: Path
    number: int
    count: int
    collection: str
    settings: GallerySettings
    versions: dict[str, str]
    models: list[dict[str, Any]]
    records: dict[str, str]


def part(plans: Sequence[ModelPlan], number: int, count: int) -> list[ModelPlan]:
    """The models of a part: dealt out by expected work, so that all parts take about as long."""
    mine = {plan.file.slug for plan in by_work(plans)[number - 1 :: count]}
    return [plan for plan in plans if plan.file.slug in mine]


def collection(plans: Sequence[ModelPlan], settings: GallerySettings) -> str:
    """A hash that is the same for all parts of one collection."""
    files = [
        [
            *(file.relative, file.digest, file.sidecar, file.sidecar_text),
            *(file.group, file.catalogue),
            [[one.name, one.digest] for one in file.measurements],
        ]
        for file in (one.file for one in plans)
    ]
    return hashlib.sha256(repr([files, _plain(settings)]).encode()).hexdigest()


def write_shard(gallery: Gallery, new: NextSite, *, which: tuple[int, int, str]) -> None:
    """Write a part into an empty directory.

    Args:
        gallery: The models of the part.
        new: The directory.
        which: The number of the part, how many parts there are, and the `collection`.
    """
    (number, count, whole), folder = which, new.begin()
    keys = gallery.keys()
    value = {
        "schema": SCHEMA,
        "number": number,
        "count": count,
        "collection": whole,
        "settings": _plain(gallery.settings),
        "versions": dict(next((plan.versions for plan in gallery.plans), {})),
        "models": [model_row(plan, one) for plan, one in gallery.rows()],
        "records": records(keys, gallery.cache),
    }
    (folder / FILE_NAME).write_text(json.dumps(value, indent=1) + "\n", "utf-8")
    (folder / "files").mkdir()
    for entry in filter(None, map(gallery.cache.get, keys)):
        for file in entry.files.values():
            target = folder / "files" / file.sha256
            if not target.exists():
                content = read_regular(file.path, file.bytes)
                if hashlib.sha256(content).hexdigest() != file.sha256:
                    found = f"a file of the result {entry.key[:12]} is damaged in the cache"
                    raise DamagedFileError(found, hint="delete the cache and build again")
                target.write_bytes(content)
    for name, source in gallery.static.items():
        copy = folder / STATIC / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)


def _plain(settings: GallerySettings) -> dict[str, Any]:
    """The settings as gallery.toml would hold them."""
    # The path to the templates differs from machine to machine.
    return asdict(replace(settings, templates=Path(settings.templates).name))


def read_shards(places: Sequence[Path]) -> list[Shard]:
    """Read all parts of one collection, in order.

    Raises:
        SettingsError: A directory is not a part, parts do not belong together, or one is missing.
    """
    shards = sorted(map(_read, places), key=lambda shard: shard.number)
    first, hint = shards[0], "give all parts of one collection, each of them once"
    for shard in shards[1:]:
        if shard.count != first.count or shard.collection != first.collection:
            found = f"{shard.place} and {first.place} are parts of different collections"
            raise SettingsError(found, hint=hint)
        if shard.versions and first.versions and _code(shard) != _code(first):
            found = f"{shard.place} and {first.place} were built with different versions"
            raise SettingsError(found, hint="build both with the same versions of all packages")
    numbers = [shard.number for shard in shards]
    if numbers != list(range(1, first.count + 1)):
        found = f"the parts are not complete: found {', '.join(map(str, numbers))} of {first.count}"
        raise SettingsError(found, hint=hint)
    return shards


def _code(shard: Shard) -> dict[str, str]:
    """The versions of its code: parts may be measured on different machines."""
    return {name: version for name, version in shard.versions.items() if name != MACHINE}


def _read(place: Path) -> Shard:
    try:
        value = json.loads(read_regular(place / FILE_NAME, LARGEST))
        _check(value)
        settings = settings_from(value["settings"], f"{place / FILE_NAME}: ")
        if value["number"] > value["count"]:
            raise ValueError(f"it is part {value['number']} of {value['count']}")
        names = [row[name] for row in value["models"] for name in ("slug", "path")]
        if len(set(names)) < len(names):
            raise ValueError("two models have the same name")
    except (DiscoverError, ValueError, RecursionError) as error:
        found = error.found if isinstance(error, DiscoverError) else error
        found = f"{place} is not a part of a gallery: {found}"
        raise SettingsError(found, hint="build parts with `gallery build --shard I/N`") from error
    del value["schema"]
    return Shard(place=place, **{**value, "settings": settings})


def take_in(shards: Sequence[Shard], cache: Cache) -> list[tuple[ModelPlan, Outcome | None]]:
    """Put the results of all parts into the cache; returns the models with their outcomes.

    Raises:
        SettingsError: A part is damaged, or holds what its models' products do not make.
    """
    rows = [(row, shard) for shard in shards for row in shard.models]
    plans = [plan_of(file_of(row), shard.settings, shard.versions) for row, shard in rows]
    whole = with_families(plans, shards[0].settings)
    return [
        (plan, _outcome(row, plan, shard, cache))
        for (row, shard), plan in zip(rows, whole, strict=True)
    ]


def _outcome(row: dict[str, Any], plan: ModelPlan, shard: Shard, cache: Cache) -> Outcome | None:
    if plan.failure:
        return None
    failure = Failure(**row["failure"]) if row["failure"] else None
    shown = plan.smaller() if row["smaller"] else plan
    for key, (name, form) in (forms(plan) | forms(shown)).items():
        if key in shard.records:
            _adopt(shard, key, f"{plan.file.relative}: {name}", form, cache)
    one = known(plan, cache)
    if one is None and failure is None:
        raise _damaged(shard, f"results of {plan.file.relative} are missing")
    one = one or Outcome(plan=shown, stages=(), failure=failure)
    return replace(one, failure=failure)


def _adopt(shard: Shard, key: str, name: str, form: Form, cache: Cache) -> None:
    def find(digest: str) -> bytes | None:
        with suppress(DiscoverError):
            return read_regular(shard.place / "files" / digest, LARGEST_FILE)
        return None

    try:
        if cache.adopt(key, shard.records[key], find, judge(form)):
            return
    except MismatchError as error:
        raise _damaged(shard, f"{name}: {error}") from error
    raise _damaged(shard, f"{name}: the result {key[:12]} and its files do not match")


def _damaged(shard: Shard, found: str) -> SettingsError:
    hint = "build or download the part again"
    return SettingsError(f"{shard.place} is damaged: {found}", hint=hint)
