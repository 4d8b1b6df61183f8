"""Tells whether files have changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

_Seen = frozenset[tuple[str, int, int, int]]


class Watch:
    """Detects changes of some files, and of all files below some directories."""

    def __init__(
        self, watched: Callable[[], Iterable[Path]], ours: Callable[[Path], bool] = lambda _: False
    ) -> None:
        """Look for the first time.

        Args:
            watched: The files and directories to watch, asked at each look; those that are missing
                may come.
            ours: Whether the build itself writes a directory; what is in it does not count.
        """
        self._watched = watched
        self._ours = ours
        self._seen = self._look()

    def changed(self) -> bool:
        """Whether a file was added, removed, replaced or written since the last call."""
        before, self._seen = self._seen, self._look()
        return before != self._seen

    def _look(self) -> _Seen:
        found = set()
        for place in self._watched():
            for path in self._below(place):
                if status := _status(path):
                    found.add((str(path), status.st_mtime_ns, status.st_size, status.st_ino))
        return frozenset(found)

    def _below(self, place: Path) -> Iterator[Path]:
        """A file, or all files below a directory; what cannot be read is left out."""
        if not place.is_dir():
            yield place
        for folder, folders, files in os.walk(place):
            folders[:] = [name for name in folders if not self._ours(Path(folder, name))]
            yield from (Path(folder, name) for name in files)


def _status(path: Path) -> os.stat_result | None:
    """The status of a file, or of the file that a link leads to; None if there is none."""
    for look in (os.stat, os.lstat):
        try:
            return look(path)
        except OSError:
            continue
    return None
