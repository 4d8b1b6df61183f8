"""Files: opened only if they are regular, written atomically, linked, listed and digested.

A pipe, a device or a directory in the place of a file never blocks a build.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Mapping
from io import FileIO
from pathlib import Path
from types import MappingProxyType

from gallery.errors import DiscoverError, RenderError, system_error

_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a character device"),
    (stat.S_ISBLK, "a block device"),
)


_READ = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))


def open_regular(path: Path) -> FileIO:
    """Open a regular file for reading, unbuffered.

    The file is opened without blocking and its descriptor checked afterwards, so that nobody can
    put a pipe in its place between the check and the opening.

    Raises:
        DiscoverError: The path is not a regular file, or cannot be read.
    """
    try:
        descriptor = os.open(path, _READ)
    except OSError as error:
        raise _unopened(path, error) from error
    except ValueError as error:
        found = f"{path.name!r} is not a valid path: {error}"
        raise DiscoverError(found, hint="rename the file") from error
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise irregular(path, mode)
    return os.fdopen(descriptor, "rb", buffering=0)


def read_regular(path: Path, most: int) -> bytes:
    """The content of a regular file.

    Args:
        path: The file.
        most: Largest size that is read, in bytes.

    Raises:
        DiscoverError: The path is not a regular file, cannot be read, or is larger.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            found = f"{path.name} has {size:,} bytes, of which at most {most:,} are read"
            raise DiscoverError(found, hint="put a smaller file in its place")
        try:
            content = file.read(size)
            while len(content) < size and (more := file.read(size - len(content))):
                content += more
        except OSError as error:
            raise _unopened(path, error) from error
    return content


def read_at(descriptor: int, length: int, offset: int) -> bytes:
    """Up to `length` bytes of a file from an offset on; fewer at its end."""
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, length)


def irregular(path: Path, mode: int) -> DiscoverError:
    """The error for a path whose mode is not that of a regular file."""
    kind = next((name for test, name in _KINDS if test(mode)), "not a regular file")
    hint = "put a regular file in its place"
    if stat.S_ISDIR(mode):
        taken = path.name.lower().endswith(".onnx")
        hint = "give the directory a name that does not end in .onnx" if taken else "name a file"
    return DiscoverError(f"{path.name} is {kind}", hint=hint)


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_whole(path: Path, *parts: bytes | Iterable[bytes]) -> None:
    """Write a file under a temporary name beside its destination, then rename it.

    Args:
        path: The destination; an existing file is replaced.
        parts: The content, as bytes or iterables of bytes.

    Raises:
        RenderError: The file cannot be written.
    """
    try:
        descriptor, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                for part in parts:
                    stream.writelines([part] if isinstance(part, bytes) else part)
            umask = os.umask(0)
            os.umask(umask)
            Path(name).chmod(0o666 & ~umask)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        _, hint = system_error(error)
        raise RenderError(f"{path} cannot be written: {error.strerror}", hint=hint) from error


def link_or_copy(source: Path, target: Path) -> None:
    """Make a file available at another path: by a hard link, or a copy where that fails."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


SUMS = "SHA256SUMS"
"""Name of the checksum file of a site."""

_LARGEST_SUMS = 1 << 26

_SUM = re.compile(r"([0-9a-f]{64}) [ *](.+)")


def read_sums(folder: Path) -> dict[str, str]:
    """SHA-256 by path, from the checksum file in a directory; empty if there is none."""
    try:
        text = read_regular(folder / SUMS, _LARGEST_SUMS).decode()
    except (DiscoverError, UnicodeDecodeError):
        return {}
    return {name: digest for digest, name in _SUM.findall(text)}


def encode_sums(sums: Mapping[str, str]) -> bytes:
    """The checksum file of a directory, in the format of `sha256sum --check`."""
    return "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode()


def listing(site: Path, onerror: Callable[[OSError], None] | None = None) -> dict[str, int]:
    """Size of each file of a site, by its relative path; -1 for links and anything else.

    Args:
        site: The directory.
        onerror: Called with the error of a directory that cannot be read, or None to raise it.
    """
    return sizes(statuses(site, onerror))


def sizes(files: Mapping[str, os.stat_result]) -> dict[str, int]:
    """Size of each file, by its path; -1 for links and anything else."""
    return {name: one.st_size if stat.S_ISREG(one.st_mode) else -1 for name, one in files.items()}


def statuses(
    site: Path,
    onerror: Callable[[OSError], None] | None = None,
    known: Mapping[str, os.stat_result] = MappingProxyType({}),
) -> dict[str, os.stat_result]:
    """What each file of a site is, by its relative path; links are not followed.

    Args:
        site: The directory.
        onerror: Called with the error of a directory that cannot be read, or None to raise it.
        known: What was found a moment ago of files elsewhere, which may be the same file.
    """
    found: dict[str, os.stat_result] = {}
    waiting = [(os.fspath(site), "")]
    while waiting:
        folder, prefix = waiting.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError as error:
            if onerror is None:
                raise
            onerror(error)
            continue
        for entry in entries:
            name = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                waiting.append((entry.path, name + "/"))
            else:
                one = known.get(name)
                same = one is not None and one.st_ino == entry.inode()
                found[name] = one if one and same else entry.stat(follow_symlinks=False)
    return dict(sorted(found.items()))


def _unopened(path: Path, error: OSError) -> DiscoverError:
    if error.errno == errno.ELOOP:
        return DiscoverError(f"{path.name} is a loop of links", hint="remove the link")
    if error.errno == errno.ENXIO:
        return DiscoverError(f"{path.name} is a socket", hint="put a regular file in its place")
    if isinstance(error, FileNotFoundError):
        if path.is_symlink():
            return DiscoverError(f"{path.name} is a broken link", hint="remove or fix the link")
        return DiscoverError(f"there is no file {path.name}", hint="check the path")
    if path.is_dir():  # Windows does not open directories
        return irregular(path, path.stat().st_mode)
    if isinstance(error, PermissionError):
        return DiscoverError(f"{path.name} cannot be read", hint="check its permissions")
    reason = error.strerror or "unknown reason"
    return DiscoverError(f"{path.name} cannot be opened ({reason})", hint="check the file")
