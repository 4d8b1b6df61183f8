"""The static site: pages, pictures, search, feeds and manifest.

Names are imported when they are first used: a build with nothing to publish needs only the data
types, and must not wait for Jinja and Markdown.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gallery.publishing.exhibit import Exhibit, ImageFile, ScanImages
    from gallery.publishing.settings import SiteSettings
    from gallery.publishing.site import Site, publish

__all__ = ["Exhibit", "ImageFile", "ScanImages", "Site", "SiteSettings", "publish"]

_HOMES = {
    "Exhibit": "exhibit",
    "ImageFile": "exhibit",
    "ScanImages": "exhibit",
    "Site": "site",
    "SiteSettings": "settings",
    "publish": "site",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'gallery.publishing' has no attribute {name!r}")
    return getattr(import_module(f"gallery.publishing.{_HOMES[name]}"), name)
