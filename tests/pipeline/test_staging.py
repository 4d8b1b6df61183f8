"""The swap: one whole site or the other, and nothing of anyone else's is ever touched."""

from __future__ import annotations

import json
import subprocess
import sys
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
    with pytest.raises(PublishError, match="holds files that are not a gallery"):
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


def test_where_the_old_site_cannot_be_replaced_it_stands_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, where a directory with an open file cannot be renamed."""
    monkeypatch.setattr(swap, "_exchange", lambda _one, _other: False)
    site = make_site(tmp_path / "site", "old")
    staged = make_site(swap.staging(site), "new")
    rename = Path.rename

    def busy(path: Path, target: Path) -> Path:
        if path == staged:
            raise PermissionError(13, "Access is denied")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", busy)
    with pytest.raises(PublishError, match=r"site cannot be replaced: Access is denied.*close"):
        swap.swap(staged, site)
    assert (site / "index.html").read_text() == "old"


LOCKING = """
import sys
from pathlib import Path
from gallery.pipeline.staging import locked
print("here", flush=True)
with locked(Path(sys.argv[1])):
    print(Path(sys.argv[2]).read_text(), flush=True)
    sys.stdin.read()
"""


def test_a_lock_waits_for_its_holder_and_for_no_dead_one(tmp_path: Path) -> None:
    lock, note = tmp_path / "locks" / "one", tmp_path / "note"
    note.write_text("too early")
    command = [sys.executable, "-c", LOCKING, str(lock), str(note)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as other:
        assert other.stdout is not None
        with swap.locked(lock):
            assert other.stdout.readline() == "here\n"
            note.write_text("in time")
        assert other.stdout.readline() == "in time\n"
        other.kill()
        with swap.locked(lock):
            pass
