"""Families, years and tags that several models have: each has a page of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gallery.discovery.slugs import slugs_of
from gallery.publishing.views import ModelView

MOST = 200
"""Most pages of each kind; those of the most models are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Models that have something in common.

    Attributes:
        kind: "family", "year" or "tag".
        name: The name of the family, the year, or the tag.
        page: Path of its page from the site's root.
        models: Those that have it, oldest first.
    """

    kind: str
    name: str
    page: str
    models: tuple[ModelView, ...]


def groups_of(models: Sequence[ModelView]) -> tuple[Group, ...]:
    """The groups of two models or more: families, years, then tags.

    Years are in descending order, the others by how many models they have.
    """

    def tags(model: ModelView) -> tuple[str, ...]:
        own = model.family.casefold()
        return tuple(tag for tag in model.tags if tag.casefold() != own)

    families = _grouped("family", models, lambda one: (one.family,) if one.family else ())
    years = _grouped("year", models, _year)
    newest = sorted(years, key=lambda one: int(one.name), reverse=True)
    return (*families, *newest, *_grouped("tag", models, tags))


def pages_by_name(groups: Sequence[Group]) -> dict[str, dict[str, str]]:
    """The path of each group's page, by its kind and by its name in lower case."""
    found: dict[str, dict[str, str]] = {"family": {}, "year": {}, "tag": {}}
    for one in groups:
        found[one.kind][one.name.casefold()] = one.page
    # A family is one of the tags of its models.
    return {**found, "tag": found["family"] | found["tag"]}


def _grouped(
    kind: str, models: Sequence[ModelView], names_of: Callable[[ModelView], Sequence[str]]
) -> tuple[Group, ...]:
    found: dict[str, list[ModelView]] = {}
    written: dict[str, str] = {}
    for model in models:
        for name in names_of(model):
            found.setdefault(name.casefold(), []).append(model)
            written.setdefault(name.casefold(), name)
    several = sorted(
        (key for key, ones in found.items() if len(ones) > 1),
        key=lambda key: (-len(found[key]), key),
    )[:MOST]
    slugs = _slugs(several)
    return tuple(
        Group(
            kind=kind,
            name=written[key],
            page=f"{kind}/{slugs[key]}/index.html",
            models=tuple(sorted(found[key], key=_age)),
        )
        for key in several
    )


def _slugs(names: Sequence[str]) -> Mapping[str, str]:
    """A name for addresses of each; they do not depend on how many models have them."""
    ordered = sorted(names)
    return dict(zip(ordered, slugs_of(ordered), strict=True))


def _year(model: ModelView) -> tuple[str, ...]:
    year = model.exhibit.front.year
    return () if year is None else (str(year),)


def _age(model: ModelView) -> tuple[int, str, str]:
    return model.exhibit.front.year or 9999, model.title.casefold(), model.slug
