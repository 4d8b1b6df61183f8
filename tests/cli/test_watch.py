"""Changes that a watch sees, and those that do not count."""

from __future__ import annotations

import os
from pathlib import Path

from gallery.cli.watch import Watch


def test_it_sees_what_comes_changes_and_goes(tmp_path: Path) -> None:
    watch = Watch(lambda: [tmp_path])
    assert not watch.changed()
    path = tmp_path / "deep" / "net.onnx"
    path.parent.mkdir()
    path.write_text("a")
    assert watch.changed()
    assert not watch.changed()
    path.write_text("longer")
    assert watch.changed()
    path.unlink()
    assert watch.changed()


def test_it_looks_at_single_files_too(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    watch = Watch(lambda: [path])
    path.write_text("a")
    assert watch.changed()


def test_it_sees_another_file_of_the_same_size_and_time(tmp_path: Path) -> None:
    path, other = tmp_path / "net.onnx", tmp_path.parent / "other"
    for one, text in ((path, "a"), (other, "b")):
        one.write_text(text)
        os.utime(one, ns=(1, 1))
    watch = Watch(lambda: [tmp_path])
    other.replace(path)
    assert watch.changed()


def test_it_sees_a_change_behind_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.toml", tmp_path / "gallery.toml"
    real.write_text("a")
    link.symlink_to(real)
    watch = Watch(lambda: [link])
    real.write_text("longer")
    assert watch.changed()


def test_it_sees_what_is_watched_from_now_on(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("a")
    places: list[Path] = []
    watch = Watch(lambda: places)
    places.append(tmp_path)
    assert watch.changed()
    (tmp_path / "page.html").write_text("longer")
    assert watch.changed()


def test_what_the_build_writes_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    watch = Watch(lambda: [tmp_path], lambda folder: folder.name == "site")
    (tmp_path / "site" / "index.html").write_text("a")
    assert not watch.changed()


def test_loops_of_links_end(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "up").symlink_to(tmp_path)
    watch = Watch(lambda: [tmp_path])
    assert [*watch._below(tmp_path)] == [tmp_path / "loop"]
    assert not watch.changed()
