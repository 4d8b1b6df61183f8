"""Repositories as people lay them out are found, grouped and planned with no edit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gallery.pipeline.build import planned
from gallery.pipeline.options import BuildOptions
from gallery.settings.values import GallerySettings, VariantSettings
from tests.discovery.repositories import REPOSITORIES
from tests.discovery.test_discover import put


@pytest.mark.parametrize("name", REPOSITORIES)
def test_a_repository_is_planned_as_its_models(name: str, tmp_path: Path) -> None:
    one = REPOSITORIES[name]
    one.write(tmp_path / name)
    plans = planned(tmp_path, GallerySettings(), BuildOptions())
    assert len(plans) == len(one.models)
    assert [
        plan.file.relative for plan in plans if plan.failure and not plan.file.group.absent
    ] == []
    heads = [plan.file for plan in plans if not plan.file.group.lead]
    assert len(heads) == one.pages, [head.relative for head in heads]
    parts = sorted((head.group.rank, head.group.role) for head in heads if head.group.whole)
    assert tuple(role for _, role in parts) == one.parts


def test_titles_tell_components_apart_and_exports_not(tmp_path: Path) -> None:
    put(tmp_path, "net/encoder.onnx", "net/decoder_q4.onnx", "net/decoder_fp16.onnx")
    (tmp_path / "net" / "README.md").write_text("---\nlicense: mit\n---\n")
    (tmp_path / "net" / "encoder.md").write_text("---\ntitle: Ears\n---\n")
    plans = planned(tmp_path, GallerySettings(), BuildOptions())
    titles = {plan.file.path.stem: plan.words.front.title for plan in plans}
    assert titles["encoder"] == "Ears"
    assert titles["decoder_fp16"] == "net (decoder)"


def test_titles_from_paths_are_told_apart_by_folders(tmp_path: Path) -> None:
    put(tmp_path, "z/small/det.onnx", "z/large/det.onnx", "z/det2.onnx", "a/net.onnx", "b/net.onnx")
    put(tmp_path, *(f"{one}/w/onnx/{part}.onnx" for one in "xy" for part in ("encoder", "decoder")))
    put(tmp_path, *(f"{one}/p/q/model{kind}.onnx" for one in "kl" for kind in ("", "_fp16")))
    (tmp_path / "b" / "net.md").write_text("---\ntitle: Net\n---\n")
    plans = planned(tmp_path, GallerySettings(), BuildOptions())
    titles = {plan.file.relative: plan.words.front.title for plan in plans}
    assert titles == {
        "z/small/det.onnx": "small/det", "z/large/det.onnx": "large/det", "z/det2.onnx": "det2",
        "a/net.onnx": "a/net", "b/net.onnx": "Net",
        "x/w/onnx/encoder.onnx": "x/w (encoder)", "x/w/onnx/decoder.onnx": "x/w (decoder)",
        "y/w/onnx/encoder.onnx": "y/w (encoder)", "y/w/onnx/decoder.onnx": "y/w (decoder)",
        "k/p/q/model.onnx": "k/p/q", "k/p/q/model_fp16.onnx": "k/p/q",
        "l/p/q/model.onnx": "l/p/q", "l/p/q/model_fp16.onnx": "l/p/q",
    }  # fmt: skip


def test_wholes_of_one_name_are_told_apart(tmp_path: Path) -> None:
    put(tmp_path, *(f"{a}/p/q/{part}.onnx" for a in "mn" for part in ("encoder", "decoder")))
    plans = planned(tmp_path, GallerySettings(), BuildOptions())
    titles = sorted(plan.words.front.title for plan in plans)
    assert titles == [f"{a}/p/q ({part})" for a in "mn" for part in ("decoder", "encoder")]


@pytest.mark.parametrize(("exports", "scans"), [("together", [5, 0]), ("each", [5, 1])])
def test_the_settings_say_of_which_exports_scans_are_made(
    exports: str, scans: list[int], tmp_path: Path
) -> None:
    put(tmp_path, "net.onnx", "net_q4.onnx")
    variants = VariantSettings(skeletons=(), colors=("depth",))
    settings = GallerySettings(exports=exports, variants=variants)
    plans = planned(tmp_path, settings, BuildOptions())
    assert [len(plan.scans) for plan in plans] == scans
    apart = planned(tmp_path, replace(settings, exports="apart"), BuildOptions())
    assert [len(plan.scans) for plan in apart] == [5, 5]
    assert [plan.file.slug for plan in apart] == [plan.file.slug for plan in plans]
