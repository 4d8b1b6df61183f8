"""The next site, begun beside the current one: most of its files are links to what that holds.

It can be begun while workers still make what is new, and takes the place when all of it is there.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gallery.cache import Cache, cache_key
from gallery.pipeline.earlier import earlier_site, with_links
from gallery.pipeline.staging import locked, recover, staging
from gallery.publishing.assets.earlier import Earlier

if TYPE_CHECKING:  # a build that changes nothing must not wait for Jinja and Markdown
    from gallery.publishing.site import Publisher


@dataclass(slots=True, eq=False)
class NextSite:
    """A site in the making; a context, after which there is the current site or the new one.

    Attributes:
        place: Where the site is.
        cache: Knows what the current one is made from.
        folder: Where the new one is made, or None before that has begun.
        earlier: The current one as it was then.
        publisher: Writes the new one's pages; None if nobody has begun to.
        templates: Digest of the templates when that began.
    """

    place: Path
    cache: Cache
    folder: Path | None = None
    earlier: Earlier = field(default_factory=Earlier)
    publisher: Publisher | None = None
    templates: str = ""
    _locked: ExitStack | None = None
    _staged: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> NextSite:
        return self

    def __exit__(self, *_: object) -> None:
        self.drop()
        if self._locked:
            self._locked.close()

    def lock(self, *, wait: bool = True) -> bool:
        """Lock the place until the end, and clean up after builds that were killed.

        Args:
            wait: Whether to wait while another process holds it.

        Returns:
            Whether it is locked now.
        """
        if self._locked is None:
            with ExitStack() as stack:
                if not stack.enter_context(locked(self.place, wait=wait)):
                    return False
                recover(self.place)
                self._locked = stack.pop_all()
        return True

    def begin(self) -> Path:
        """Make its directory, unless that was done, with links; call it only under the lock."""
        if self.folder is None:
            folder = self._staged.enter_context(staging(self.place, self._kept))
            self.earlier = with_links(earlier_site(self.place, self.cache), folder)
            self.folder = folder
        return self.folder

    @property
    def _kept(self) -> Path:
        return self.cache.directory / "folders" / cache_key("folders", "1", place=str(self.place))

    def drop(self) -> None:
        """Remove its directory, or the old site if the two have changed places."""
        self._staged.close()
        self.folder, self.earlier, self.publisher = None, Earlier(), None
