"""The index of a site, its data for scripts, and the pages of families, years and tags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gallery.publishing.assets.files import Placed, write
from gallery.publishing.collection import (
    collection_script,
    filters,
    parameters,
    uncounted,
    where_script,
    work,
)
from gallery.publishing.machine.json_ld import linked_collection
from gallery.publishing.page import PageContext, write_page
from gallery.publishing.parts.scatter import HEIGHT, WIDTH, Scatter, scatter
from gallery.publishing.views import ModelView

PER_PAGE = 120
"""Cards on a page of the index; at about 1.3 kB each a page stays under 300 kB."""


def write_collection(context: PageContext, models: Sequence[ModelView]) -> Placed:
    """Write what scripts know about all models."""
    script = collection_script(models, _plot(models), context.settings.provenance())
    return write(context.site, "assets/collection.js", script, hashed=True)


def _write_where(context: PageContext, data: Placed) -> Placed:
    """Write where that is, under a name that stays, so that pages stay that name this file.

    Returns:
        The file without its digest, since the pages do not change with it.
    """
    script = where_script(data.href, context.settings.provenance())
    return replace(write(context.site, "assets/collection.js", script), bytes=0, sha256="")


def _plot(models: Sequence[ModelView]) -> Scatter | None:
    """The plot of all models."""
    return scatter([(parameters(one), work(one)) for one in models])


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
    plot, data = _plot(models), data or write_collection(context, models)
    opening, choices = opening_of(models), filters(models)
    chunks = [models[i : i + PER_PAGE] for i in range(0, len(models), PER_PAGE)] or [[]]
    paths = [_path(number) for number in range(1, len(chunks) + 1)]
    of_all: dict[str, object] = {
        "data": data,
        "everything": models,
        "groups": context.groups,
        "opening": opening,
        "plot": plot,
        "totals": _totals(models),
        "sheet": context.sheet,
        "filters": choices,
    }
    later = {
        **dict.fromkeys(of_all),
        "data": _write_where(context, data) if len(chunks) > 1 else None,
        "everything": (),
        "groups": (),
        "filters": uncounted(choices),
    }
    for number, (path, chunk) in enumerate(zip(paths, chunks, strict=True), start=1):
        # A page after the first tells of its own models alone, and changes with them.
        face = opening if number == 1 else next((one for one in chunk if one.hero), None)
        write_page(
            context,
            "index.html",
            path,
            models=chunk,
            face=face,
            plot_size=(WIDTH, HEIGHT),
            number=number,
            pages=paths,
            linked=linked_collection(len(models), face, context.settings),
            **(of_all if number == 1 else later),
        )
    return paths


def write_groups(context: PageContext) -> list[str]:
    """Write a page for each family, year and tag of several models; returns their paths."""
    return [
        write_page(
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


def _path(number: int) -> str:
    """Path of a page of the index, from 1."""
    return "index.html" if number == 1 else f"page/{number}/index.html"


def opening_of(models: Sequence[ModelView]) -> ModelView | None:
    """The model at the top of the index: the one whose scan has the most edges."""
    scans = [one for one in models if one.hero is not None]
    return max(scans, key=lambda one: (_edges(one), one.slug), default=None)


def _edges(model: ModelView) -> int:
    return model.hero.scan.edges if model.hero else 0


def _totals(models: Sequence[ModelView]) -> dict[str, int]:
    """Sums over the collection."""
    scans = [one.hero.scan for one in models if one.hero]
    return {
        "models": len(models),
        "vertices": sum(one.vertices for one in scans),
        "edges": sum(one.edges for one in scans),
    }
