"""The pages of a site, each from its template."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gallery.cache import Cache
from gallery.publishing.assets.earlier import Earlier
from gallery.publishing.assets.files import MIME, Placed, content_of, write
from gallery.publishing.assets.inline import inline
from gallery.publishing.assets.sandbox import Sandbox
from gallery.publishing.assets.static import Static
from gallery.publishing.assets.templates import render
from gallery.publishing.collection import (
    SIZES,
    collection_script,
    compare_script,
    filters,
    thumbnails,
    work,
)
from gallery.publishing.groups import Group, groups_of, pages_by_name
from gallery.publishing.how_to_read.page import how_to_read
from gallery.publishing.kept import Digests, used
from gallery.publishing.machine.json_ld import linked_collection, linked_model
from gallery.publishing.machine.manifest import encode, entry
from gallery.publishing.parts.badge import HEIGHT as HEIGHT_OF_BADGE
from gallery.publishing.parts.badge import badge
from gallery.publishing.parts.components import components, misfits
from gallery.publishing.parts.numbers import count
from gallery.publishing.parts.scatter import HEIGHT, WIDTH, Scatter, scatter
from gallery.publishing.parts.similar import similar
from gallery.publishing.settings import SiteSettings
from gallery.publishing.viewer_page import ViewerPage, viewer_files
from gallery.publishing.views import ModelView, model_view, placed_in
from gallery.text import DEVICES

RESERVED = DEVICES | {
    "404", "assets", "compare", "family", "how-to-read", "index", "page", "tag", "year",
}  # fmt: skip
"""Names at the root of the site that no model may have."""

RELATIVES = 24
"""Most models in the table of a model's family."""

PER_PAGE = 120
"""Cards on a page of the index; at about 1.3 kB each a page stays under 300 kB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageContext:
    """What all pages of a site share.

    Attributes:
        env: Templates.
        site: Root directory.
        settings: The site's settings.
        static: Style sheet and scripts.
        cache: Keeps what is expensive to draw for the next build, or None.
        sheet: Contact sheet with one scan per model, or None.
        groups: Families, years and tags that have a page.
        earlier: The site that this one replaces.
        digests: Tell whether a file of it is still the same.
        latest: The model whose pages were written last, entire, by its slug.
    """

    env: Sandbox
    site: Path
    settings: SiteSettings
    static: Static
    cache: Cache | None = None
    sheet: Placed | None = None
    groups: tuple[Group, ...] = ()
    earlier: Earlier = field(default_factory=Earlier)
    digests: Digests = field(default_factory=lambda: Digests(""))
    latest: dict[str, ModelView] = field(default_factory=dict)

    def entire(self, model: ModelView) -> ModelView:
        """A model with all that its own page shows; that of one model is kept at a time.

        Raises:
            PublishError: A file of it cannot be read, or the site cannot be written.
        """
        if model.exhibit.more is None:
            return model
        if model.slug not in self.latest:
            self.latest.clear()
            self.latest[model.slug] = model_view(model.exhibit.entire(), self.site, self.cache)
        return self.latest[model.slug]


def write_pages(context: PageContext, models: Sequence[ModelView]) -> list[str]:
    """Write every page with its data.

    Args:
        context: What the pages share.
        models: In the order of the index.

    Returns:
        Paths of the pages from the root.

    Raises:
        PublishError: If a template is wrong or the site cannot be written.
    """
    context = replace(context, groups=groups_of(models))
    data = _collection(context, models)
    pages = [*write_index(context, models, data), *_groups(context)]
    wholes, taken, relatives = components(models), {one.slug for one in models}, _relatives(models)
    alike = [[models[i] for i in ones] for ones in similar([one.facts for one in models])]
    for number, others in enumerate(alike):
        near = Near(
            similar=others,
            family=relatives.get(models[number].slug, ()),
            parts=wholes.get(models[number].exhibit.whole, ()),
            before=models[number - 1] if number else None,
            after=models[number + 1] if number + 1 < len(models) else None,
        )
        pages += _viewer(context, models[number])
        pages.append(_model(context, models[number], near))
        _moved(context, models[number], taken)
    face = _opening(models)
    shown = [one for one in models if one.facts is not None]
    pages.append(
        _page(
            context,
            "compare.html",
            "compare/index.html",
            models=shown[:PER_PAGE],
            total=len(shown),
            face=face,
            pair=_pair(models, alike, face),
            data=data,
        )
    )
    examples = [context.entire(one) for one in _examples(models)]
    explained = how_to_read(models, context.entire, context.site, context.cache)
    pages.append(
        _page(
            context,
            "how-to-read.html",
            "how-to-read/index.html",
            examples=examples,
            face=face,
            lesson=explained,
        )
    )
    pages.append(_lost(context))
    return pages


def _collection(context: PageContext, models: Sequence[ModelView]) -> Placed:
    """Write what scripts know about all models."""
    script = collection_script(models, _plot(models), context.settings.provenance())
    return write(context.site, "assets/collection.js", script, hashed=True)


def _plot(models: Sequence[ModelView]) -> Scatter | None:
    """The plot of all models."""
    return scatter([(_parameters(one), work(one)) for one in models])


def write_index(
    context: PageContext, models: Sequence[ModelView], data: Placed | None = None
) -> list[str]:
    """Write the index, in pages of `PER_PAGE` cards.

    Args:
        context: What the pages share.
        models: In the order of the index.
        data: What its script knows about all models, or None to write that.

    Returns:
        Paths of its pages from the root.
    """
    plot, data = _plot(models), data or _collection(context, models)
    opening, choices = _opening(models), filters(models)
    chunks = [models[i : i + PER_PAGE] for i in range(0, len(models), PER_PAGE)] or [[]]
    paths = [_index_path(number) for number in range(1, len(chunks) + 1)]
    for number, (path, chunk) in enumerate(zip(paths, chunks, strict=True), start=1):
        _page(
            context,
            "index.html",
            path,
            data=data,
            models=chunk,
            everything=models if number == 1 else (),
            groups=context.groups if number == 1 else (),
            opening=opening,
            face=opening,
            filters=choices,
            plot=plot if number == 1 else None,
            plot_size=(WIDTH, HEIGHT),
            number=number,
            pages=paths,
            totals=_totals(models),
            linked=linked_collection(len(models), opening, context.settings),
        )
    return paths


def _groups(context: PageContext) -> list[str]:
    """Write a page for each family, year and tag of several models; returns their paths."""
    return [
        _page(
            context,
            "group.html",
            one.page,
            group=one,
            most=PER_PAGE,
            related=[
                (other.name, other.page, len(other.models))
                for other in context.groups
                if other.kind == one.kind and other is not one
            ],
            face=next((model for model in one.models if model.hero), None),
        )
        for one in context.groups
    ]


def _index_path(number: int) -> str:
    """Path of a page of the index, from 1."""
    return "index.html" if number == 1 else f"page/{number}/index.html"


def _opening(models: Sequence[ModelView]) -> ModelView | None:
    """The model at the top of the index: the one whose scan has the most edges."""
    scans = [one for one in models if one.hero is not None]
    return max(scans, key=lambda one: (_edges(one), one.slug), default=None)


def _pair(
    models: Sequence[ModelView], alike: Sequence[Sequence[ModelView]], face: ModelView | None
) -> tuple[ModelView, ...]:
    """Two models that the comparison opens with: one and the most similar other, or none."""
    pairs = [
        (one, other)
        for one, others in zip(models, alike, strict=True)
        for other in others
        if one.hero and other.hero
    ]
    return next((pair for pair in pairs if pair[0] is face), next(iter(pairs), ()))


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


def _model(context: PageContext, model: ModelView, near: Near) -> str:
    """Write a model's page, its facts as JSON and its data for the comparison."""
    drawing, width = _badge(model)

    def data() -> dict[str, bytes | None]:
        whole = context.entire(model)
        known = entry(whole)
        curves = whole.exhibit.run[1] if whole.exhibit.run else None
        files: dict[str, bytes | None] = {
            f"{model.slug}/facts.json": encode(known),
            f"{model.slug}/compare.js": compare_script(known, curves),
        }
        if drawing:
            files[f"{model.slug}/badge.svg"] = drawing
        return files | dict.fromkeys(placed_in(whole))

    source = context.digests.of("data", [model.slug, model])
    files = context.earlier.files(context.site, source, data)
    mark = files.get(f"{model.slug}/badge.svg")
    if mark is not None:
        mark = replace(mark, width=width, height=HEIGHT_OF_BADGE)
    return _page(
        context,
        "model.html",
        f"{model.slug}/index.html",
        model=model,
        face=model,
        similar=near.similar,
        family=near.family,
        parts=near.parts if len(near.parts) > 1 else (),
        misfits=misfits(model, near.parts),
        before=near.before,
        after=near.after,
        facts_file=files[f"{model.slug}/facts.json"],
        badge=mark,
        linked=linked_model(model, context.settings),
    )


def _moved(context: PageContext, model: ModelView, taken: AbstractSet[str]) -> None:
    """Write a page at the address of each export that has none of its own; it leads to this one."""
    for one in model.exports:
        if one.slug not in taken and one.slug not in RESERVED:
            _page(context, "moved.html", f"{one.slug}/index.html", model=model, export=one)


def _badge(model: ModelView) -> tuple[bytes, int]:
    """The badge of a model and its width; nothing if its numbers are unknown."""
    if model.facts is None:
        return b"", 0
    value = f"{count(model.facts.parameters)} parameters"
    made = model.exhibit.provenance
    return badge(model.title, value, made.entries() if made else None)


def _relatives(models: Sequence[ModelView]) -> dict[str, Sequence[ModelView]]:
    """The models of the same family for each model's page, by slug, oldest first.

    Of a large family those around the model, so that a page changes with few others.
    """
    families: dict[str, list[ModelView]] = {}
    for model in models:
        if model.family:
            families.setdefault(model.family.casefold(), []).append(model)
    found: dict[str, Sequence[ModelView]] = {}
    for ones in families.values():
        ones.sort(key=lambda one: (one.exhibit.front.year or 9999, _parameters(one) or 0))
        for number, model in enumerate(ones if len(ones) > 1 else ()):
            first = max(0, min(number - RELATIVES // 2, len(ones) - RELATIVES))
            found[model.slug] = ones[first : first + RELATIVES]
    return found


def _viewer(context: PageContext, model: ModelView) -> list[str]:
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
            picture=model.hero.picture if model.hero else None,
            alt=model.hero.scan.caption if model.hero else "",
            icon=icon.href,
            diagram=content_of(diagram).decode("utf-8") if diagram else "",
            icon_type=MIME[icon.format],
        )
        return viewer_files(context.env, content_of(packed), page, context.settings)

    source = context.digests.of("viewer", [model.slug, icon.href, icon.format, model])
    context.earlier.files(context.site, source, make)
    return [model.viewer]


def _lost(context: PageContext) -> str:
    """Write the page that hosts show for wrong addresses, at any depth; returns its path.

    Only addresses from the root of the host lead anywhere then. If the site's path there is
    unknown, the page loads no file, and a script of it corrects the links.
    """
    base = context.settings.base_url
    own = None if base else inline(context.site, context.static, context.settings)
    root = urlsplit(base).path or "/"
    return _page(context, "404.html", "404.html", root=root, inline=own)


def _page(context: PageContext, template: str, path: str, **values: Any) -> str:
    """Write one page; returns its path."""
    shared: dict[str, Any] = {"face": None, "inline": None, "root": "../" * path.count("/")}
    shared |= {"groups": context.groups, "page_of": pages_by_name(context.groups)}
    shared |= {"work": work, "thumbnails": thumbnails, "sizes": SIZES}
    shared |= {"path": path, "static": context.static, "sheet": context.sheet}
    shared |= {"icon_type": MIME[context.static.icon.format], **values}

    def make() -> dict[str, bytes]:
        shown = _with_entire(context, shared)
        return {path: render(context.env, template, **shown).encode("utf-8")}

    source = context.digests.of(f"{template} {path}", used(context.env, template, shared))
    context.earlier.files(context.site, source, make)
    return path


def _with_entire(context: PageContext, values: dict[str, Any]) -> dict[str, Any]:
    """The values of a page with all of the model that it is about, if it is about one."""
    model = values.get("model")
    if not isinstance(model, ModelView) or model.exhibit.more is None:
        return values
    whole = context.entire(model)

    def swapped(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [whole if one is model else one for one in value]
        return whole if value is model else value

    return {name: swapped(value) for name, value in values.items()}


def _edges(model: ModelView) -> int:
    return model.hero.scan.edges if model.hero else 0


def _parameters(model: ModelView) -> int | None:
    return model.facts.parameters if model.facts else None


def _totals(models: Sequence[ModelView]) -> dict[str, int]:
    """Sums over the collection."""
    scans = [one.hero.scan for one in models if one.hero]
    return {
        "models": len(models),
        "vertices": sum(one.vertices for one in scans),
        "edges": sum(one.edges for one in scans),
    }


def _examples(models: Sequence[ModelView]) -> list[ModelView]:
    """Models whose scans illustrate how to read one: those with the most scans first."""
    scans = [one for one in models if one.hero is not None]
    return sorted(scans, key=lambda one: (-(one.exhibit.drawn or len(one.variants) + 1), one.slug))[
        :3
    ]
