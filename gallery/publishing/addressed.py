"""The addresses of models: their slugs, but none of the names that the site has for itself."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from gallery.errors import PublishError
from gallery.publishing.exhibit import Exhibit
from gallery.text import DEVICES

RESERVED = DEVICES | {
    "404", "assets", "compare", "family", "how-to-read", "index", "page", "tag", "year",
}  # fmt: skip
"""Names at the root of the site that no model may have."""

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def addressed(exhibits: Sequence[Exhibit]) -> list[Exhibit]:
    """The exhibits, renamed if their slug is one of the site's own names.

    Raises:
        PublishError: A slug is malformed or given twice.
    """
    taken = {one.slug for one in exhibits}
    if len(taken) != len(exhibits):
        slugs = [one.slug for one in exhibits]
        double = next(slug for slug in slugs if slugs.count(slug) > 1)
        raise PublishError(
            f"two exhibits have the slug {double!r}", hint="give every exhibit a slug of its own"
        )
    named = []
    for one in exhibits:
        if not _SLUG.fullmatch(one.slug) or len(one.slug) > 120:
            raise PublishError(
                f"the slug {one.slug[:60]!r} is malformed",
                hint="use at most 120 lower-case letters, digits and single hyphens",
            )
        slug = one.slug
        while slug in RESERVED or (slug != one.slug and slug in taken):
            slug += "-model"
        taken.add(slug)
        named.append(one if slug == one.slug else dataclasses.replace(one, slug=slug))
    return named
