"""The check of a site finds what is broken, too large or stale."""

from __future__ import annotations

import errno
import hashlib
import importlib
import json
import os
from pathlib import Path

import pytest

from gallery.errors import SettingsError
from gallery.files import SUMS
from gallery.publishing import check
from gallery.publishing.check import check_site


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site of two pages and a picture."""
    (tmp_path / "net").mkdir()
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(
        '<a href="net/">net</a><a href="https://example.org/x">out</a>'
        '<img srcset="assets/a.webp 1x">'
    )
    (tmp_path / "net" / "index.html").write_text('<a href="../index.html#top">up</a>')
    (tmp_path / "assets" / "a.webp").write_bytes(b"picture")
    digest = hashlib.sha256(b"picture").hexdigest()
    claim = {"schema": "x", "scans": [{"path": "assets/a.webp", "sha256": digest}]}
    (tmp_path / "manifest.json").write_text(json.dumps(claim))
    return tmp_path


def test_a_sound_site(site: Path) -> None:
    result = check_site(site)
    assert (result.problems, result.warnings) == ((), ())
    assert (result.files, result.links) == (4, 4)
    assert result.heaviest_page == (site / "index.html").stat().st_size


def test_a_broken_link(site: Path) -> None:
    (site / "net" / "index.html").unlink()
    assert check_site(site).problems == ("index.html links to net/, which is not in the site",)


@pytest.mark.parametrize("link", ["/net/", "/", "../", "../net/index.html", "net", "a%20b/"])
def test_where_a_link_may_lead(site: Path, link: str) -> None:
    """A site may stand in a folder of its host, so that a link from the root leads out of it."""
    (site / "a b").mkdir()
    (site / "a b" / "index.html").write_text("")
    sound = link in ("net", "a%20b/")
    (site / "index.html").write_text(f'<a href="net/"><img src="assets/a.webp"><a href="{link}">')
    wrong = () if sound else (f"index.html links to {link}, which is not in the site",)
    assert check_site(site).problems == wrong


def test_the_page_for_wrong_addresses_links_from_the_root(site: Path) -> None:
    (site / "404.html").write_text('<a href="/net/">net</a><a href="gone/">gone</a>')
    assert check_site(site).problems == ("404.html links to gone/, which is not in the site",)


ADDRESSES = [
    '<a href="gone">',
    '<script src="gone"></script>',
    '<video poster="gone"></video>',
    '<object data="gone"></object>',
    '<img srcset="assets/a.webp 1x, gone 2x">',
    '<img srcset="gone">',
]


@pytest.mark.parametrize("tag", ADDRESSES)
def test_addresses_are_found_in_every_tag(site: Path, tag: str) -> None:
    (site / "net" / "index.html").write_text(tag.replace("assets", "../assets"))
    found = ("net/index.html links to gone, which is not in the site",)
    assert check_site(site).problems == found


@pytest.mark.parametrize(
    "tag",
    [
        '<meta name="description" content="no address">',
        '<a href="#here">',
        '<a href="?page=2">',
        '<a href="mailto:me@example.org">',
        '<a href="//example.org/x">',
        '<img srcset="" src="">',
        "<a href>",
    ],
)
def test_what_leads_nowhere_else_is_sound(site: Path, tag: str) -> None:
    (site / "net" / "index.html").write_text(tag)
    assert check_site(site).problems == ()


def test_another_picture_than_the_manifest_names(site: Path) -> None:
    (site / "assets" / "a.webp").write_bytes(b"another")
    found = ("assets/a.webp differs from its digest in manifest.json",)
    assert check_site(site).problems == found


def test_a_stale_file(site: Path) -> None:
    (site / "assets" / "old.webp").write_bytes(b"")
    assert check_site(site).warnings == ("assets/old.webp is stale: nothing links to it",)


@pytest.mark.parametrize("name", ["assets/main.css", "assets/main.js", "manifest.json", "x.txt"])
def test_what_no_page_links_to_and_is_needed_all_the_same(site: Path, name: str) -> None:
    if not (site / name).exists():
        (site / name).write_text("")
    assert check_site(site).warnings == ()


@pytest.mark.parametrize(
    ("manifest", "problem"),
    [
        ('{"a": [{"href": "assets/b.webp", "sha256": "0"}]}', "manifest.json names assets/b.webp"),
        ('{"a": {"b": {"path": "gone", "sha256": "0"}}}', "manifest.json names gone, which is not"),
        ("{", "manifest.json cannot be read: "),
        (None, "manifest.json cannot be read: "),
    ],
)
def test_a_manifest_that_does_not_fit(site: Path, manifest: str | None, problem: str) -> None:
    if manifest is None:
        (site / "manifest.json").unlink()
    else:
        (site / "manifest.json").write_text(manifest)
    (found,) = check_site(site).problems
    assert found.startswith(problem)


def test_what_the_manifest_names_is_not_stale(site: Path) -> None:
    (site / "index.html").write_text('<a href="net/">net</a>')
    assert check_site(site).warnings == ()
    (site / "manifest.json").write_text('{"path": "assets/a.webp"}')
    assert check_site(site).warnings == ("assets/a.webp is stale: nothing links to it",)


def fill(path: Path, size: int) -> None:
    """Make a file this large, without writing all of it where the file system can."""
    with path.open("r+b" if path.exists() else "wb") as stream:
        stream.truncate(size)


def test_a_page_above_a_megabyte_is_heavy(site: Path) -> None:
    page = site / "net" / "index.html"
    page.write_text(page.read_text().ljust(1_000_000))
    assert (check_site(site).warnings, check_site(site).heaviest_page) == ((), 1_000_000)
    page.write_text(page.read_text().ljust(1_000_001))
    assert check_site(site).warnings == (
        "net/index.html has 1,000,001 bytes, which is slow on a phone",
    )
    assert check_site(site).problems == ()


def test_a_file_above_100_mib_and_a_site_above_a_gigabyte_are_too_large(site: Path) -> None:
    largest = 100 << 20
    for number in range(9):
        fill(site / f"{number}.bin", largest)
    others = check_site(site).bytes - 9 * largest
    fill(site / "rest.bin", 1_000_000_000 - 9 * largest - others)
    assert (check_site(site).problems, check_site(site).bytes) == ((), 1_000_000_000)
    fill(site / "8.bin", largest + 1)
    assert check_site(site).problems == (
        "the site has 1,000,000,001 bytes; GitHub Pages allows 1,000,000,000",
        "8.bin has 104,857,601 bytes; GitHub allows 104,857,600 per file",
    )


def test_more_files_than_gitlab_takes(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check.SITE_FILES == 200_000
    monkeypatch.setattr(check, "SITE_FILES", 4)
    assert check_site(site).problems == ()
    (site / "more").write_text("")
    assert check_site(site).problems == ("the site has 5 files; GitLab Pages allows 4",)


@pytest.mark.parametrize("limit", ["SITE_BYTES", "SITE_FILES", "FILE_BYTES"])
def test_limits_of_hosts(site: Path, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(check, limit, 3)
    assert check_site(site).problems


def test_a_link_is_a_problem(site: Path) -> None:
    (site / "passwd").symlink_to("/etc/passwd")
    assert check_site(site).problems == ("passwd is a link or not a regular file",)


def test_no_site(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is not a site"):
        check_site(tmp_path)


@pytest.mark.parametrize(
    "link", ["https://[", "//[", "https://a\u2100b/", "http://]", "gone" * 500]
)
def test_links_that_cannot_be_understood_are_problems(site: Path, link: str) -> None:
    (site / "net" / "index.html").write_text(f'<a href="{link}">', "utf-8")
    (problem,) = check_site(site).problems
    assert problem.startswith("net/index.html links to ")
    assert len(problem) < 500


@pytest.mark.parametrize(
    "link",
    ["javascript:x", "data:,x", "x-y:z", "a:", "http:x", "tel:1", "urn:[", "//h:x/"],
)
def test_links_with_odd_schemes_lead_out(site: Path, link: str) -> None:
    (site / "net" / "index.html").write_text(f'<a href="{link}">')
    assert check_site(site).problems == ()


@pytest.mark.parametrize(
    "link", ["%00", "%ff%fe", "%ED%A0%80", "../" * 999, "\x7f", "&#0;", "&#xD800;"]
)
def test_links_with_odd_paths_lead_nowhere(site: Path, link: str) -> None:
    (site / "net" / "index.html").write_text(f'<a href="{link}">')
    assert len(check_site(site).problems) == 1


def test_a_binary_page_is_a_problem(site: Path) -> None:
    (site / "a.html").write_bytes(b"\x89PNG\xff\xfe<a href=")
    assert check_site(site).problems == ("a.html is not a page: it is not UTF-8 text",)


@pytest.mark.parametrize(
    "text", ["<![foo[", "<a <a ", "<!--", "<a href='" * 9, "&#1" + "1" * 5000, "\x00"]
)
def test_broken_pages_are_read(site: Path, text: str) -> None:
    (site / "a.html").write_text(text)
    assert check_site(site).problems == ()


def test_huge_pages_are_not_read(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(site / "a.html", 100_000_000_000)
    monkeypatch.setattr(check, "SITE_BYTES", 1 << 60)
    assert check_site(site).problems == (
        "a.html has 100,000,000,000 bytes; GitHub allows 104,857,600 per file",
        "a.html has 100,000,000,000 bytes, more than the 16,777,216 that are checked",
    )


@pytest.mark.parametrize("name", ["net/index.html", "assets/a.webp", "manifest.json", SUMS])
@pytest.mark.parametrize("kind", ["loop", "out", "pipe", "folder"])
def test_what_is_not_a_file_is_a_problem_and_not_followed(site: Path, name: str, kind: str) -> None:
    path = site / name
    path.unlink(missing_ok=True)
    if kind == "loop":
        path.symlink_to(path)
    elif kind == "out":
        path.symlink_to("/dev/zero")
    elif kind == "pipe" and hasattr(os, "mkfifo"):
        os.mkfifo(path)
    else:
        path.mkdir()
    problems = check_site(site).problems
    assert bool(problems) == (kind != "folder" or name != SUMS)


def test_a_home_page_that_is_a_link(site: Path) -> None:
    (site / "index.html").rename(site / "home.html")
    (site / "index.html").symlink_to("home.html")
    assert check_site(site).problems[0] == "index.html is a link or not a regular file"


@pytest.mark.parametrize("name", ["net/index.html", "assets/a.webp", "manifest.json"])
def test_files_that_cannot_be_read_are_problems(
    site: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As without the permission, which root always has."""
    denied(monkeypatch, "io", "open", site / name)
    (problem,) = check_site(site).problems
    assert problem.startswith(f"{name} cannot be read: ")
    assert "denied" in problem


def test_directories_that_cannot_be_read_are_problems(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    denied(monkeypatch, "os", "scandir", site / "assets")
    problems = check_site(site).problems
    assert problems[0] == f"{site / 'assets'} cannot be read: Permission denied"


def denied(monkeypatch: pytest.MonkeyPatch, module: str, name: str, path: Path) -> None:
    """Let a function refuse one path."""
    real = getattr(importlib.import_module(module), name)

    def refuse(given: object, mode: str = "r", *rest: object, **named: object) -> object:
        if str(given) == str(path) and "w" not in mode:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(given, *(() if name == "scandir" else (mode, *rest)), **named)

    monkeypatch.setattr(f"{module}.{name}", refuse)


@pytest.mark.parametrize(
    "manifest",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"1" * 10_000,
        b"\xff\xfe",
        b"",
        b"\x00",
    ],
)
def test_manifests_that_cannot_be_understood(site: Path, manifest: bytes) -> None:
    (site / "manifest.json").write_bytes(manifest)
    (problem,) = check_site(site).problems
    assert problem.startswith("manifest.json cannot be read: ")


@pytest.mark.parametrize(
    "value", ["NaN", "null", "[[[]]]", '{"path": [], "sha256": 1}', "[" * 900 + "]" * 900]
)
def test_manifests_of_another_shape(site: Path, value: str) -> None:
    (site / "manifest.json").write_text(value)
    assert check_site(site).problems == ()


def test_lists_may_name_anything(site: Path) -> None:
    names = ["../../etc/passwd", "/etc/passwd", "", "a\x00b", "\ud800", "x" * 9999]
    claims = [{"path": name or "?", "sha256": "0"} for name in names]
    (site / "manifest.json").write_text(json.dumps(claims))
    (site / SUMS).write_text(f"{'0' * 64}  ../../etc/passwd\n{'0' * 64}  /etc/passwd\nx\n")
    problems = check_site(site).problems
    assert len(problems) == len(names) + 2
    assert all("which is not in the site" in one for one in problems)


def test_a_site_that_is_not_a_site(tmp_path: Path) -> None:
    (tmp_path / "index.html").mkdir()
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file", tmp_path / "gone", Path("a\x00b")):
        with pytest.raises(SettingsError, match="is not a site"):
            check_site(path)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
@pytest.mark.parametrize(
    "name",
    ["aux", "con.txt", "NUL.tar.gz", "a/com1.x", "x.", "x ", "a:b", "a?b", "x./y", "lpt1 .x"],
)
def test_names_that_windows_cannot_store(site: Path, name: str) -> None:
    (site / name).parent.mkdir(exist_ok=True)
    (site / name).write_text("")
    assert check_site(site).warnings == (f"{name} cannot be stored on Windows; rename it",)


@pytest.mark.parametrize("name", ["auxiliary", "com10", ".con", "a.aux", "x.y", "a b"])
def test_names_that_windows_can_store(site: Path, name: str) -> None:
    (site / name).write_text("")
    assert check_site(site).warnings == ()
