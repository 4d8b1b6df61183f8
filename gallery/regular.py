"""Opens regular files and nothing else: a pipe, a device or a folder never blocks a build."""

from __future__ import annotations

import errno
import os
import stat
from io import FileIO
from pathlib import Path

from gallery.errors import DiscoverError

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a character device"),
    (stat.S_ISBLK, "a block device"),
)


def open_regular(path: Path) -> FileIO:
    """Open a regular file for reading, unbuffered.

    The descriptor is opened without blocking and looked at afterwards, so that nobody can put a
    pipe in the file's place between the look and the opening.

    Raises:
        DiscoverError: The path is no regular file, or cannot be read.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        raise _unopened(path, error) from error
    except ValueError as error:
        found = f"{path.name!r} is no path: {error}"
        raise DiscoverError(found, hint="rename the file") from error
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise irregular(path, mode)
    return os.fdopen(descriptor, "rb", buffering=0)


def irregular(path: Path, mode: int) -> DiscoverError:
    """What to say of a path whose mode is not that of a regular file."""
    kind = next((name for test, name in _KINDS if test(mode)), "no regular file")
    hint = "give the folder a name that does not end in .onnx" if stat.S_ISDIR(mode) else ""
    return DiscoverError(f"{path.name} is {kind}", hint=hint or "put a regular file in its place")


def _unopened(path: Path, error: OSError) -> DiscoverError:
    if error.errno == errno.ELOOP:
        return DiscoverError(f"{path.name} is a loop of links", hint="remove the link")
    if error.errno == errno.ENXIO:
        return DiscoverError(f"{path.name} is a socket", hint="put a regular file in its place")
    if isinstance(error, FileNotFoundError):
        if path.is_symlink():
            return DiscoverError(f"{path.name} is a broken link", hint="remove or mend the link")
        return DiscoverError(f"there is no file {path.name}", hint="check the path")
    if isinstance(error, PermissionError):
        return DiscoverError(f"{path.name} may not be read", hint="give the build the right to")
    reason = error.strerror or "unknown reason"
    return DiscoverError(f"{path.name} cannot be opened ({reason})", hint="check the file")
