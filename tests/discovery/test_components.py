"""Which models are components of one, in the order in which data flows."""

from __future__ import annotations

from pathlib import Path

import pytest

from gallery.discovery.components import components, config_roles


def order(*paths: str) -> list[tuple[str, str]]:
    """Path and role of the components, in order; all of one model."""
    found = components({f"{path}.onnx": path for path in paths}, {})
    assert len({one.whole for one in found.values()}) <= 1
    ranked = sorted(found.items(), key=lambda item: item[1].rank)
    return [(path.removesuffix(".onnx"), one.role) for path, one in ranked]


def test_components_are_in_the_order_of_the_data() -> None:
    names = ["vae_decoder", "unet", "text_encoder", "vae_encoder"]
    assert [role for _, role in order(*(f"sd/{one}/model" for one in names))] == [
        "text encoder", "vae encoder", "unet", "vae decoder",
    ]  # fmt: skip
    assert order("a/joiner", "a/encoder", "a/decoder")[-1] == ("a/joiner", "joiner")


@pytest.mark.parametrize(
    "paths",
    [
        ("zoo/bert-encoder", "zoo/t5-decoder"),
        ("a/encoder", "b/decoder"),
        ("encoder-left-64", "decoder-left-128"),
        ("vision-transformer", "text-classifier"),
        ("encoder_model",),
        ("x/encoder", "x/my-encoder"),
        ("resnet50", "vgg16"),
    ],
)
def test_models_that_only_look_alike_stay_apart(paths: tuple[str, ...]) -> None:
    assert order(*paths) == []


def test_models_with_a_card_each_are_no_components() -> None:
    bases = {f"{name}/model.onnx": f"{name}/model" for name in ("unet", "transformer")}
    cards = {path: f"{path.split('/')[0]}/README.md" for path in bases}
    assert components(bases, {}, cards) == {}
    shared = dict.fromkeys(bases, "README.md")
    for told in (shared, dict.fromkeys(bases, ""), {**cards, "unet/model.onnx": ""}):
        assert len(components(bases, {}, told)) == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "it is not JSON"),
        ("[]", "names no files"),
        ('{"model": {"decoder": {"filename": 3}, "type": "x"}}', "names no files"),
        ('{"model": {"decoder": {"filename": "../up.onnx"}}}', "which is not there"),
        ('{"model": {"decoder": {"pipeline": [{"a": {"filename": "b.onnx"}}]}}}', "not there"),
        ("[" * 100_000, "it is not JSON"),
    ],
)
def test_a_wrong_configuration_is_a_note(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "genai_config.json").write_text(text)
    _, (note,) = config_roles(tmp_path)
    assert told in note
