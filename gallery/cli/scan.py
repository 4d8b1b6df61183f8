"""One picture of one model, without a site and without a cache."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
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
from gallery.settings.values import ScanSettings

T = TypeVar("T")
log = logging.getLogger(__name__)


def make_scan(
    path: Path,
    output: Path,
    settings: ScanSettings,
    *,
    dims: Mapping[str, int] | None = None,
    skeleton_seconds: float = 20.0,
    quality: bool = False,
) -> dict[str, Any]:
    """Read, lower, lay out, colour and draw a model.

    Args:
        path: The model.
        output: The picture, of a suffix of `SCAN_SUFFIXES`.
        settings: How it is made.
        dims: Size of symbolic dimensions, by name.
        skeleton_seconds: Time limit of the Graphviz engine.
        quality: Whether the layout is measured too.

    Returns:
        JSON: model, operators, vertices, edges, unknown_operators, seconds by stage, peak_bytes,
        picture (path, width, height), notes, and quality where it was asked for.

    Raises:
        SettingsError: The picture cannot go there.
        GalleryError: A stage failed; nothing was written.
    """
    _check_output(output, settings.size)
    clock = _Clock()
    model = clock.time("load", lambda: load(path, dims=dict(dims or {})))
    s = settings
    graph = clock.time(
        "lower", lambda: lower(model, vertices=s.vertices, passes=s.passes, target=s.target)
    )
    placed = clock.time(
        "layout",
        lambda: layout(graph, skeleton=s.skeleton, seed=s.seed, seconds=skeleton_seconds),
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
    size = clock.time("render", lambda: _draw(placed, coloring, output, s))
    made: dict[str, Any] = {
        "model": model.name,
        "operators": len(model.operators),
        "vertices": graph.vertices,
        "edges": graph.edges,
        "unknown_operators": list(graph.unknown_operators),
        "skeleton": placed.engine,
        "picture": {"path": str(output), "width": size[0], "height": size[1]},
        "notes": [*model.warnings, *filter(None, [placed.fallback])],
    }
    if quality:
        made["quality"] = asdict(clock.time("quality", lambda: measure(placed)))
    return {**made, "seconds": clock.seconds, "peak_bytes": _peak_bytes()}


class _Clock:
    """Times stages and logs one line each."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def time(self, stage: str, work: Callable[[], T]) -> T:
        """What the work returns."""
        started = time.perf_counter()
        result = work()
        self.seconds[stage] = round(time.perf_counter() - started, 3)
        log.info("%s in %.2f s", stage, self.seconds[stage])
        return result


def _check_output(output: Path, size: int) -> None:
    if output.suffix.lower() not in SCAN_SUFFIXES:
        found = f"{output.name} does not have the suffix of a picture format"
        raise SettingsError(found, hint="name the picture with one of " + ", ".join(SCAN_SUFFIXES))
    if not output.absolute().parent.is_dir():
        raise SettingsError(f"there is no directory {output.parent}", hint="make it first")
    if output.suffix.lower() != ".svg":
        try:
            check_format(output.suffix, (size, size))
        except RenderError as error:
            raise SettingsError(error.found, hint=error.hint) from error


def _draw(
    placed: Layout, coloring: Coloring, output: Path, settings: ScanSettings
) -> tuple[int, int]:
    look = RenderSettings(labels=settings.labels, legend=settings.legend)
    if output.suffix.lower() == ".svg":
        svg = render_svg(placed, coloring, size=settings.size, settings=look)
        write_whole(output, svg.encode())
        return settings.size, settings.size
    save_scan(placed, coloring, output, size=settings.size, settings=look)
    return settings.size, settings.size


def _peak_bytes() -> int:
    """Largest resident memory so far, of this process or, but on Windows, of its largest helper."""
    try:
        import resource  # noqa: PLC0415 - Windows has none
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
