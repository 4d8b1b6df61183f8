"""Checks a site on disk: links, files of the manifest, hosts' limits, page weight, stale files."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from gallery.discovery.catalogue import CATALOGUE
from gallery.errors import SettingsError
from gallery.files import SUMS, file_digest, listing, read_sums
from gallery.publishing.addresses import addresses
from gallery.text import DEVICES, cut

SITE_BYTES = 1_000_000_000
"""Largest site on GitHub Pages (docs.github.com, "GitHub Pages limits")."""

FILE_BYTES = 100 * 1024 * 1024
"""Largest file on GitHub (docs.github.com, "About large files on GitHub")."""

SITE_FILES = 200_000
"""Most files on GitLab Pages by default (docs.gitlab.com, GitLab.com settings)."""

PAGE_BYTES = 1_000_000
"""Size of a page's HTML above which it is slow on a phone."""

LARGEST_PAGE = 16 << 20
"""Size of a page's HTML above which its links are not checked."""

_UNPORTABLE = re.compile(r'[<>:"\\|?*\x00-\x1f]|[. ]$')
"""What Windows does not allow in a name."""

_MANIFEST = "manifest.json"
_ENTRANCES = {
    ".nojekyll",
    _MANIFEST,
    CATALOGUE,
    "feed.xml",
    "robots.txt",
    "sitemap.xml",
    "404.html",
}


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
    """Check a site, whoever made it; what cannot be read or understood is a problem of the site.

    Raises:
        SettingsError: The directory is not a site.
    """
    if not (site / "index.html").is_file():
        message = f"{site} is not a site: it has no index.html"
        raise SettingsError(message, hint="build one with `gallery build -o SITE`")
    unread: list[OSError] = []
    files = listing(site, unread.append)
    pages = {name: size for name, size in files.items() if name.endswith(".html")}
    problems = [f"{error.filename} cannot be read: {error.strerror}" for error in unread]
    wrong, warnings = _limits(files, pages)
    problems += wrong
    warnings += _unportable(files)
    links: dict[str, list[str]] = {}
    for page, size in pages.items():
        links[page], wrong = _links(site, page, size)
        problems += wrong
    reached = set(_ENTRANCES) | set(pages)
    for page, found in links.items():
        for link in found:
            target = _target(page, link, files)
            if target is None:
                problems.append(f"{page} links to {cut(link, 300)}, which is not in the site")
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
        bytes=_total(files),
        links=sum(len(found) for found in links.values()),
        heaviest_page=max([0, *pages.values()]),
        problems=tuple(problems),
        warnings=tuple(warnings),
    )


def _total(files: dict[str, int]) -> int:
    return sum(size for size in files.values() if size > 0)


def _changed(site: Path, files: dict[str, int]) -> list[str]:
    """What differs from the site's own list of files."""
    sums = read_sums(site) if 0 <= files.get(SUMS, -1) <= FILE_BYTES else {}
    found = (_mismatch(site, files, (name, sha256), SUMS) for name, sha256 in sums.items())
    return sorted(problem for problem in found if problem)


def _mismatch(site: Path, files: dict[str, int], claim: tuple[str, str], where: str) -> str:
    """What is wrong with a file that a list names with its digest, or ""."""
    name, sha256 = claim
    if name not in files:
        return f"{where} names {cut(name, 300)}, which is not in the site"
    if not 0 <= files[name] <= SITE_BYTES:
        return ""  # `_limits` says it
    try:
        same = file_digest(site / name) == sha256
    except OSError as error:
        return f"{name} cannot be read: {error.strerror}"
    return "" if same else f"{name} differs from its digest in {where}"


def _limits(files: dict[str, int], pages: dict[str, int]) -> tuple[list[str], list[str]]:
    problems, warnings = [], []
    total = _total(files)
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


def _unportable(files: Iterable[str]) -> list[str]:
    """Files whose names Windows cannot store."""
    return [
        f"{name} cannot be stored on Windows; rename it"
        for name in files
        if any(_UNPORTABLE.search(part) or _device(part) for part in name.split("/"))
    ]


def _device(name: str) -> bool:
    return name.partition(".")[0].rstrip().lower() in DEVICES


def _links(site: Path, page: str, size: int) -> tuple[list[str], list[str]]:
    """The distinct links of a page, sorted, and what keeps them from being read."""
    if size < 0:
        return [], []  # `_limits` says it
    if size > LARGEST_PAGE:
        return [], [f"{page} has {size:,} bytes, more than the {LARGEST_PAGE:,} that are checked"]
    try:
        text = (site / page).read_text("utf-8")
    except OSError as error:
        return [], [f"{page} cannot be read: {error.strerror}"]
    except UnicodeDecodeError:
        return [], [f"{page} is not a page: it is not UTF-8 text"]
    return sorted(set(addresses(text))), []


def _target(page: str, link: str, files: dict[str, int]) -> str | None:
    """The file that a link leads to; an external link counts as leading to the page itself."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return None
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
    size = files.get(_MANIFEST, -1)
    if not 0 <= size <= FILE_BYTES:
        return set(), [f"{_MANIFEST} cannot be read: it is missing, too large or not a file"]
    try:
        manifest = json.loads((site / _MANIFEST).read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        return set(), [f"{_MANIFEST} cannot be read: {error}"]
    claims = list(_claims(manifest))
    found = (_mismatch(site, files, claim, _MANIFEST) for claim in claims)
    return {name for name, _ in claims}, [problem for problem in found if problem]


def _claims(whole: Any) -> Iterator[tuple[str, str]]:
    """Every {"href" or "path": ..., "sha256": ...} of a JSON value, however deep."""
    waiting = [whole]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            name, digest = value.get("href") or value.get("path"), value.get("sha256")
            if isinstance(name, str) and isinstance(digest, str):
                yield name, digest
            value = list(value.values())
        if isinstance(value, list):
            waiting += reversed(value)
