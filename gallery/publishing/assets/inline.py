"""What a page carries in itself, because it is shown where its files cannot be found."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from gallery.errors import PublishError
from gallery.publishing.assets.directories import find, template_directories
from gallery.publishing.assets.files import MIME
from gallery.publishing.assets.static import Static
from gallery.publishing.settings import SiteSettings

_FINDER = "parts/find-site.js"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inline:
    """Style, scripts and icon of a page that loads no file.

    Attributes:
        style: The style sheet.
        scripts: The script of the theme, and the one that finds the site.
        icon: The icon as a data URL.
    """

    style: Markup
    scripts: tuple[Markup, ...]
    icon: str

    def allowed(self, *texts: Markup) -> str:
        """What a content security policy adds to 'self' for these texts: their digests."""
        digests = (hashlib.sha256(text.encode()).digest() for text in texts)
        return " ".join(f"'sha256-{base64.b64encode(one).decode()}'" for one in digests)


def inline(site: Path, static: Static, settings: SiteSettings) -> Inline:
    """Take the files of a site into a page.

    Args:
        site: Root of the site.
        static: Its style sheet, icon and scripts.
        settings: Where the templates are.

    Raises:
        PublishError: A template is missing.
    """
    finder = find(_FINDER, template_directories(settings.templates))
    theme = static.js.get("theme")
    if finder is None or theme is None:
        raise PublishError(f"{_FINDER} or js/theme.js is missing from the templates")
    icon = base64.b64encode((site / static.icon.href).read_bytes()).decode()
    return Inline(
        style=_whole(site / static.css.href, "style"),
        scripts=(_whole(site / theme.href, "script"), _whole(finder, "script")),
        icon=f"data:{MIME[static.icon.format]};base64,{icon}",
    )


def _whole(path: Path, element: str) -> Markup:
    """A file as the content of an element, which it cannot end."""
    text = path.read_text(encoding="utf-8")
    # Both languages read the backslash before the slash as nothing.
    return Markup(re.sub(f"</(?={element})", r"<\\/", text, flags=re.IGNORECASE))  # noqa: S704
