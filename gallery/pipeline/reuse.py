"""Records in a site what it was made from, so that the last deployment can serve as a cache.

    results.json       the cache's records of everything that the site shows, by key; no contents
    assets/*.<hash>.*  the files, found by the digest in a record and checked against it

A missing or changed site costs only time: whatever does not match is made again.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from gallery.cache import Cache, Entry, Judge
from gallery.errors import DiscoverError, SettingsError
from gallery.files import read_regular
from gallery.pipeline.products.base import Form
from gallery.pipeline.records import judge
from gallery.rendering.provenance import software
from gallery.schema import DIGEST, MismatchError, mapping, one_of, record, text

FILE_NAME = "results.json"
SCHEMA = "gallery-of-networks/results-1"

LARGEST = 1 << 28
"""Largest size of a file of records, in bytes."""

LARGEST_FILE = 1 << 31
"""Largest size of a file that a record names, in bytes."""

check_records = mapping(text(64, DIGEST), text())

_check = record({"schema": one_of(SCHEMA), "records": check_records}, {"software": text(200)})

Find = Callable[[str], bytes | None]

log = logging.getLogger(__name__)


def known(site: Path) -> dict[str, str]:
    """The records in a site, by key."""
    return _read(site / FILE_NAME)


def records(
    keys: Iterable[str], cache: Cache, known: Mapping[str, str] = MappingProxyType({})
) -> dict[str, str]:
    """The cache's records by key, without those that are missing.

    Args:
        keys: Which to take.
        cache: Holds them.
        known: Records that need not be read again, by key.
    """
    texts = {key: known.get(key) or cache.text(key) for key in keys}
    return {key: text for key, text in sorted(texts.items()) if text}


def encode(kept: dict[str, str]) -> bytes:
    """The content of the file that holds the records in a site."""
    value = {"schema": SCHEMA, "software": software(), "records": kept}
    return (json.dumps(value, separators=(",", ":")) + "\n").encode("ascii")


class EarlierSite:
    """The records of an earlier site, and its files by digest."""

    def __init__(self, site: Path) -> None:
        """Read the records of a site.

        Raises:
            SettingsError: There is no such directory.
        """
        if not site.is_dir():
            found = f"there is no site {site} to reuse results from"
            raise SettingsError(found, hint="omit --reuse, or give the last deployment")
        self._site, self._assets = site, site / "assets"
        self._records = _read(site / FILE_NAME)
        self._scripts: dict[str, Path] | None = None

    def give(self, forms: Mapping[str, tuple[str, Form]], cache: Cache) -> int:
        """Copy results that the cache lacks into it; returns how many were copied.

        Args:
            forms: Name and form of each result by its key, from `records.forms`.
            cache: Receives them.
        """
        return len(list(self._tried(forms, cache, cache.adopt)))

    def offers(self, forms: Mapping[str, tuple[str, Form]], cache: Cache) -> dict[str, Entry]:
        """The results that `give` would copy, by key."""
        found = self._tried(forms, cache, cache.adoptable)
        return {one.key: one for one in found if isinstance(one, Entry)}

    def _tried(
        self,
        forms: Mapping[str, tuple[str, Form]],
        cache: Cache,
        take: Callable[[str, str, Find, Judge], Entry | bool | None],
    ) -> Iterator[Entry | bool]:
        """What taking each result returns that the cache lacks and the site holds."""
        for key, (name, form) in forms.items():
            text = self._records.get(key)
            if text is None or cache.get(key) is not None:
                continue
            try:
                if taken := take(key, text, self._find, judge(form)):
                    yield taken
            except MismatchError as error:
                log.warning("%s: the %s is not reused: %s", self._site, name, error)

    def _find(self, digest: str) -> bytes | None:
        """The content with this digest, from an asset or from a viewer's script."""
        for content in map(_content, self._assets.glob(f"*.{digest[:8]}.*")):
            if hashlib.sha256(content).hexdigest() == digest:
                return content
        script = self._viewer_scripts().get(digest)
        return _viewer_data(script) if script else None

    def _viewer_scripts(self) -> dict[str, Path]:
        """Scripts that hold viewers' data, by the digest of the data."""
        if self._scripts is None:
            paths = self._assets.glob("*-viewer.*.js")
            found = ((path, _viewer_data(path)) for path in sorted(paths))
            self._scripts = {hashlib.sha256(data).hexdigest(): path for path, data in found if data}
        return self._scripts


class Offering(Cache):
    """A cache that seems to hold what earlier sites offer; nothing is stored in it."""

    def __init__(self, cache: Cache, offered: Mapping[str, Entry]) -> None:
        super().__init__(cache.directory)
        self._offered = offered

    def get(self, key: str) -> Entry | None:
        """The result under a key, from the cache or an earlier site."""
        return super().get(key) or self._offered.get(key)


def _read(path: Path) -> dict[str, str]:
    try:
        value = json.loads(read_regular(path, LARGEST))
        _check(value)
    except (DiscoverError, ValueError, RecursionError) as error:
        found = error.found if isinstance(error, DiscoverError) else error
        log.warning("%s: nothing to reuse: %s", path, found)
        return {}
    kept: dict[str, str] = value["records"]
    return kept


def _content(path: Path) -> bytes:
    try:
        return read_regular(path, LARGEST_FILE)
    except DiscoverError:
        return b""


def _viewer_data(path: Path) -> bytes | None:
    # Publishing takes a while to import, and there is rarely anything to reuse.
    from gallery.publishing.viewer_page import viewer_content  # noqa: PLC0415

    return viewer_content(_content(path))
