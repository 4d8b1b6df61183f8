"""The scans of all models of a directory on one sheet, without a site."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gallery.cache import Cache, Entry
from gallery.cli.poster import NOTHING, check_sheet, pixels_of
from gallery.costs.facts import Facts
from gallery.errors import GalleryError
from gallery.pipeline.build import planned
from gallery.pipeline.models import Gallery
from gallery.pipeline.options import BuildOptions
from gallery.pipeline.outcome import Outcome
from gallery.pipeline.plan import ModelPlan
from gallery.pipeline.products.facts import FACTS, facts_in
from gallery.pipeline.products.poster import save_sheet
from gallery.pipeline.products.scan import SCANS, picture_of
from gallery.pipeline.report import Report
from gallery.pipeline.schedule import make
from gallery.pipeline.stages import Stages
from gallery.rendering.compose.wall import PAPER, SCREEN, Hanging, Hung, hanging, wall
from gallery.rendering.provenance import software
from gallery.rendering.sheet.sheet import MILLIMETRES_PER_INCH, Sheet
from gallery.settings.gallery_toml import checked
from gallery.settings.paper import paper_named, screen
from gallery.settings.values import FrontMatter, GallerySettings
from gallery.text import counted, roughly

_FINEST = 1280
"""Least side of the drawing that a scan is reduced from, in pixels, as for the pages of a site."""
_NO_YEAR = 10_000
"""Comes after all years."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WallOptions:
    """How a wall is composed.

    Attributes:
        size: Paper or pixels, see `gallery.settings.paper`.
        dpi: Pixels per inch of paper.
        order: One of `gallery.settings.choices.ORDERS`.
        title: Title, or "" for that of the settings.
    """

    size: str = "A2"
    dpi: int = 150
    order: str = "family"
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Made:
    """What the wall says of a model, and its scan."""

    front: FrontMatter
    facts: Facts
    scan: Entry


def make_wall(
    models: Path, output: Path, settings: GallerySettings, chosen: WallOptions, run: BuildOptions
) -> Report:
    """Draw all models of a directory on one sheet.

    Args:
        models: The directory.
        output: The file to write, with one of `POSTER_SUFFIXES`.
        settings: Settings of the gallery; of the variants, none is made.
        chosen: How the wall is composed.
        run: How the scans are made; without a cache, in a temporary one.

    Returns:
        What was made; models that failed are not on the wall.

    Raises:
        SettingsError: The file cannot be written there, or a setting is wrong.
        DiscoverError: `models` is not a directory, or holds no models.
        GalleryError: No model could be drawn.
    """
    check_sheet(output, chosen.size, chosen.dpi)
    found = planned(models, replace(checked(settings), variants=NOTHING), run)
    plans = [plan for plan in found if not plan.file.group.lead]
    place, scale = _place(len(plans), chosen)
    side = round(place.side * scale)
    plans = [_alone(plan, side) for plan in plans]
    with ExitStack() as stack:
        folder = run.cache or Path(stack.enter_context(TemporaryDirectory(prefix="gallery-")))
        cache = Cache(folder)
        outcomes = make(plans, cache, run)
        gallery = Gallery(plans=plans, settings=settings, cache=cache, outcomes=outcomes)
        made = [_made(one, cache) for one in outcomes.values() if not one.failure]
        if not made:
            raise GalleryError(f"no model of {models} could be drawn", hint=_why(gallery.report()))
        made.sort(key=_order(made, chosen.order))
        place, scale = _place(len(made), chosen)
        scans = [
            Hung(name=one.front.title, note=_note(one), picture=picture_of(one.scan, side))
            for one in made
        ]
    title = chosen.title or settings.title
    sheet = wall(title, _facts(made), scans, place, settings.scan.ground)
    sheet = _fitted(sheet, scale, chosen.size).told({"Software": software()})
    dpi = MILLIMETRES_PER_INCH if screen(chosen.size) else chosen.dpi
    save_sheet(sheet, dpi, output)
    return gallery.report()


def _place(count: int, chosen: WallOptions) -> tuple[Hanging, float]:
    """How the scans hang, and pixels per unit."""
    pixels, on_screen = pixels_of(chosen.size, chosen.dpi), screen(chosen.size)
    small = on_screen or paper_named(chosen.size).name == "A4"
    scale = min(pixels) / (SCREEN if small else PAPER)
    return hanging(count, pixels[0] / scale, pixels[1] / scale), scale


def _fitted(sheet: Sheet, scale: float, size: str) -> Sheet:
    """The sheet in millimetres or, for a screen, in pixels."""
    found = screen(size)
    if found:
        return replace(sheet.scaled(scale), width=found[0], height=found[1])
    paper = paper_named(size)
    fitted = sheet.scaled(min(paper.width / sheet.width, paper.height / sheet.height))
    return replace(fitted, width=paper.width, height=paper.height)


def _alone(plan: ModelPlan, side: int) -> ModelPlan:
    """The plan with nothing but the main scan, without text."""
    sizes = tuple(sorted({side, max(2 * side, _FINEST)}))
    main = [
        replace(
            one,
            scan=replace(one.scan, labels=False, legend=False),
            sizes=sizes,
            formats=("png",),
            png=0,
        )
        for one in plan.scans[:1]
    ]
    return replace(plan, scans=tuple(main))


def _made(one: Outcome, cache: Cache) -> _Made:
    stages = Stages(one.plan, cache, lambda _: None)
    (what,) = one.plan.keys(SCANS)
    return _Made(
        front=one.plan.words.front,
        facts=facts_in(stages.entry(FACTS), one.plan.file.slug),
        scan=stages.entry(SCANS, what),
    )


def _order(made: Sequence[_Made], order: str) -> Callable[[_Made], tuple[Any, ...]]:
    first: dict[str, int] = {}
    for one in made:
        first[_family(one)] = min(first.get(_family(one), _NO_YEAR), _year(one))

    def key(one: _Made) -> tuple[Any, ...]:
        size, title = one.facts.parameters, one.front.title.casefold()
        if order == "name":
            return (title,)
        if order == "size":
            return size, title
        if order == "year":
            return _year(one), size, title
        return first[_family(one)], _family(one), _year(one), size, title

    return key


def _family(one: _Made) -> str:
    return one.front.family or one.front.title


def _year(one: _Made) -> int:
    return _NO_YEAR if one.front.year is None else one.front.year


def _note(one: _Made) -> str:
    year = "" if one.front.year is None else str(one.front.year)
    weights = roughly(one.facts.parameters, "parameter") if one.facts.parameters else ""
    return ", ".join(part for part in (year, weights) if part)


def _facts(made: Sequence[_Made]) -> str:
    vertices, edges = (sum(one.scan.value[name] for one in made) for name in ("vertices", "edges"))
    years = [one.front.year for one in made if one.front.year is not None]
    span = f" from {min(years)} to {max(years)}" if years and min(years) < max(years) else ""
    return (
        f"{counted(len(made), 'network')}{span}, {roughly(vertices, 'vertex', 'vertices')}, "
        f"{roughly(edges, 'edge')}."
    )


def _why(report: Report) -> str:
    told = [one.failure.found for one in report.models if one.failure]
    return "; ".join(told[:3])
