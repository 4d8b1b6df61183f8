"""Puts a finished site in the place of the last one, whole, so that a kill leaves one or the other.

    site/                            the site that stands
    .site.lock                       held by the build that is at work on it
    .site.staging-<random>/          the one that is being made, then the old one that is removed
    .site.staging-<random>.mark      says that the directory is a build's
    .site.old/                       the old one for a moment, where two cannot be exchanged

All but the lock is cleared up by the next build: while it holds the lock nobody else is at work on
the site, so that a marked directory belongs to a build that was killed.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from gallery.errors import PublishError
from gallery.pipeline.ownership import is_ours

_MARK = ".mark"

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@contextmanager
def locked(site: Path) -> Iterator[None]:
    """Hold the lock of a site; wait while another process holds it. A kill releases it."""
    site.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(site.with_name(f".{site.name}.lock")):
        yield


def recover(site: Path) -> None:
    """Clear up what a killed build left; only under the lock."""
    old = _old(site)
    if is_ours(old):
        if site.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(site)
    for mark in site.parent.glob(f".{site.name}.staging-*{_MARK}"):
        _remove(mark.with_suffix(""))


@contextmanager
def staging(site: Path) -> Iterator[Path]:
    """A new empty directory beside the site; whatever stands in its place afterwards is removed."""
    made = Path(tempfile.mkdtemp(prefix=f".{site.name}.staging-", dir=site.parent))
    mark = made.with_name(made.name + _MARK)
    try:
        mark.touch()
        made.chmod(0o755)
        yield made
    finally:
        _remove(made)


def _remove(staged: Path) -> None:
    shutil.rmtree(staged, ignore_errors=True)
    if not staged.exists():
        staged.with_name(staged.name + _MARK).unlink(missing_ok=True)


def swap(staged: Path, site: Path) -> None:
    """Put a staged site in the place of the last one, which may then stand where it was staged.

    Raises:
        PublishError: The system does not let us.
    """
    try:
        if not site.exists():
            staged.rename(site)
            return
        if not _exchange(staged, site):
            shutil.rmtree(_replace(staged, site), ignore_errors=True)
    except OSError as error:
        found = f"{site} cannot be replaced: {error.strerror}"
        hint = "check its permissions, and close programs that have it or a file in it open"
        raise PublishError(found, hint=hint) from error


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
