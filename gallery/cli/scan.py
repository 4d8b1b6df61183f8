"""One picture of one model, without a site or a cache."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

from gallery.cli.output import check_output
from gallery.cli.progress import steps_of
from gallery.coloring.types import Coloring
from gallery.discovery.discover import ModelFile, named
from gallery.errors import RenderError, SettingsError
from gallery.files import write_whole
from gallery.model import WHOLE, Model
from gallery.pipeline.plan import ModelPlan
from gallery.pipeline.products.base import picture_settings
from gallery.pipeline.products.measured import attributes_measured
from gallery.pipeline.products.scan import lacks_training
from gallery.pipeline.stages import Stages, Step
from gallery.pipeline.variants import NOTHING_TO_TRAIN, ScanPlan
from gallery.placement.quality import quality as measure
from gallery.placement.types import Layout
from gallery.rendering.files.formats import check_format
from gallery.rendering.provenance import Provenance, software, source_of
from gallery.rendering.scan import save_scan
from gallery.rendering.svg import render_svg
from gallery.rendering.tilt import tilted
from gallery.rendering.types import RenderSettings
from gallery.settings.attributes import is_measured
from gallery.settings.formats import SCAN_SUFFIXES
from gallery.settings.gallery_toml import scan_conflicts
from gallery.settings.values import Limits, ScanSettings, VariantSettings
from gallery.text import counted

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions:
    """What a picture needs besides the settings of its scan.

    Attributes:
        dims: Size of symbolic dimensions, by name.
        size: Side of the picture in pixels.
        tilt: How far the scan tips into space, in degrees from 0 to 90.
        height: What its height stands for then, see `gallery.rendering.tilt.heights`.
        skeleton_seconds: Limit of processor time of the Graphviz engine.
        quality: Whether to measure the layout as well.
    """

    dims: Mapping[str, int] = field(default_factory=dict)
    size: int = 1600
    tilt: float = 0.0
    height: str = "order"
    skeleton_seconds: float = 20.0
    quality: bool = False


def make_scan(
    path: Path, output: Path, settings: ScanSettings, options: ScanOptions
) -> dict[str, Any]:
    """Read, lower, lay out, colour and draw a model.

    Args:
        path: The model.
        output: The picture to write, with one of `SCAN_SUFFIXES`.
        settings: How to make the scan.
        options: Everything else.

    Returns:
        JSON: model, operators, vertices, edges, unknown_operators, skeleton, seconds by stage,
        peak_bytes, picture (path, width, height), notes and, on request, quality.

    Raises:
        SettingsError: The picture cannot be written there, or settings conflict.
        GalleryError: A stage failed; nothing was written.
    """
    _check_picture(output, options.size)
    conflicts = scan_conflicts(settings)
    if options.tilt and options.height == "pass" and settings.passes == "forward":
        conflicts.append(
            "a forward scan has one pass, so with height pass it is flat; use passes training"
        )
    if conflicts:
        raise SettingsError("; ".join(conflicts))
    seconds: dict[str, float] = {}

    def notify(step: Step) -> None:
        show(step)
        if step.seconds is not None:
            seconds[step.stage] = round(step.seconds, 3)
            log.info("%s in %.2f s", step.stage, step.seconds)

    plan = plan_one(path, options)
    _check_measured(plan, settings.color)
    look = RenderSettings(
        exposure=settings.exposure, labels=settings.labels, legend=settings.legend
    )
    size = options.size
    with steps_of(path.name) as show:
        stages = Stages(plan, None, notify)
        model = stages.model()
        placed, coloring = stages.layout(settings), stages.coloring(settings)
        told = dict(provenance_of(path, model.digest, settings, options).entries())
        if options.tilt:
            told |= {"Tilt": f"{options.tilt:g}", "Height": options.height}
        with stages.timed("render", ""):
            _draw(tilted(placed, options.tilt, options.height), coloring, output, look, size, told)
    graph = placed.graph
    made: dict[str, Any] = {
        "model": model.name,
        "operators": len(model.operators),
        "vertices": graph.vertices,
        "edges": graph.edges,
        "unknown_operators": list(graph.unknown_operators),
        "skeleton": placed.engine,
        "picture": {"path": str(output), "width": size, "height": size},
        "notes": notes_on(model, settings, placed),
    }
    if options.quality:
        with stages.timed("quality", ""):
            made["quality"] = asdict(measure(placed))
    return {**made, "seconds": seconds, "peak_bytes": _peak_bytes()}


def notes_on(model: Model, scan: ScanSettings, placed: Layout) -> list[str]:
    """What the user should know about a scan, in sentences."""
    untrained = NOTHING_TO_TRAIN if lacks_training(scan, placed.graph) else ""
    return [*model.warnings, *filter(None, (placed.fallback, untrained))]


def plan_one(path: Path, options: ScanOptions) -> ModelPlan:
    """A plan of one model without products."""
    return ModelPlan(
        file=ModelFile(
            path=path, relative=path.name, slug=path.stem, measurements=named(path).measurements
        ),
        variants=VariantSettings(),
        dims=options.dims,
        default_dim=0,
        limits=Limits(skeleton=options.skeleton_seconds),
        versions={},
    )


def _check_measured(plan: ModelPlan, color: str) -> None:
    """Check that there are measurements to colour by, if that is asked for."""
    known = attributes_measured(plan)
    if is_measured(color) and color not in known:
        stem, told = plan.file.path.stem, ", ".join(known) or "none"
        found = f"{plan.file.path.name} has no measurements for {color!r} (found: {told})"
        hint = f"put {stem}.profile.json or {stem}.metrics.csv beside it; see `gallery profile`"
        raise SettingsError(found, hint=hint)


def provenance_of(
    path: Path, digest: str, settings: ScanSettings, options: ScanOptions
) -> Provenance:
    """What the picture's metadata say."""
    source = source_of(digest, whole=path.stat().st_size <= WHOLE)
    one = ScanPlan(key="", caption="", short="", scan=settings, sizes=(options.size,), formats=())
    shaped = picture_settings(plan_one(path, options), one)
    return Provenance(software=software(), source=source, settings=shaped)


def _check_picture(output: Path, size: int) -> None:
    check_output(output, "a picture format", SCAN_SUFFIXES)
    if output.suffix.lower() != ".svg":
        try:
            check_format(output.suffix, (size, size))
        except RenderError as error:
            raise SettingsError(error.found, hint=error.hint) from error


def _draw(
    placed: Layout,
    coloring: Coloring,
    output: Path,
    look: RenderSettings,
    size: int,
    told: Mapping[str, str],
) -> None:
    if output.suffix.lower() == ".svg":
        drawing = render_svg(placed, coloring, size=size, settings=look, metadata=told)
        write_whole(output, drawing.encode())
    else:
        save_scan(placed, coloring, output, size=size, settings=look, metadata=told)


def _peak_bytes() -> int:
    """Peak resident memory of this process or, except on Windows, of its largest child."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        memory = psutil.Process().memory_info()
        return int(getattr(memory, "peak_wset", memory.rss))
    unit = 1 if sys.platform == "darwin" else 1024
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(one).ru_maxrss for one in who) * unit


def one_line(made: Mapping[str, Any]) -> str:
    """A scan in one line."""
    picture, seconds = made["picture"], sum(made["seconds"].values())
    return (
        f"{picture['path']}: {made['model']}, {counted(made['operators'], 'operator')}, "
        f"{counted(made['vertices'], 'vertex', 'vertices')}, {counted(made['edges'], 'edge')}, "
        f"{picture['width']} x {picture['height']} pixels in {seconds:.1f} s"
    )
