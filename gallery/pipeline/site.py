"""Publishes into a staging directory and swaps it in, unless the site would be the same."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gallery.cache import cache_key
from gallery.errors import PublishError
from gallery.files import listing
from gallery.fingerprint import fingerprint
from gallery.pipeline import reuse
from gallery.pipeline.models import Gallery
from gallery.pipeline.staging import check_target, locked, recover, same_site, staging, swap
from gallery.publishing.assets.directories import template_directories
from gallery.publishing.settings import SiteSettings
from gallery.settings.values import GallerySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The site after a build.

    Attributes:
        changed: Whether it differs from the one before.
        files: Number of its files.
        bytes: Their total size.
    """

    changed: bool
    files: int
    bytes: int


def check_place(site: Path, *inputs: Path) -> None:
    """Refuse a directory for the site if other files in it would be lost.

    Args:
        site: The directory.
        inputs: Directories that are read: the models, or the parts to merge.

    Raises:
        PublishError: The directory holds other files, or an input.
    """
    for folder in inputs:
        inside = folder.resolve()
        if site == inside or site in inside.parents:
            found = f"the site would replace {site}, which holds {folder}"
            raise PublishError(found, hint="choose another directory for the site")
    check_target(site)


def _key(gallery: Gallery, kind: str) -> str:
    """The hash of everything that the site's bytes depend on."""
    settings = gallery.settings
    templates = hashlib.sha256()
    for folder in template_directories(site_settings(settings).templates):
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            templates.update(path.relative_to(folder).as_posix().encode() + b"\0")
            templates.update(path.read_bytes() + b"\0")
    return cache_key(
        kind,
        fingerprint("gallery.publishing", "gallery.pipeline.site", "gallery.pipeline.shards"),
        models=gallery.identity(),
        settings=repr(settings),
        templates=templates.hexdigest(),
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


def write_site(gallery: Gallery, folder: Path) -> None:
    """Publish a gallery into an empty directory, with the records of what it was made from."""
    # A build that changes nothing must not wait for Jinja and Markdown.
    from gallery.publishing import publish  # noqa: PLC0415

    settings = site_settings(gallery.settings)
    publish(gallery.exhibits(), folder, settings=settings, cache=gallery.cache)
    kept = reuse.records(gallery.keys(), gallery.cache)
    (folder / reuse.FILE_NAME).write_bytes(reuse.encode(kept))


def put(
    gallery: Gallery, place: Path, write: Callable[[Gallery, Path], None], kind: str
) -> Published:
    """Write a directory and swap it in; one that would be the same is left alone.

    Args:
        gallery: What it shows.
        place: The directory.
        write: Writes it into an empty directory; called only if something may have changed.
        kind: What `write` makes.

    Raises:
        PublishError: The directory cannot be written.
    """
    cache, key = gallery.cache, _key(gallery, kind)
    lock = cache.directory / "locks" / hashlib.sha256(str(place).encode()).hexdigest()[:16]
    with locked(lock):
        recover(place)
        known = cache.get(key)
        if known and place.is_dir() and listing(place) == known.value["files"]:
            return _published(known.value["files"], changed=False)
        check_target(place)
        staged = staging(place)
        try:
            write(gallery, staged)
            files = listing(staged)
            changed = not same_site(staged, place)
            if changed:
                swap(staged, place)
        except OSError as error:
            found = f"{place} cannot be written: {error}"
            raise PublishError(found, hint="check the free space and the permissions") from error
        finally:
            shutil.rmtree(staged, ignore_errors=True)
        cache.put(key, {"files": files})
        return _published(files, changed=changed)


def _published(files: dict[str, Any], *, changed: bool) -> Published:
    return Published(changed=changed, files=len(files), bytes=sum(files.values()))
