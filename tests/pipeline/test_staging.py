"""The swap: one whole site or the other, and nothing of anyone else's is ever touched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gallery.errors import PublishError
from gallery.pipeline import staging as swap
from gallery.pipeline.ownership import check_target
from gallery.pipeline.staging import check_writable
from gallery.publishing.machine.manifest import encode_manifest
from gallery.publishing.settings import SiteSettings

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
    with swap.staging(site, tmp_path / "cache" / "kept") as staged:
        make_site(staged, "new")
        swap.swap(staged, site)
    assert (site / "index.html").read_text() == "new"
    assert {path.name for path in tmp_path.iterdir()} - {"cache"} == {"site"}


def test_the_first_site(tmp_path: Path) -> None:
    site = tmp_path / "deep" / "site"
    with swap.locked(site), swap.staging(site, tmp_path / "cache" / "kept") as staged:
        swap.swap(make_site(staged, "new"), site)
    assert (site / "index.html").read_text() == "new"


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_web_servers_may_read_a_site(tmp_path: Path) -> None:
    with swap.staging(tmp_path / "site", tmp_path / "kept") as staged:
        swap.swap(staged, tmp_path / "site")
    assert (tmp_path / "site").stat().st_mode & 0o777 == 0o755


def test_what_a_killed_build_left_is_taken_up(tmp_path: Path) -> None:
    site = tmp_path / "site"
    make_site(tmp_path / ".site.old", "old")
    make_site(tmp_path / ".site.staging-abc", "half")
    (tmp_path / ".site.staging-abc.mark").touch()
    (tmp_path / ".site.staging-mine").mkdir()
    make_site(tmp_path / ".sites.staging-abc", "another gallery's")
    swap.recover(site)
    assert (site / "index.html").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".site.staging-mine",
        ".sites.staging-abc",
        "site",
    ]


@pytest.mark.parametrize("name", ["manifest.json", "shard.json"])
def test_a_site_and_a_part_of_one_are_ours(tmp_path: Path, name: str) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / name).write_text(OURS)
    check_target(tmp_path)
    (tmp_path / name).rename(tmp_path / "other.json")
    with pytest.raises(PublishError, match="holds files that are not a gallery"):
        check_target(tmp_path)


@pytest.mark.parametrize(
    "manifest",
    [
        *("", "[]", "{}", '{"schema": 3}', '{"schema": "another/1"}', "[" * 100_000),
        *('{"schema":"gallery-of-networks-2/1"}', '{"title":{"schema":"gallery-of-networks/1"}}'),
    ],
)
def test_a_strangers_directory_is_refused(tmp_path: Path, manifest: str) -> None:
    (tmp_path / "manifest.json").write_text(manifest)
    with pytest.raises(PublishError, match="holds files that are not a gallery"):
        check_target(tmp_path)


def test_the_beginning_of_a_manifest_says_whose_it_is(tmp_path: Path) -> None:
    whole = encode_manifest([], SiteSettings())
    (tmp_path / "manifest.json").write_bytes(whole[:120])
    check_target(tmp_path)


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "site").write_text("")
    with pytest.raises(PublishError, match="is not a directory"):
        check_target(tmp_path / "site")


def test_missing_empty_and_own_directories_are_taken(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for place in (tmp_path / "none", tmp_path / "empty", make_site(tmp_path / "site", "x")):
        check_target(place)


def test_where_the_old_site_cannot_be_replaced_it_stands_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, where a directory with an open file cannot be renamed."""
    monkeypatch.setattr(swap, "_exchange", lambda _one, _other: False)
    site = make_site(tmp_path / "site", "old")
    staged = make_site(tmp_path / "staged", "new")
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
    lock, note = tmp_path / "deep" / "site", tmp_path / "note"
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


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a place that takes no files")
def test_a_place_that_takes_no_files_is_refused_and_not_waited_for() -> None:
    with pytest.raises(PublishError, match="/proc cannot be written"):
        check_writable(Path("/proc/site"))


def test_a_link_in_the_place_of_a_new_site_is_not_followed(tmp_path: Path) -> None:
    theirs = make_site(tmp_path / "theirs", "keep")
    make_site(theirs / "inside", "keep")
    staged = tmp_path / ".site.staging-x"
    staged.symlink_to(theirs, target_is_directory=True)
    staged.with_name(".site.staging-x.mark").touch()
    (make_site(tmp_path / ".site.staging-y", "old") / "inside").symlink_to(theirs / "inside")
    (tmp_path / ".site.staging-y.mark").touch()
    swap.recover(tmp_path / "site")
    assert not (tmp_path / ".site.staging-y").exists()
    assert (theirs / "index.html").read_text() == "keep"
    assert (theirs / "inside" / "index.html").read_text() == "keep"
