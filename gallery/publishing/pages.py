"""All pages of a site, with their data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from gallery.publishing.assets.inline import inline
from gallery.publishing.groups import groups_of
from gallery.publishing.how_to_read.page import how_to_read
from gallery.publishing.index_pages import (
    PER_PAGE,
    opening_of,
    write_collection,
    write_groups,
    write_index,
)
from gallery.publishing.model_pages import Near, relatives, write_model, write_moved, write_viewer
from gallery.publishing.page import PageContext, write_page
from gallery.publishing.parts.components import components
from gallery.publishing.parts.similar import similar
from gallery.publishing.views import ModelView


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
    data = write_collection(context, models)
    pages = [*write_index(context, models, data), *write_groups(context)]
    wholes, taken, kin = components(models), {one.slug for one in models}, relatives(models)
    alike = [[models[i] for i in ones] for ones in similar([one.facts for one in models])]
    for number, others in enumerate(alike):
        near = Near(
            similar=others,
            family=kin.get(models[number].slug, ()),
            parts=wholes.get(models[number].exhibit.whole, ()),
            before=models[number - 1] if number else None,
            after=models[number + 1] if number + 1 < len(models) else None,
        )
        pages += write_viewer(context, models[number])
        pages.append(write_model(context, models[number], near))
        write_moved(context, models[number], taken)
    face = opening_of(models)
    shown = [one for one in models if one.facts is not None]
    pages.append(
        write_page(
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
        write_page(
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


def _lost(context: PageContext) -> str:
    """Write the page that hosts show for wrong addresses, at any depth; returns its path.

    Only addresses from the root of the host lead anywhere then. If the site's path there is
    unknown, the page loads no file, and a script of it corrects the links.
    """
    base = context.settings.base_url
    own = None if base else inline(context.site, context.static, context.settings)
    root = urlsplit(base).path or "/"
    return write_page(context, "404.html", "404.html", root=root, inline=own)


def _examples(models: Sequence[ModelView]) -> list[ModelView]:
    """Models whose scans illustrate how to read one: those with the most scans first."""
    scans = [one for one in models if one.hero is not None]
    return sorted(scans, key=lambda one: (-(one.exhibit.drawn or len(one.variants) + 1), one.slug))[
        :3
    ]
