"""Publishes into a staging directory and swaps it in, unless the site would be the same."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from gallery.cache import Cache, cache_key
from gallery.errors import GalleryError, PublishError, system_error
from gallery.files import SUMS, encode_sums, sizes, statuses
from gallery.fingerprint import fingerprint
from gallery.pipeline import ownership, reuse
from gallery.pipeline.earlier import (
    changed_in_place,
    linking,
    remember,
    remove_stale,
    stamp_of,
    sums_of,
    untouched,
)
from gallery.pipeline.garbage import lasting
from gallery.pipeline.models import Gallery
from gallery.pipeline.next_site import NextSite
from gallery.pipeline.products.base import Form, sound
from gallery.pipeline.staging import open_file, opened, swap
from gallery.publishing.addressed import addressed
from gallery.publishing.assets.directories import digest_of, template_directories
from gallery.publishing.assets.earlier import Earlier, Stamp
from gallery.publishing.settings import SiteSettings
from gallery.rendering.provenance import software
from gallery.schema import DIGEST, mapping, record, text, whole
from gallery.settings.values import GallerySettings

if TYPE_CHECKING:
    from gallery.publishing.site import Publisher

log = logging.getLogger(__name__)

MADE_BY = (
    "gallery.pipeline.site",
    "gallery.pipeline.shards",
    "gallery.pipeline.exhibit",
    "gallery.publishing.site",
)
"""Modules that write a site or a part of it; `gallery.publishing` itself imports only on demand."""

_FORM = Form(
    value=record(
        {
            "files": mapping(text(), whole(-1, 1 << 60)),
            "sums": text(64, DIGEST),
        }
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The site after a build.

    Attributes:
        changed: Whether it differs from the one before.
        files: Number of its files.
        bytes: Their total size.
        edited: Files that were edited by hand and have been replaced.
    """

    changed: bool
    files: int
    bytes: int
    edited: tuple[str, ...] = ()


def check_place(site: Path, *inputs: Path, part: int = 0) -> None:
    """Refuse a directory for the site if other files in it would be lost.

    Args:
        site: The directory.
        inputs: Directories that are read: the models, or the parts to merge.
        part: Number of the part of a site that is to be written there, or 0 for a site.

    Raises:
        PublishError: The directory holds other files, an input or, in place of a site, a part.
    """
    for folder in inputs:
        inside = folder.resolve()
        if site == inside or site in inside.parents:
            found = f"a site at {site} would overwrite {folder}, which the build reads"
            raise PublishError(found, hint="choose another directory for the site")
    ownership.check_target(site)
    ownership.check_kind(site, part)


def _key(gallery: Gallery, kind: str) -> str:
    """The hash of everything that the site's bytes depend on."""
    settings = gallery.settings
    return cache_key(
        kind,
        fingerprint(*MADE_BY),
        models=gallery.identity(),
        settings=repr(settings),
        software=software(),
        templates=_templates(gallery),
    )


def _templates(gallery: Gallery) -> str:
    return digest_of(template_directories(site_settings(gallery.settings).templates))


def site_settings(settings: GallerySettings) -> SiteSettings:
    """The gallery's settings that the publisher needs."""
    return SiteSettings(
        title=settings.title,
        description=settings.description,
        base_url=settings.base_url,
        language=settings.language,
        templates=Path(settings.templates) if settings.templates else None,
    )


def begin_site(gallery: Gallery, new: NextSite) -> None:
    """Begin a site with the models whose outcomes are known, while others are still being made.

    Args:
        gallery: All models.
        new: The site, whose place is locked.
    """
    # Whatever is wrong is told when the site is written.
    with suppress(GalleryError, OSError):
        new.begin()
        new.templates = _templates(gallery)
        publisher = new.publisher = _publisher(gallery, new)
        linked = linking(new.earlier)
        for one in addressed(gallery.exhibits()):
            if all(each.more for each in (one, *one.exports)):
                publisher.view(linked(one))


def write_site(gallery: Gallery, new: NextSite) -> None:
    """Publish a gallery, with the records of what it was made from.

    Args:
        gallery: What it shows.
        new: The site, whose directory is there; files of the earlier one that are the same are
            linked.
    """
    assert new.folder is not None
    # The templates may have been edited since.
    begun = new.publisher if new.templates == _templates(gallery) else None
    publisher = begun or _publisher(gallery, new)
    before, folder = new.earlier, new.folder
    with lasting():
        linked = linking(before)
        exhibits = [one if publisher.has(one) else linked(one) for one in gallery.exhibits()]
    publisher.publish(exhibits)
    known = reuse.known(before.root) if reuse.FILE_NAME in before.digests else {}
    kept = reuse.records(gallery.keys(), gallery.cache, known)
    (folder / reuse.FILE_NAME).write_bytes(reuse.encode(kept))
    copy_static(gallery, folder)
    before.forget(gallery.static)


def _publisher(gallery: Gallery, new: NextSite) -> Publisher:
    # A build that changes nothing must not wait for Jinja and Markdown.
    from gallery.publishing.site import Publisher  # noqa: PLC0415

    assert new.folder is not None
    return Publisher(new.folder, site_settings(gallery.settings), gallery.cache, new.earlier)


def copy_static(gallery: Gallery, folder: Path) -> None:
    """Copy the files that are published as they are; they replace what the gallery wrote."""
    for name, source in gallery.static.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copyfile(source, target)


def put(
    gallery: Gallery, new: NextSite, write: Callable[[Gallery, NextSite], None], kind: str
) -> Published:
    """Write a directory and swap it in, unless it would be the same; the user's files stay.

    Args:
        gallery: What it shows.
        new: The directory, which may have been begun.
        write: Writes it; called only if something may have changed.
        kind: What `write` makes.

    Raises:
        PublishError: The directory cannot be written.
    """
    place, cache, key = new.place, gallery.cache, _key(gallery, kind)
    try:
        new.lock()
        sums = ownership.owned(place)
        known = sound(cache.get(key), _FORM, f"the list of files of {place}")
        same = known is not None and known.value["sums"] == _digest(sums)
        if known and same and _whole(sizes(_found(place)), known.value["files"]):
            return _published(known.value["files"], changed=False)
        ownership.check_target(place)
        found = _written(gallery, new, write)
        folder, earlier = new.begin(), new.earlier
        stamps = {name: stamp_of(status) for name, status in found.items()}
        fresh = sums_of(folder, stamps, earlier)
        files = {**sizes(found), SUMS: (folder / SUMS).write_bytes(encode_sums(fresh))}
        open_file(folder / SUMS)
        there = _found(place, found)
        by_hand = ownership.edited(place, sums, sizes(there), untouched(earlier, there))
        changed = sums != fresh or bool(by_hand) or not _whole(sizes(there), files)
        if changed:
            ownership.carry_over(place, sums, there, folder)
            swap(folder, place)
        with ThreadPoolExecutor(1) as aside:
            aside.submit(new.drop)
            _keep(cache, key, files, fresh, stamps, earlier)
    except OSError as error:
        told, hint = system_error(error)
        raise PublishError(f"{place} cannot be written: {told}", hint=hint) from error
    return _published(files, changed=changed, edited=tuple(by_hand))


def _written(
    gallery: Gallery, new: NextSite, write: Callable[[Gallery, NextSite], None]
) -> dict[str, os.stat_result]:
    """Write a directory; returns what its files are, by their paths in it."""
    for last in (False, True):
        folder = new.begin()
        write(gallery, new)
        found = opened(folder)
        for name in remove_stale(new.earlier, folder, found):
            del found[name]
        # A file that someone changes where it lies changes in the new site as well.
        if last or not changed_in_place(new.earlier, found):
            break
        new.drop()
    return found


def _keep(
    cache: Cache,
    key: str,
    files: Mapping[str, int],
    sums: Mapping[str, str],
    stamps: Mapping[str, Stamp],
    earlier: Earlier,
) -> None:
    """Remember a site in the cache; where that is full, the site is as good without."""
    try:
        remember(cache, sums, stamps, earlier)
        cache.keep(key, {"files": dict(files), "sums": _digest(sums)})
    except OSError as error:
        found, hint = system_error(error)
        log.warning(
            "%s is whole, but the cache cannot be written: %s; %s, or the next build takes longer",
            *(earlier.root, found, hint),
        )


def _digest(sums: Mapping[str, str]) -> str:
    """A digest of the list of a site's files."""
    return hashlib.sha256(encode_sums(sums)).hexdigest()


def _found(
    place: Path, known: Mapping[str, os.stat_result] = MappingProxyType({})
) -> dict[str, os.stat_result]:
    """What the files of a directory are, which may be missing; see `statuses`."""
    return statuses(place, known=known) if place.is_dir() else {}


def _whole(there: Mapping[str, int], files: Mapping[str, int]) -> bool:
    """Whether all files of the gallery are there with their sizes; other files do not count."""
    return all(there.get(name) == size for name, size in files.items())


def _published(files: dict[str, Any], *, changed: bool, edited: tuple[str, ...] = ()) -> Published:
    size = sum(files.values())
    return Published(changed=changed, files=len(files), bytes=size, edited=edited)
