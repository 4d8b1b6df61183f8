"""What is composed of a model's scans: the poster, the social card, the sheet of all scans."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gallery.cache import Entry
from gallery.costs.facts import Facts
from gallery.files import write_whole
from gallery.pipeline.plan import PosterPlan, ScanPlan
from gallery.pipeline.products.scan import Drawn, NewFile, colored
from gallery.placement.types import Layout
from gallery.rendering.compose.contact_sheet import contact_sheet
from gallery.rendering.compose.layer_strip import layer_strip
from gallery.rendering.compose.poster import EDGE, HERO, LABELS, Shown, poster
from gallery.rendering.compose.social_card import CARD, SCAN, card
from gallery.rendering.files.formats import read, save
from gallery.rendering.labels.labels import Label, place_labels
from gallery.rendering.raster.frame import frame
from gallery.rendering.scan import render
from gallery.rendering.sheet.pdf import sheet_pdf
from gallery.rendering.sheet.sheet import MILLIMETRES_PER_INCH, Sheet, sheet_picture
from gallery.rendering.types import Picture, RenderSettings
from gallery.settings.values import FrontMatter, ScanSettings

PDF_DPI = 200
"""Pixels an inch of a PDF's pictures at most: finer lines than paper holds only weigh."""

_MULTIPLES_DPI = 128


def draw_poster(
    hero: tuple[Layout, ScanSettings],
    others: Sequence[tuple[str, Picture]],
    words: tuple[Facts, FrontMatter],
    plan: PosterPlan,
    new_file: NewFile,
) -> Drawn:
    """Draw the infographic of a model.

    Args:
        hero: The scan that fills it.
        others: Caption and picture of scans that are shown small.
        words: For the numbers and the title.
        plan: How.
        new_file: Where the files go.

    Raises:
        RenderError: It cannot be drawn.
    """
    (layout, scan), (facts, front) = hero, words
    sheet = poster(facts, front, _shown(layout, scan, facts, plan), others)
    files: dict[str, Path] = {}
    images = []
    for form in plan.formats:
        name = f"poster.{form}"
        files[name] = new_file(f".{form}")
        width, height = _save(sheet, plan.dpi, files[name])
        images.append([name, form, width, height])
    return Drawn(value={"images": images}, files=files)


def _shown(layout: Layout, scan: ScanSettings, facts: Facts, plan: PosterPlan) -> Shown:
    coloring = colored(layout, scan, scan.ground)
    pixels = plan.dpi / MILLIMETRES_PER_INCH
    size = (round(HERO[0] * pixels), round(HERO[1] * pixels))
    look = RenderSettings(title=facts.name, digest=facts.digest, margin=EDGE)
    labels: Sequence[Label] = ()
    if plan.labels:
        sizes = (round(LABELS[0] * pixels), round(LABELS[1] * pixels), round(LABELS[2] * pixels))
        inside = frame(layout.positions, size, look.margin)
        labels = place_labels(layout, coloring, inside, sizes, edge=EDGE / 2)
    return Shown(
        picture=render(layout, coloring, size=size, settings=look),
        coloring=coloring,
        labels=labels,
        strip=layer_strip(layout.graph, coloring),
    )


def _save(sheet: Sheet, dpi: float, path: Path) -> tuple[int, int]:
    if path.suffix == ".pdf":
        write_whole(path, sheet_pdf(sheet, min(dpi, PDF_DPI)))
        return round(sheet.width), round(sheet.height)
    picture = sheet_picture(sheet, dpi)
    save(picture, path)
    return picture.width, picture.height


def draw_card(
    layout: Layout, scan: ScanSettings, facts: Facts, front: FrontMatter, new_file: NewFile
) -> Drawn:
    """Draw the social card of a model.

    Raises:
        RenderError: It cannot be drawn.
    """
    coloring = colored(layout, scan, "dark")
    picture = render(layout, coloring, size=SCAN)
    path = new_file(".jpeg")
    save(sheet_picture(card(facts, front, picture), MILLIMETRES_PER_INCH), path)
    return Drawn(value={"images": [["card.jpeg", "jpeg", *CARD]]}, files={"card.jpeg": path})


def draw_multiples(
    scans: Sequence[tuple[ScanPlan, Picture]], title: str, note: str, new_file: NewFile
) -> Drawn:
    """Put all scans of a model on one sheet.

    Raises:
        RenderError: It cannot be drawn.
    """
    ground = scans[0][0].scan.ground
    rows = [(plan.short, picture) for plan, picture in scans]
    path = new_file(".webp")
    width, height = _save(contact_sheet(title, note, rows, ground=ground), _MULTIPLES_DPI, path)
    images = [["multiples.webp", "webp", width, height]]
    return Drawn(value={"images": images}, files={"multiples.webp": path})


def picture_of(entry: Entry, side: int) -> Picture:
    """A picture of a scan that the cache has: the smallest that is as wide, else the widest.

    Raises:
        RenderError: It cannot be read.
    """
    images: list[tuple[str, str, int, int]] = entry.value["images"]
    wide = [one for one in images if one[2] >= side]
    chosen = min(wide, key=_width) if wide else max(images, key=_width)
    return read(entry.files[chosen[0]].path)


def _width(image: Sequence[object]) -> int:
    width = image[2]
    assert isinstance(width, int)
    return width
