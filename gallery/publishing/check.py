"""Checks a site on disk: links, files of the manifest, hosts' limits, page weight, stale files."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from gallery.errors import SettingsError
from gallery.files import SUMS, file_digest, listing, read_sums

SITE_BYTES = 1_000_000_000
"""Largest site on GitHub Pages (docs.github.com, "GitHub Pages limits")."""

FILE_BYTES = 100 * 1024 * 1024
"""Largest file on GitHub (docs.github.com, "About large files on GitHub")."""

SITE_FILES = 200_000
"""Most files on GitLab Pages by default (docs.gitlab.com, GitLab.com settings)."""

PAGE_BYTES = 1_000_000
"""Size of a page's HTML above which it is slow on a phone."""

_LINKS = {"href", "src", "poster", "data", "content"}
_ENTRANCES = {".nojekyll", "manifest.json", "feed.xml", "robots.txt", "sitemap.xml", "404.html"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The result of a check.

    Attributes:
        files: Number of files.
        bytes: Their total size.
        links: Number of links, each counted once per page.
        heaviest_page: Size of the largest HTML file.
        problems: What is broken, in sentences.
        warnings: What could be better, in sentences.
    """

    files: int
    bytes: int
    links: int
    heaviest_page: int
    problems: tuple[str, ...]
    warnings: tuple[str, ...]


def check_site(site: Path) -> CheckResult:
    """Check a site.

    Raises:
        SettingsError: The directory is not a site.
    """
    if not (site / "index.html").is_file():
        message = f"{site} is not a site: it has no index.html"
        raise SettingsError(message, hint="build one with `gallery build -o SITE`")
    files = listing(site)
    pages = {name: size for name, size in files.items() if name.endswith(".html")}
    problems, warnings = _limits(files, pages)
    links = {page: sorted(set(_links(site / page))) for page in pages}
    reached = set(_ENTRANCES) | set(pages)
    for page, found in links.items():
        for link in found:
            target = _target(page, link, files)
            if target is None:
                problems.append(f"{page} links to {link}, which is not in the site")
            else:
                reached.add(target)
    claimed, wrong = _manifest(site, files)
    problems += wrong + _changed(site, files)
    reached |= claimed
    for name in files:
        # Style sheets and scripts may be loaded by scripts, which is not followed here.
        if (
            name not in reached
            and name.startswith("assets/")
            and not name.endswith((".css", ".js"))
        ):
            warnings.append(f"{name} is stale: nothing links to it")
    return CheckResult(
        files=len(files),
        bytes=sum(files.values()),
        links=sum(len(found) for found in links.values()),
        heaviest_page=max(pages.values()),
        problems=tuple(problems),
        warnings=tuple(warnings),
    )


def _changed(site: Path, files: dict[str, int]) -> list[str]:
    """What differs from the site's own list of files."""
    sums = read_sums(site)
    missing = [f"{SUMS} names {name}, which is not in the site" for name in sums.keys() - files]
    there = [name for name in sums if files.get(name, -1) >= 0]
    changed = [
        f"{name} differs from its digest in {SUMS}"
        for name in there
        if file_digest(site / name) != sums[name]
    ]
    return sorted(missing + changed)


def _limits(files: dict[str, int], pages: dict[str, int]) -> tuple[list[str], list[str]]:
    problems, warnings = [], []
    total = sum(files.values())
    if total > SITE_BYTES:
        problems.append(f"the site has {total:,} bytes; GitHub Pages allows {SITE_BYTES:,}")
    if len(files) > SITE_FILES:
        problems.append(f"the site has {len(files):,} files; GitLab Pages allows {SITE_FILES:,}")
    for name, size in files.items():
        if size > FILE_BYTES:
            problems.append(f"{name} has {size:,} bytes; GitHub allows {FILE_BYTES:,} per file")
        if size < 0:
            problems.append(f"{name} is a link or not a regular file")
    for name, size in pages.items():
        if size > PAGE_BYTES:
            warnings.append(f"{name} has {size:,} bytes, which is slow on a phone")
    return problems, warnings


def _links(page: Path) -> Iterator[str]:
    reader = _Reader()
    reader.feed(page.read_text("utf-8"))
    reader.close()
    return iter(reader.found)


class _Reader(HTMLParser):
    """Collects the addresses of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the addresses of a tag."""
        for name, value in attrs:
            if name == "srcset":
                self.found += [part.split()[0] for part in (value or "").split(",") if part.split()]
            elif name in _LINKS and value and not (name == "content" and tag == "meta"):
                self.found.append(value)


def _target(page: str, link: str, files: dict[str, int]) -> str | None:
    """The file that a link leads to; an external link counts as leading to the page itself."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc or not parts.path:
        return page
    if parts.path.startswith("/"):
        return page if page == "404.html" else None
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(parts.path)))
    for name in (path, posixpath.join(path, "index.html").removeprefix("./")):
        if name in files:
            return name
    return None


def _manifest(site: Path, files: dict[str, int]) -> tuple[set[str], list[str]]:
    """The files that the manifest names, and what is wrong with them."""
    try:
        manifest = json.loads((site / "manifest.json").read_bytes())
    except (OSError, ValueError) as error:
        return set(), [f"manifest.json cannot be read: {error}"]
    claimed: set[str] = set()
    problems = []
    for name, sha256 in _claims(manifest):
        claimed.add(name)
        if name not in files:
            problems.append(f"manifest.json names {name}, which is not in the site")
        elif file_digest(site / name) != sha256:
            problems.append(f"{name} differs from its digest in manifest.json")
    return claimed, problems


def _claims(value: Any) -> Iterator[tuple[str, str]]:
    """Every {"href" or "path": ..., "sha256": ...} of a JSON value."""
    if isinstance(value, dict):
        name, digest = value.get("href") or value.get("path"), value.get("sha256")
        if isinstance(name, str) and isinstance(digest, str):
            yield name, digest
        for one in value.values():
            yield from _claims(one)
    elif isinstance(value, list):
        for one in value:
            yield from _claims(one)
