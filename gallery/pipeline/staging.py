"""Replaces the last site by a finished one as a whole, so that a kill leaves one or the other.

    site/                        the current site
    .site.staging-<random>/      the one that is being made, then the old one that is being removed
    .site.old/                   the old one for a moment, if the system cannot exchange the two

The next build cleans up after a kill: it holds the lock of the site, so that any staging directory
that it finds belongs to a build that was killed.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from gallery.errors import PublishError
from gallery.files import file_digest, listing

_SCHEMA = "gallery-of-networks/"
"""Start of the schema's name in a site or a part; one of `_NAMING` holds it."""

_NAMING = ("manifest.json", "shard.json")

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def check_target(site: Path) -> None:
    """Refuse a directory unless it is missing, empty, a site or a part of one.

    Raises:
        PublishError: The directory holds other files.
    """
    hint = "give a directory that is missing, empty or an earlier site"
    try:
        if not site.exists():
            return
        if not site.is_dir():
            raise PublishError(f"{site} is not a directory", hint=hint)
        if next(site.iterdir(), None) is None:
            return
        naming = next((name for name in _NAMING if (site / name).is_file()), _NAMING[0])
        manifest = json.loads((site / naming).read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise PublishError(f"{site} holds files that are not a gallery", hint=hint) from error
    schema = manifest.get("schema") if isinstance(manifest, dict) else None
    if not isinstance(schema, str) or not schema.startswith(_SCHEMA):
        raise PublishError(f"{site} holds files that are not a gallery", hint=hint)


@contextmanager
def locked(lock: Path) -> Iterator[None]:
    """Hold a lock file, after waiting while another process holds it. A kill releases it."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock):
        yield


def recover(site: Path) -> None:
    """Clean up after a killed build; call it only under the lock."""
    old = _old(site)
    if old.exists() and not site.exists():
        old.rename(site)
    for left in (old, *site.parent.glob(f".{site.name}.staging-*")):
        if left.exists():
            shutil.rmtree(left, ignore_errors=True)


def staging(site: Path) -> Path:
    """A new empty directory beside the site."""
    site.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{site.name}.staging-", dir=site.parent))
    made.chmod(0o755)
    return made


def swap(staged: Path, site: Path) -> None:
    """Replace the last site by a staged one and remove the old one.

    Raises:
        PublishError: The site cannot be replaced.
    """
    try:
        if not site.exists():
            staged.rename(site)
            return
        if not _exchange(staged, site):
            staged = _replace(staged, site)
    except OSError as error:
        found = f"{site} cannot be replaced: {error.strerror}"
        hint = "check its permissions, and close programs that have it or its files open"
        raise PublishError(found, hint=hint) from error
    shutil.rmtree(staged, ignore_errors=True)


def same_site(one: Path, other: Path) -> bool:
    """Whether two directories hold the same files with the same bytes."""
    if not other.is_dir() or listing(one) != listing(other):
        return False
    return all(_same_file(one / name, other / name) for name in listing(one))


def _same_file(one: Path, other: Path) -> bool:
    if one.samefile(other):
        return True
    return file_digest(one) == file_digest(other)


def _old(site: Path) -> Path:
    return site.with_name(f".{site.name}.old")


def _replace(staged: Path, site: Path) -> Path:
    """Replace the last site in two steps; returns where the old one is afterwards."""
    old = _old(site)
    # For a moment there is no site; after a kill here `recover` puts the old one back.
    site.rename(old)
    try:
        staged.rename(site)
    except OSError:
        old.rename(site)
        raise
    return old


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two directories in one step; False if the system cannot."""
    names = os.fsencode(one), os.fsencode(other)
    with suppress(AttributeError, OSError, TypeError):  # another system, or another C library
        library = ctypes.CDLL(None, use_errno=True)
        status = library.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE)
        return bool(status == 0)
    return False
