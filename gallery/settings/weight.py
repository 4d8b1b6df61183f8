"""The weight of a site in one word: which defaults [variants] in gallery.toml has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FULL: Mapping[str, Any] = {
    "formats": ["avif", "webp"],
    "quality": "best",
    "png": True,
    "names_drawn": True,
    "graphs": ["dot", "graphml", "npz"],
    "multiples": True,
    "poster_formats": ["webp", "pdf"],
    "poster_dpi": 150,
}
"""The values of [variants] in a full site that differ from the defaults, which are those of a light
one."""


def weighed(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """A table as gallery.toml holds it, with what its weight says where it says nothing itself."""
    site, variants = data.get("site"), data.get("variants", {})
    full = isinstance(site, Mapping) and site.get("weight") == "full"
    if not (full and isinstance(variants, Mapping)):
        return data
    return {**data, "variants": {**FULL, **variants}}
