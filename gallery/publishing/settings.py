"""The settings of the site as a whole."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

from gallery.errors import SettingsError
from gallery.publishing.assets.directories import check_contents, template_directories
from gallery.publishing.assets.strings import load_strings, viewer_strings
from gallery.rendering.provenance import Provenance, compact, software
from gallery.settings import checks


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSettings:
    """The site's name, URL and language.

    Attributes:
        title: Name of the gallery.
        description: One or two sentences for the top of the index and for search engines.
        base_url: URL of the site (http or https), or "" if it is unknown; a trailing slash is
            added. It is only needed for what must be absolute: the sitemap, social cards and the
            embed snippet.
        language: Language tag of the texts, which names a file in the templates' `strings/`.
        templates: Directory whose files replace built-in templates of the same name, or None.

    Raises:
        SettingsError: If `base_url` or `language` is malformed.
    """

    title: str = "Gallery of networks"
    description: str = ""
    base_url: str = ""
    language: str = "en"
    templates: Path | None = None

    def __post_init__(self) -> None:
        """Check the URL and the language; add a slash to the URL."""
        for name, check in (("base_url", checks.base_url), ("language", checks.language)):
            value = getattr(self, name)
            try:
                object.__setattr__(self, name, check(value))
            except ValueError as error:
                raise SettingsError(f"{name} is {value!r}, not {error}") from error

    def provenance(self) -> Provenance:
        """What files of the whole site are made from: of its settings, the SHA-256 of their JSON.

        The templates, whose path differs between machines, shape pages alone.
        """
        text = compact({**asdict(self), "templates": ""})
        digest = hashlib.sha256(text.encode()).hexdigest()
        return Provenance(software=software(), settings={"sha256": digest})


def check_site(settings: SiteSettings) -> None:
    """Check what can be checked before any page is made: the templates and the language.

    Raises:
        SettingsError: The directory does not exist, or holds a link that leads out of it or a
            template that is wrong; or there are no readable texts in the language.
    """
    directories = template_directories(settings.templates)
    if settings.templates:
        check_contents(settings.templates)
    load_strings(settings.language, directories)
    viewer_strings(settings.language, directories)
    if settings.templates:
        # A gallery without templates of its own must not wait for Jinja.
        from gallery.publishing.assets.templates import check_templates  # noqa: PLC0415

        check_templates(settings)
