"""Publishes into a staging directory and swaps it in, unless the site is the same already."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gallery.cache import Cache, cache_key
from gallery.errors import PublishError
from gallery.fingerprint import fingerprint
from gallery.publish import Exhibit, SiteSettings, publish
from gallery.publish.templates import template_directories
from gallery.settings import GallerySettings
from gallery.swap import check_target, listing, locked, recover, same_site, staging, swap


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The site that stands after a build.

    Attributes:
        changed: Whether it is another than before.
        files: Number of its files.
        bytes: Their size.
    """

    changed: bool
    files: int
    bytes: int


def check_place(site: Path, models: Path) -> None:
    """Refuse a place for the site where something of someone else's would be lost.

    Raises:
        PublishError: The directory is someone else's, or holds the models.
    """
    inside = models.resolve()
    if site == inside or site in inside.parents:
        found = f"{site} holds the models"
        raise PublishError(found, hint="give another directory for the site")
    check_target(site)


def site_key(models: str, settings: GallerySettings) -> str:
    """The hash of everything that the site's bytes depend on.

    Args:
        models: All that is shown of the models.
        settings: Of the gallery.
    """
    templates = hashlib.sha256()
    for folder in template_directories(site_settings(settings).templates):
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            templates.update(path.relative_to(folder).as_posix().encode() + b"\0")
            templates.update(path.read_bytes() + b"\0")
    version = fingerprint("gallery.publish", "gallery.assemble", "gallery.sites")
    return cache_key(
        "site", version, models=models, settings=repr(settings), templates=templates.hexdigest()
    )


def site_settings(settings: GallerySettings) -> SiteSettings:
    """What the publisher wants to know of the gallery's settings."""
    return SiteSettings(
        title=settings.title,
        description=settings.description,
        base_url=settings.base_url,
        language=settings.language,
        templates=Path(settings.templates) if settings.templates else None,
    )


def put_site(
    exhibits: Callable[[], Sequence[Exhibit]],
    site: Path,
    settings: GallerySettings,
    cache: Cache,
    key: str,
) -> Published:
    """Make the site stand at its place; one that is the same already is not touched.

    Args:
        exhibits: Gives the models; called only where something is to be published.
        site: Where it stands.
        settings: Of the gallery.
        cache: Remembers what the site of a key is made of.
        key: See `site_key`.

    Raises:
        PublishError: It cannot be written.
    """
    lock = cache.directory / "locks" / hashlib.sha256(str(site).encode()).hexdigest()[:16]
    with locked(lock):
        recover(site)
        known = cache.get(key)
        if known and site.is_dir() and listing(site) == known.value["files"]:
            return _published(known.value["files"], changed=False)
        check_target(site)
        staged = staging(site)
        try:
            publish(exhibits(), staged, settings=site_settings(settings))
            files = listing(staged)
            changed = not same_site(staged, site)
            if changed:
                swap(staged, site)
        except OSError as error:
            found = f"{site} cannot be written: {error}"
            raise PublishError(found, hint="check free space and permissions") from error
        finally:
            shutil.rmtree(staged, ignore_errors=True)
        cache.put(key, {"files": files})
        return _published(files, changed=changed)


def _published(files: dict[str, Any], *, changed: bool) -> Published:
    return Published(changed=changed, files=len(files), bytes=sum(files.values()))
