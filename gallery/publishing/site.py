"""Publishing: turns exhibits into a directory of pages, pictures and data for any web host."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gallery.cache import Cache
from gallery.errors import PublishError
from gallery.publishing.addressed import addressed
from gallery.publishing.assets.earlier import Earlier
from gallery.publishing.assets.files import write
from gallery.publishing.assets.static import static_files
from gallery.publishing.assets.templates import environment
from gallery.publishing.exhibit import Exhibit
from gallery.publishing.kept import Digests, look_of
from gallery.publishing.machine.catalogue import CATALOGUE, catalogue
from gallery.publishing.machine.feeds import feed, robots, sitemap
from gallery.publishing.machine.manifest import SCHEMA, encode, encode_manifest
from gallery.publishing.machine.schema import NAME, manifest_schema
from gallery.publishing.model_views import model_view, prose_of
from gallery.publishing.overview import gallery_sheet, site_icon
from gallery.publishing.page import PageContext
from gallery.publishing.pages import write_pages
from gallery.publishing.parts.prose import plain
from gallery.publishing.settings import SiteSettings
from gallery.publishing.views import ModelView

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A site in a directory.

    Attributes:
        root: The directory.
        pages: Paths of its pages from the root, with forward slashes, sorted.
    """

    root: Path
    pages: tuple[str, ...]


def publish(
    exhibits: Sequence[Exhibit],
    site: Path,
    *,
    settings: SiteSettings,
    cache: Cache | None = None,
    earlier: Earlier | None = None,
) -> Site:
    """Write the whole site into an empty directory.

    The same exhibits and settings make the same bytes; no clock is read.

    Args:
        exhibits: The models, in any order; the index sorts them by title, those
            that failed last.
        site: An empty or missing directory.
        settings: The site's settings.
        cache: Keeps what is expensive to draw for the next build, or None; it changes no byte.
        earlier: The site that it replaces, or None; it changes no byte either.

    Returns:
        What was written.

    Raises:
        PublishError: If the directory is not empty, a slug is malformed or given twice, a
            picture cannot be read, or a template is wrong.
    """
    _check_directory(site)
    return Publisher(site, settings, cache, earlier).publish(exhibits)


class Publisher:
    """Writes a site into a directory, which holds `earlier.linked` alone."""

    def __init__(
        self,
        site: Path,
        settings: SiteSettings,
        cache: Cache | None = None,
        earlier: Earlier | None = None,
    ) -> None:
        """Load the templates.

        Args:
            site: The directory.
            settings: The site's settings.
            cache: Keeps what is expensive to draw for the next build, or None.
            earlier: The site that it replaces, or None.

        Raises:
            SettingsError: The templates or the texts cannot be found.
        """
        self._site = site
        self._settings = settings
        self._cache = cache
        self._before = earlier or Earlier()
        self._env = environment(settings)
        self._digests = Digests(look_of(settings))
        self._views: dict[tuple[str, str], ModelView] = {}

    def view(self, exhibit: Exhibit) -> ModelView:
        """A model as the pages show it, with its files in the site; made once.

        Args:
            exhibit: The model, whose slug is the name of its directory.

        Raises:
            PublishError: A file of it cannot be read or written.
        """
        if not self.has(exhibit):
            self._views[exhibit.slug, exhibit.source] = self._made(exhibit)
        return self._views[exhibit.slug, exhibit.source]

    def has(self, exhibit: Exhibit) -> bool:
        """Whether the view of a model was made, of which only slug and digest are asked."""
        return bool(exhibit.source) and (exhibit.slug, exhibit.source) in self._views

    def _made(self, one: Exhibit) -> ModelView:
        if one.more is None:
            return model_view(one, self._site, self._cache)
        text = self._before.text(
            self._digests.of("text", one.prose), lambda: plain(prose_of(one, self._cache))
        )
        return model_view(one, self._site, text=text)

    def publish(self, exhibits: Sequence[Exhibit]) -> Site:
        """Write the whole site; see `publish`."""
        site, settings, before, digests = self._site, self._settings, self._before, self._digests
        views = sorted(map(self.view, addressed(exhibits)), key=_place)
        icon = site_icon(views, settings, site, before, digests)
        context = PageContext(
            env=self._env,
            site=site,
            settings=settings,
            static=static_files(site, settings, icon),
            cache=self._cache,
            sheet=gallery_sheet(views, settings, site, before, digests),
            earlier=before,
            digests=digests,
        )
        pages = write_pages(context, views)
        entries = [(site / one.slug / "facts.json").read_bytes() for one in views]
        write(site, "manifest.json", encode_manifest(entries, settings))
        write(site, CATALOGUE, encode(catalogue(views)))
        write(site, NAME, encode(manifest_schema(SCHEMA)))
        write(site, "feed.xml", feed(views, settings))
        write(site, "robots.txt", robots(settings))
        write(site, ".nojekyll", b"")
        if settings.base_url:
            listed = [page for page in pages if page != "404.html"]
            write(site, "sitemap.xml", sitemap(listed, settings))
        _log.info("published %d models: %d pages", len(views), len(pages))
        return Site(root=site, pages=tuple(sorted(pages)))


def _place(view: ModelView) -> tuple[bool, str, int, str]:
    """The order of the index: by title, components of one model in the order of their data."""
    title, exhibit = view.title.casefold(), view.exhibit
    if exhibit.whole:
        title = title.removesuffix(f" ({exhibit.role})".casefold())
    return view.failure is not None, title, exhibit.rank, view.slug


def _check_directory(site: Path) -> None:
    """Create the directory and make sure that it is empty."""
    try:
        site.mkdir(parents=True, exist_ok=True)
        occupied = next(site.iterdir(), None)
    except OSError as error:
        raise PublishError(
            f"{site} cannot be written: {error.strerror or error}",
            hint="choose a directory that can be written",
        ) from error
    if occupied is not None:
        raise PublishError(
            f"{site} is not empty: it holds {occupied.name}", hint="publish to an empty directory"
        )
