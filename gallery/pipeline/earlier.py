"""What is known of the site that a build replaces, so that the build need not read it again.

The cache remembers size, time and inode of each file that was published. A file that still has
them is what was written; the digests of all others are unknown, whatever lists say.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
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


def remember(place: Path, cache: Cache, sums: Mapping[str, str], earlier: Earlier) -> None:
    """Remember a site that was just put into place, or found to be there already.

    Args:
        place: Where it is.
        cache: Remembers it.
        sums: SHA-256 of its files, by path.
        earlier: The site that it replaced, with what the files of the new one are made from.
    """
    stamps = {name: _stamp(f"{place}/{name}") for name in sums}
    files = {name: [*stamp, sums[name]] for name, stamp in stamps.items() if stamp}
    made = {source: list(names) for source, names in earlier.now.items()}
    cache.keep(_key(place), {"files": files, "made": made, "texts": earlier.new_texts})


def sums_of(staged: Path, names: Iterable[str], earlier: Earlier) -> dict[str, str]:
    """SHA-256 of files of a new site, by path; those linked from the earlier one are not read."""
    inodes = {earlier.stamps[name]: digest for name, digest in earlier.digests.items()}
    found = {}
    for name in names:
        stamp = _stamp(f"{staged}/{name}")
        known = inodes.get(stamp) if stamp else None
        found[name] = known or file_digest(staged / name)
    return found


def with_links(exhibits: Iterable[Exhibit], earlier: Earlier) -> list[Exhibit]:
    """The exhibits with files of the earlier site in the place of equal ones in the cache."""
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

    return [with_files(exhibit) for exhibit in exhibits]


def _stamp(path: str) -> Stamp | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns, status.st_ino


def _key(place: Path) -> str:
    return cache_key("published", "2", place=os.fsencode(place).hex())
