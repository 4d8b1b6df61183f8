"""What the publisher wants to know of the site as a whole."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from gallery.errors import SettingsError

_BASE_URL = re.compile(r"https?://[^\s\"'<>?#]+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSettings:
    """The site's own name, address and language.

    Attributes:
        title: Name of the gallery.
        description: One or two sentences for the top of the index and for search engines.
        base_url: Address that the site will stand at (http or https), or "" where it is not
            known; a trailing slash is added. Only the things that must be absolute need it:
            the sitemap, social cards and the embed snippet.
        language: Language tag of the texts; names a file in the templates' `strings/`.
        templates: Directory whose files take the place of templates of the same name, or None.

    Raises:
        SettingsError: If `base_url` or `language` is malformed.
    """

    title: str = "Gallery of networks"
    description: str = ""
    base_url: str = ""
    language: str = "en"
    templates: Path | None = None

    def __post_init__(self) -> None:
        """Check the address and the language; end the address with a slash."""
        if self.base_url and not _BASE_URL.fullmatch(self.base_url):
            raise SettingsError(
                f"base_url is {self.base_url!r}",
                hint='it must be like "https://example.org/gallery/", without a query',
            )
        if not _LANGUAGE.fullmatch(self.language):
            raise SettingsError(
                f"language is {self.language!r}", hint='it must be a language tag such as "en"'
            )
        if self.base_url and not self.base_url.endswith("/"):
            object.__setattr__(self, "base_url", self.base_url + "/")
