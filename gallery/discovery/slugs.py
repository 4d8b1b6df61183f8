"""Short names of models in file names and URLs."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

from gallery.text import slugify

SUFFIX = ".onnx"
"""What the names of models end in, in any case."""


def slugs_of(relatives: Sequence[str]) -> list[str]:
    """A slug for each path, which rarely changes when other paths are added or removed.

    A path that already is a slug keeps it, and so does the only path with its slug; all others get
    a hash of the path at the end.
    """
    stems = [text[: -len(SUFFIX)] if text.lower().endswith(SUFFIX) else text for text in relatives]
    plain = [slugify(stem) for stem in stems]
    shared = Counter(plain)
    slugs: dict[int, str] = {}
    taken: set[str] = set()
    for exact in (True, False):
        for index, slug in enumerate(plain):
            fits = slug == stems[index] if exact else shared[slug] == 1
            if index not in slugs and fits and slug not in taken:
                slugs[index] = slug
                taken.add(slug)
    for index, slug in enumerate(plain):
        if index not in slugs:
            digest = hashlib.sha256(relatives[index].encode()).hexdigest()
            longer = (f"{slug}-{digest[:length]}" for length in range(8, len(digest)))
            slugs[index] = next(text for text in longer if text not in taken)
            taken.add(slugs[index])
    return [slugs[index] for index in range(len(plain))]
