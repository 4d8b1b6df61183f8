"""Model cards as hubs have them."""

from __future__ import annotations

from gallery.settings.cards import Card, CardResult
from gallery.settings.front_matter import words_of

CARD = """---
license: other
license_name: acme-research
license_link: https://example.org/licence
language:
- en
- no
library_name: onnx
pipeline_tag: image-classification
base_model: [acme/one, acme/two]
base_model_relation: quantized
datasets: imagenet-1k
metrics: [accuracy]
co2_eq_emissions: {emissions: 12.50, source: a guess}
tags: [vision, 'arxiv:1512.03385', 2024-01-01]
thumbnail: https://example.org/t.png
widget:
- src: https://example.org/a.jpg
model-index:
- name: net
  results:
  - task: {type: image-classification, name: Classification}
    dataset: {type: imagenet-1k, name: ImageNet}
    metrics:
    - {type: accuracy, value: 0.7610}
    - {name: Top 5, type: accuracy, value: 0.93, verified: false}
- name: without results
---
Words.
"""


def test_all_documented_keys_are_understood() -> None:
    words = words_of(CARD)
    assert words.notes == ()
    assert words.front.licence == "acme-research"
    assert words.front.tags == ("vision", "2024-01-01")
    assert words.front.paper_url == "https://arxiv.org/abs/1512.03385"
    assert words.card == Card(
        languages=("en", "no"),
        task="image-classification",
        library="onnx",
        datasets=("imagenet-1k",),
        base_models=("acme/one", "acme/two"),
        base_model_relation="quantized",
        licence_link="https://example.org/licence",
        metrics=("accuracy",),
        co2="12.50",
        results=(
            CardResult(
                task="Classification", dataset="ImageNet", metric="accuracy", value="0.7610"
            ),
            CardResult(task="Classification", dataset="ImageNet", metric="Top 5", value="0.93"),
        ),
        others={
            "thumbnail": "https://example.org/t.png",
            "widget": '[{"src": "https://example.org/a.jpg"}]',
        },
    )


def test_keys_of_other_forms_are_left_out() -> None:
    odd = words_of("---\nlanguage: {a: b}\nmodel-index: [1, {results: {}}]\nmetrics: [[a]]\n---\n")
    assert (odd.card, odd.notes) == (Card(), ())


def test_a_result_says_on_which_part_of_the_data() -> None:
    head = """model-index:
- results:
  - dataset: {name: GLUE, config: mrpc, split: validation}
    metrics: [{type: accuracy, value: 0.8}, {type: confusion, value: [[1, 2], [3, 4]]}]
  - dataset: {name: MTEB Reviews (en), type: mteb/reviews, config: en, split: default}
    metrics: [{type: f1, value: .nan}, {type: ap, value: null}]
"""
    found = [
        (one.dataset, one.metric, one.value) for one in words_of(f"---\n{head}---\n").card.results
    ]
    assert found == [
        ("GLUE (mrpc, validation)", "accuracy", "0.8"),
        ("GLUE (mrpc, validation)", "confusion", "[[1, 2], [3, 4]]"),
        ("MTEB Reviews (en)", "f1", ".nan"),
    ]


def test_a_list_of_licences_and_a_licence_without_a_name() -> None:
    assert words_of("---\nlicense: [mit, isc]\n---\n").front.licence == "mit, isc"
    assert words_of("---\nlicense: other\n---\n").front.licence == "other"
    assert words_of("---\nlicense: mit\nlicense_name: x\n---\n").front.licence == "mit"


def test_a_link_in_the_prose_is_the_paper_unless_the_head_names_one() -> None:
    prose = "See https://arxiv.org/pdf/2010.11929v2.pdf and https://arxiv.org/abs/1512.03385."
    assert words_of(prose).front.paper_url == "https://arxiv.org/abs/2010.11929v2"
    own = words_of(f"---\npaper_url: https://example.org\n---\n{prose}")
    assert own.front.paper_url == "https://example.org"


def test_many_and_long_values_are_bounded() -> None:
    head = "".join(f"k{i}: {'x' * 90}\n" for i in range(400))
    card = words_of(f"---\n{head}language: [{', '.join(f'l{i}' for i in range(900))}]\n---\n").card
    assert (len(card.others), len(card.languages)) == (64, 256)
