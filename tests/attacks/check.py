"""Attacks on `gallery check`: sites that nobody would make on purpose."""

from __future__ import annotations

import os
from pathlib import Path

from tests.attacks.frame import Ground, attack

_PAGES = {
    "brackets.html": b"<a href='https://['>",
    "number.html": b"<a href='&#" + b"1" * 5000 + b";'>",
    "tags.html": b"<a " * 20_000,
    "quotes.html": b"<a href='x" * 20_000,
    "comments.html": b"<!-- x --!" * 20_000,
    "section.html": b"<![foo[",
    "binary.html": bytes(range(256)),
    "empty.html": b"",
}


@attack("check", "broken, binary and quadratic pages are judged")
def broken_pages(ground: Ground) -> None:
    _site(ground.site)
    for name, content in _PAGES.items():
        (ground.site / name).write_bytes(content)
    ended = ground.gallery("check", ground.site)
    ended.told(1, "brackets.html links to https://[", "binary.html is not a page")
    for name in ("brackets.html", "binary.html", "number.html"):
        (ground.site / name).unlink()
    ground.gallery("check", ground.site).told(0)


@attack(
    "check", "links, loops, pipes, folders and huge files in a site are problems of it", short=True
)
def irregular_files(ground: Ground) -> None:
    _site(ground.site)
    (ground.site / "loop.html").symlink_to("loop.html")
    (ground.site / "endless.html").symlink_to("/dev/zero")
    (ground.site / "folder.html").mkdir()
    (ground.site / "up").symlink_to(ground.folder)
    if hasattr(os, "mkfifo"):
        os.mkfifo(ground.site / "pipe.html")
        os.mkfifo(ground.site / "SHA256SUMS")
    with (ground.site / "huge.html").open("wb") as stream:
        stream.truncate(1 << 40)
    ended = ground.gallery("check", ground.site)
    ended.told(1, "loop.html is a link", "endless.html is a link", "up is a link", "huge.html has")


@attack("check", "manifests too deep, too long or of another shape are judged", short=True)
def manifests(ground: Ground) -> None:
    _site(ground.site)
    for text in ("[" * 100_000, "1" * 10_000, "\x00", ""):
        (ground.site / "manifest.json").write_text(text)
        ground.gallery("check", ground.site).told(1, "manifest.json cannot be read")
    (ground.site / "manifest.json").write_text('[{"path": "../models/first.onnx", "sha256": "0"}]')
    ground.gallery("check", ground.site).told(1, "which is not in the site")


@attack("check", "addresses of a sidecar that cannot be understood never reach a page", short=True)
def sidecar_addresses(ground: Ground) -> None:
    (ground.models / "first.md").write_text("---\npaper_url: https://[\n---\nSee [it](https://[).")
    ground.build().told(0, "note: first.onnx: first.md: paper_url is 'https://['")
    ground.gallery("check", ground.site).clean()


def _site(folder: Path) -> None:
    folder.mkdir()
    (folder / "index.html").write_text("<p>Home")
    (folder / "manifest.json").write_text("{}")
