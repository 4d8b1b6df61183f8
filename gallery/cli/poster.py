"""A poster or a wallpaper of one model, without a site."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gallery.cache import Cache
from gallery.cli.output import check_output
from gallery.cli.progress import steps_of
from gallery.cli.scan import notes_on
from gallery.discovery.discover import named
from gallery.errors import RenderError, SettingsError
from gallery.files import write_whole
from gallery.pipeline.plan import ModelPlan, plan_of, versions
from gallery.pipeline.products.base import color_settings
from gallery.pipeline.products.measured import attributes_measured
from gallery.pipeline.products.poster import POSTER
from gallery.pipeline.stages import Stages
from gallery.pipeline.variants import main_scan, plan_scans
from gallery.rendering.compose.wallpaper import framed
from gallery.rendering.files.formats import check_format
from gallery.rendering.provenance import Provenance
from gallery.rendering.scan import save_scan
from gallery.rendering.sheet.sheet import MILLIMETRES_PER_INCH
from gallery.settings.formats import POSTER_SUFFIXES, format_named
from gallery.settings.gallery_toml import scan_conflicts
from gallery.settings.paper import paper_named, screen
from gallery.settings.values import FrontMatter, GallerySettings, Limits, VariantSettings

NOTHING = VariantSettings(
    sizes=(320,), size=(320,), formats=("webp",), names=False, light=False, diagram=False,
    multiples=False, viewer=False, poster=False, training=False, skeletons=(), colors=(),
)  # fmt: skip
"""No variants."""
_OF_FORWARD: dict[str, Any] = {
    "skeletons": ("circo",), "colors": ("depth", "flops"), "training": True,
}  # fmt: skip
_OF_TRAINING: dict[str, Any] = {
    "colors": ("pass", "depth", "flops", "bytes"),
}  # fmt: skip
"""The other scans on a poster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetOptions:
    """What a poster needs besides the settings of its scan.

    Attributes:
        size: Paper or pixels, see `gallery.settings.paper`.
        dpi: Pixels per inch of paper.
        dims: Size of symbolic dimensions, by name.
        skeleton_seconds: Limit of processor time of the Graphviz engine.
    """

    size: str = "A2"
    dpi: int = 150
    dims: Mapping[str, int] = field(default_factory=dict)
    skeleton_seconds: float = 20.0


def make_poster(
    path: Path, output: Path, scan: Mapping[str, Any], options: SheetOptions
) -> tuple[str, ...]:
    """Read a model and draw its poster, or its scan alone for a screen.

    Args:
        path: The model.
        output: The file to write, with one of `POSTER_SUFFIXES`.
        scan: Scan settings by name; the sidecar has the others, and all else is as usual.
        options: Everything else.

    Returns:
        Notes for the user.

    Raises:
        SettingsError: The file cannot be written there, or settings conflict.
        GalleryError: A stage failed; nothing was written.
    """
    kind = check_sheet(output, options.size, options.dpi)
    plan = _plan(path, kind, scan, options)
    main = plan.scans[0].scan
    if conflicts := scan_conflicts(main):
        raise SettingsError("; ".join(conflicts))
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="gallery-"))
        show = stack.enter_context(steps_of(path.name))
        stages = Stages(plan, Cache(Path(folder)), show)
        size = screen(options.size)
        if size:
            _save_wallpaper(stages, output, size)
        else:
            made = stages.entry(POSTER)
            write_whole(output, made.files[f"poster.{kind}"].path.read_bytes())
        return (*plan.notes, *notes_on(stages.model(), main, stages.layout(main)))


def _save_wallpaper(stages: Stages, output: Path, size: tuple[int, int]) -> None:
    plan = stages.plan
    scan = plan.scans[0].scan
    layout, coloring = stages.layout(scan), stages.coloring(scan)
    look = replace(
        framed(layout, size),
        exposure=scan.exposure,
        labels=scan.labels,
        legend=scan.legend,
        title=plan.words.front.title,
    )
    told = provenance(plan).entries()
    save_scan(layout, coloring, output, size=size, settings=look, metadata=told)


def provenance(plan: ModelPlan) -> Provenance:
    """What the metadata of a scan without text say."""
    shaped = color_settings(plan, plan.scans[0].scan)
    return Provenance(software=plan.versions["software"], source=plan.source, settings=shaped)


def _plan(path: Path, kind: str, scan: Mapping[str, Any], options: SheetOptions) -> ModelPlan:
    """The plan of one model of which only a poster is made."""
    file = named(path)
    if file.problem:
        raise file.problem
    limits = Limits(skeleton=options.skeleton_seconds)
    plan = plan_of(file, GallerySettings(limits=limits), versions())
    main = replace(main_scan(GallerySettings(), plan.words.front), **scan)
    variants = replace(
        NOTHING,
        poster=True,
        poster_formats=(kind,),
        poster_dpi=options.dpi,
        poster_size="A2" if screen(options.size) else options.size,
        **(_OF_TRAINING if main.passes == "training" else _OF_FORWARD),
    )
    return replace(
        plan,
        variants=variants,
        scans=plan_scans(
            GallerySettings(scan=main, variants=variants),
            FrontMatter(),
            measured=attributes_measured(plan),
        ),
        dims={**plan.dims, **options.dims},
    )


def check_sheet(output: Path, size: str, dpi: int) -> str:
    """Check that a sheet can be written.

    Returns:
        The name of the format.

    Raises:
        SettingsError: There is no such directory, or the format is unknown or cannot hold it.
    """
    check_output(output, "a poster's format", POSTER_SUFFIXES)
    kind = format_named(output.suffix)
    assert kind is not None
    if not kind.side and screen(size):
        raise SettingsError(f"a screen shows no {kind.name}", hint="use .png, .webp or .jpeg")
    if kind.side:
        try:
            check_format(output.suffix, pixels_of(size, dpi))
        except RenderError as error:
            raise SettingsError(error.found, hint=error.hint) from error
    return kind.name


def pixels_of(size: str, dpi: int) -> tuple[int, int]:
    """Width and height in pixels of a sheet or a screen."""
    found = screen(size)
    if found:
        return found
    sheet, scale = paper_named(size), dpi / MILLIMETRES_PER_INCH
    return round(sheet.width * scale), round(sheet.height * scale)
