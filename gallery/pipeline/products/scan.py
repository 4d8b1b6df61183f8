"""The scans of a model, in all their sizes and formats."""

# ruff: noqa: PLC0415 - see `Product`

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gallery.pipeline.products.base import (
    Drawn,
    Form,
    NewFile,
    Product,
    images,
    picture_settings,
)
from gallery.schema import each, number, record, row, switch, text, whole

if TYPE_CHECKING:
    from gallery.cache import Entry
    from gallery.coloring.types import Coloring
    from gallery.graph import ComputeGraph
    from gallery.pipeline.plan import ModelPlan
    from gallery.pipeline.stages import Stages
    from gallery.pipeline.variants import ScanPlan
    from gallery.placement.types import Layout
    from gallery.rendering.labels.labels import PlacedName
    from gallery.rendering.several_sizes import SeveralSizes
    from gallery.rendering.types import Picture
    from gallery.settings.values import ScanSettings


def _inputs(plan: ModelPlan) -> Mapping[str, object]:
    """Scans with the same layout follow one another, those with the main scan's layout last.

    So that layout is at hand for the products that are made after the scans. Right before it come
    others with its skeleton: their operators are laid out alike, which is done once.
    """
    layouts = {one.key: plan.stage_key("layout", one.scan) for one in plan.scans}
    graphs = {one.key: plan.stage_key("lower", one.scan) for one in plan.scans}
    main = plan.scans[0] if plan.scans else None

    def order(one: ScanPlan) -> tuple[bool, bool, str, str]:
        assert main
        alike = one.scan.skeleton == main.scan.skeleton
        last = layouts[one.key] == layouts[main.key]
        return last, alike, graphs[one.key], layouts[one.key]

    return {one.key: _depends(plan, one) for one in sorted(plan.scans, key=order)}


def _depends(plan: ModelPlan, one: ScanPlan) -> object:
    scan = one.scan
    files = (one.sizes, one.formats, one.quality, one.png, one.over)
    drawn = (scan.exposure, scan.labels, scan.legend, *files)
    return [plan.stage_key("color", scan), *drawn]


def _make(stages: Stages, what: str, new_file: NewFile) -> Drawn:
    from gallery.rendering.files.formats import save
    from gallery.rendering.labels.overlay import names_svg
    from gallery.rendering.types import RenderSettings

    margin = RenderSettings().margin
    plan = next(one for one in stages.plan.scans if one.key == what)
    layout, coloring = stages.layout(plan.scan), stages.coloring(plan.scan)
    told = stages.plan.provenance(SCANS, what).entries()
    images: list[list[Any]] = []
    files: dict[str, Path] = {}
    if plan.over:
        for size in sorted(plan.sizes, reverse=True):
            name = f"{size}.svg"
            files[name] = new_file(".svg")
            names = _names(stages, plan, size, margin)
            text = names_svg(layout, coloring, size, margin=margin, names=names, metadata=told)
            files[name].write_text(text, "utf-8")
            images.append([name, "svg", size, size])
        return Drawn(value=_value(images, plan, layout, coloring), files=files)
    drawing = drawing_of(stages, plan)
    wanted = {size: list(plan.formats) for size in plan.sizes}
    if plan.png:
        wanted[plan.png] = [*wanted.get(plan.png, []), "png"]
    # From the plan's own sizes: what was drawn before must not change the bytes.
    whole = whole_side(plan)
    for size in sorted(wanted, reverse=True):
        picture = drawing.picture(size, whole, labels=plan.scan.labels, legend=plan.scan.legend)
        for form in wanted[size]:
            name = f"{size}.{form}"
            files[name] = new_file(f".{form}")
            save(picture.told(told), files[name], plan.quality)
            images.append([name, form, picture.width, picture.height])
    return Drawn(value=_value(images, plan, layout, coloring), files=files)


def _names(stages: Stages, plan: ScanPlan, size: int, margin: float) -> Sequence[PlacedName]:
    """Where the layer names of a scan are; another palette leaves them there."""
    from gallery.rendering.labels.overlay import names_for
    from gallery.rendering.labels.storage import names_of, names_value

    return stages.stored(
        SCANS,
        ["names", stages.plan.stage_key("layout", plan.scan), size, margin],
        make=lambda: names_for(stages.layout(plan.scan), size, margin),
        save=names_value,
        restore=names_of,
    )


def _value(
    images: list[list[Any]], plan: ScanPlan, layout: Layout, coloring: Coloring
) -> dict[str, Any]:
    from gallery.coloring.storage import legend_value

    return {
        "images": images,
        "legend": legend_value(coloring.legend),
        "palette": coloring.palette,
        "engine": layout.engine,
        "fallback": layout.fallback,
        "vertices": layout.graph.vertices,
        "edges": layout.graph.edges,
        "unknown_operators": list(layout.graph.unknown_operators),
        "untrained": lacks_training(plan.scan, layout.graph),
    }


def lacks_training(scan: ScanSettings, graph: ComputeGraph) -> bool:
    """Whether a scan is to show a training step, but its graph has no backward pass."""
    return scan.passes == "training" and graph.gradient_of is None


def whole_side(plan: ScanPlan) -> int:
    """Side of the drawing that all sizes of a scan are made of."""
    return max(*plan.sizes, plan.png)


def drawing_of(stages: Stages, plan: ScanPlan) -> SeveralSizes:
    """The drawing of a scan; all that are missing of its layout and size are drawn at once."""
    from gallery.rendering.several_sizes import SeveralSizes, several_colorings
    from gallery.rendering.types import RenderSettings

    def look(one: ScanPlan) -> tuple[str, str, int]:
        return stages.plan.stage_key("layout", one.scan), one.scan.exposure, whole_side(one)

    def drawn() -> dict[str, SeveralSizes]:
        group = {
            stages.plan.stage_key("color", one.scan): one.scan
            for one in stages.plan.scans
            if look(one) == look(plan)
            and not one.scan.legend
            and not one.over
            and (one is plan or stages.missing(SCANS, one.key))
        }
        colorings = [stages.coloring(scan) for scan in group.values()]
        layout = stages.layout(plan.scan)
        several = several_colorings(layout, colorings, whole_side(plan), settings)
        return dict(zip(group, several, strict=True))

    settings = RenderSettings(exposure=plan.scan.exposure)
    name = f"drawings of {whole_side(plan)} pixels"
    kept = stages.keep(name, repr(look(plan)), drawn, stage="layout")
    key = stages.plan.stage_key("color", plan.scan)
    if key not in kept:
        layout, coloring = stages.layout(plan.scan), stages.coloring(plan.scan)
        kept[key] = SeveralSizes(layout, coloring, settings)
    return kept[key]


def picture_of(entry: Entry, side: int) -> Picture:
    """A picture of a finished scan: the smallest that is at least `side` wide, or the widest.

    Of those of the same width, one that lost nothing.

    Raises:
        RenderError: It cannot be read.
    """
    from gallery.rendering.files.formats import read

    images: list[tuple[str, str, int, int]] = entry.value["images"]
    wide = [one for one in images if one[2] >= side]
    width = min(map(_width, wide)) if wide else max(map(_width, images))
    alike = [one for one in images if one[2] == width]
    chosen = next((one for one in alike if one[1] == "png"), alike[0])
    return read(entry.files[chosen[0]].path)


def _width(image: Sequence[Any]) -> int:
    return int(image[2])


def _form(plan: ModelPlan, what: str) -> Form:
    one = next(one for one in plan.scans if one.key == what)
    return _form_of(one.sizes, one.formats, one.png)


@cache
def _form_of(sizes: tuple[int, ...], formats: tuple[str, ...], png: int) -> Form:
    """The form of a scan; most models of a gallery have the same."""
    files = {f"{size}.{form}" for size in sizes for form in formats}
    files |= {f"{png}.png"} if png else set()
    value = {
        "images": images(*sorted(files)),
        "legend": each(row(text(), text(7, "#[0-9a-fA-F]{6}"), number(0, 1.001))),
        "palette": text(80),
        "engine": text(80),
        "fallback": text(),
        "vertices": whole(0, 1 << 40),
        "edges": whole(0, 1 << 40),
        "unknown_operators": each(text()),
        "untrained": switch,
    }
    return Form(value=record(value), files=tuple(sorted(files)))


def _settings(plan: ModelPlan, what: str) -> Mapping[str, object]:
    return picture_settings(plan, next(one for one in plan.scans if one.key == what))


def _brief(plan: ModelPlan, what: str, value: dict[str, Any]) -> dict[str, Any] | None:
    """The main scan, and the first of a training step, without their colour keys."""
    training = [one.key for one in plan.scans if one.scan.passes == "training"]
    shown = {plan.scans[0].key, *training[:1]}
    return {**value, "legend": []} if what in shown else None


SCANS = Product(
    name="scan",
    module=__name__,
    inputs=_inputs,
    make=_make,
    form=_form,
    settings=_settings,
    brief=_brief,
)
