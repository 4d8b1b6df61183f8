"""Results of stages on disk, found by a hash of everything that they depend on.

    DIR/records/ab/<key>      one result: its checksum, then JSON that names its files by digest
    DIR/files/cd/<sha256>     the files
    DIR/tmp/                  files being written; renamed when complete
    DIR/folders/              empty folders for the next site

A record that cannot be read, or whose files are missing or have the wrong size, is a miss; so is
one with damaged files, where these are read (`Cache.verified`). Deleting any part of the cache
costs time and nothing else. Paths inside are relative, and timestamps only decide what is evicted
first, so a cache can be packed and used elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gallery import schema
from gallery.errors import DiscoverError
from gallery.files import file_digest, read_regular

_TOUCH_AFTER = 3600.0
"""Age in seconds of a timestamp from which a hit renews it; a no-op build then writes nothing."""


_DIGEST = re.compile(schema.DIGEST)

_LARGEST_RECORD = 1 << 29

_LARGEST_FILE = 1 << 33

_check_record = schema.record(
    {
        "value": schema.mapping(schema.text(1 << 16), schema.anything),
        "files": schema.mapping(
            schema.text(120, r"[A-Za-z0-9][A-Za-z0-9._-]*"),
            schema.row(schema.text(64, schema.DIGEST), schema.whole(0, _LARGEST_FILE)),
        ),
    }
)

_TEXT = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
"""Made once: a build asks for tens of thousands of keys."""

Judge = Callable[[dict[str, Any], Mapping[str, bytes]], None]
"""Raises `MismatchError` if the value and the files of a result are not what they should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedFile:
    """A file in the cache, which must never be changed in place.

    Attributes:
        path: Where it is.
        sha256: Digest of its content, in hexadecimal.
        bytes: Its size.
    """

    path: Path
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The result of one stage.

    Attributes:
        key: The key that it is stored under.
        value: A JSON object.
        files: Its files, by the names that the stage gave them.
    """

    key: str
    value: dict[str, Any]
    files: Mapping[str, CachedFile] = field(default_factory=dict)


def cache_key(stage: str, version: str, **inputs: object) -> str:
    """A hash of a stage's name, its version and everything that its result depends on.

    >>> cache_key("lower", "1", vertices=10) == cache_key("lower", "1", vertices=11)
    False
    """
    return hashlib.sha256(_TEXT.encode([stage, version, inputs]).encode()).hexdigest()


def _files_below(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    """The files of a directory and of those in it; a build looks at tens of thousands."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files_below(entry.path)
            else:
                with suppress(OSError):
                    if entry.is_file():
                        yield entry.path, entry.stat()


def _parsed(text: bytes) -> dict[str, Any]:
    """What a record holds; raises ValueError if it is not what was written."""
    check, _, body = text.partition(b"\n")
    if check.decode() != hashlib.sha256(body).hexdigest():
        raise ValueError("the checksum does not match")
    try:
        record: dict[str, Any] = json.loads(body)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    _check_record(record)
    return record


def _matches(file: CachedFile) -> bool:
    with suppress(OSError):  # another build may have deleted it
        return file_digest(file.path) == file.sha256
    return False


def _dropped(files: Iterable[CachedFile]) -> int:
    """Delete those of some files that do not match their digest; return how many."""
    damaged = [file for file in files if not _matches(file)]
    for file in damaged:
        with suppress(OSError):
            file.path.unlink()
    return len(damaged)


class Cache:
    """A directory of results that several processes may share."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._started = time.time()

    def get(self, key: str) -> Entry | None:
        """The result under a key, or None if it is missing or incomplete."""
        path = self._record(key)
        try:
            entry = self.described(key, _parsed(read_regular(path, _LARGEST_RECORD)))
            there = [(file, os.stat(file.path)) for file in entry.files.values()]
        except (OSError, DiscoverError, ValueError):
            return None
        for file, status in there:
            if not stat.S_ISREG(status.st_mode) or status.st_size != file.bytes:
                return None
        for file, status in there:
            self._touch(file.path, status)
        self._touch(path)
        return entry

    def verified(self, key: str) -> Entry | None:
        """The result under a key, or None if a file of it is missing or not what was written.

        For what is computed from files; those that are published are checked as they are copied.
        """
        entry = self.get(key)
        return None if entry is None or _dropped(entry.files.values()) else entry

    def put(
        self,
        key: str,
        value: Mapping[str, Any],
        files: Mapping[str, Path | CachedFile] | None = None,
    ) -> Entry:
        """Store a result; the files are moved into the cache.

        Args:
            key: The key to store it under.
            value: A JSON object.
            files: Files below `tmp` of this cache, or files that it has already, by name.
        """
        taken = {name: self._take(file) for name, file in (files or {}).items()}
        body = self._store(key, value, taken)
        # Return what a later read returns: JSON turns tuples into lists.
        return Entry(key=key, value=json.loads(body)["value"], files=taken)

    def keep(self, key: str, value: Mapping[str, Any]) -> None:
        """Store a result without files that nobody reads in this build."""
        self._store(key, value, {})

    def _store(self, key: str, value: Mapping[str, Any], files: Mapping[str, CachedFile]) -> bytes:
        record = {
            "value": dict(value),
            "files": {name: [file.sha256, file.bytes] for name, file in files.items()},
        }
        body = json.dumps(record, sort_keys=True).encode()
        self._write(self._record(key), hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
        return body

    def use(self, keys: Iterable[str]) -> None:
        """Let results count as used, without reading them."""
        for key in keys:
            self._touch(self._record(key))

    def is_old(self, key: str) -> bool:
        """Whether the use of a result would be noted, as it is some time ago."""
        with suppress(OSError):
            return os.stat(self._record(key)).st_mtime < self._started - _TOUCH_AFTER
        return False

    def text(self, key: str) -> str:
        """The record under a key, as text for `adopt`; "" if there is none."""
        if self.get(key) is None:
            return ""
        return read_regular(self._record(key), _LARGEST_RECORD).decode()

    def adopt(
        self, key: str, text: str, find: Callable[[str], bytes | None], judge: Judge | None = None
    ) -> bool:
        """Take over a result from another cache, if it is complete.

        Args:
            key: The key to store it under; refused if `cache_key` cannot have made it.
            text: What `text` of the other cache returned.
            find: Returns the content of a file by its SHA-256, or None; content with another digest
                or size is refused.
            judge: Called before anything is stored.

        Returns:
            Whether it was taken.

        Raises:
            MismatchError: From `judge`.
        """
        found = self._checked(key, text, find, judge)
        if found is None:
            return False
        for content in found:
            self._write(self._file(hashlib.sha256(content).hexdigest()), content)
        self._write(self._record(key), text.encode())
        return self.get(key) is not None

    def adoptable(
        self, key: str, text: str, find: Callable[[str], bytes | None], judge: Judge | None = None
    ) -> Entry | None:
        """The result that `adopt` would take over, if it would; nothing is stored.

        Raises:
            MismatchError: From `judge`.
        """
        if self._checked(key, text, find, judge) is None:
            return None
        return self.described(key, _parsed(text.encode()))

    def _checked(
        self, key: str, text: str, find: Callable[[str], bytes | None], judge: Judge | None
    ) -> list[bytes] | None:
        """The contents of the files of another cache's result, or None if it is incomplete."""
        try:
            record = _parsed(text.encode())
        except ValueError:
            return None
        if not _DIGEST.fullmatch(key):  # keys become paths
            return None
        contents: dict[str, bytes] = {}
        for name, (digest, size) in record["files"].items():
            content = self._content(digest, find)
            if content is None or len(content) != size:
                return None
            contents[name] = content
        if judge:
            judge(record["value"], contents)
        return list(contents.values())

    def _content(self, digest: str, find: Callable[[str], bytes | None]) -> bytes | None:
        """The content with a digest, from here or from elsewhere."""
        with suppress(DiscoverError):
            content = read_regular(self._file(digest), _LARGEST_FILE)
            if hashlib.sha256(content).hexdigest() == digest:
                return content
        found = find(digest)
        if found is None or hashlib.sha256(found).hexdigest() != digest:
            return None
        return found

    def temporary(self, suffix: str = "") -> Path:
        """A new, empty file below `tmp`, for content that `put` will store."""
        folder = self.directory / "tmp"
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(suffix=suffix, prefix=f"{os.getpid()}-", dir=folder)
        os.close(handle)
        return Path(name)

    def drop_damaged(self, keys: Iterable[str]) -> int:
        """Delete files of some results that do not match their digest; return how many."""
        entries = filter(None, map(self.get, keys))
        files = {file.path: file for entry in entries for file in entry.files.values()}
        return _dropped(files.values())

    def drop(self, key: str) -> bool:
        """Delete a result's record; return whether there was one."""
        try:
            self._record(key).unlink()
        except OSError:
            return False
        return True

    def prune(self, limit: int) -> int:
        """Evict the least recently used files until at most `limit` bytes are left.

        Whatever was used or made since this process started stays, even above the limit.

        Returns:
            How many bytes were freed.
        """
        stamped = [
            (status.st_mtime, status.st_size, path)
            for folder in ("files", "records", "tmp")
            for path, status in _files_below(f"{self.directory}/{folder}")
        ]
        total, freed = sum(size for _, size, _ in stamped), 0
        day_ago = self._started - 86_400
        for stamp, size, path in sorted(stamped):
            abandoned = stamp < day_ago and Path(path).parent.name == "tmp"
            over = total - freed > limit and stamp < self._started - _TOUCH_AFTER
            if abandoned or over:
                with suppress(OSError):
                    os.unlink(path)
                    freed += size
        return freed

    def _record(self, key: str) -> Path:
        return Path(f"{self.directory}/records/{key[:2]}/{key}")

    def _file(self, digest: str) -> Path:
        return Path(f"{self.directory}/files/{digest[:2]}/{digest}")

    def described(self, key: str, record: Mapping[str, Any]) -> Entry:
        """The result that a record describes, whether or not its files are here."""
        files = {
            name: CachedFile(path=self._file(digest), sha256=digest, bytes=size)
            for name, (digest, size) in record["files"].items()
        }
        return Entry(key=key, value=record["value"], files=files)

    def _take(self, path: Path | CachedFile) -> CachedFile:
        if isinstance(path, CachedFile):
            return path
        sha256, size = file_digest(path), path.stat().st_size
        place = self._file(sha256)
        place.parent.mkdir(parents=True, exist_ok=True)
        path.chmod(0o644)
        path.replace(place)
        return CachedFile(path=place, sha256=sha256, bytes=size)

    def _write(self, path: Path, content: bytes) -> None:
        temporary = self.temporary()
        temporary.write_bytes(content)
        temporary.chmod(0o644)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(path)

    def _touch(self, path: Path, status: os.stat_result | None = None) -> None:
        with suppress(OSError):
            if (status or os.stat(path)).st_mtime < self._started - _TOUCH_AFTER:
                os.utime(path)
