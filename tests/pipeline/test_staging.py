"""The swap: one whole site or the other, and nothing of anyone else's is ever touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gallery.errors import PublishError
from gallery.pipeline import staging as swap

OURS = json.dumps({"schema": "gallery-of-networks/1", "models": []})


def make_site(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(OURS)
    (folder / "index.html").write_text(text)
    return folder


@pytest.mark.parametrize("exchange", [True, False])
def test_the_new_site_takes_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exchange: bool
) -> None:
    if not exchange:
        monkeypatch.setattr(swap, "_exchange", lambda _one, _other: False)
    site = make_site(tmp_path / "site", "old")
    staged = make_site(swap.staging(site), "new")
    swap.swap(staged, site)
    assert (site / "index.html").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_the_first_site(tmp_path: Path) -> None:
    site = tmp_path / "deep" / "site"
    swap.swap(make_site(swap.staging(site), "new"), site)
    assert (site / "index.html").read_text() == "new"


def test_what_a_killed_build_left_is_taken_up(tmp_path: Path) -> None:
    site = tmp_path / "site"
    make_site(tmp_path / ".site.old", "old")
    make_site(tmp_path / ".site.staging-abc", "half")
    make_site(tmp_path / ".sites.staging-abc", "another gallery's")
    swap.recover(site)
    assert (site / "index.html").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".sites.staging-abc", "site"]


@pytest.mark.parametrize(
    "manifest", ["", "[]", "{}", '{"schema": 3}', '{"schema": "another/1"}', "[" * 100_000]
)
def test_a_strangers_directory_is_refused(tmp_path: Path, manifest: str) -> None:
    (tmp_path / "manifest.json").write_text(manifest)
    with pytest.raises(PublishError, match="holds files that are no gallery"):
        swap.check_target(tmp_path)


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "site").write_text("")
    with pytest.raises(PublishError, match="is not a directory"):
        swap.check_target(tmp_path / "site")


def test_missing_empty_and_own_directories_are_taken(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for place in (tmp_path / "none", tmp_path / "empty", make_site(tmp_path / "site", "x")):
        swap.check_target(place)


def test_same_site_compares_content(tmp_path: Path) -> None:
    one, other = make_site(tmp_path / "a", "text"), make_site(tmp_path / "b", "text")
    assert swap.same_site(one, other)
    (other / "index.html").write_text("tent")
    assert not swap.same_site(one, other)
    (other / "index.html").write_text("text")
    (other / "more.html").write_text("")
    assert not swap.same_site(one, other)
