"""The site that a new one replaces: what it holds already is linked instead of made again.

Only files count that the gallery wrote and nobody has touched since. A page or another file that
depends on more than a file in the cache is known by a digest of all that it was made from.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from gallery.files import link_or_copy
from gallery.publishing.assets.files import Placed, write

Made = Mapping[str, tuple[str, ...]]
"""Paths of the files that were made together, by the digest of what they were made from."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Earlier:
    """An earlier site in the place of the new one.

    Attributes:
        root: Its directory.
        digests: SHA-256 of each file that is as the gallery wrote it, by path.
        sizes: Bytes of each of them.
        made: What its files were made from.
        now: The same of the new site, which grows as that is written.
    """

    root: Path = Path()
    digests: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    sizes: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    made: Made = field(default_factory=lambda: MappingProxyType({}))
    now: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def files(
        self, site: Path, source: str, make: Callable[[], Mapping[str, bytes]]
    ) -> dict[str, Placed]:
        """Files in the new site by path: those of the earlier one, or made now.

        Args:
            site: The new site.
            source: Digest of all that they are made from.
            make: Returns their content by path.
        """
        names = self.made.get(source, ())
        if names and all(name in self.digests for name in names):
            placed = {name: self._linked(site, name) for name in names}
        else:
            placed = {name: write(site, name, content) for name, content in make().items()}
        self.now[source] = tuple(placed)
        return placed

    def forget(self, names: Collection[str]) -> None:
        """Let files of the new site count as made from nothing, since others replaced them."""
        for source in [source for source, made in self.now.items() if set(made) & set(names)]:
            del self.now[source]

    def _linked(self, site: Path, name: str) -> Placed:
        target = site / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            link_or_copy(self.root / name, target)
        suffix = name.rpartition(".")[2]
        return Placed(href=name, bytes=self.sizes[name], sha256=self.digests[name], format=suffix)
