"""The poster: an infographic of a model around its main scan."""

# ruff: noqa: PLC0415 - see `Product`

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gallery.pipeline.products.base import (
    Drawn,
    Form,
    NewFile,
    Product,
    color_settings,
    images,
    picture_settings,
)
from gallery.pipeline.products.facts import FACTS, facts_in
from gallery.pipeline.products.scan import SCANS, drawing_of, picture_of, whole_side
from gallery.schema import record
from gallery.settings.paper import paper_named

if TYPE_CHECKING:
    from gallery.pipeline.plan import ModelPlan
    from gallery.pipeline.stages import Stages
    from gallery.pipeline.variants import ScanPlan
    from gallery.rendering.labels.labels import PlacedName
    from gallery.rendering.sheet.sheet import Sheet
    from gallery.rendering.types import Picture

_PDF_DPI = 200
"""Most pixels per inch of a PDF's pictures: finer detail than paper shows only adds bytes."""

_SIDE = 320
"""Pixels per side that the other scans need."""

_WORDS = ("title", "year", "paper", "authors", "paper_url")
"""What the poster says of the sidecar."""

_LOOK = ("poster_size", "poster_formats", "poster_dpi", "poster_labels", "quality")
"""The settings of the poster itself."""


def _inputs(plan: ModelPlan) -> Mapping[str, object]:
    variants, front = plan.variants, plan.words.front
    if not (variants.poster and variants.poster_formats and plan.scans):
        return {}
    words = [getattr(front, name) for name in _WORDS]
    look = [getattr(variants, name) for name in _LOOK]
    main = plan.stage_key("color", plan.scans[0].scan)
    return {"": [main, plan.keys(SCANS), plan.keys(FACTS), words, look]}


def _settings(plan: ModelPlan, _: str) -> Mapping[str, object]:
    variants = plan.variants
    return {
        **{name: getattr(plan.words.front, name) for name in _WORDS},
        **color_settings(plan, plan.scans[0].scan),
        "paper": variants.poster_size,
        "dpi": variants.poster_dpi,
        "layer_names": variants.poster_labels,
        "others": [picture_settings(plan, one) for one in _others(plan)],
    }


def _make(stages: Stages, _: str, new_file: NewFile) -> Drawn:
    from gallery.rendering.compose.poster import poster
    from gallery.rendering.compose.poster_scan import show
    from gallery.rendering.types import RenderSettings

    plan, facts = stages.plan, facts_in(stages.entry(FACTS), stages.plan.name)
    beside = [(one, stages.entry(SCANS, one.key)) for one in _others(plan)]
    others = [
        (one.short, picture_of(entry, _SIDE))
        for one, entry in beside
        if not (one.key == "training" and entry.value["untrained"])
    ]
    paper = paper_named(plan.variants.poster_size)
    main, variants = plan.scans[0], plan.variants
    scan, whole = main.scan, whole_side(main)

    def drawn(side: int) -> Picture | None:
        """The drawing that the main scan's sizes are made of, if it is large enough."""
        if side > whole:
            return None
        return drawing_of(stages, main).picture(whole, whole, labels=False, legend=False)

    shown = show(
        stages.layout(scan),
        stages.coloring(scan),
        paper,
        variants.poster_dpi,
        look=RenderSettings(title=plan.name, exposure=scan.exposure),
        names=_names(stages) if variants.poster_labels else (),
        drawn=drawn,
    )
    sheet = poster(facts, plan.words.front, shown, others, paper)
    sheet = sheet.told(plan.provenance(POSTER).entries())
    files: dict[str, Path] = {}
    images = []
    for form in plan.variants.poster_formats:
        name = f"poster.{form}"
        files[name] = new_file(f".{form}")
        width, height = save_sheet(sheet, variants.poster_dpi, files[name], variants.quality)
        images.append([name, form, width, height])
    return Drawn(value={"images": images}, files=files)


def _names(stages: Stages) -> Sequence[PlacedName]:
    """Where the layer names of the main scan are; another palette leaves them there."""
    from gallery.rendering.compose.poster_scan import names_on
    from gallery.rendering.labels.storage import names_of, names_value

    scan, variants = stages.plan.scans[0].scan, stages.plan.variants
    paper, dpi = variants.poster_size, variants.poster_dpi
    return stages.stored(
        POSTER,
        ["names", stages.plan.stage_key("layout", scan), paper, dpi],
        make=lambda: names_on(stages.layout(scan), paper_named(paper), dpi),
        save=names_value,
        restore=names_of,
    )


def _others(plan: ModelPlan) -> list[ScanPlan]:
    """Up to four other scans: training, a skeleton, two colourings, or whatever there is."""
    ground = plan.scans[0].scan.ground
    rest = [one for one in plan.scans[1:] if one.scan.ground == ground and one.key != "names"]
    kinds = ("training", "skeleton", "color", "color")
    chosen: list[ScanPlan] = []
    for kind in kinds:
        chosen += [one for one in rest if one.key.startswith(kind) and one not in chosen][:1]
    return [*chosen, *(one for one in rest if one not in chosen)][:4]


def save_sheet(sheet: Sheet, dpi: float, path: Path, quality: str = "best") -> tuple[int, int]:
    """Write the sheet; its width and height, in pixels or in a PDF's millimetres."""
    from gallery.files import write_whole
    from gallery.rendering.files.formats import save
    from gallery.rendering.sheet.pdf import sheet_pdf
    from gallery.rendering.sheet.sheet import sheet_picture

    if path.suffix == ".pdf":
        write_whole(path, sheet_pdf(sheet, min(dpi, _PDF_DPI), quality))
        return round(sheet.width), round(sheet.height)
    picture = sheet_picture(sheet, dpi)
    save(picture, path, quality)
    return picture.width, picture.height


def _form(plan: ModelPlan, _: str) -> Form:
    files = tuple(f"poster.{form}" for form in plan.variants.poster_formats)
    return Form(value=record({"images": images(*files)}), files=files)


POSTER = Product(
    name="poster", module=__name__, inputs=_inputs, make=_make, form=_form, settings=_settings
)
