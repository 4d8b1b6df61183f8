"""One picture of one model, without a site or a cache."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psutil

from gallery.coloring import Coloring, color
from gallery.errors import RenderError, SettingsError
from gallery.files import write_whole
from gallery.loading.load import load
from gallery.lowering import lower
from gallery.placement import Layout, layout
from gallery.placement.quality import quality as measure
from gallery.rendering.files.formats import check_format
from gallery.rendering.scan import save_scan
from gallery.rendering.svg import render_svg
from gallery.rendering.types import RenderSettings
from gallery.settings.formats import SCAN_SUFFIXES
from gallery.settings.gallery_toml import scan_conflicts
from gallery.settings.values import ScanSettings

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions:
    """What a picture needs besides the settings of its scan.

    Attributes:
        dims: Size of symbolic dimensions, by name.
        size: Side of the picture in pixels.
        skeleton_seconds: Time limit of the Graphviz engine.
        quality: Whether to measure the layout as well.
    """

    dims: Mapping[str, int] = field(default_factory=dict)
    size: int = 1600
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
    _check_output(output, options.size)
    conflicts = scan_conflicts(settings)
    if conflicts:
        raise SettingsError("; ".join(conflicts))
    clock = _Clock()
    model = clock.time("load", lambda: load(path, dims=dict(options.dims)))
    s = settings
    graph = clock.time(
        "lower", lambda: lower(model, vertices=s.vertices, passes=s.passes, target=s.target)
    )
    placed = clock.time(
        "layout",
        lambda: layout(graph, skeleton=s.skeleton, seed=s.seed, seconds=options.skeleton_seconds),
    )
    coloring = clock.time(
        "color",
        lambda: color(
            graph,
            s.color,
            palette=s.palette,
            ground=s.ground,
            rules=s.rules,
            positions=placed.positions,
        ),
    )
    size = options.size
    look = RenderSettings(labels=s.labels, legend=s.legend)
    clock.time("render", lambda: _draw(placed, coloring, output, size, look))
    made: dict[str, Any] = {
        "model": model.name,
        "operators": len(model.operators),
        "vertices": graph.vertices,
        "edges": graph.edges,
        "unknown_operators": list(graph.unknown_operators),
        "skeleton": placed.engine,
        "picture": {"path": str(output), "width": size, "height": size},
        "notes": [*model.warnings, *filter(None, [placed.fallback])],
    }
    if options.quality:
        made["quality"] = asdict(clock.time("quality", lambda: measure(placed)))
    return {**made, "seconds": clock.seconds, "peak_bytes": _peak_bytes()}


class _Clock:
    """Times stages and logs one line each."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def time(self, stage: str, work: Callable[[], T]) -> T:
        """Run a stage and return its result."""
        started = time.perf_counter()
        result = work()
        self.seconds[stage] = round(time.perf_counter() - started, 3)
        log.info("%s in %.2f s", stage, self.seconds[stage])
        return result


def _check_output(output: Path, size: int) -> None:
    if output.suffix.lower() not in SCAN_SUFFIXES:
        found = f"{output.name} does not have the suffix of a picture format"
        raise SettingsError(found, hint="use one of " + ", ".join(SCAN_SUFFIXES))
    if not output.absolute().parent.is_dir():
        found = f"there is no directory {output.parent}"
        raise SettingsError(found, hint="create the directory first")
    if output.suffix.lower() != ".svg":
        try:
            check_format(output.suffix, (size, size))
        except RenderError as error:
            raise SettingsError(error.found, hint=error.hint) from error


def _draw(
    placed: Layout, coloring: Coloring, output: Path, size: int, look: RenderSettings
) -> None:
    if output.suffix.lower() == ".svg":
        write_whole(output, render_svg(placed, coloring, size=size, settings=look).encode())
    else:
        save_scan(placed, coloring, output, size=size, settings=look)


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
        f"{picture['path']}: {made['model']}, {made['operators']:,} operators, "
        f"{made['vertices']:,} vertices, {made['edges']:,} edges, "
        f"{picture['width']} x {picture['height']} pixels in {seconds:.1f} s"
    )
