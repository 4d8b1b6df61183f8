"""The page that explains how to read a scan: which scan it shows, and its figures as files."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from gallery import schema
from gallery.cache import Cache, CachedFile, Entry, cache_key
from gallery.errors import GalleryError
from gallery.files import file_digest
from gallery.fingerprint import fingerprint
from gallery.publishing.assets.files import (
    ResponsivePicture,
    content_of,
    picture,
    place_image,
)
from gallery.publishing.exhibit import ImageFile
from gallery.publishing.how_to_read.grid import Grid
from gallery.publishing.views import ModelView
from gallery.rendering.files.formats import save
from gallery.schema import MismatchError

if TYPE_CHECKING:
    from gallery.publishing.how_to_read.figures import FigurePlan
    from gallery.publishing.how_to_read.scan_data import ScanData

log = logging.getLogger(__name__)

_FORMATS = ("avif",)

_BEST_SIZE = 64
"""The best number of operators for an example: enough to see, few enough to tell apart."""

_KNOWN = ("resnet", "unet", "vgg", "alexnet", "mobilenet", "efficientnet", "gpt2", "bert", "vit")
"""Networks that people know, as the names of their files begin, the best example first."""

_text, _size = schema.text(2000), schema.whole(0, 1 << 40)

_check_picture = schema.record({"width": _size, "height": _size})

_check_figures = schema.record(
    {
        "figures": schema.mapping(
            schema.text(40, r"[a-z][a-z0-9_-]*"),
            schema.record(
                {
                    "images": schema.each(schema.row(_text, _size, _size), 40, 1),
                    "labels": schema.each(_text, 40),
                    "marks": schema.each(
                        schema.row(schema.number(-1e6, 1e6), schema.number(-1e6, 1e6), _text), 4096
                    ),
                    "grids": schema.each(
                        schema.row(
                            _text,
                            _text,
                            schema.whole(0, 4096),
                            schema.whole(0, 4096),
                            schema.each(schema.row(_size, _size), 1 << 16),
                        ),
                        40,
                    ),
                    "values": schema.mapping(schema.text(40), _text, 100),
                }
            ),
            40,
        )
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A `FigurePlan` whose pictures are in the site; it has labels if they are several."""

    pictures: tuple[ResponsivePicture, ...]
    labels: tuple[str, ...]
    marks: tuple[tuple[float, float, str], ...]
    grids: tuple[Grid, ...]
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class HowToRead:
    """What the page shows.

    Attributes:
        model: The model of the figures, or None if no scan is fit for them.
        training: A model and the index of its variant with all passes, or None.
        figures: By the names that the texts of the page use.
    """

    model: ModelView | None
    training: tuple[ModelView, int] | None
    figures: Mapping[str, Figure]


def how_to_read(
    models: Sequence[ModelView],
    entire: Callable[[ModelView], ModelView],
    site: Path,
    cache: Cache | None,
) -> HowToRead:
    """Choose a scan and put its figures into the site.

    Args:
        models: All models of the collection.
        entire: Returns a model with all its scans.
        site: Root of the site.
        cache: Keeps the figures for the next build, or None.

    Raises:
        PublishError: A figure cannot be written.
    """
    model, figures = None, {}
    with TemporaryDirectory() as folder:
        kept = cache or Cache(Path(folder))
        for one in _by_fitness(models):
            entry = _drawn(one, kept)
            if entry is not None:
                model, figures = one, _placed(one, entry, site)
                break
    shown = ([model] if model else []) + list(models)
    with_training = [
        one for one in shown if any(view.scan.passes == "training" for view in one.variants)
    ]
    return HowToRead(
        model=entire(model) if model else None,
        training=_training(entire(with_training[0])) if with_training else None,
        figures=figures,
    )


def _training(model: ModelView) -> tuple[ModelView, int]:
    """A model with such a scan, and the first of its variants that shows all passes."""
    passes = [view.scan.passes for view in model.variants]
    return model, passes.index("training")


def _by_fitness(models: Sequence[ModelView]) -> list[ModelView]:
    """Models with a viewer: known ones, then those with convolutions, then by size."""

    def fit(one: ModelView) -> tuple[int, bool, float, str]:
        name = one.slug.rpartition("/")[2].replace("-", "").lower()
        known = next((n for n, start in enumerate(_KNOWN) if name.startswith(start)), len(_KNOWN))
        size = one.facts.operators if one.facts else 0
        convolves = one.facts is not None and "Conv" in one.facts.histogram
        return known, not convolves, abs(math.log(max(size, 1) / _BEST_SIZE)), one.slug

    return sorted((one for one in models if one.viewer and one.hero), key=fit)


def _drawn(model: ModelView, cache: Cache) -> Entry | None:
    """The model's figures, from the cache or drawn now; None if it has none."""
    packed = model.exhibit.file("viewer")
    assert packed is not None
    try:
        key = cache_key("lesson", _version(), data=file_digest(packed.source))
        cache.drop_damaged([key])
        entry = _kept(key, cache)
        if entry is None:
            entry = cache.put(key, *_figures(content_of(packed), cache))
    except (OSError, ValueError, GalleryError) as error:
        log.warning("%s: no figures for the page on reading a scan: %s", model.slug, error)
        return None
    return entry if entry.value["figures"] else None


def _version() -> str:
    return fingerprint("gallery.publishing.how_to_read.figures", __name__)


def _kept(key: str, cache: Cache) -> Entry | None:
    """The figures in the cache, if they are figures."""
    entry = cache.get(key)
    try:
        if entry is not None:
            _check_figures(entry.value)
            for name, one in entry.value["figures"].items():
                images = [f"{name}-{number}" for number, _ in enumerate(one["images"], start=1)]
                files = {f"{image}-{kind}" for image in images for kind in _FORMATS}
                if [image[0] for image in one["images"]] != images or files - entry.files.keys():
                    raise MismatchError("a list of the figure's own pictures", name, "images")
    except MismatchError as error:
        log.warning("the figures for the page on reading a scan are drawn again: %s", error)
        return None
    return entry


def _figures(data: bytes, cache: Cache) -> tuple[dict[str, Any], dict[str, CachedFile]]:
    """The figures of a viewer's data as a value and files; none if it is not fit for them."""
    # Most builds have the figures in the cache and must not wait for numba.
    from gallery.publishing.how_to_read.figures import planned, subject  # noqa: PLC0415
    from gallery.publishing.how_to_read.scan_data import read_scan  # noqa: PLC0415

    scan = read_scan(data)
    fit = scan.whole and subject(scan) is not None
    files: dict[str, CachedFile] = {}
    figures: dict[str, Any] = {}
    for name, one in (planned(scan) if fit else {}).items():
        images = []
        for number, entry in enumerate(_pictures(scan, one, cache), start=1):
            images.append([f"{name}-{number}", entry.value["width"], entry.value["height"]])
            files |= {f"{name}-{number}-{kind}": entry.files[kind] for kind in _FORMATS}
        figures[name] = {
            "images": images,
            "labels": one.attributes if len(images) > 1 else (),
            "marks": one.marks,
            "grids": [
                [grid.name, grid.shape, grid.rows, grid.columns, grid.lit] for grid in one.grids
            ],
            "values": dict(one.values),
        }
    return {"figures": figures}, files


def _pictures(scan: ScanData, figure: FigurePlan, cache: Cache) -> list[Entry]:
    """The pictures of a figure, in the cache: another palette changes those by its attribute."""
    from gallery.publishing.how_to_read.figures import draw, shown  # noqa: PLC0415

    keys = {
        name: cache_key(
            "lesson picture", _version(), shown=shown(scan, figure, name), told=scan.told(name)
        )
        for name in figure.attributes
    }
    cache.drop_damaged(keys.values())
    found = {name: entry for name, key in keys.items() if (entry := _known(key, cache))}
    missing = [name for name in figure.attributes if name not in found]
    for name, drawn in zip(missing, draw(scan, figure, missing), strict=True):
        files = {kind: cache.temporary(f".{kind}") for kind in _FORMATS}
        for path in files.values():
            save(drawn.told(scan.told(name)), path, "good")
        size = {"width": drawn.width, "height": drawn.height}
        found[name] = cache.put(keys[name], size, files)
    return [found[name] for name in figure.attributes]


def _known(key: str, cache: Cache) -> Entry | None:
    """A picture in the cache, if it is one."""
    entry = cache.get(key)
    try:
        if entry is not None:
            _check_picture(entry.value)
    except MismatchError as error:
        log.warning("a picture for the page on reading a scan is drawn again: %s", error)
        return None
    return entry if entry and entry.files.keys() == set(_FORMATS) else None


def _placed(model: ModelView, entry: Entry, site: Path) -> dict[str, Figure]:
    """The figures of an entry with their pictures in the site."""
    figures = {}
    for name, one in entry.value["figures"].items():
        pictures = []
        for file, width, height in one["images"]:
            images = [
                ImageFile(
                    source=entry.files[f"{file}-{kind}"].path,
                    format=kind,
                    width=width,
                    height=height,
                )
                for kind in _FORMATS
            ]
            stem = f"{model.slug}-lesson-{name}"
            shown = picture([place_image(image, site, stem) for image in images])
            assert shown is not None
            pictures.append(shown)
        figures[name] = Figure(
            pictures=tuple(pictures),
            labels=tuple(one["labels"]),
            marks=tuple((x, y, kind) for x, y, kind in one["marks"]),
            grids=tuple(
                Grid(name=name, shape=shape, rows=rows, columns=columns, lit=tuple(map(tuple, lit)))
                for name, shape, rows, columns, lit in one["grids"]
            ),
            values=one["values"],
        )
    return figures
