"""What pages and manifest show of a model card."""

from __future__ import annotations

import json
from collections.abc import Callable

from gallery.publishing import ImageFile, Site
from gallery.settings.cards import Card, CardResult
from gallery.settings.values import FrontMatter
from tests.publishing.sample_exhibits import HOSTILE, make_exhibit

CARD = Card(
    languages=("en", "no"),
    task="image-classification",
    library="onnx",
    datasets=("imagenet-1k",),
    base_models=("acme/one",),
    base_model_relation="quantized",
    licence_link="https://example.org/licence",
    co2="12.50",
    results=(CardResult(task="Task A", dataset="Data B", metric="Top 5", value="0.930"),),
    others={"layout": "post"},
)


def test_a_card_is_shown_where_a_visitor_looks(
    put: Callable[..., Site], pictures: tuple[ImageFile, ...]
) -> None:
    front = FrontMatter(licence="acme-research")
    one = make_exhibit("one", pictures, front=front, card=CARD, notes=("net.md: a note",))
    site = put([one])
    page = (site.root / "one" / "index.html").read_text("utf-8")
    told = ("image-classification", "en, no", "imagenet-1k", "acme/one", "quantized", "12.50 g")
    for text in (*told, "Task A", "Data B", "Top 5", "0.930", "net.md: a note"):
        assert text in page, text
    assert '<a href="https://example.org/licence"' in page
    (entry,) = json.loads((site.root / "manifest.json").read_bytes())["models"]
    assert entry["model_card"]["results"] == [
        {"task": "Task A", "dataset": "Data B", "metric": "Top 5", "value": "0.930"}
    ]
    assert entry["model_card"]["others"] == {"layout": "post"}


def test_no_word_of_a_card_becomes_markup(
    put: Callable[..., Site], pictures: tuple[ImageFile, ...]
) -> None:
    result = CardResult(task=HOSTILE, dataset=HOSTILE, metric=HOSTILE, value=HOSTILE)
    hostile = Card(
        languages=(HOSTILE,),
        task=HOSTILE,
        library=HOSTILE,
        datasets=(HOSTILE,),
        base_models=(HOSTILE,),
        licence_link="javascript:alert(1)",
        co2=HOSTILE,
        results=(result,),
    )
    front = FrontMatter(licence="x")
    site = put([make_exhibit("one", pictures, front=front, card=hostile, notes=(HOSTILE,))])
    page = (site.root / "one" / "index.html").read_text("utf-8")
    assert "javascript:alert" not in page
    assert HOSTILE not in page
