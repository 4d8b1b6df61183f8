"""What a model card says besides the gallery's own keys.

The keys are those of the Hugging Face Hub's model cards,
https://huggingface.co/docs/hub/model-cards#model-card-metadata. A card is never wrong: what has
another form than the documentation gives is left out, and keys that are not in it are kept as text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_LONGEST, _MOST, _MOST_OTHERS = 200, 256, 64
_RESULTS = 100
_OTHER = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class CardResult:
    """A result of an evaluation, from `model-index`.

    Attributes:
        task: What was evaluated ("image-classification").
        dataset: On what data, with the part of it in brackets ("GLUE (mrpc, validation)").
        metric: The measure.
        value: Its value, as written.
    """

    task: str
    dataset: str
    metric: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The keys of a model card that are not the gallery's own.

    Attributes:
        languages: Languages that the model is for, as tags.
        task: What it is for ("image-classification"), from `pipeline_tag`.
        library: The library that it is used with, from `library_name`.
        datasets: Data that it was trained on.
        base_models: Models that it was made from.
        base_model_relation: How ("finetune", "quantized", ...), or "".
        licence_link: URL or file name of the licence's text, or "".
        metrics: Measures that it is evaluated by.
        co2: Grams of carbon dioxide that training emitted, as written, or "".
        results: Results of evaluations.
        others: All other keys, with their values as text or JSON.
    """

    languages: tuple[str, ...] = ()
    task: str = ""
    library: str = ""
    datasets: tuple[str, ...] = ()
    base_models: tuple[str, ...] = ()
    base_model_relation: str = ""
    licence_link: str = ""
    metrics: tuple[str, ...] = ()
    co2: str = ""
    results: tuple[CardResult, ...] = ()
    others: dict[str, str] = field(default_factory=dict)


KEYS = frozenset(
    {
        *("language", "pipeline_tag", "library_name", "datasets", "base_model"),
        *("base_model_relation", "license_name", "license_link", "metrics"),
        *("co2_eq_emissions", "model-index"),
    }
)
"""Keys of a card that have a field of `Card`, or go with a key of the gallery's."""


def card_of(head: Mapping[str, Any]) -> Card:
    """The card of a head.

    Args:
        head: Plain values by key, without the gallery's own keys.
    """
    emitted = head.get("co2_eq_emissions")
    return Card(
        languages=texts(head.get("language")),
        task=_text(head.get("pipeline_tag")),
        library=_text(head.get("library_name")),
        datasets=texts(head.get("datasets")),
        base_models=texts(head.get("base_model")),
        base_model_relation=_text(head.get("base_model_relation")),
        licence_link=_text(head.get("license_link")),
        metrics=texts(head.get("metrics")),
        co2=_text(emitted.get("emissions") if isinstance(emitted, dict) else emitted),
        results=tuple(_results(head.get("model-index")))[:_RESULTS],
        others=_others(head),
    )


def texts(value: object) -> tuple[str, ...]:
    """A text, or the texts of a list, each at most 200 characters long; without duplicates.

    >>> texts("en"), texts(["en", None, "no", "en"])
    (('en',), ('en', 'no'))
    """
    values = value if isinstance(value, list) else [value]
    return tuple(dict.fromkeys(text for one in values if (text := _text(one))))[:_MOST]


def licence(head: Mapping[str, Any]) -> object:
    """The licence as the gallery's key has it: a name, whichever way the card gives it.

    >>> licence({"license": "other", "license_name": "acme"}), licence({"license": ["mit", "isc"]})
    ('acme', 'mit, isc')
    """
    given = head.get("license")
    if isinstance(given, list):
        return ", ".join(texts(given))
    return (_text(head.get("license_name")) or given) if given in ("other", None) else given


def paper(tags: tuple[str, ...], prose: str) -> str:
    """URL of the paper that the tags name as the hub does, or that the prose links to first.

    >>> paper(("vision", "arxiv:1512.03385"), "")
    'https://arxiv.org/abs/1512.03385'
    """
    tagged = (match[1] for tag in tags if (match := _ARXIV_TAG.fullmatch(tag)))
    linked = _ARXIV_LINK.search(prose)
    number = next(tagged, linked[1] if linked else "")
    return f"https://arxiv.org/abs/{number}" if number else ""


def is_paper(tag: str) -> bool:
    """Whether a tag names a paper."""
    return bool(_ARXIV_TAG.fullmatch(tag))


_NUMBER = r"(\d{4}\.\d{4,5}(?:v\d{1,2})?|[a-z.-]{2,20}/\d{7})"
_ARXIV_TAG = re.compile(rf"arxiv:{_NUMBER}", re.IGNORECASE)
_ARXIV_LINK = re.compile(rf"https?://(?:www\.)?arxiv\.org/(?:abs|pdf)/{_NUMBER}")


def _text(value: object) -> str:
    return value.strip()[:_LONGEST] if isinstance(value, str) else ""


def _results(index: object) -> Iterator[CardResult]:
    for model in _tables(index):
        for result in _tables(model.get("results")):
            for metric in _tables(result.get("metrics")):
                name, value = _name(metric), metric.get("value")
                if name and value is not None:
                    yield CardResult(
                        task=_name(result.get("task")),
                        dataset=_dataset(result.get("dataset")),
                        metric=name,
                        value=_text(value) or _written(value).replace('"', "")[:_LONGEST],
                    )


def _tables(value: object) -> Iterator[dict[str, Any]]:
    yield from (one for one in (value if isinstance(value, list) else ()) if isinstance(one, dict))


def _name(value: object) -> str:
    """The name of a task, a data set or a metric, or else its type."""
    if not isinstance(value, dict):
        return _text(value)
    return _text(value.get("name")) or _text(value.get("type"))


def _dataset(value: object) -> str:
    """The name of a data set, with its part and split unless the name says them."""
    name = _name(value)
    given = (
        [_text(value.get(key)) for key in ("config", "split")] if isinstance(value, dict) else []
    )
    more = [one for one in given if one not in ("", "default") and one.lower() not in name.lower()]
    return f"{name} ({', '.join(more)})" if name and more else name


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _others(head: Mapping[str, Any]) -> dict[str, str]:
    others = {
        key[:_LONGEST]: _written(value)
        for key, value in head.items()
        if key not in KEYS and value is not None
    }
    return dict([(key, text) for key, text in others.items() if len(text) <= _OTHER][:_MOST_OTHERS])
