"""The pages of one model: its own, its viewer's, and those that lead to it."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

from gallery.publishing.addressed import RESERVED
from gallery.publishing.assets.files import MIME, ResponsivePicture, content_of
from gallery.publishing.collection import compare_script, parameters
from gallery.publishing.machine.json_ld import linked_model
from gallery.publishing.machine.manifest import encode, entry
from gallery.publishing.page import PageContext, write_page
from gallery.publishing.parts.badge import HEIGHT as HEIGHT_OF_BADGE
from gallery.publishing.parts.badge import badge
from gallery.publishing.parts.components import misfits
from gallery.publishing.parts.numbers import count
from gallery.publishing.viewer_page import ViewerPage, viewer_files
from gallery.publishing.views import ModelView, placed_in

RELATIVES = 12
"""Most models in the table of a model's family."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """What a model's page shows of other models.

    Attributes:
        similar: The most similar ones.
        family: Those of its family, including itself; empty if it is alone.
        parts: The components of the whole that it is a component of.
        before: The one before in the index, or None.
        after: The one after.
    """

    similar: Sequence[ModelView]
    family: Sequence[ModelView]
    parts: Sequence[ModelView]
    before: ModelView | None
    after: ModelView | None


def write_model(context: PageContext, model: ModelView, near: Near) -> str:
    """Write a model's page, its facts as JSON and its data for the comparison."""

    def data() -> dict[str, bytes | None]:
        whole = context.entire(model)
        known = entry(whole)
        curves = whole.exhibit.run[1] if whole.exhibit.run else None
        files: dict[str, bytes | None] = {
            f"{model.slug}/facts.json": encode(known),
            f"{model.slug}/compare.js": compare_script(known, curves),
        }
        if drawing := _badge(model)[0]:
            files[f"{model.slug}/badge.svg"] = drawing
        return files | dict.fromkeys(placed_in(whole))

    files = context.earlier.files(context.site, context.digests.of_data("data", [model]), data)

    def late() -> dict[str, Any]:
        mark = files.get(f"{model.slug}/badge.svg")
        if mark is not None:
            mark = replace(mark, width=_badge(model)[1], height=HEIGHT_OF_BADGE)
        return {
            "facts_file": files[f"{model.slug}/facts.json"],
            "badge": mark,
            "linked": linked_model(model, context.settings),
            "misfits": misfits(model, near.parts),
        }

    return write_page(
        context,
        "model.html",
        f"{model.slug}/index.html",
        late,
        model=model,
        face=model,
        similar=near.similar,
        family=near.family,
        parts=near.parts if len(near.parts) > 1 else (),
        before=near.before,
        after=near.after,
    )


def write_moved(context: PageContext, model: ModelView, taken: AbstractSet[str]) -> None:
    """Write a page at the address of each export that has none of its own; it leads to this one."""
    for one in model.exports:
        if one.slug not in taken and one.slug not in RESERVED:
            write_page(context, "moved.html", f"{one.slug}/index.html", model=model, export=one)


def write_viewer(context: PageContext, model: ModelView) -> list[str]:
    """Write the viewer's page and files if the model has a viewer; returns the page's path."""
    packed = model.exhibit.file("viewer")
    if packed is None:
        return []
    icon = context.static.icon

    def make() -> dict[str, bytes]:
        diagram = model.exhibit.file("diagram")
        page = ViewerPage(
            slug=model.slug,
            title=model.title,
            pictures=_pictures(context.entire(model)),
            alt=model.hero.scan.caption if model.hero else "",
            icon=icon.href,
            diagram=content_of(diagram).decode("utf-8") if diagram else "",
            icon_type=MIME[icon.format],
        )
        return viewer_files(context.env, content_of(packed), page, context.settings)

    source = context.digests.of("viewer", [model.slug, icon.href, icon.format, model])
    context.earlier.files(context.site, source, make)
    return [model.viewer]


def _pictures(model: ModelView) -> dict[str, ResponsivePicture]:
    """The main scan's pictures by ground."""
    if model.hero is None:
        return {}
    on_paper = {"light": model.light} if model.light else {}
    return {**on_paper, model.hero.scan.ground: model.hero.picture}


def relatives(models: Sequence[ModelView]) -> dict[str, Sequence[ModelView]]:
    """The models of the same family for each model's page, by slug, oldest first.

    Of a large family those around the model, so that a page changes with few others.
    """
    families: dict[str, list[ModelView]] = {}
    for model in models:
        if model.family:
            families.setdefault(model.family.casefold(), []).append(model)
    found: dict[str, Sequence[ModelView]] = {}
    for ones in families.values():
        ones.sort(key=lambda one: (one.exhibit.front.year or 9999, parameters(one) or 0))
        for number, model in enumerate(ones if len(ones) > 1 else ()):
            first = max(0, min(number - RELATIVES // 2, len(ones) - RELATIVES))
            found[model.slug] = ones[first : first + RELATIVES]
    return found


def _badge(model: ModelView) -> tuple[bytes, int]:
    """The badge of a model and its width; nothing if its numbers are unknown."""
    if model.facts is None:
        return b"", 0
    value = f"{count(model.facts.parameters)} parameters"
    made = model.exhibit.provenance
    return badge(model.title, value, made.entries() if made else None)
