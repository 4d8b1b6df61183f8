"""Data of the collection for the pages' scripts, as scripts of their own.

Pages that are opened from disk may not fetch files, but they may load scripts: so each data file
is a call of one function that the page's script has put in place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from gallery.publish.files import Placed
from gallery.publish.prose import plain
from gallery.publish.views import ModelView

_WORD = re.compile(r"[^\W_]{2,24}")
_CARD_WIDTH = 640


def collection_script(models: Sequence[ModelView]) -> bytes:
    """All cards in short form and the words to find them by.

    Calls `galleryCollection({cards: [[slug, title, year, family, tags, parameters, macs,
    vertices, thumbnails], ...], words: {word: [index, ...]}})`.
    """
    words: dict[str, list[int]] = {}
    for index, model in enumerate(models):
        for word in sorted(words_of(model)):
            words.setdefault(word, []).append(index)
    value = {"cards": [card(model) for model in models], "words": dict(sorted(words.items()))}
    return _call("galleryCollection", value)


def card(model: ModelView) -> list[Any]:
    """One card in short form; null for what is not known."""
    facts = model.facts
    return [
        model.slug,
        model.title,
        model.exhibit.front.year,
        model.exhibit.front.family,
        model.tags,
        facts.parameters if facts else None,
        work(model),
        model.hero.scan.vertices if model.hero else None,
        [one.href for one in thumbnails(model)],
    ]


def work(model: ModelView) -> int | None:
    """Multiply-accumulates, or half the FLOPs where only those are known."""
    if model.facts is None:
        return None
    if model.facts.macs is not None:
        return model.facts.macs
    return None if model.facts.flops is None else model.facts.flops // 2


def thumbnails(model: ModelView) -> tuple[Placed, ...]:
    """The hero's small files of the most modern format, narrowest first."""
    if model.hero is None:
        return ()
    if not model.hero.picture.sources:
        return (model.hero.picture.fallback,)
    files = model.hero.picture.sources[0].candidates
    small = tuple(one for one in files if one.width <= _CARD_WIDTH)
    return small or files[:1]


def words_of(model: ModelView) -> set[str]:
    """Words that a visitor may look for: names, tags, operators and prose, in lower case."""
    front = model.exhibit.front
    texts = [model.title, model.slug, *model.tags, *front.authors, front.paper]
    texts += [plain(model.prose), str(front.year or "")]
    texts += list(model.facts.histogram) if model.facts else []
    return {word for text in texts for word in _WORD.findall(text.casefold())}


def compare_script(entry: dict[str, Any]) -> bytes:
    """One model's facts for the comparison: calls `galleryModel(slug, entry)`."""
    return _call("galleryModel", entry)


def _call(function: str, value: Any) -> bytes:
    body = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return f"{function}({body});\n".encode("ascii")
