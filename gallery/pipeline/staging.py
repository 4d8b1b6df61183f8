"""Replaces the last site by a finished one as a whole, so that a kill leaves one or the other.

    site/                            the current site
    .site.lock                       held by the build that is working on it
    .site.staging-<random>/          the one that is being made, then the old one being removed
    .site.staging-<random>.mark      says that the directory belongs to a build
    .site.old/                       the old one for a moment, if the two cannot be exchanged

The next build cleans up after a kill: it holds the lock of the site, so that any marked directory
that it finds belongs to a build that was killed.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from gallery.errors import PublishError, system_error
from gallery.pipeline import folders
from gallery.pipeline.ownership import is_ours

_MARK = ".mark"

_FOLDER, _FILE = 0o755, 0o644
"""Modes of what everyone may read."""

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def check_writable(site: Path) -> None:
    """Refuse a place beside which nothing can be written, before any work is done.

    Raises:
        PublishError: The directory that would hold the site cannot be written.
    """
    try:
        _lock_file(site)
    except OSError as error:
        found, hint = system_error(error)
        raise PublishError(f"{site.parent} cannot be written: {found}", hint=hint) from error


@contextmanager
def locked(site: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold the lock of a site, after waiting while another process holds it. A kill releases it.

    Args:
        site: The site.
        wait: Whether to wait.

    Yields:
        Whether it is held; always if `wait`.
    """
    lock = FileLock(_lock_file(site))
    try:
        lock.acquire(timeout=-1 if wait else 0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _lock_file(site: Path) -> Path:
    """The lock file, which exists: filelock waits for ever for one that cannot be made."""
    site.parent.mkdir(parents=True, exist_ok=True)
    path = site.with_name(f".{site.name}.lock")
    path.touch()
    return path


def recover(site: Path) -> None:
    """Clean up after a killed build; call it only under the lock."""
    old = _old(site)
    if is_ours(old):
        if site.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(site)
    for mark in site.parent.glob(f".{site.name}.staging-*{_MARK}"):
        left = mark.with_suffix("")
        if not left.is_symlink():  # whatever lies there must not lead elsewhere
            shutil.rmtree(left, ignore_errors=True)
        _unmark(left)


@contextmanager
def staging(site: Path, kept: Path) -> Iterator[Path]:
    """A new directory without files beside the site; whatever has its name afterwards is removed.

    Args:
        site: The site.
        kept: Where folders without files are kept for the next build.
    """
    made = Path(tempfile.mkdtemp(prefix=f".{site.name}.staging-", dir=site.parent))
    mark = made.with_name(made.name + _MARK)
    try:
        mark.touch()
        folders.taken(kept, made)
        made.chmod(0o755)
        yield made
    finally:
        folders.keep(made, kept)
        _unmark(made)


def opened(staged: Path) -> dict[str, os.stat_result]:
    """Let everyone read a staged site, as a web server must, whatever the umask of the build.

    Folders without files are removed.

    Returns:
        What each of its files is, by its path in the site.
    """
    found: dict[str, os.stat_result] = {}
    waiting, hollow = [(os.fspath(staged), "")], []
    while waiting:
        place, prefix = waiting.pop()
        files = len(found)
        for entry in os.scandir(place):
            name = prefix + entry.name
            folder = entry.is_dir(follow_symlinks=False)
            status = entry.stat(follow_symlinks=False)
            if folder:
                waiting.append((entry.path, f"{name}/"))
            else:
                found[name] = status
            # Most files are those of the site before, which has opened them.
            if stat.S_IMODE(status.st_mode) != (_FOLDER if folder else _FILE):
                _open(entry.path, _FOLDER if folder else _FILE)
        if prefix and len(found) == files:
            hollow.append(place)
    folders.remove_hollow(hollow)
    return dict(sorted(found.items()))


def open_file(path: Path) -> None:
    """Let everyone read a file."""
    _open(os.fspath(path), _FILE)


def _open(path: str, mode: int) -> None:
    with suppress(PermissionError):  # a file system without permissions
        os.chmod(path, mode)


def _unmark(staged: Path) -> None:
    if not staged.exists():
        staged.with_name(staged.name + _MARK).unlink(missing_ok=True)


def swap(staged: Path, site: Path) -> None:
    """Replace the last site by a staged one; the old one may then be where that was staged.

    Raises:
        PublishError: The site cannot be replaced.
    """
    try:
        if not site.exists():
            staged.rename(site)
            return
        if not _exchange(staged, site):
            shutil.rmtree(_replace(staged, site), ignore_errors=True)
    except OSError as error:
        found = f"{site} cannot be replaced: {error.strerror}"
        hint = "check its permissions, and close programs that have it or its files open"
        raise PublishError(found, hint=hint) from error


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
