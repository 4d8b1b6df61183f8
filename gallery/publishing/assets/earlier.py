"""The site that a new one replaces: what it holds already is linked instead of made again.

Only files count that the gallery wrote and nobody has touched since. A page or another file that
depends on more than a file in the cache is known by a digest of all that it was made from.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from gallery.files import link_or_copy
from gallery.publishing.assets.files import Placed, write

Stamp = tuple[int, int, int]
"""Size, time of the last change in nanoseconds, and inode of a file."""

Made = Mapping[str, tuple[str, ...]]
"""Paths of the files that were made together, by the digest of what they were made from."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Earlier:
    """An earlier site in the place of the new one.

    Attributes:
        root: Its directory.
        digests: SHA-256 of each file that is as the gallery wrote it, by path.
        stamps: What tells each of them from a changed one, by path.
        made: What its files were made from.
        texts: Plain text of the models' prose, by the digest of what it was made from.
        linked: Paths of those files that the new site holds already, as links; what it does not
            take over is to be removed from there.
        kept: Paths of the files of the new site that are known by what they are made from.
        now: What the files of the new site are made from, which grows as that is written.
        new_texts: The texts of the new site.
    """

    root: Path = Path()
    digests: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    stamps: Mapping[str, Stamp] = field(default_factory=lambda: MappingProxyType({}))
    made: Made = field(default_factory=lambda: MappingProxyType({}))
    texts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    linked: AbstractSet[str] = frozenset()
    kept: set[str] = field(default_factory=set)
    now: dict[str, tuple[str, ...]] = field(default_factory=dict)
    new_texts: dict[str, str] = field(default_factory=dict)

    def text(self, source: str, make: Callable[[], str]) -> str:
        """A text of the earlier site, or one made now.

        Args:
            source: Digest of all that it is made from.
            make: Returns it.
        """
        known = self.texts.get(source)
        self.new_texts[source] = make() if known is None else known
        return self.new_texts[source]

    def files(
        self, site: Path, source: str, make: Callable[[], Mapping[str, bytes | None]]
    ) -> dict[str, Placed]:
        """Files in the new site by path: those of the earlier one, or made now.

        Args:
            site: The new site.
            source: Digest of all that they are made from.
            make: Returns their content by path; None for a file that is in the new site already,
                which is not among those that are returned.
        """
        names = self.made.get(source, ())
        if names and all(name in self.digests for name in names):
            self.now[source] = names
            self.kept.update(names)
            return {name: self._linked(site, name) for name in names}
        made = make()
        self.now[source] = tuple(made)
        self.kept.update(made)
        return {
            name: write(site, name, content)
            for name, content in made.items()
            if content is not None
        }

    def forget(self, names: Collection[str]) -> None:
        """Let files of the new site count as made from nothing, since others replaced them."""
        for source in [source for source, made in self.now.items() if set(made) & set(names)]:
            del self.now[source]

    def links(self) -> Iterator[str]:
        """Paths of the files that a new site may be able to take over."""
        for names in self.made.values():
            if all(name in self.digests for name in names):
                yield from names

    def _linked(self, site: Path, name: str) -> Placed:
        if name not in self.linked:
            target = site / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                link_or_copy(self.root / name, target)
        return Placed(
            href=name,
            bytes=self.stamps[name][0],
            sha256=self.digests[name],
            format=name.rpartition(".")[2],
        )
