"""The pages of a site, each from its template."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment

from gallery.errors import PublishError
from gallery.publish.badge import badge
from gallery.publish.collection import collection_script, compare_script, thumbnails, work
from gallery.publish.files import write
from gallery.publish.linked import linked_data
from gallery.publish.manifest import encode, entry
from gallery.publish.numbers import count
from gallery.publish.scatter import HEIGHT, WIDTH, scatter
from gallery.publish.settings import SiteSettings
from gallery.publish.similar import similar
from gallery.publish.static import Static
from gallery.publish.templates import render
from gallery.publish.viewer_page import ViewerPage, viewer_files
from gallery.publish.views import ModelView

PER_PAGE = 120
"""Cards on a page of the index: about 1.3 kB each, so that a page stays under 300 kB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What all pages of a site share.

    Attributes:
        env: Templates.
        site: Root directory.
        settings: The site's.
        static: Style sheet and scripts.
    """

    env: Environment
    site: Path
    settings: SiteSettings
    static: Static


def write_pages(context: Context, models: Sequence[ModelView]) -> list[str]:
    """Write every page with its data.

    Args:
        context: What the pages share.
        models: In the order of the index.

    Returns:
        Paths of the pages from the root.

    Raises:
        PublishError: If a template is wrong or the site cannot be written.
    """
    pages = _index(context, models)
    for model in models:
        pages += _viewer(context, model)
    for model, others in zip(models, similar([one.facts for one in models]), strict=True):
        pages.append(_model(context, model, [models[i] for i in others]))
    shown = [one for one in models if one.facts is not None]
    pages.append(_page(context, "compare.html", "compare/index.html", models=shown))
    examples = _examples(models)
    pages.append(_page(context, "how-to-read.html", "how-to-read/index.html", examples=examples))
    pages.append(_page(context, "404.html", "404.html"))
    return pages


def _index(context: Context, models: Sequence[ModelView]) -> list[str]:
    """The index, in pages of `PER_PAGE` cards, and the data that its script works with."""
    data = write(context.site, "assets/collection.js", collection_script(models), hashed=True)
    scans = [one for one in models if one.hero is not None]
    opening = max(scans, key=lambda one: (_vertices(one), one.slug), default=None)
    families = Counter(tag for one in models for tag in one.tags)
    chunks = [models[i : i + PER_PAGE] for i in range(0, len(models), PER_PAGE)] or [[]]
    paths = [_index_path(number) for number in range(1, len(chunks) + 1)]
    for number, (path, chunk) in enumerate(zip(paths, chunks, strict=True), start=1):
        _page(
            context,
            "index.html",
            path,
            data=data,
            models=chunk,
            everything=models,
            opening=opening,
            tags=sorted(families.items(), key=lambda item: (-item[1], item[0])),
            plot=scatter([(_parameters(one), _flops(one)) for one in models]),
            plot_size=(WIDTH, HEIGHT),
            number=number,
            pages=paths,
            totals=_totals(models),
        )
    return paths


def _index_path(number: int) -> str:
    """Path of a page of the index, from 1."""
    return "index.html" if number == 1 else f"page/{number}/index.html"


def _model(context: Context, model: ModelView, others: Sequence[ModelView]) -> str:
    """A model's page, its facts as JSON and its data for the comparison."""
    known = entry(model)
    facts = write(context.site, f"{model.slug}/facts.json", encode(known))
    write(context.site, f"{model.slug}/compare.js", compare_script(known))
    mark = None
    if model.facts is not None:
        value = f"{count(model.facts.parameters)} parameters"
        mark = write(context.site, f"{model.slug}/badge.svg", badge(model.title, value))
    return _page(
        context,
        "model.html",
        f"{model.slug}/index.html",
        model=model,
        similar=others,
        facts_file=facts,
        badge=mark,
        linked=linked_data(model, context.settings),
    )


def _viewer(context: Context, model: ModelView) -> list[str]:
    """The viewer's page and files, where the model has a viewer; returns the page's path."""
    source = model.exhibit.viewer
    if source is None:
        return []
    try:
        data = source.read_bytes()
    except OSError as error:
        found = f"the viewer's data cannot be read: {error.strerror or error}"
        raise PublishError(found, model.slug, "build again without the cache") from error
    shown = model.hero.picture.fallback if model.hero else None
    page = ViewerPage(
        slug=model.slug,
        title=model.title,
        picture=shown.href if shown else "",
        width=shown.width if shown else 0,
        height=shown.height if shown else 0,
        alt=model.hero.scan.caption if model.hero else "",
        icon=context.static.icon.href,
    )
    for path, content in viewer_files(context.env, data, page, context.settings).items():
        write(context.site, path, content)
    return [model.viewer]


def _page(context: Context, template: str, path: str, **values: Any) -> str:
    """Write one page; returns its path."""
    # A host shows the 404 page at any depth: there only the site's own path leads back.
    lost = path == "404.html" and context.settings.base_url
    text = render(
        context.env,
        template,
        root=urlsplit(context.settings.base_url).path if lost else "../" * path.count("/"),
        path=path,
        static=context.static,
        work=work,
        thumbnails=thumbnails,
        **values,
    )
    write(context.site, path, text.encode("utf-8"))
    return path


def _vertices(model: ModelView) -> int:
    return model.hero.scan.vertices if model.hero else 0


def _parameters(model: ModelView) -> int | None:
    return model.facts.parameters if model.facts else None


def _flops(model: ModelView) -> int | None:
    """Floating-point operations; two for each multiply-accumulate where only those are known."""
    if model.facts is None or model.facts.flops is not None:
        return model.facts.flops if model.facts else None
    return None if model.facts.macs is None else 2 * model.facts.macs


def _totals(models: Sequence[ModelView]) -> dict[str, int]:
    """Sums over the collection."""
    heroes = [one.hero.scan for one in models if one.hero]
    return {
        "models": len(models),
        "vertices": sum(one.vertices for one in heroes),
        "edges": sum(one.edges for one in heroes),
    }


def _examples(models: Sequence[ModelView]) -> list[ModelView]:
    """Models whose scans illustrate how to read one: those with the most variants first."""
    scans = [one for one in models if one.hero is not None]
    return sorted(scans, key=lambda one: (-len(one.variants), one.slug))[:3]
