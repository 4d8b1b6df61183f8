"""The check of a site finds what is broken, too large or stale."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from gallery.errors import SettingsError
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


def test_another_picture_than_the_manifest_names(site: Path) -> None:
    (site / "assets" / "a.webp").write_bytes(b"another")
    found = ("assets/a.webp differs from its digest in manifest.json",)
    assert check_site(site).problems == found


def test_a_stale_file(site: Path) -> None:
    (site / "assets" / "old.webp").write_bytes(b"")
    assert check_site(site).warnings == ("assets/old.webp is stale: nothing links to it",)


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
