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


def test_of_many_results_the_first_are_open_and_the_others_folded(
    put: Callable[..., Site], pictures: tuple[ImageFile, ...]
) -> None:
    results = tuple(
        CardResult(task="T", dataset=f"Data {number // 4}", metric=f"m{number}", value="1")
        for number in range(20)
    )
    site = put([make_exhibit("one", pictures, card=Card(results=results))])
    page = (site.root / "one" / "index.html").read_text("utf-8")
    shown, folded = page.split('id="results-title"')[1].split("<summary>8 more results</summary>")
    assert ("m11<" in shown, "m12<" in shown) == (True, False)
    assert folded.split("</details>")[0].count("<small>") == 2
    assert shown.count("<small>") == 3
