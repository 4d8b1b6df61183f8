"""Who owns the files of a site: what the gallery wrote is listed there, the rest is the user's.

    SHA256SUMS      every file that the gallery wrote, as `sha256sum --check` reads it

A site may be in a checkout of a pages branch: its `.git`, a `CNAME`, `.well-known/` and notes stay
where they are.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from gallery.errors import DiscoverError, PublishError
from gallery.files import SUMS, file_digest, link_or_copy, listing, read_regular, read_sums

_SCHEMA = "gallery-of-networks/"
"""Start of the schema's name in a site or a part; one of `_NAMING` holds it."""

_LARGEST = 1 << 28

_OURS = re.compile(rb'\{("\$schema":"[^"\\]*",)?"schema":"' + re.escape(_SCHEMA.encode()))
"""How a manifest of ours begins, of which the rest need not be parsed to know it."""

_NAMING = ("manifest.json", "shard.json")

_BESIDE = ("CNAME", "README.md", "README", "LICENSE", "LICENSE.md")
"""Names, besides those that start with a dot, that a directory may hold before the first build."""


def sums_of(folder: Path) -> dict[str, str]:
    """SHA-256 of each file below a directory, by path, without the list itself."""
    return {name: file_digest(folder / name) for name in listing(folder) if name != SUMS}


def owned(site: Path) -> dict[str, str]:
    """SHA-256 of what the gallery wrote, by path, from the site's list.

    A site from a version that wrote no list (before 0.2) counts as the gallery's, except for names
    that start with a dot and a few others.
    """
    if not site.is_dir():
        return {}
    found = read_sums(site)
    if not found and is_ours(site):
        found = {name: "" for name in listing(site) if not _beside(name) or name == ".nojekyll"}
    return found


def is_ours(site: Path) -> bool:
    """Whether a directory is a site, or a part of one, that the gallery made."""
    naming = next((name for name in _NAMING if (site / name).is_file()), _NAMING[0])
    try:
        status = os.stat(site / naming)
    except OSError:
        return False
    return _names_us(site / naming, (status.st_size, status.st_mtime_ns, status.st_ino))


@lru_cache(maxsize=16)
def _names_us(path: Path, _stamp: tuple[int, int, int]) -> bool:
    """Whether a file names our schema; a build asks several times, and it may have megabytes."""
    try:
        content = read_regular(path, _LARGEST)
        if _OURS.match(content):
            return True
        manifest = json.loads(content)
    except (DiscoverError, ValueError, RecursionError):
        return False
    schema = manifest.get("schema") if isinstance(manifest, dict) else None
    return isinstance(schema, str) and schema.startswith(_SCHEMA)


def check_target(site: Path) -> None:
    """Refuse a directory that holds something other than a site.

    Raises:
        PublishError: The directory holds other files, or cannot be replaced.
    """
    hint = "give a directory that is missing, empty or an earlier site"
    if site.exists() and not site.is_dir():
        raise PublishError(f"{site} is not a directory", hint=hint)
    if os.path.ismount(site):
        found = f"{site} is a mount point, which cannot be replaced as a whole"
        raise PublishError(found, hint="give a directory below it")
    try:
        others = [one.name for one in site.iterdir()] if site.exists() else []
    except OSError as error:
        raise PublishError(f"{site} cannot be read: {error.strerror}", hint=hint) from error
    others = [name for name in others if not _beside(name)]
    if others and not is_ours(site):
        found = f"{site} holds files that are not a gallery, such as {sorted(others)[0]}"
        raise PublishError(found, hint=hint)


def edited(
    site: Path,
    sums: Mapping[str, str],
    there: Mapping[str, int],
    known: Mapping[str, str] = MappingProxyType({}),
) -> list[str]:
    """Files that the gallery wrote and someone has edited by hand.

    Args:
        site: The site.
        sums: What the gallery wrote in it.
        there: What `listing` finds in it.
        known: SHA-256 of files that need not be read, by path.
    """
    return [
        name
        for name, digest in sums.items()
        if digest
        and there.get(name, -1) >= 0
        and digest != (known.get(name) or file_digest(site / name))
    ]


def check_kind(place: Path, part: int) -> None:
    """Refuse to put a part of a site in place of a site or of another part, or a site of a part.

    Args:
        place: The directory, which may be missing.
        part: Number of the part that is to be written, or 0 for a site.

    Raises:
        PublishError: What lies there is of another kind.
    """
    if not is_ours(place):
        return
    there = 0
    if (place / "shard.json").is_file():
        there = json.loads(read_regular(place / "shard.json", _LARGEST)).get("number")
    if there != part:
        names = [
            f"part {number} of a site" if number else "a whole site" for number in (there, part)
        ]
        found = f"{place} holds {names[0]}, which {names[1]} would replace"
        raise PublishError(found, hint="choose another directory with -o, or delete that one")


def carry_over(site: Path, sums: Mapping[str, str], there: Iterable[str], staged: Path) -> None:
    """Copy the user's files from a site to the one that replaces it.

    Args:
        site: The current site.
        sums: What the gallery wrote in it.
        there: Paths of its files.
        staged: The new site.

    Raises:
        PublishError: One of the user's files has the path of a file that the gallery writes.
    """
    if not site.is_dir():
        return
    theirs = [name for name in there if name not in sums and name != SUMS]
    taken = [name for name in theirs if os.path.lexists(staged / name)]
    if taken:
        found = f"{site / taken[0]} was not written by the gallery and is in its way"
        raise PublishError(found, hint="move it, or put it into MODELS/static to publish it")
    folders = _folders(site, sums)
    for folder in folders:
        (staged / folder).mkdir(parents=True, exist_ok=True)
    for name in theirs:
        source, target = site / name, staged / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink():
            target.symlink_to(os.readlink(source))
        elif source.is_file():
            link_or_copy(source, target)
            shutil.copystat(source, target)
        else:
            os.link(source, target)
    for folder in folders:
        shutil.copymode(site / folder, staged / folder)


def _folders(site: Path, sums: Iterable[str]) -> list[str]:
    """Directories without files of the gallery, which are the user's even if they are empty."""
    ours = {""}
    for name in sums:
        folder = name.rpartition("/")[0]
        while folder not in ours:
            ours.add(folder)
            folder = folder.rpartition("/")[0]
    start = len(os.fspath(site)) + 1
    below = (folder[start:].replace(os.sep, "/") for folder, _, _ in os.walk(site))
    return [folder for folder in below if folder not in ours]


def _beside(name: str) -> bool:
    top = name.partition("/")[0]
    return top.startswith(".") or top in _BESIDE
