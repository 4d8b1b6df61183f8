"""Feed, sitemap and robots.txt, for feed readers and search engines.

No date comes from a clock, because the same models must make the same bytes. A model's date in the
feed is 1 January of its year, or of 1970 if it has no year.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from gallery.publishing.parts.clean import clean
from gallery.publishing.settings import SiteSettings
from gallery.publishing.views import ModelView
from gallery.rendering.provenance import software

_ATOM = "http://www.w3.org/2005/Atom"
_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_NO_YEAR = 1970


def feed(models: Sequence[ModelView], settings: SiteSettings) -> bytes:
    """An Atom feed (RFC 4287), newest year first.

    URLs are relative if the site's own is unknown. Identifiers are made from the site's URL and the
    models' slugs, so that a feed reader recognises a model.
    """
    root = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": settings.language})
    ordered = sorted(models, key=lambda one: (-_year(one), one.slug))
    _text(root, "title", settings.title)
    if settings.description:
        _text(root, "subtitle", settings.description)
    _text(root, "id", _identifier(settings.base_url or settings.title))
    _text(root, "updated", _date(max((_year(one) for one in models), default=_NO_YEAR)))
    program, _, release = software().partition(" ")
    ET.SubElement(root, "generator", {"version": release}).text = program
    author = ET.SubElement(root, "author")
    _text(author, "name", settings.title)
    ET.SubElement(root, "link", {"rel": "self", "href": f"{settings.base_url}feed.xml"})
    ET.SubElement(root, "link", {"rel": "alternate", "href": f"{settings.base_url}index.html"})
    for model in ordered:
        item = ET.SubElement(root, "entry")
        _text(item, "title", model.title)
        _text(item, "id", _identifier(f"{settings.base_url}{model.slug}"))
        _text(item, "updated", _date(_year(model)))
        address = f"{settings.base_url}{model.slug}/index.html"
        ET.SubElement(item, "link", {"rel": "alternate", "href": address})
        for tag in model.tags:
            ET.SubElement(item, "category", {"term": clean(tag)})
        failed = f"{model.failure.stage}: {model.failure.found}" if model.failure else ""
        _text(item, "summary", model.summary or failed or model.title)
    return _document(root)


def sitemap(pages: Sequence[str], settings: SiteSettings) -> bytes:
    """A sitemap (sitemaps.org, version 0.9) of pages by their path from the root."""
    root = ET.Element("urlset", {"xmlns": _SITEMAP})
    for page in pages:
        address = page.removesuffix("index.html")
        _text(ET.SubElement(root, "url"), "loc", settings.base_url + address)
    return _document(root)


def robots(settings: SiteSettings) -> bytes:
    """Everything may be read; the sitemap is named if there is one."""
    lines = ["User-agent: *", "Allow: /"]
    if settings.base_url:
        lines.append(f"Sitemap: {settings.base_url}sitemap.xml")
    return ("\n".join(lines) + "\n").encode("utf-8")


def _year(model: ModelView) -> int:
    """The sidecar's year if it fits a date, or 1970."""
    year = model.exhibit.front.year
    return year if year is not None and 1 <= year <= 9999 else _NO_YEAR


def _date(year: int) -> str:
    return f"{year:04d}-01-01T00:00:00Z"


def _identifier(name: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, clean(name)).urn


def _text(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = clean(text)


def _document(root: ET.Element) -> bytes:
    ET.indent(root, space=" ")
    # Encoded at once: the library encodes each tag and each text by itself, which takes as long as
    # all else.
    body: str = ET.tostring(root, encoding="unicode")
    declared = f"<?xml version='1.0' encoding='utf-8'?>\n{body}\n"
    return declared.encode("utf-8", "xmlcharrefreplace")
