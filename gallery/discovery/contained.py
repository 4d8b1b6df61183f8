"""Reads what lies in the models directory, and nothing that a link leads out to."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from gallery.errors import DiscoverError
from gallery.files import open_regular


def stay_inside(path: Path, roots: Sequence[Path]) -> None:
    """Refuse a link that leads out of some directories.

    Raises:
        DiscoverError: It does.
    """
    if not stat.S_ISLNK(os.lstat(path).st_mode):
        return
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return  # broken or a loop: opening it reports that
    if not any(map(target.is_relative_to, roots)):
        found = f"{path.name} is a link that leads out of the models directory"
        hint = "replace it with the file itself, or allow its directory with --follow-links"
        raise DiscoverError(found, hint=hint)


def content(path: Path, roots: Sequence[Path], most: int) -> bytes:
    """The content of a regular file.

    Args:
        path: The file.
        roots: The directories that a link may lead into.
        most: Largest size that is read, in bytes.

    Raises:
        DiscoverError: It is not a regular file, cannot be read, is larger, or leads out.
    """
    stay_inside(path, roots)
    with open_regular(path) as file:
        raw = file.read(most + 1)
    if len(raw) > most:
        found = f"{path.name} is larger than {most >> 10:,} KiB"
        raise DiscoverError(found, hint="shorten it")
    return raw
