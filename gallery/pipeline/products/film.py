"""The film: the wave of execution through the training scan, or through the main one."""

# ruff: noqa: PLC0415 - see `Product`

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from gallery.pipeline.products.base import Drawn, Form, NewFile, Product, color_settings, images
from gallery.schema import record
from gallery.settings.paper import film_size

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from gallery.pipeline.plan import ModelPlan
    from gallery.pipeline.stages import Stages
    from gallery.settings.values import ScanSettings

_FILES = ("film.mp4", "film-h264.mp4", "film.webp")
"""For browsers that know AV1, for the others, and the picture in its place until it plays."""


def _scan(plan: ModelPlan) -> ScanSettings:
    trained = [one for one in plan.scans if one.key == "training"]
    return (trained or plan.scans)[0].scan


def _inputs(plan: ModelPlan) -> Mapping[str, object]:
    if not plan.variants.film or not plan.scans or _scan(plan).ground != "dark":
        return {}
    scan = _scan(plan)
    return {"": [plan.stage_key("color", scan), scan.exposure, plan.variants.film_size]}


def _make(stages: Stages, _: str, new_file: NewFile) -> Drawn:
    from gallery.execution.run import run
    from gallery.files import write_whole
    from gallery.rendering.files.formats import save
    from gallery.rendering.film.encode import codec_named, encode
    from gallery.rendering.film.film import film
    from gallery.rendering.film.types import FilmSettings, Timeline
    from gallery.rendering.types import Picture, RenderSettings

    scan = _scan(stages.plan)
    settings = FilmSettings(size=film_size(stages.plan.variants.film_size))
    layout = stages.layout(scan)
    look = RenderSettings(exposure=scan.exposure)
    timeline = Timeline.of(run(layout.graph))
    # The poster is the brightest frame: in others, tiles may wait for data and nothing shines.
    shown: list[tuple[int, npt.NDArray[np.uint8]]] = []

    def frames() -> Iterator[npt.NDArray[np.uint8]]:
        for number, pixels in enumerate(
            film(layout, stages.coloring(scan), timeline, look, settings)
        ):
            light = int(pixels[::4, ::4].sum())
            if not shown or (light > shown[0][0] and number < settings.running):
                shown[:] = [(light, pixels)]
            yield pixels

    told = stages.plan.provenance(FILM).entries()
    codecs = [codec_named(name) for name in ("av1", "h264")]
    paths = {name: new_file("." + name.rpartition(".")[2]) for name in _FILES}
    contents = encode(frames(), settings.rate, codecs, told)
    for name, content in zip(_FILES, contents, strict=False):
        write_whole(paths[name], content)
    save(Picture(pixels=shown[0][1], metadata=told), paths[_FILES[-1]])
    rows = [[name, name.rpartition(".")[2], *settings.size] for name in _FILES]
    return Drawn(value={"images": rows}, files=paths)


def _form(*_: object) -> Form:
    return Form(value=record({"images": images(*_FILES)}), files=_FILES)


def _settings(plan: ModelPlan, _: str) -> Mapping[str, object]:
    return {**color_settings(plan, _scan(plan)), "size": plan.variants.film_size}


FILM = Product(
    name="film", module=__name__, inputs=_inputs, make=_make, form=_form, settings=_settings
)
