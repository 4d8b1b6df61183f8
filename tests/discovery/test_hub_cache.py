"""Download caches of the Hugging Face Hub, built and not edited."""

from __future__ import annotations

from pathlib import Path

import pytest

from gallery.discovery.discover import discover
from tests.discovery.test_discover import put

OLD, NEW = "0f3a" * 10, "1b2c" * 10


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """A cache with a repository of two revisions, whose files are links into its blobs."""
    hub = tmp_path / "hub"
    net = hub / "models--acme--net"
    put(net, "blobs/aa", "blobs/bb", "blobs/cc")
    (net / "blobs" / "cc").write_text("---\nlicense: mit\n---\nWords.")
    for revision in (OLD, NEW):
        put(net, f"snapshots/{revision}/config.json")
        folder = net / "snapshots" / revision
        (folder / "onnx").mkdir()
        (folder / "onnx" / "model.onnx").symlink_to("../../../blobs/aa")
        (folder / "onnx" / "model_fp16.onnx").symlink_to("../../../blobs/bb")
        (folder / "README.md").symlink_to("../../blobs/cc")
    put(net, "refs/main")
    (net / "refs" / "main").write_text(OLD)
    return hub


def test_the_current_revision_of_a_cache_counts(hub: Path) -> None:
    one, two = discover(hub)
    assert (one.problem, two.problem) == (None, None)
    assert (one.address, two.address) == (
        "acme/net/onnx/model.onnx",
        "acme/net/onnx/model_fp16.onnx",
    )
    assert (one.slug, two.slug) == ("acme-net-onnx-model", "acme-net-onnx-model-fp16")
    assert OLD in one.relative
    assert one.sidecar_text == "---\nlicense: mit\n---\nWords."


def test_an_address_outlives_the_revision(hub: Path) -> None:
    before = [file.slug for file in discover(hub)]
    (hub / "models--acme--net" / "refs" / "main").write_text(NEW)
    after = discover(hub)
    assert NEW in after[0].relative
    assert [file.slug for file in after] == before


@pytest.mark.parametrize("refs", ["", "main", "../..", "x" * 500])
def test_without_a_known_reference_one_revision_counts(hub: Path, refs: str) -> None:
    (hub / "models--acme--net" / "refs" / "main").write_text(refs)
    assert {NEW in file.relative for file in discover(hub)} == {True}


@pytest.mark.parametrize("inside", ["models--acme--net", f"models--acme--net/snapshots/{NEW}"])
def test_a_repository_or_a_snapshot_may_be_the_models_directory(hub: Path, inside: str) -> None:
    found = discover(hub / inside)
    assert [file.problem for file in found] == [None, None]
    assert found[0].address == "acme/net/onnx/model.onnx"


def test_links_of_a_snapshot_lead_into_its_own_blobs_alone(hub: Path, tmp_path: Path) -> None:
    put(tmp_path, "secret")
    folder = hub / "models--acme--net" / "snapshots" / NEW
    (folder / "other.onnx").symlink_to(tmp_path / "secret")
    (folder / "up.onnx").symlink_to("../../refs/main")
    problems = {file.relative: str(file.problem) for file in discover(folder) if file.problem}
    assert set(problems) == {"other.onnx", "up.onnx"}
    assert all("leads out of the models directory" in told for told in problems.values())
