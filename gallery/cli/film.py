"""A film of one model: the wave of execution through its scan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from gallery.cli.output import check_output
from gallery.cli.progress import steps_of
from gallery.cli.scan import ScanOptions, notes_on, plan_one, provenance_of
from gallery.errors import SettingsError
from gallery.execution.run import run
from gallery.files import write_whole
from gallery.pipeline.stages import Stages, Step
from gallery.rendering.ahead import FILM
from gallery.rendering.film.encode import SUFFIXES, Pixels, check_codecs, codec_named, encode
from gallery.rendering.film.film import film
from gallery.rendering.film.types import FilmSettings, Timeline
from gallery.rendering.types import RenderSettings
from gallery.settings.gallery_toml import scan_conflicts
from gallery.settings.values import ScanSettings


def make_film(
    path: Path, output: Path, scan: ScanSettings, options: ScanOptions, settings: FilmSettings
) -> dict[str, Any]:
    """Read, lower, lay out and colour a model, and film its run on the target of the scan.

    Args:
        path: The model.
        output: The film to write, with one of `SUFFIXES`.
        scan: How to make the scan.
        options: Sizes of dimensions and the limit of the Graphviz engine; all else is unused.
        settings: How to make the film.

    Returns:
        JSON: model, vertices, edges, target, modelled seconds of the run, film (path, width,
        height, frames, bytes) and notes.

    Raises:
        SettingsError: The film cannot be written there, or settings conflict.
        GalleryError: A stage failed; nothing was written.
    """
    _check(output, scan)
    codec = codec_named(SUFFIXES[output.suffix.lower()])
    check_codecs((codec,))
    plan = plan_one(path, options)
    with steps_of(path.name, FILM) as show:
        stages = Stages(plan, None, show)
        model, placed, coloring = stages.model(), stages.layout(scan), stages.coloring(scan)
        execution = run(placed.graph)
        told = provenance_of(path, model.digest, scan, options).entries()
        look = RenderSettings(exposure=scan.exposure)
        frames = film(placed, coloring, Timeline.of(execution), look, settings)
        (content,) = encode(_counted(frames, settings, show), settings.rate, (codec,), told)
    write_whole(output, content)
    width, height = settings.size
    return {
        "model": model.name,
        "vertices": placed.graph.vertices,
        "edges": placed.graph.edges,
        "target": scan.target,
        "seconds": execution.seconds,
        "film": {
            "path": str(output),
            "width": width,
            "height": height,
            "frames": settings.frames,
            "bytes": len(content),
        },
        "notes": notes_on(model, scan, placed),
    }


def _counted(
    frames: Iterable[Pixels], settings: FilmSettings, show: Callable[[Step], None]
) -> Iterator[Pixels]:
    for number, pixels in enumerate(frames, 1):
        yield pixels
        show(Step(stage="film", what=f"frame {number} of {settings.frames}", seconds=None))


def _check(output: Path, scan: ScanSettings) -> None:
    check_output(output, "a film", SUFFIXES)
    if scan.ground != "dark":
        raise SettingsError("films have a dark background", hint="omit --ground light")
    if conflicts := scan_conflicts(scan):
        raise SettingsError("; ".join(conflicts))
