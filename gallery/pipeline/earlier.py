"""What is known of the site that a build replaces, so that the build need not read it again.

The cache remembers size, time and inode of each file that was published. A file that still has
them is what was written; the digests of all others are unknown, whatever lists say.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from gallery.cache import Cache, cache_key
from gallery.files import file_digest
from gallery.pipeline.products.base import Form, sound
from gallery.publishing.assets.earlier import Earlier, Stamp
from gallery.publishing.exhibit import Exhibit, ImageFile
from gallery.schema import DIGEST, each, mapping, record, row, text, whole

_LARGEST = 1 << 60

_FORM = Form(
    value=record(
        {
            "files": mapping(
                text(), row(whole(0, _LARGEST), whole(), whole(0, 1 << 64), text(64, DIGEST))
            ),
            "made": mapping(text(64, DIGEST), each(text())),
            "texts": mapping(text(64, DIGEST), text()),
        }
    )
)


def earlier_site(place: Path, cache: Cache) -> Earlier:
    """What the gallery wrote at a place and nobody has touched since."""
    known = sound(cache.get(_key(place)), _FORM, f"what is known of {place}")
    if known is None:
        return Earlier(root=place)
    digests, stamps = {}, {}
    for name, (size, time, inode, digest) in known.value["files"].items():
        if _stamp(f"{place}/{name}") == (size, time, inode):
            digests[name], stamps[name] = digest, (size, time, inode)
    made = {source: tuple(names) for source, names in known.value["made"].items()}
    texts = known.value["texts"]
    return Earlier(root=place, digests=digests, stamps=stamps, made=made, texts=texts)


def with_links(earlier: Earlier, folder: Path) -> Earlier:
    """The site with links in the empty directory of the next one to files that this may take over.

    Args:
        earlier: The site.
        folder: The directory.
    """
    names = set(earlier.links())
    try:
        for parent in {name.rpartition("/")[0] for name in names}:
            os.makedirs(f"{folder}/{parent}", exist_ok=True)
        for name in names:
            os.link(f"{earlier.root}/{name}", f"{folder}/{name}")
    except OSError:  # no links here: files are copied when they are taken over
        for one in os.scandir(folder):
            shutil.rmtree(one)
        return earlier
    return replace(earlier, linked=names)


def remove_stale(earlier: Earlier, folder: Path, files: Mapping[str, os.stat_result]) -> set[str]:
    """Remove the links to files of the earlier site that the new one did not take over.

    Args:
        earlier: The earlier site.
        folder: The new one.
        files: What its files are, by path.

    Returns:
        Paths of those that were removed.
    """
    stale = {
        name
        for name in earlier.linked - earlier.kept
        if name in files and files[name].st_ino == earlier.stamps[name][2]
    }
    for name in stale:
        os.unlink(f"{folder}/{name}")
        with suppress(OSError):  # other files are beside it
            os.removedirs(os.path.dirname(f"{folder}/{name}"))
    return stale


def untouched(earlier: Earlier, files: Mapping[str, os.stat_result]) -> dict[str, str]:
    """SHA-256 of the files of an earlier site that still are what they were, by path.

    Args:
        earlier: The site.
        files: What its files are now, by path.
    """
    return {
        name: digest
        for name, digest in earlier.digests.items()
        if name in files and stamp_of(files[name]) == earlier.stamps[name]
    }


def changed_in_place(earlier: Earlier, files: Mapping[str, os.stat_result]) -> bool:
    """Whether a file of a new site is a link to one of the earlier site that was changed since.

    Args:
        earlier: The earlier site.
        files: What the files of the new one are, by path.
    """
    return any(
        files[name].st_ino == stamp[2] and stamp_of(files[name]) != stamp
        for name, stamp in earlier.stamps.items()
        if name in files
    )


def remember(
    cache: Cache, sums: Mapping[str, str], stamps: Mapping[str, Stamp], earlier: Earlier
) -> None:
    """Remember a site that was just put into place, or found to be there already.

    Args:
        cache: Remembers it.
        sums: SHA-256 of its files, by path.
        stamps: What tells each of them from a changed one, by path.
        earlier: The site in whose place it is, with what the files of the new one are made from.
    """
    files = {name: [*stamps[name], digest] for name, digest in sums.items()}
    made = {source: list(names) for source, names in earlier.now.items()}
    cache.keep(_key(earlier.root), {"files": files, "made": made, "texts": earlier.new_texts})


def sums_of(staged: Path, stamps: Mapping[str, Stamp], earlier: Earlier) -> dict[str, str]:
    """SHA-256 of files of a new site, by path; those linked from the earlier one are not read."""
    inodes = {earlier.stamps[name]: digest for name, digest in earlier.digests.items()}
    return {name: inodes.get(stamp) or file_digest(staged / name) for name, stamp in stamps.items()}


def linking(earlier: Earlier) -> Callable[[Exhibit], Exhibit]:
    """Puts files of the earlier site in the place of equal ones in the cache, for an exhibit."""
    names = {digest: name for name, digest in earlier.digests.items()}

    def linked(files: tuple[ImageFile, ...]) -> tuple[ImageFile, ...]:
        return tuple(
            replace(one, source=earlier.root / names[one.sha256], published=True)
            if one.sha256 in names
            else one
            for one in files
        )

    def with_files(exhibit: Exhibit) -> Exhibit:
        more = exhibit.more
        return replace(
            exhibit,
            scans=tuple(replace(scan, images=linked(scan.images)) for scan in exhibit.scans),
            files={name: linked(files) for name, files in exhibit.files.items()},
            more=(lambda: with_files(more())) if more else None,
        )

    return with_files


def stamp_of(status: os.stat_result) -> Stamp:
    """What tells a file from a changed one."""
    return status.st_size, status.st_mtime_ns, status.st_ino


def _stamp(path: str) -> Stamp | None:
    try:
        return stamp_of(os.lstat(path))
    except OSError:
        return None


def _key(place: Path) -> str:
    return cache_key("published", "2", place=os.fsencode(place).hex())
