"""Which Markdown file has the words about a model, by how hubs lay repositories out."""

from __future__ import annotations

from pathlib import Path

import pytest

from gallery.discovery.discover import discover
from tests.discovery.test_discover import put


def words(folder: Path, *ignore: str) -> dict[str, str]:
    """The file with the words about each model."""
    return {file.relative: file.sidecar for file in discover(folder, ignore)}


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        (("net/README.md", "net/onnx/model.onnx"), "net/README.md"),
        (("net/README.md", "net/model.onnx"), "net/README.md"),
        (("net/readme.md", "net/a/b/c/model.onnx"), "net/readme.md"),
        (("net/README.md", "net/onnx/README.md", "net/onnx/model.onnx"), "net/onnx/README.md"),
        (("net/README.md", "net/onnx/model.md", "net/onnx/model.onnx"), "net/onnx/model.md"),
        (("README.md", "net/model.onnx"), ""),
        (("README.md", "model.onnx"), ""),
        (("other/README.md", "net/model.onnx"), ""),
    ],
)
def test_the_sidecar_or_else_the_nearest_card(
    tmp_path: Path, files: tuple[str, ...], wanted: str
) -> None:
    put(tmp_path, *files)
    assert words(tmp_path) == {files[-1]: wanted}


def test_all_variants_in_a_folder_have_its_card(tmp_path: Path) -> None:
    names = [f"net/onnx/model{kind}.onnx" for kind in ("", "_fp16", "_q4")]
    put(tmp_path, "net/README.md", *names)
    assert words(tmp_path) == dict.fromkeys(names, "net/README.md")


def test_a_card_that_is_ignored_is_not_read(tmp_path: Path) -> None:
    put(tmp_path, "a/README.md", "a/b/README.md", "a/b/net.onnx")
    assert words(tmp_path, "a/b/README.md") == {"a/b/net.onnx": "a/README.md"}
    assert words(tmp_path, "README.md") == {"a/b/net.onnx": ""}


def test_a_card_that_leads_out_costs_its_words(tmp_path: Path) -> None:
    put(tmp_path, "secret", "models/net/model.onnx")
    (tmp_path / "models" / "net" / "README.md").symlink_to(tmp_path / "secret")
    (file,) = discover(tmp_path / "models")
    assert (file.problem, file.sidecar_text) == (None, None)
    assert "README.md is a link that leads out" in file.sidecar_problem


@pytest.mark.parametrize(
    ("encoding", "text", "told"),
    [
        ("utf-8", "Réseau", ""),
        ("utf-8-sig", "Réseau", ""),
        ("utf-16", "Réseau", ""),
        ("utf-16-be", "\ufeffRéseau", ""),
        ("latin-1", "R\ufffdseau", "README.md is not UTF-8, so letters are lost; save it as UTF-8"),
    ],
)
def test_a_card_in_another_encoding(encoding: str, text: str, told: str, tmp_path: Path) -> None:
    put(tmp_path, "net/model.onnx")
    written = text.replace("\ufffd", "é")
    (tmp_path / "net" / "README.md").write_bytes(written.encode(encoding))
    (file,) = discover(tmp_path)
    assert (file.sidecar_text, file.sidecar_problem) == (text.lstrip("\ufeff"), told)
