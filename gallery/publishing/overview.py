"""Pictures of the whole gallery, made from its models' scans: icon and contact sheet."""

from __future__ import annotations

import io
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from gallery.errors import RenderError
from gallery.publishing.assets.earlier import Earlier
from gallery.publishing.assets.files import Placed, hashed
from gallery.publishing.kept import Digests
from gallery.publishing.settings import SiteSettings
from gallery.publishing.views import ModelView
from gallery.rendering.files.formats import encode, read
from gallery.rendering.files.png import texts
from gallery.rendering.types import Picture

MOST = 140
"""Most scans on the sheet; with more, each would be a speck."""

_ICON = 96
_DPI = 128
_log = logging.getLogger(__name__)


def site_icon(
    models: Sequence[ModelView],
    settings: SiteSettings,
    site: Path,
    earlier: Earlier,
    digests: Digests,
) -> Placed | None:
    """The site's icon, made from the first scan of the gallery; None if there is no scan.

    Raises:
        PublishError: If the site cannot be written.
    """
    first = next((one for one in models if one.hero is not None), None)
    if first is None or first.hero is None:
        return None

    def make() -> dict[str, bytes]:
        shown = _picture(first, site)
        if shown is None:
            return {}
        content = icon(shown.pixels, settings.provenance().entries())
        return {hashed("assets/icon.png", content): content}

    made = earlier.files(site, digests.of("icon", first.hero.picture.fallback), make)
    return next(iter(made.values()), None)


def icon(pixels: npt.NDArray[np.uint8], metadata: Mapping[str, str] | None = None) -> bytes:
    """A square PNG of what a picture shows, cropped, with rounded corners.

    Args:
        pixels: uint8 (h, w, 3); its corner has the colour of the background.
        metadata: How it was made.
    """
    drawn = np.abs(pixels.astype(int) - pixels[0, 0]).max(axis=2) > 48
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    top, bottom = (rows[0], rows[-1] + 1) if len(rows) else (0, pixels.shape[0])
    left, right = (columns[0], columns[-1] + 1) if len(columns) else (0, pixels.shape[1])
    side = max(round(1.1 * max(bottom - top, right - left)), 1)
    square = Image.new("RGB", (side, side), tuple(pixels[0, 0].tolist()))
    crop = Image.fromarray(pixels[top:bottom, left:right])
    square.paste(crop, ((side - crop.width) // 2, (side - crop.height) // 2))
    small = square.resize((_ICON, _ICON), Image.Resampling.LANCZOS)
    cover = Image.new("L", (4 * _ICON, 4 * _ICON))
    radius = 4 * _ICON * 0.22
    ImageDraw.Draw(cover).rounded_rectangle((0, 0, 4 * _ICON - 1, 4 * _ICON - 1), radius, 255)
    small.putalpha(cover.resize((_ICON, _ICON), Image.Resampling.BOX))
    stream = io.BytesIO()
    chunks = PngInfo()
    for name, text in texts(metadata or {}).items():
        chunks.add_itxt(name, text)
    small.save(stream, "PNG", optimize=True, pnginfo=chunks)
    return stream.getvalue()


def gallery_sheet(
    models: Sequence[ModelView],
    settings: SiteSettings,
    site: Path,
    earlier: Earlier,
    digests: Digests,
) -> Placed | None:
    """A contact sheet with one scan per model; None for fewer than two.

    Raises:
        PublishError: If the site cannot be written.
    """
    shown = [one for one in models if one.hero is not None][:MOST]
    ground = shown[0].hero.scan.ground if shown and shown[0].hero else "dark"
    rows = [(one.title, one.hero.picture.fallback) for one in shown if one.hero]

    def make() -> dict[str, bytes]:
        pictures = [(one.title, _picture(one, site)) for one in shown]
        scans = [(title, picture) for title, picture in pictures if picture is not None]
        content = _sheet(scans, settings, ground) if len(scans) > 1 else b""
        return {hashed("assets/gallery.webp", content): content} if content else {}

    made = earlier.files(site, digests.of_data("sheet", [ground, rows]), make)
    placed = next(iter(made.values()), None)
    if placed is None:
        return None
    with Image.open(site / placed.href) as image:
        return replace(placed, width=image.width, height=image.height)


def _sheet(scans: Sequence[tuple[str, Picture]], settings: SiteSettings, ground: str) -> bytes:
    # Most builds have the sheet in the site before and must not wait for numba.
    from gallery.rendering.compose.contact_sheet import contact_sheet  # noqa: PLC0415
    from gallery.rendering.sheet.sheet import sheet_picture  # noqa: PLC0415

    note = f"Scans of {len(scans)} neural networks"
    sheet = contact_sheet(settings.title, note, scans, ground=ground)
    return encode(sheet_picture(sheet.told(settings.provenance().entries()), _DPI), ".webp")


def _picture(model: ModelView, site: Path) -> Picture | None:
    # A user's own picture may have a format that cannot be read here; then the site has none.
    assert model.hero is not None
    try:
        return read(site / model.hero.picture.fallback.href)
    except RenderError as error:
        _log.warning("%s: %s", model.slug, error)
        return None
