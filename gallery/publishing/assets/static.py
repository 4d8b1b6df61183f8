"""Style sheets and scripts of the site, under names that change with their content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gallery.errors import PublishError
from gallery.publishing.assets.directories import find, template_directories
from gallery.publishing.assets.files import Placed, write
from gallery.publishing.settings import SiteSettings

SHEETS = ("theme", "base", "index", "model", "pages", "user")
"""Style sheets in the order in which they are joined; "user" is for a user's additions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Static:
    """Style sheet, icon and scripts of the site.

    Attributes:
        css: The style sheet.
        icon: The site's icon.
        js: Scripts by the stem of their name.
    """

    css: Placed
    icon: Placed
    js: Mapping[str, Placed]


def static_files(site: Path, settings: SiteSettings, icon: Placed | None = None) -> Static:
    """Join the style sheets and write the scripts.

    Args:
        site: Directory of the site.
        settings: Where the templates are.
        icon: The icon if it has been made already; otherwise that of the templates is written.

    Raises:
        PublishError: If a file is missing, or the site cannot be written.
    """
    directories = template_directories(settings.templates)
    sheets = [(name, find(f"css/{name}.css", directories)) for name in SHEETS]
    missing = [name for name, path in sheets if path is None and name != "user"]
    if missing:
        raise PublishError(f"css/{missing[0]}.css is missing from the templates")
    text = "\n".join(path.read_text(encoding="utf-8") for _, path in sheets if path is not None)
    names = sorted({one.name for folder in directories for one in (folder / "js").glob("*.js")})
    scripts = {}
    for name in names:
        path = find(f"js/{name}", directories)
        if path is not None:
            stem = path.stem
            scripts[stem] = write(site, f"assets/{name}", path.read_bytes(), hashed=True)
    return Static(
        css=write(site, "assets/site.css", text.encode("utf-8"), hashed=True),
        icon=icon or _drawn_icon(site, directories),
        js=scripts,
    )


def _drawn_icon(site: Path, directories: tuple[Path, ...]) -> Placed:
    path = find("img/icon.svg", directories)
    if path is None:
        raise PublishError("img/icon.svg is missing from the templates")
    return write(site, "assets/icon.svg", path.read_bytes(), hashed=True)
