"""What a build finds in its place and did not write is still there afterwards."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gallery.cache import Cache
from gallery.cli.main import main
from gallery.errors import DiscoverError, PublishError
from gallery.files import listing
from gallery.pipeline import ownership
from gallery.pipeline.build import BuildOptions, build, merge
from gallery.pipeline.report import Report
from tests.conftest import SETTINGS

pytestmark = pytest.mark.usefixtures("without_workers")


def quick(models: Path, site: Path, **options: object) -> Report:
    return build(models, site, options=BuildOptions(**options))  # type: ignore[arg-type]


def theirs(site: Path) -> dict[str, bytes]:
    """A checkout of a pages branch with a commit that was not pushed, and other belongings."""
    site.mkdir(exist_ok=True)
    git = ["git", "-C", str(site), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    files = {"CNAME": b"nets.example.org", ".well-known/security.txt": b"Contact", ".notes": b"x"}
    for name, content in files.items():
        (site / name).parent.mkdir(exist_ok=True)
        (site / name).write_bytes(content)
    subprocess.run([*git, "add", "CNAME"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "Point the name here"], check=True)
    return files


def test_a_checkout_keeps_all_that_the_gallery_did_not_write(models: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    files = theirs(site)
    quick(models, site)
    (site / "first" / "notes.txt").write_bytes(b"beside a page")
    (site / ".empty").mkdir()
    (site / ".link").symlink_to("CNAME")
    files["first/notes.txt"] = b"beside a page"
    (models / "first.md").write_text("Other words.")
    assert quick(models, site).changed
    assert "Other words." in (site / "first/index.html").read_text("utf-8")
    for name, content in files.items():
        assert (site / name).read_bytes() == content
    assert (site / ".empty").is_dir()
    assert os.readlink(site / ".link") == "CNAME"
    log = ["git", "-C", str(site), "log", "--format=%s"]
    done = subprocess.run(log, capture_output=True, text=True, check=True)
    assert done.stdout == "Point the name here\n"
    assert not quick(models, site).changed


def test_a_model_that_is_gone_takes_only_its_own_files_along(models: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    quick(models, site)
    (site / "first" / "notes.txt").write_text("mine")
    (models / "first.onnx").unlink()
    quick(models, site)
    assert [path.name for path in (site / "first").iterdir()] == ["notes.txt"]


def test_the_list_of_files_is_one_that_sha256sum_reads(models: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    quick(models, site)
    sums = ownership.owned(site)
    assert {"index.html", "first/index.html", "manifest.json", "results.json"} <= sums.keys()
    for name, digest in sums.items():
        assert hashlib.sha256((site / name).read_bytes()).hexdigest() == digest
    command = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
    if shutil.which("sha256sum"):
        subprocess.run(command, cwd=site, check=True)


def test_what_was_edited_by_hand_is_named_and_replaced(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "site"
    quick(models, site)
    page = (site / "index.html").read_bytes()
    (site / "index.html").write_bytes(page + b"<!-- mine -->")
    assert main(["build", str(models), "-o", str(site)]) == 0
    told = "site/index.html had been edited by hand and was replaced"
    assert told in capsys.readouterr().err
    assert (site / "index.html").read_bytes() == page


def test_a_file_in_the_way_stops_the_build_and_stays(models: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    quick(models, site)
    (site / "SHA256SUMS").write_text(
        "".join(
            line
            for line in (site / "SHA256SUMS").read_text().splitlines(keepends=True)
            if not line.endswith("  robots.txt\n")
        )
    )
    (site / "robots.txt").write_text("mine")
    with pytest.raises(PublishError, match=r"robots.txt was not written by the gallery"):
        quick(models, site)
    assert (site / "robots.txt").read_text() == "mine"


def test_a_site_of_a_version_without_a_list_loses_its_old_files(
    models: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    quick(models, site)
    (site / "SHA256SUMS").unlink()
    (site / "assets" / "old.webp").write_bytes(b"old")
    (site / "CNAME").write_text("nets.example.org")
    quick(models, site)
    assert not (site / "assets" / "old.webp").exists()
    assert (site / "CNAME").exists()


def test_a_mount_point_is_refused_before_any_work(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.setattr(os.path, "ismount", lambda path: Path(path) == site)
    with pytest.raises(PublishError, match="is a mount point"):
        quick(models, site)
    assert not (tmp_path / ".cache").exists()


def test_static_files_are_published_and_part_of_every_way_to_build(
    models: Path, tmp_path: Path
) -> None:
    (models / "static" / ".well-known").mkdir(parents=True)
    (models / "static" / "CNAME").write_text("nets.example.org")
    (models / "static" / ".well-known" / "a.txt").write_text("proof")
    (models / "static" / "robots.txt").write_text("User-agent: *")
    shutil.copy(models / "first.onnx", models / "static" / "none.onnx")
    site = tmp_path / "site"
    quick(models, site)
    assert (site / "CNAME").read_text() == "nets.example.org"
    assert (site / ".well-known/a.txt").read_text() == "proof"
    assert (site / "robots.txt").read_text() == "User-agent: *"
    assert not (site / "static-none").exists()
    parts = [tmp_path / "part1", tmp_path / "part2"]
    for number, place in enumerate(parts, 1):
        quick(models, place, shard=(number, 2))
    merge(parts, tmp_path / "merged")
    assert (tmp_path / "merged" / "SHA256SUMS").read_bytes() == (site / "SHA256SUMS").read_bytes()
    (models / "static" / "CNAME").unlink()
    assert quick(models, site).changed
    assert not (site / "CNAME").exists()


def test_a_static_link_that_leads_out_is_refused(models: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (models / "static").mkdir()
    (models / "static" / "page.txt").symlink_to(tmp_path / "secret")
    with pytest.raises(DiscoverError, match="leads out of the models directory"):
        quick(models, tmp_path / "site")


def test_a_damaged_picture_of_the_cache_is_made_again(models: Path, tmp_path: Path) -> None:
    site, cache = tmp_path / "site", tmp_path / "cache"
    quick(models, site, cache=cache)
    sums = ownership.owned(site)
    shutil.rmtree(site)
    files = [path for path in (cache / "files").rglob("*") if path.is_file()]
    damaged = next(path for path in files if path.read_bytes().startswith(b"RIFF"))
    content = bytearray(damaged.read_bytes())
    content[500:504] = bytes(255 - byte for byte in content[500:504])
    damaged.write_bytes(content)
    quick(models, site, cache=cache)
    assert ownership.owned(site) == sums
    assert ownership.edited(site, sums, listing(site)) == []
    assert not Cache(cache).drop_damaged([])


@pytest.mark.parametrize("lost", [b"multiples.webp", b'"images"'], ids=["sheet", "pictures"])
def test_nothing_is_made_of_damaged_files_of_the_cache(
    models: Path, tmp_path: Path, lost: bytes
) -> None:
    text = SETTINGS.replace("multiples = false", "multiples = true")
    (models / "gallery.toml").write_text(text.replace("colors = []", 'colors = ["operator"]'))
    site, cache = tmp_path / "site", tmp_path / "cache"
    quick(models, site, cache=cache)
    sums = ownership.owned(site)
    shutil.rmtree(site)
    for path in (path for path in (cache / "files").rglob("*") if path.is_file()):
        content = bytearray(path.read_bytes())
        middle = slice(len(content) // 2, len(content) // 2 + 8)
        content[middle] = bytes(255 - byte for byte in content[middle])
        path.write_bytes(content)
    records = [path for path in (cache / "records").rglob("*") if path.is_file()]
    gone = [path for path in records if lost in path.read_bytes()]
    assert gone
    for path in gone:
        path.unlink()
    quick(models, site, cache=cache)
    assert ownership.owned(site) == sums


def test_no_file_of_a_site_or_part_is_one_of_the_cache(models: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    quick(models, tmp_path / "site", cache=cache)
    quick(models, tmp_path / "part", cache=cache, shard=(1, 1))
    inside = {path.stat().st_ino for path in cache.rglob("*") if path.is_file()}
    for place in ("site", "part"):
        files = [path for path in (tmp_path / place).rglob("*") if path.is_file()]
        assert files
        assert not inside & {path.stat().st_ino for path in files}


def test_two_builds_of_one_site_with_two_caches_take_turns(models: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    shutil.rmtree(models / "deep")
    command = [sys.executable, "-m", "gallery", "build", str(models), "-o", str(site), "--cache"]
    running = [
        subprocess.Popen([*command, str(tmp_path / name)], stdout=subprocess.DEVNULL)
        for name in ("one", "two")
    ]
    assert [process.wait(300) for process in running] == [0, 0]
    sums = ownership.owned(site)
    assert ownership.sums_of(site) == sums
    shutil.rmtree(site)
    quick(models, site)
    assert ownership.owned(site) == sums


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize("umask", [0o077, 0o000])
def test_everyone_may_read_a_site_and_the_users_files_keep_their_modes(
    models: Path, tmp_path: Path, umask: int
) -> None:
    site, cache = tmp_path / "site", tmp_path / "cache"
    (models / "static").mkdir()
    (models / "static" / "CNAME").write_text("nets.example.org")
    (models / "static" / "CNAME").chmod(0o600)
    before = os.umask(umask)
    try:
        quick(models, site, cache=cache)
        (site / "mine" / "deep").mkdir(parents=True)
        (site / "mine" / "deep" / "note").write_text("x")
        modes = {"mine": 0o750, "mine/deep": 0o500, "mine/deep/note": 0o640}
        for name, mode in modes.items():
            (site / name).chmod(mode)
        (models / "first.md").write_text("Other words.")
        assert quick(models, site, cache=cache).changed
    finally:
        os.umask(before)
    found = {one.relative_to(site).as_posix(): one for one in site.rglob("*")}
    assert {name: found[name].stat().st_mode & 0o777 for name in modes} == modes
    for name in found.keys() - modes.keys():
        mode = 0o755 if found[name].is_dir() else 0o644
        assert found[name].stat().st_mode & 0o777 == mode, name
    assert not cache.stat().st_mode & umask  # what is in it is as private as the user wants
