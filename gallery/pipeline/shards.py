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
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from gallery.cache import Cache
from gallery.discovery.discover import ModelFile
from gallery.discovery.static import FOLDER as STATIC
from gallery.errors import DamagedFileError, DiscoverError, Failure, SettingsError
from gallery.pipeline.models import Gallery
from gallery.pipeline.outcome import Outcome, known
from gallery.pipeline.plan import ModelPlan, plan_of
from gallery.pipeline.reuse import records
from gallery.pipeline.schedule import by_work
from gallery.settings.gallery_toml import settings_from
from gallery.settings.values import GallerySettings

FILE_NAME = "shard.json"
SCHEMA = "gallery-of-networks/shard-1"


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
    files = [[one.file.relative, one.file.digest, one.file.sidecar_text] for one in plans]
    return hashlib.sha256(repr([files, _plain(settings)]).encode()).hexdigest()


def write_shard(gallery: Gallery, folder: Path, *, which: tuple[int, int, str]) -> None:
    """Write a part into an empty directory.

    Args:
        gallery: The models of the part.
        folder: The directory.
        which: The number of the part, how many parts there are, and the `collection`.
    """
    number, count, whole = which
    keys = gallery.keys()
    value = {
        "schema": SCHEMA,
        "number": number,
        "count": count,
        "collection": whole,
        "settings": _plain(gallery.settings),
        "versions": dict(next((plan.versions for plan in gallery.plans), {})),
        "models": [_row(plan, one) for plan, one in gallery.rows()],
        "records": records(keys, gallery.cache),
    }
    (folder / FILE_NAME).write_text(json.dumps(value, indent=1) + "\n", "utf-8")
    (folder / "files").mkdir()
    for entry in filter(None, map(gallery.cache.get, keys)):
        for file in entry.files.values():
            target = folder / "files" / file.sha256
            if not target.exists():
                content = file.path.read_bytes()
                if hashlib.sha256(content).hexdigest() != file.sha256:
                    found = f"a file of the result {entry.key[:12]} is damaged in the cache"
                    raise DamagedFileError(found, hint="delete the cache and build again")
                target.write_bytes(content)
    for name, source in gallery.static.items():
        copy = folder / STATIC / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)


def _row(plan: ModelPlan, one: Outcome | None) -> dict[str, Any]:
    file, failure = plan.file, one.failure if one else None
    problem = file.problem
    return {
        "path": file.relative,
        "slug": file.slug,
        "digest": file.digest,
        "bytes": file.bytes,
        "sidecar": file.sidecar_text,
        "problem": [problem.found, problem.hint] if problem else None,
        "failure": asdict(failure) if failure else None,
        "smaller": one is not None and one.plan != plan,
    }


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
        if shard.versions and first.versions and shard.versions != first.versions:
            found = f"{shard.place} and {first.place} were built with different versions"
            raise SettingsError(found, hint="build both with the same versions of all packages")
    numbers = [shard.number for shard in shards]
    if numbers != list(range(1, first.count + 1)):
        found = f"the parts are not complete: found {', '.join(map(str, numbers))} of {first.count}"
        raise SettingsError(found, hint=hint)
    return shards


def _read(place: Path) -> Shard:
    try:
        value = json.loads((place / FILE_NAME).read_bytes())
        if value.pop("schema") != SCHEMA:
            raise ValueError(f"its schema is not {SCHEMA}")
        settings = settings_from(value.pop("settings"), f"{place / FILE_NAME}: ")
        shard = Shard(place=place, settings=settings, **value)
        if not 1 <= shard.number <= shard.count:
            raise ValueError(f"it is part {shard.number} of {shard.count}")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        found = f"{place} is not a part of a gallery: {error}"
        raise SettingsError(found, hint="build parts with `gallery build --shard I/N`") from error
    return shard


def take_in(shard: Shard, cache: Cache) -> list[tuple[ModelPlan, Outcome | None]]:
    """Put the results of a part into the cache; returns the models with their outcomes.

    Raises:
        SettingsError: The part is damaged.
    """
    for key, text in shard.records.items():
        if not cache.adopt(key, text, lambda digest: _file(shard.place / "files" / digest)):
            found = f"{shard.place} is damaged: result {key[:12]} and its files do not match"
            raise SettingsError(found, hint="build or download the part again")
    try:
        return [_model(row, shard, cache) for row in shard.models]
    except (ValueError, KeyError, TypeError) as error:
        found = f"{shard.place} is damaged: {error!r}"
        raise SettingsError(found, hint="build or download the part again") from error


def _file(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _model(row: dict[str, Any], shard: Shard, cache: Cache) -> tuple[ModelPlan, Outcome | None]:
    problem = DiscoverError(row["problem"][0], hint=row["problem"][1]) if row["problem"] else None
    file = ModelFile(
        path=Path(row["path"]),
        relative=row["path"],
        slug=row["slug"],
        digest=row["digest"],
        bytes=row["bytes"],
        sidecar_text=row["sidecar"],
        problem=problem,
    )
    plan = plan_of(file, shard.settings, shard.versions)
    if plan.failure:
        return plan, None
    failure = Failure(**row["failure"]) if row["failure"] else None
    one = known(plan, cache)
    if one is None and failure is None:
        raise ValueError(f"results of {file.relative} are missing")
    shown = plan.smaller() if row["smaller"] else plan
    one = one or Outcome(plan=shown, stages=(), failure=failure)
    return plan, replace(one, failure=failure)
