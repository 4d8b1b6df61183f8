"""Puts a finished site in the place of the last one, whole, so that a kill leaves one or the other.

    site/                        the site that stands
    .site.staging-<random>/      the one that is being made, then the old one that is being removed
    .site.old/                   the old one for a moment, where the system cannot exchange two

Everything else is taken up by the next build: a lock says that nobody else is at work on the same
site, so that any staging directory that is found belongs to a build that was killed.
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
"""Start of the schema that every directory of ours names in one of `_NAMING`."""

_NAMING = ("manifest.json", "shard.json")

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def check_target(site: Path) -> None:
    """Refuse any directory that is neither missing, empty nor a site, or part of one, of ours.

    Raises:
        PublishError: The directory is someone else's.
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
        raise PublishError(f"{site} holds files that are no gallery", hint=hint) from error
    schema = manifest.get("schema") if isinstance(manifest, dict) else None
    if not isinstance(schema, str) or not schema.startswith(_SCHEMA):
        raise PublishError(f"{site} holds files that are no gallery", hint=hint)


@contextmanager
def locked(lock: Path) -> Iterator[None]:
    """Hold a lock file; wait while another process holds it. A kill lets go of it."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock):
        yield


def recover(site: Path) -> None:
    """Take up what a killed build left; only under the lock."""
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
    """Put a staged site in the place of the last one and remove that.

    Raises:
        PublishError: The system does not let us.
    """
    try:
        if not site.exists():
            staged.rename(site)
            return
        if not _exchange(staged, site):
            staged = _replace(staged, site)
    except OSError as error:
        found = f"{site} cannot be replaced: {error.strerror}"
        hint = "check its permissions, and close programs that have it or a file in it open"
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
    """Put a staged site in the place of the last one in two steps; where that one is then."""
    old = _old(site)
    # For one moment no site stands; `recover` puts the old one back after a kill here.
    site.rename(old)
    try:
        staged.rename(site)
    except OSError:
        old.rename(site)
        raise
    return old


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two directories in one step; False where the system cannot."""
    names = os.fsencode(one), os.fsencode(other)
    with suppress(AttributeError, OSError, TypeError):  # another system, or another C library
        library = ctypes.CDLL(None, use_errno=True)
        status = library.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE)
        return bool(status == 0)
    return False
