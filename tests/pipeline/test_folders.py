"""Folders go from one site to the next, and nothing else does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gallery.pipeline import folders
from gallery.pipeline.staging import opened, staging, swap


def tree(place: Path, *names: str) -> Path:
    """A directory with files of these paths; a path that ends in a slash is an empty folder."""
    place.mkdir(parents=True, exist_ok=True)
    for name in names:
        path = place / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_text(name)
    return place


def below(place: Path) -> set[str]:
    return {path.relative_to(place).as_posix() for path in place.rglob("*")}


@pytest.mark.skipif(os.name != "posix", reason="elsewhere no directory replaces another")
def test_a_next_site_has_the_folders_of_the_one_before_and_no_file(tmp_path: Path) -> None:
    site, kept = tmp_path / "site", tmp_path / "cache" / "folders" / "one"
    with staging(site, kept) as staged:
        tree(staged, "index.html", "a/index.html", "a/viewer/index.html", "b/index.html")
        swap(staged, site)
    inodes = {}
    for _ in range(2):
        with staging(site, kept) as staged:
            inodes = {name: (staged / name).stat().st_ino for name in below(staged)}
            tree(staged, "index.html", "a/index.html")
            assert set(opened(staged)) == {"index.html", "a/index.html"}
            swap(staged, site)
        assert below(site) == {"index.html", "a", "a/index.html"}
    assert set(inodes) == {"a", "a/viewer", "b"}


@pytest.mark.skipif(os.name != "posix", reason="links are POSIX's")
def test_what_holds_more_than_folders_is_not_taken(tmp_path: Path) -> None:
    theirs = tree(tmp_path / "theirs", "keep")
    for number, kept in enumerate(("file", "link", "inside")):
        place = tmp_path / kept
        if kept == "link":
            place.symlink_to(tree(tmp_path / "empty"), target_is_directory=True)
        else:
            tree(place, "a/b/" if kept == "inside" else "a/b")
        if kept == "inside":
            (place / "a" / "c").symlink_to(theirs, target_is_directory=True)
        before = below(place)
        new = tree(tmp_path / f"new{number}")
        folders.taken(place, new)
        assert below(new) == set()
        assert below(place) == before
    assert below(theirs) == {"keep"}


@pytest.mark.skipif(os.name != "posix", reason="links are POSIX's")
def test_links_of_an_old_site_are_removed_and_not_followed(tmp_path: Path) -> None:
    theirs, old = tree(tmp_path / "theirs", "keep"), tree(tmp_path / "old", "a/b")
    (old / "a" / "c").symlink_to(theirs, target_is_directory=True)
    folders.keep(old, tmp_path / "kept")
    assert not old.exists()
    assert below(tmp_path / "kept") == {"a"}
    assert below(theirs) == {"keep"}


def test_where_folders_are_kept_already_they_stay(tmp_path: Path) -> None:
    old, kept = tree(tmp_path / "old", "a/b"), tree(tmp_path / "kept", "mine")
    folders.keep(old, kept)
    assert not old.exists()
    assert below(kept) == {"mine"}


def test_where_none_can_be_kept_an_old_site_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def elsewhere(_one: object, _other: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    old = tree(tmp_path / "old", "a/b", "c/")
    monkeypatch.setattr(os, "rename", elsewhere)
    folders.keep(old, tmp_path / "kept")
    assert below(tmp_path) == set()
