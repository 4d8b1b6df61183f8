"""The pictures that sidecars show: found in the models directory and published with the site.

A picture is published under a name that follows from its path alone, so that the parts of a sharded
build and `gallery merge` agree on it.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from gallery.discovery.static import static_files
from gallery.errors import DiscoverError
from gallery.files import read_regular
from gallery.pipeline.plan import ModelPlan
from gallery.text import slugify

FOLDER = "pictures"
"""Where the site has them."""

LARGEST = 8 << 20
"""Bytes of the largest picture that is published."""

_KINDS = {
    ".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".gif": "gif", ".webp": "webp",
    ".avif": "avif", ".svg": "svg",
}  # fmt: skip


def site_files(models: Path, plans: Sequence[ModelPlan]) -> tuple[dict[str, Path], list[str]]:
    """Files to publish as they are, by their path in the site, and what is wrong with others.

    They are those in `static/`, and the pictures that the models' sidecars show.

    Raises:
        DiscoverError: `static/` holds something that cannot be published.
    """
    found, problems = static_files(models), []
    for plan in plans:
        for source in _sources(plan.words.prose):
            place = place_of(plan.file.sidecar, source)
            if place is None:
                continue
            try:
                path = _checked(models, place)
            except (DiscoverError, ValueError) as error:
                what = error.found if isinstance(error, DiscoverError) else str(error)
                problems.append(f"{plan.file.sidecar}: its picture {place} is left out: {what}")
            else:
                found[name_of(place)] = path
    return found, list(dict.fromkeys(problems))


def shown(plan: ModelPlan, files: Mapping[str, Path]) -> dict[str, tuple[str, Path]]:
    """Name in the site and file of each picture of a sidecar, by what the sidecar calls it.

    Args:
        plan: The model's plan.
        files: From `site_files`, or what a part of a sharded build has of them.
    """
    sidecar, prose = plan.file.sidecar, plan.words.prose
    places = {source: place_of(sidecar, source) for source in _sources(prose)}
    names = {source: name_of(place) for source, place in places.items() if place}
    return {source: (name, files[name]) for source, name in names.items() if name in files}


def place_of(sidecar: str, source: str) -> str | None:
    """Path of a picture in the models directory; None if its address leads elsewhere.

    Args:
        sidecar: Path there of the Markdown file that shows it.
        source: Its address in that file.

    >>> place_of("nets/a.md", "../plots/loss%20curve.png")
    'plots/loss curve.png'
    >>> place_of("a.md", "https://example.org/a.png"), place_of("a.md", "../a.png")
    (None, None)
    """
    try:
        parts = urlsplit(source)
    except ValueError:
        return None
    if parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/"):
        return None
    place = posixpath.normpath(posixpath.join(posixpath.dirname(sidecar), unquote(parts.path)))
    inside = not place.startswith(("../", "/")) and "\\" not in place and "\0" not in place
    return place if inside else None


def name_of(place: str) -> str:
    """Path in the site of a picture in the models directory."""
    stem, suffix = posixpath.splitext(place)
    digest = hashlib.sha256(place.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{FOLDER}/{slugify(stem, 'picture')[-60:].strip('-')}-{digest[:8]}{suffix.lower()}"


def _sources(prose: str) -> Iterator[str]:
    if "![" in prose or "<img" in prose.lower():
        # A gallery without such pictures must not wait for the Markdown parser.
        from gallery.publishing.parts.prose import picture_sources  # noqa: PLC0415

        yield from picture_sources(prose)


def _checked(models: Path, place: str) -> Path:
    """The file of a picture; raises DiscoverError or ValueError if it cannot be published."""
    from gallery.publishing.assets.contents import check_content  # noqa: PLC0415

    path = models / place
    if path.suffix.lower() not in _KINDS:
        raise ValueError(f"it is not one of {', '.join(_KINDS)}")
    if not path.resolve().is_relative_to(models.resolve()):
        raise ValueError("it leads out of the models directory")
    content = read_regular(path, LARGEST)
    check_content(_KINDS[path.suffix.lower()], content)
    return path
