"""Folders without files, kept from one build for the next one.

ext4 looks at every inode that was freed some minutes ago before it gives one to a new folder: with
a thousand of them, the folders of a next site took half a second, not a thirtieth.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def taken(kept: Path, new: Path) -> None:
    """Let an empty directory have the folders that are kept, if they can be moved there.

    Args:
        kept: From `keep`; it may be missing, or hold anything.
        new: The directory, on the same file system.
    """
    # Some systems replace no directory; a new one is as good.
    with suppress(OSError):
        if not kept.is_symlink() and all(map(_is_folder, _below(kept))):
            os.rename(kept, new)


def keep(old: Path, kept: Path) -> None:
    """Remove a directory with all that is below it; its folders are kept, if there is room.

    Args:
        old: The directory, which may be missing. A link there is left alone.
        kept: Where they are kept, on the same file system; whatever is there already stays.
    """
    if old.is_symlink():
        return
    with suppress(OSError):
        for entry in _below(old):
            if not _is_folder(entry):
                os.unlink(entry.path)
        kept.parent.mkdir(parents=True, exist_ok=True)
        os.rename(old, kept)
        return
    shutil.rmtree(old, ignore_errors=True)


def remove_hollow(folders: list[str]) -> None:
    """Remove the folders that hold nothing but such folders.

    Args:
        folders: Paths, each after that of the folder it is in.
    """
    for path in reversed(folders):
        with suppress(OSError):  # something is in it
            os.rmdir(path)


def _below(place: Path) -> Iterator[os.DirEntry[str]]:
    """All that is below a directory; links are not followed."""
    waiting = [os.fspath(place)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if _is_folder(entry):
                    waiting.append(entry.path)
                yield entry


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False)
