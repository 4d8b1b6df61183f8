"""Linked data (JSON-LD, schema.org) of a page, for search engines."""

from __future__ import annotations

import json
from typing import Any

from markupsafe import Markup

from gallery.publishing.settings import SiteSettings
from gallery.publishing.views import ModelView

_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


def linked_model(model: ModelView, settings: SiteSettings) -> Markup:
    """A model's page as a creative work, safe within a `<script>` element.

    Args:
        model: The model.
        settings: The site's settings; URLs are given only if its own is known.
    """
    front = model.exhibit.front
    value: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "CreativeWork",
        "name": model.title,
        "isPartOf": {"@type": "CollectionPage", "name": settings.title},
    }
    if model.summary:
        value["description"] = model.summary
    if front.year is not None:
        value["dateCreated"] = str(front.year)
    if front.authors:
        value["author"] = [{"@type": "Person", "name": name} for name in front.authors]
    if model.tags:
        value["keywords"] = ", ".join(model.tags)
    if front.licence:
        value["license"] = front.licence
    if model.paper_url:
        value["citation"] = model.paper_url
    if settings.base_url:
        value["url"] = f"{settings.base_url}{model.slug}/"
        value["isPartOf"]["url"] = settings.base_url
        if model.hero:
            value["image"] = settings.base_url + model.hero.picture.largest.href
    return _script(value)


def linked_collection(models: int, opening: ModelView | None, settings: SiteSettings) -> Markup:
    """The index as a collection, safe within a `<script>` element.

    Args:
        models: How many there are.
        opening: The model at the top of the index, or None.
        settings: The site's settings.
    """
    value: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "CollectionPage",
        "name": settings.title,
        "inLanguage": settings.language,
        "mainEntity": {"@type": "ItemList", "numberOfItems": models},
    }
    if settings.description:
        value["description"] = settings.description
    if settings.base_url:
        value["url"] = settings.base_url
        if opening and opening.hero:
            value["image"] = settings.base_url + opening.hero.picture.largest.href
    return _script(value)


def _script(value: dict[str, Any]) -> Markup:
    text = json.dumps(value, ensure_ascii=True)
    for character, escape in _ESCAPES.items():
        text = text.replace(character, escape)
    return Markup(text)  # noqa: S704 - what could end the script element is escaped
