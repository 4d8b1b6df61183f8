"""What the models of a site were when it was built last: a hint of whether there is work to do.

Nothing is decided by it. A build whose models have changed starts a worker at once, which gets
ready while the build finds out what is to be made.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from gallery.cache import Cache, cache_key
from gallery.discovery.slugs import SUFFIX
from gallery.settings.gallery_toml import FILE_NAME


def stamp_of(models: Path) -> str:
    """A digest of the names, sizes and times of a directory's models and settings."""
    digest = hashlib.sha256()
    for folder, folders, files in os.walk(models):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.lower().endswith(SUFFIX) or name == FILE_NAME:
                with suppress(OSError):
                    status = os.stat(f"{folder}/{name}")
                    told = f"{folder}/{name} {status.st_size} {status.st_mtime_ns}\0"
                    digest.update(told.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def has_changed(models: Path, site: Path, stamp: str, cache: Cache) -> bool:
    """Whether the models were others when the site was built; False if it never was.

    Args:
        models: The models directory.
        site: The site.
        stamp: What `stamp_of` says of the models now.
        cache: Remembers what it said then.
    """
    known = cache.get(_key(models, site))
    return known is not None and known.value.get("stamp") != stamp


def remember(models: Path, site: Path, stamp: str, cache: Cache) -> None:
    """Remember what the models of a site are; where the cache is full, nobody knows."""
    with suppress(OSError):
        cache.put(_key(models, site), {"stamp": stamp})


def _key(models: Path, site: Path) -> str:
    places = [os.fsencode(os.path.abspath(one)).hex() for one in (models, site)]
    return cache_key("seen", "1", places=places)
