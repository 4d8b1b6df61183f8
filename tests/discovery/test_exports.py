"""Which files are exports of one model, and which of them is scanned."""

from __future__ import annotations

from pathlib import Path

import pytest

from gallery.discovery.discover import discover
from gallery.discovery.groups import with_groups
from gallery.discovery.precisions import export_name
from tests.discovery.small_networks import network
from tests.discovery.test_discover import put


def groups(folder: Path, wanted: str = "") -> dict[str, list[str]]:
    """The other exports of each model that has a page."""
    files = with_groups(discover(folder), folder, wanted=lambda _: wanted)
    found: dict[str, list[str]] = {one.relative: [] for one in files if not one.group.lead}
    for one in files:
        if one.group.lead:
            found[one.group.lead].append(one.relative)
    return found


@pytest.mark.parametrize(
    ("path", "base", "label", "rank"),
    [
        ("onnx/model_fp16.onnx", "onnx/model", "fp16", 1),
        ("onnx/decoder_model_merged_q4f16.onnx", "onnx/decoder_model_merged", "q4f16", 4),
        ("a/encoder-epoch-99-avg-1.int8.onnx", "a/encoder-epoch-99-avg-1", "int8", 3),
        ("cuda/cuda-int4-rtn-block-32/model.onnx", "model", "cuda int4 rtn block 32", 4),
        ("fp16.onnx", "", "fp16", 1),
        ("onnx/model_uint8f16.onnx", "onnx/model", "uint8f16", 3),
        ("tiny/float/encoder.onnx", "tiny/encoder", "float", 0),
        ("tiny/quantized_4bit/encoder.onnx", "tiny/encoder", "quantized 4bit", 4),
        ("vad/vad_half.onnx", "vad/vad", "half", 1),
        ("vad/vad_op15.onnx", "vad/vad", "op15", 0),
        ("unet/optimized_model.onnx", "unet/model", "optimized", 2),
        ("half_moon.onnx", "half_moon", "", 0),
        ("int8_model/net.onnx", "model/net", "int8", 3),
        ("cuda/cuda-fp16/net-3-cuda-fp16.onnx", "net-3", "cuda fp16", 1),
        ("fp16/net_fp16.onnx", "net", "fp16", 1),
        ("det-mobile.onnx", "det-mobile", "", 0),
        ("resnet-50.onnx", "resnet-50", "", 0),
        ("mobile/net.onnx", "mobile/net", "", 0),
        ("q4-2024.onnx", "q4-2024", "", 0),
    ],
)
def test_a_name_is_divided(path: str, base: str, label: str, rank: int) -> None:
    name = export_name(path)
    assert (name.base, name.label, name.rank) == (base, label, rank)


def test_the_export_of_full_precision_is_scanned_unless_another_is_wanted(tmp_path: Path) -> None:
    put(tmp_path, *(f"net/model{kind}.onnx" for kind in ("_fp16", "_q4", "")))
    others = ["net/model_fp16.onnx", "net/model_q4.onnx"]
    assert groups(tmp_path) == {"net/model.onnx": others}
    assert groups(tmp_path, "FP16") == {others[0]: ["net/model.onnx", others[1]]}
    assert groups(tmp_path, "int3") == {"net/model.onnx": others}


def test_a_sidecar_makes_an_export_the_one_that_is_scanned(tmp_path: Path) -> None:
    put(tmp_path, "model.onnx", "model_q4.onnx", "model_q4.md")
    assert groups(tmp_path) == {"model_q4.onnx": ["model.onnx"]}


def test_a_damaged_export_leaves_scan_and_words_to_a_sound_one(tmp_path: Path) -> None:
    whole = network("text")
    (tmp_path / "net.onnx").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "net.md").write_text("About the net.")
    (tmp_path / "net_int8.onnx").write_bytes(network("text", "int8"))
    assert groups(tmp_path) == {"net_int8.onnx": ["net.onnx"]}
    lead = next(one for one in with_groups(discover(tmp_path), tmp_path) if not one.group.lead)
    assert (lead.sidecar, lead.sidecar_text) == ("net.md", "About the net.")
    (tmp_path / "net.onnx").write_bytes(whole)
    assert groups(tmp_path) == {"net.onnx": ["net_int8.onnx"]}


def test_models_that_their_authors_describe_apart_stay_apart(tmp_path: Path) -> None:
    put(tmp_path, "net.onnx", "net.md", "net_int8.onnx", "net_int8.md", "net_q4.onnx")
    assert groups(tmp_path) == {"net.onnx": ["net_q4.onnx"], "net_int8.onnx": []}
    put(tmp_path, "a/net/README.md", "a/net/model.onnx")
    put(tmp_path, "a/net-int8/README.md", "a/net-int8/model.onnx")
    assert {"a/net/model.onnx", "a/net-int8/model.onnx"} <= groups(tmp_path).keys()


def test_a_number_is_believed_if_it_is_the_operator_set(tmp_path: Path) -> None:
    for opset in (12, 13):
        put(tmp_path, f"net-{opset}.onnx", content=network("image", opset=opset))
        put(tmp_path, f"off-{opset}.onnx", content=network("image", opset=17))
        put(tmp_path, f"wide-{opset}.onnx", content=network(f"image{opset * 2}", opset=opset))
    assert groups(tmp_path) == {
        "net-13.onnx": ["net-12.onnx"],
        **{f"{name}-{opset}.onnx": [] for name in ("off", "wide") for opset in (12, 13)},
    }


def test_files_of_one_structure_below_a_card_are_exports_if_they_differ(tmp_path: Path) -> None:
    put(tmp_path, "net/README.md")
    put(tmp_path, "net/model.onnx", "net/twin.onnx", content=network("text"))
    put(tmp_path, "net/small.onnx", content=network("text", "int8"))
    put(tmp_path, "net/wide.onnx", content=network("text32", "int8"))
    put(tmp_path, "net/text_encoder.onnx", content=network("text", "fp16"))
    found = groups(tmp_path)
    assert found["net/model.onnx"] == ["net/small.onnx"]
    assert found.keys() == {
        "net/model.onnx",
        "net/twin.onnx",
        "net/wide.onnx",
        "net/text_encoder.onnx",
    }


def test_a_pointer_is_never_scanned_where_a_file_is_there(tmp_path: Path) -> None:
    put(tmp_path, "model.onnx", content=network("pointer"))
    put(tmp_path, "model_q4.onnx", content=network("text", "q4"))
    files = with_groups(discover(tmp_path), tmp_path)
    assert [(one.group.lead, one.group.absent) for one in files] == [
        ("model_q4.onnx", True),
        ("", False),
    ]


def test_two_hundred_exports_are_one_model(tmp_path: Path) -> None:
    put(tmp_path, "net/README.md", *(f"net/model_int4_block_{n}.onnx" for n in range(200)))
    (others,) = groups(tmp_path).values()
    assert len(others) == 199


def test_exports_may_be_models_of_their_own(tmp_path: Path) -> None:
    put(tmp_path, "net.onnx", "net_q4.onnx")
    files = with_groups(discover(tmp_path), tmp_path, together=False)
    assert [one.group.lead for one in files] == ["", ""]
