"""Data of the collection for the pages' scripts, in the form of scripts.

Pages opened from disk may not fetch files, but they may load scripts, so each data file is a call
of a function that the page's script defines. A search library such as Pagefind fetches its index
and compiles WebAssembly, which browsers forbid to pages from disk and the site's security policy
forbids as well. The index of 2,000 models with 160 words of prose each is 0.5 MB deflated. It is
loaded when the visitor turns to the search, and is searched in a few hundredths of a second.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from gallery.publishing.assets.files import Placed
from gallery.publishing.parts.clean import shorten
from gallery.publishing.parts.scatter import Scatter
from gallery.publishing.views import ModelView
from gallery.rendering.provenance import Provenance

if TYPE_CHECKING:
    from gallery.costs.facts import Facts
    from gallery.execution.results import RunCurves

SIZES = (1_000_000, 10_000_000, 100_000_000, 1_000_000_000)
"""Bounds between the size classes, in parameters."""

OFFERED = 200
"""Most choices of a filter; the most frequent values are kept."""

_WORD = re.compile(r"[^\W_]{1,24}")
_CARD_WIDTH = 640
_LAYERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A value that the collection can be filtered by.

    Attributes:
        value: As written in the URL.
        label: As shown to visitors.
        models: How many models have it; 0 if that is not told.
    """

    value: str
    label: str
    models: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What the collection can be filtered by; a filter with a single choice is empty."""

    tag: tuple[Choice, ...]
    family: tuple[Choice, ...]
    year: tuple[Choice, ...]
    operator: tuple[Choice, ...]
    size: tuple[int, ...]


def filters(models: Sequence[ModelView]) -> Filters:
    """The filters of a collection, with the most frequent choices and the latest years first.

    Args:
        models: All of them.
    """
    sizes = sorted({size for one in models if (size := size_class(one.facts)) is not None})
    years = [year for one in models if (year := one.exhibit.front.year) is not None]
    return Filters(
        tag=_choices(tag for one in models for tag in one.tags),
        family=_choices(one.family for one in models if one.family),
        year=tuple(sorted(_choices(map(str, years)), key=lambda one: -int(one.value))),
        operator=_choices(
            shorten(name, 60)
            for one in models
            for name in (one.facts.histogram if one.facts else ())
        ),
        size=tuple(sizes) if len(sizes) > 1 else (),
    )


def uncounted(filters: Filters) -> Filters:
    """The filters without how many models have what, for pages that are not to change with it."""

    def without(choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
        return tuple(replace(one, models=0) for one in choices)

    return replace(
        filters,
        tag=without(filters.tag),
        family=without(filters.family),
        year=without(filters.year),
        operator=without(filters.operator),
    )


def _choices(values: Iterable[str]) -> tuple[Choice, ...]:
    counted = sorted(Counter(values).items(), key=lambda item: (-item[1], item[0].casefold()))
    if len(counted) < 2:
        return ()
    return tuple(
        Choice(value=value, label=value, models=number) for value, number in counted[:OFFERED]
    )


def size_class(facts: Facts | None) -> int | None:
    """Number of bounds in `SIZES` that the parameters reach; None if they are unknown."""
    return None if facts is None else sum(facts.parameters >= bound for bound in SIZES)


def collection_script(
    models: Sequence[ModelView], plot: Scatter | None, made: Provenance | None = None
) -> bytes:
    """All cards in short form, with the words and operators to search them by.

    Calls `galleryCollection({cards: [[slug, title, year, family, tags, parameters, flops,
    vertices, edges, operators, place in the plot, thumbnails, exports], ...],
    words: {word: models, ...}, operators: {type: models, ...}})`, where models are their
    indices, each as the difference from the one before, in base 36, with spaces between.

    Args:
        models: In the order of the index.
        plot: The scatter plot of the models, or None.
        made: What it is made from, for a comment, or None.
    """
    places = {one.index: [one.home_x, one.home_y] for one in plot.points} if plot else {}
    value = {
        "cards": [card(model, places.get(index)) for index, model in enumerate(models)],
        "words": _inverted(words_of(model) for model in models),
        "operators": _inverted(
            {shorten(name, 60) for name in one.facts.histogram} if one.facts else ()
            for one in models
        ),
    }
    return _comment(made) + _call("galleryCollection", value)


def where_script(href: str, made: Provenance | None = None) -> bytes:
    """Calls `galleryCollectionAt(href)`, which loads what `collection_script` has made.

    Args:
        href: Its path from the root of the site.
        made: What it is made from, for a comment, or None.
    """
    return _comment(made) + _call("galleryCollectionAt", href)


def _comment(made: Provenance | None) -> bytes:
    return f"// {made.comment()}\n".encode("ascii") if made else b""


def _inverted(keys: Iterable[Iterable[str]]) -> dict[str, str]:
    """For each key the models that have it, as differences."""
    found: dict[str, list[int]] = {}
    for index, ones in enumerate(keys):
        for key in ones:
            found.setdefault(key, []).append(index)
    return {key: _differences(found[key]) for key in sorted(found)}


def _differences(numbers: Sequence[int]) -> str:
    """Ascending numbers as differences in base 36, starting from 0.

    >>> _differences([3, 4, 40])
    '3 1 10'
    """
    before = (0, *numbers)
    return " ".join(_base36(b - a) for a, b in zip(before, numbers, strict=False))


@cache
def _base36(number: int) -> str:
    return str(np.base_repr(number, 36)).lower()


def card(model: ModelView, place: list[float] | None) -> list[Any]:
    """One card in short form; unknown values are null."""
    facts, scan = model.facts, model.hero.scan if model.hero else None
    return [
        model.slug,
        model.title,
        model.exhibit.front.year,
        model.family,
        model.tags,
        facts.parameters if facts else None,
        work(model),
        scan.vertices if scan else None,
        scan.edges if scan else None,
        facts.operators if facts else None,
        place,
        [one.href for one in thumbnails(model)],
        len(model.exports),
    ]


def parameters(model: ModelView) -> int | None:
    """Parameters of a model; None if they are unknown."""
    return model.facts.parameters if model.facts else None


def work(model: ModelView) -> int | None:
    """Floating-point operations; twice the MACs if only those are known."""
    if model.facts is None:
        return None
    if model.facts.flops is not None:
        return model.facts.flops
    return None if model.facts.macs is None else 2 * model.facts.macs


def thumbnails(model: ModelView) -> tuple[Placed, ...]:
    """The main scan's small files in the most modern format, narrowest first."""
    if model.hero is None:
        return ()
    if not model.hero.picture.sources:
        return (model.hero.picture.fallback,)
    files = model.hero.picture.sources[0].candidates
    small = tuple(one for one in files if one.width <= _CARD_WIDTH)
    return small or files[:1]


def words_of(model: ModelView) -> list[str]:
    """Words that a visitor may search for: names, tags, operators and prose, in lower case."""
    front = model.exhibit.front
    texts = [model.title, model.slug, *model.tags, *front.authors, front.paper, front.year or ""]
    texts += [model.exhibit.role, *(one.label for one in model.exports)]
    texts += list(model.facts.histogram) if model.facts else []
    words = {word for text in texts for word in _WORD.findall(str(text).casefold())}
    # A single letter or digit distinguishes GPT-2 from GPT-3, but says nothing in prose.
    words |= {one for one in _WORD.findall(model.text.casefold()) if len(one) > 1}
    return sorted(words)


_COMPARED = (
    "parameters", "macs", "flops", "activations", "operators", "depth", "opsets", "producer",
    "histogram",
)  # fmt: skip
"""The facts that the comparison shows."""


def compare_script(entry: dict[str, Any], curves: RunCurves | None = None) -> bytes:
    """What the comparison shows of a model, out of its entry in the manifest.

    Calls `galleryModel({slug, title, front, facts, scans, layers, run})`: layers are those directly
    below the model, each as [name, type, parameters, flops]; the run has its times and, by columns
    of equal time, compute and exchange in thousandths, and memory in bytes.

    Args:
        entry: The model's entry in the manifest.
        curves: The charts of its run, if it has one.
    """
    facts = entry["facts"]
    inside = [one for one in facts["layers"] if one["depth"] == 1] if facts else []
    names = ("key", "caption", "attribute", "passes", "ground", "skeleton", "vertices", "edges")
    value = {
        "slug": entry["slug"],
        "title": entry["title"],
        "provenance": entry["provenance"],
        "front": {name: entry["front"][name] for name in ("year", "family", "licence")},
        "facts": {name: facts[name] for name in _COMPARED} if facts else None,
        "scans": [
            {
                **{name: scan[name] for name in names},
                "pictures": [
                    {name: one[name] for name in ("href", "format", "width", "height")}
                    for one in scan["pictures"]
                ],
            }
            for scan in entry["scans"]
        ],
        "layers": [
            [one["name"], one["type"], one["parameters"], one["flops"]] for one in inside[:_LAYERS]
        ],
        "run": _compared_run(entry["run"], curves) if curves else None,
    }
    return _call("galleryModel", value)


def _compared_run(run: dict[str, Any], curves: RunCurves) -> dict[str, Any]:
    return {
        **{name: run[name] for name in ("processor", "seconds", "peak")},
        "passes": "training" if len(run["passes"]) > 1 else "forward",
        "compute": curves.compute,
        "exchange": curves.exchange,
        "memory": [sum(column) for column in zip(*curves.memory, strict=True)],
    }


def _call(function: str, value: Any) -> bytes:
    body = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return f"{function}({body});\n".encode("ascii")
