"""Files of the site: pictures and static files under names that change with their content."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from gallery.errors import DamagedFileError, DiscoverError, PublishError, system_error
from gallery.files import link_or_copy, read_regular
from gallery.publishing.assets.contents import check_content
from gallery.publishing.exhibit import ImageFile, ScanImages
from gallery.rendering.files.xmp import xmp
from gallery.settings.formats import FORMATS
from gallery.text import slugify

MIME = {one.name: one.mime for one in FORMATS}
_MODERN = tuple(one.name for one in FORMATS if one.modern)
_FALLBACKS = frozenset(one.name for one in FORMATS if one.fallback)
_FALLBACK_WIDTH = 640
_LARGEST = 1 << 31


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A file in the site.

    Attributes:
        href: Path from the site's root, with forward slashes; safe in a URL as it is.
        bytes: Size.
        sha256: Digest of the content, in hexadecimal.
        format: "avif", "png", "js", ...
        width: Pixels; 0 if it is not a picture.
        height: Pixels; 0 if it is not a picture.
    """

    href: str
    bytes: int
    sha256: str
    format: str
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The files of one format, from which a browser chooses.

    Attributes:
        mime: Media type.
        candidates: Narrowest first.
    """

    mime: str
    candidates: tuple[Placed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsivePicture:
    """One picture in several sizes and formats.

    Attributes:
        sources: Modern formats, the preferred one first.
        fallback: A file of medium size that every browser can show.
        largest: The widest file, lossless if there is a choice.
    """

    sources: tuple[Source, ...]
    fallback: Placed
    largest: Placed


def content_of(file: ImageFile) -> bytes:
    """The content of a file.

    Raises:
        DamagedFileError: The content differs from what was made.
        PublishError: The file cannot be read.
    """
    try:
        content = read_regular(file.source, _LARGEST)
    except DiscoverError as error:
        found = f"{file.name or file.source.name} cannot be read: {error.found}"
        raise PublishError(found, hint="delete the cache and build again") from error
    found = f"{file.name or file.source.name} is damaged in the cache"
    if file.sha256 and hashlib.sha256(content).hexdigest() != file.sha256:
        raise DamagedFileError(found, hint="delete the cache and build again")
    try:
        check_content(file.format, content)
    except ValueError as error:
        found += f": {error}"
        raise DamagedFileError(found, hint="delete the cache and build again") from error
    return content


def place(file: ImageFile, site: Path, stem: str, suffix: str) -> Placed:
    """Copy a file into the site's assets under a name with eight digits of its hash.

    Args:
        file: The file.
        site: Root of the site.
        stem: Start of the new name, safe in a URL.
        suffix: End of the new name without a dot; also its format.

    Raises:
        PublishError: The file cannot be read or is damaged, or the site cannot be written.
    """
    href = f"assets/{stem}.{suffix}"
    if not (file.published and file.sha256):
        return write(site, href, content_of(file), hashed=True)
    name = _hashed(href, file.sha256)
    try:
        size = _size_of_linked(file, f"{site}/{name}")
    except OSError as error:
        raise _unwritable(name, error) from error
    return Placed(href=name, bytes=size, sha256=file.sha256, format=suffix)


def _size_of_linked(file: ImageFile, target: str) -> int:
    """Link a file to where it may be already; returns its size."""
    try:
        return os.stat(target).st_size
    except FileNotFoundError:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        link_or_copy(file.source, Path(target))
        return os.stat(target).st_size


def write(site: Path, href: str, content: bytes, *, hashed: bool = False) -> Placed:
    """Write a file of the site.

    Args:
        site: Root of the site.
        href: Path from the root; with `hashed`, eight digits of the hash go before its suffix.
        content: What it holds.
        hashed: Whether the name changes with the content.

    Raises:
        PublishError: If the site cannot be written.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    name = _hashed(href, sha256) if hashed else href
    target = site / name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Not into a file that is there: it may be a link into the site before.
        target.unlink(missing_ok=True)
        target.write_bytes(content)
    except OSError as error:
        raise _unwritable(name, error) from error
    suffix = href.rpartition(".")[2]
    return Placed(href=name, bytes=len(content), sha256=sha256, format=suffix)


def hashed(href: str, content: bytes) -> str:
    """The path of a file with eight digits of its content's hash before its suffix."""
    return _hashed(href, hashlib.sha256(content).hexdigest())


def _hashed(href: str, sha256: str) -> str:
    stem, _, suffix = href.rpartition(".")
    return f"{stem}.{sha256[:8]}.{suffix}"


def _unwritable(name: str, error: OSError) -> PublishError:
    _, hint = system_error(error)
    return PublishError(f"{name} cannot be written: {error.strerror or error}", hint=hint)


def place_image(image: ImageFile, site: Path, stem: str) -> Placed:
    """Place one picture file in the site.

    Raises:
        PublishError: If its format is not one of `MIME`, or it cannot be read or written.
    """
    if image.format not in MIME:
        raise PublishError(
            f"{image.source.name} has the format {image.format!r}, which the site cannot show",
            hint=f"use one of {', '.join(MIME)}",
        )
    placed = place(image, site, f"{stem}-{image.width}", image.format)
    return Placed(
        href=placed.href,
        bytes=placed.bytes,
        sha256=placed.sha256,
        format=image.format,
        width=image.width,
        height=image.height,
    )


def place_scan(scan: ScanImages, site: Path, slug: str) -> ResponsivePicture | None:
    """Place all files of a scan in the site; None if it has none."""
    stem = f"{slug}-{slugify(scan.key)}"
    placed = [place_image(image, site, stem) for image in scan.images]
    return picture(placed)


def place_names(
    scan: ScanImages, site: Path, slug: str, under: ResponsivePicture, metadata: Mapping[str, str]
) -> ResponsivePicture:
    """Place the files of layer names that are laid over a scan.

    Its largest file is a document that shows the scan with the names, for those who open it.

    Args:
        scan: The layer names, as SVG.
        site: Root of the site.
        slug: Directory of the model.
        under: The scan.
        metadata: What the model's files say of how they were made.
    """
    stem = f"{slug}-{slugify(scan.key)}"
    placed = [place_image(image, site, stem) for image in scan.images]
    ordered = tuple(sorted(placed, key=lambda file: file.width))
    side, layers = ordered[-1].width, (under.largest, ordered[-1])
    shown = "".join(
        f'<image href="{one.href.rpartition("/")[2]}" width="{side}" height="{side}"/>'
        for one in layers
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}">'
    document = f"{head}<metadata>{xmp(metadata)}</metadata>{shown}</svg>\n"
    whole = write(site, f"assets/{stem}-whole.svg", document.encode("utf-8"), hashed=True)
    return ResponsivePicture(
        sources=(Source(mime=MIME["svg"], candidates=ordered),),
        fallback=min(ordered, key=lambda file: abs(file.width - _FALLBACK_WIDTH)),
        largest=replace(whole, width=side, height=side),
    )


def picture(files: list[Placed]) -> ResponsivePicture | None:
    """Arrange the files of one picture for a `<picture>` element; None if there are none."""
    if not files:
        return None
    ordered = sorted(files, key=lambda file: (file.width, file.format, file.href))
    sources = tuple(
        Source(mime=MIME[kind], candidates=tuple(f for f in ordered if f.format == kind))
        for kind in _MODERN
        if any(f.format == kind for f in ordered)
    )
    plain = [f for f in ordered if f.format in _FALLBACKS] or ordered
    fallback = min(plain, key=lambda file: (abs(file.width - _FALLBACK_WIDTH), file.bytes))
    largest = max(ordered, key=lambda file: (file.width, file.format == "png", file.href))
    return ResponsivePicture(sources=sources, fallback=fallback, largest=largest)
