"""Publishes into a staging directory and swaps it in, unless the site would be the same."""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gallery.cache import Cache, cache_key
from gallery.errors import PublishError, system_error
from gallery.files import SUMS, encode_sums, listing
from gallery.fingerprint import fingerprint
from gallery.pipeline import ownership, reuse
from gallery.pipeline.earlier import earlier_site, remember, sums_of, with_links
from gallery.pipeline.models import Gallery
from gallery.pipeline.products.base import Form, sound
from gallery.pipeline.staging import locked, open_to_all, recover, staging, swap
from gallery.provenance import software
from gallery.publishing.assets.directories import digest_of, template_directories
from gallery.publishing.assets.earlier import Earlier
from gallery.publishing.settings import SiteSettings
from gallery.schema import DIGEST, mapping, record, text, whole
from gallery.settings.values import GallerySettings

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
        templates=digest_of(template_directories(site_settings(settings).templates)),
    )


def site_settings(settings: GallerySettings) -> SiteSettings:
    """The gallery's settings that the publisher needs."""
    return SiteSettings(
        title=settings.title,
        description=settings.description,
        base_url=settings.base_url,
        language=settings.language,
        templates=Path(settings.templates) if settings.templates else None,
    )


def write_site(gallery: Gallery, folder: Path, earlier: Earlier | None = None) -> None:
    """Publish a gallery into an empty directory, with the records of what it was made from.

    Args:
        gallery: What it shows.
        folder: The directory.
        earlier: The site that it replaces, whose files are linked where they are the same.
    """
    # A build that changes nothing must not wait for Jinja and Markdown.
    from gallery.publishing import publish  # noqa: PLC0415

    settings = site_settings(gallery.settings)
    before = earlier or Earlier()
    exhibits = with_links(gallery.exhibits(), before)
    publish(exhibits, folder, settings=settings, cache=gallery.cache, earlier=before)
    known = reuse.known(before.root) if reuse.FILE_NAME in before.digests else {}
    kept = reuse.records(gallery.keys(), gallery.cache, known)
    (folder / reuse.FILE_NAME).write_bytes(reuse.encode(kept))
    copy_static(gallery, folder)
    before.forget(gallery.static)


def copy_static(gallery: Gallery, folder: Path) -> None:
    """Copy the files that are published as they are; they replace what the gallery wrote."""
    for name, source in gallery.static.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copyfile(source, target)


def put(
    gallery: Gallery, place: Path, write: Callable[[Gallery, Path, Earlier], None], kind: str
) -> Published:
    """Write a directory and swap it in, unless it would be the same; the user's files stay.

    Args:
        gallery: What it shows.
        place: The directory.
        write: Writes it into an empty directory; called only if something may have changed.
        kind: What `write` makes.

    Raises:
        PublishError: The directory cannot be written.
    """
    cache, key = gallery.cache, _key(gallery, kind)
    try:
        with locked(place):
            recover(place)
            sums = ownership.owned(place)
            known = sound(cache.get(key), _FORM, f"the list of files of {place}")
            same = known is not None and known.value["sums"] == _digest(sums)
            if known and same and _whole(_listed(place), known.value["files"]):
                return _published(known.value["files"], changed=False)
            ownership.check_target(place)
            with staging(place) as staged:
                earlier = earlier_site(place, cache)
                write(gallery, staged, earlier)
                files = listing(staged)
                new = sums_of(staged, files, earlier)
                files[SUMS] = (staged / SUMS).write_bytes(encode_sums(new))
                there = _listed(place)
                by_hand = ownership.edited(place, sums, there, earlier.digests)
                changed = sums != new or bool(by_hand) or not _whole(there, files)
                if changed:
                    open_to_all(staged)
                    ownership.carry_over(place, sums, there, staged)
                    swap(staged, place)
                _keep(place, cache, key, files, new, earlier)
    except OSError as error:
        found, hint = system_error(error)
        raise PublishError(f"{place} cannot be written: {found}", hint=hint) from error
    return _published(files, changed=changed, edited=tuple(by_hand))


def _keep(
    place: Path,
    cache: Cache,
    key: str,
    files: Mapping[str, int],
    sums: Mapping[str, str],
    earlier: Earlier,
) -> None:
    """Remember a site in the cache; where that is full, the site is as good without."""
    try:
        remember(place, cache, sums, earlier)
        cache.keep(key, {"files": dict(files), "sums": _digest(sums)})
    except OSError as error:
        found, hint = system_error(error)
        log.warning(
            "%s is whole, but the cache cannot be written: %s; %s, or the next build takes longer",
            *(place, found, hint),
        )


def _digest(sums: Mapping[str, str]) -> str:
    """A digest of the list of a site's files."""
    return hashlib.sha256(encode_sums(sums)).hexdigest()


def _listed(place: Path) -> dict[str, int]:
    """What `listing` finds in a directory that may be missing."""
    return listing(place) if place.is_dir() else {}


def _whole(there: Mapping[str, int], files: Mapping[str, int]) -> bool:
    """Whether all files of the gallery are there with their sizes; other files do not count."""
    return all(there.get(name) == size for name, size in files.items())


def _published(files: dict[str, Any], *, changed: bool, edited: tuple[str, ...] = ()) -> Published:
    size = sum(files.values())
    return Published(changed=changed, files=len(files), bytes=size, edited=edited)
