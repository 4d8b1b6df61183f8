"""Makes what the templates get of a model: names cleaned, files placed, sums computed."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup
from PIL import Image

from gallery.cache import Cache
from gallery.publishing.assets.files import (
    Placed,
    ResponsivePicture,
    picture,
    place,
    place_image,
    place_names,
    place_scan,
)
from gallery.publishing.exhibit import Exhibit, ImageFile
from gallery.publishing.parts.bars import bars
from gallery.publishing.parts.clean import shorten
from gallery.publishing.parts.exports import export_views
from gallery.publishing.parts.legend import legend
from gallery.publishing.parts.measured import measured_view
from gallery.publishing.parts.prose import ProsePicture, plain, prose, summary
from gallery.publishing.parts.run_charts import run_charts
from gallery.publishing.parts.tree import layer_tree
from gallery.publishing.views import Download, FilmView, ModelView, ScanView
from gallery.rendering.growth import FEW
from gallery.text import slugify

if TYPE_CHECKING:
    pass

log = logging.getLogger(__name__)

_WHOLE = 1000
"""Largest side in pixels of a diagram that can be read where it is shown as a whole."""

_VIDEO = ('video/mp4; codecs="av01.0.08M.08"', 'video/mp4; codecs="avc1.640028"')
"""Media types of the film's files, by which a browser knows whether it can show them."""

_HTTP = re.compile(r"https?://[^\s\"'<>`]+")


def title_of(exhibit: Exhibit) -> str:
    """The name to show: the sidecar's title, or else the model's name, or else the file's."""
    names = (exhibit.front.title, exhibit.facts.name if exhibit.facts else "")
    stem = exhibit.path.rsplit("/", 1)[-1].removesuffix(".onnx")
    return next((name for one in (*names, stem) if (name := shorten(one))), exhibit.slug)


def web_address(text: str) -> str:
    """The text if it is an http or https URL, or ""."""
    return text if _HTTP.fullmatch(text) else ""


def model_view(
    exhibit: Exhibit, site: Path, cache: Cache | None = None, text: str | None = None
) -> ModelView:
    """Place an exhibit's files in the site and gather what its pages show.

    Args:
        exhibit: The exhibit, entire or in brief.
        site: Root of the site.
        cache: Keeps what takes long to render for the next build, or None.
        text: The plain text of the prose, if that is not to be rendered.

    Raises:
        PublishError: If a file cannot be read or written.
    """
    facts = exhibit.facts
    slug = exhibit.slug
    rendered = prose_of(exhibit, cache) if text is None else Markup("")
    text = plain(rendered) if text is None else text
    scans = (*_scans(exhibit, site), *_scans_of_exports(exhibit, site))
    diagram = _placed(exhibit, "diagram", site, "diagram")
    tree, left_out = layer_tree(facts.layers) if facts else (None, 0)
    raster = [
        place_image(image, site, f"{slug}-poster")
        for image in exhibit.files.get("poster", ())
        if image.format not in ("pdf", "svg")
    ]
    documents = [
        place_image(image, site, f"{slug}-poster")
        for image in exhibit.files.get("poster", ())
        if image.format in ("pdf", "svg")
    ]
    tags = tuple(shorten(one, 40) for one in (exhibit.front.family, *exhibit.front.tags))
    return ModelView(
        slug=slug,
        title=title_of(exhibit),
        exhibit=exhibit,
        facts=facts,
        run=exhibit.run[0] if exhibit.run else None,
        failure=exhibit.failure,
        hero=scans[0] if scans else None,
        variants=scans[1:],
        prose=rendered,
        text=text,
        summary=summary(text),
        family=shorten(exhibit.front.family, 40),
        tags=_distinct(tags),
        paper_url=web_address(exhibit.front.paper_url),
        source_url=web_address(exhibit.front.source),
        licence_url=web_address(exhibit.card.licence_link),
        operators=bars(facts.histogram, _operator_colors(scans)) if facts else (),
        costs=bars(facts.cost_by_type, _operator_colors(scans)) if facts else (),
        tree=tree,
        tree_left_out=left_out,
        diagram=diagram,
        diagram_first=_says_more(diagram, scans),
        multiples=_placed(exhibit, "contact sheet", site, "scans"),
        poster=picture(raster),
        poster_document=documents[0] if documents else None,
        film=_film(exhibit, site),
        card=_placed(exhibit, "social card", site, "card"),
        viewer=f"{slug}/viewer/index.html" if exhibit.file("viewer") else "",
        downloads=_downloads(exhibit, site),
        measured=tuple(measured_view(one, _operator_colors(scans)) for one in exhibit.measured),
        exports=export_views(exhibit),
        light=next((one.picture for one in scans if one.key == "light"), None),
        charts=run_charts(*exhibit.run) if exhibit.run and not exhibit.more else None,
    )


def prose_of(exhibit: Exhibit, cache: Cache | None) -> Markup:
    """The sidecar's text, or nothing if a library fails on it: a site never fails for one text."""
    try:
        return prose(exhibit.prose, cache, _prose_pictures(exhibit))
    except Exception as error:
        told = "%s: the prose of its sidecar was left out, because it cannot be rendered (%r)"
        log.warning(told + "; report this with the sidecar", exhibit.path, error)
        return Markup("")


def _prose_pictures(exhibit: Exhibit) -> dict[str, ProsePicture]:
    """The pictures of a sidecar as the model's page has them."""
    pictures = {}
    for source, (name, path) in exhibit.pictures.items():
        width, height = _size(path)
        pictures[source] = ProsePicture(href=f"../{name}", width=width, height=height)
    return pictures


def _size(path: Path) -> tuple[int, int]:
    """Width and height of a picture in pixels; zeros if it cannot be opened or has none."""
    try:
        with Image.open(path) as image:
            return image.size
    except (OSError, ValueError, Image.DecompressionBombError):
        return 0, 0


def _placed(exhibit: Exhibit, product: str, site: Path, stem: str) -> Placed | None:
    """The first file of a product, placed in the site."""
    file = exhibit.file(product)
    return place_image(file, site, f"{exhibit.slug}-{stem}") if file else None


def _film(exhibit: Exhibit, site: Path) -> FilmView | None:
    """The film, its files in the order in which they were made."""
    files = exhibit.files.get("film", ())
    if not files:
        return None
    stem = f"{exhibit.slug}-film"
    placed = (
        replace(place(one, site, stem, one.format), width=one.width, height=one.height)
        for one in files[:-1]
    )
    sources = tuple(zip(placed, _VIDEO, strict=True))
    return FilmView(sources=sources, poster=place_image(files[-1], site, stem))


def _says_more(diagram: Placed | None, scans: tuple[ScanView, ...]) -> bool:
    """Whether the diagram can be read at a glance, and the scan has too few vertices to show."""
    if diagram is None or not scans:
        return False
    return scans[0].scan.vertices < FEW and max(diagram.width, diagram.height) <= _WHOLE


def _distinct(tags: Iterable[str]) -> tuple[str, ...]:
    """The tags that are not empty, without those that repeat one in other case."""
    known: dict[str, str] = {}
    for tag in tags:
        known.setdefault(tag.casefold(), tag)
    return tuple(tag for tag in known.values() if tag)


def _scans(exhibit: Exhibit, site: Path) -> tuple[ScanView, ...]:
    """The scans that have a picture, in the exhibit's order."""
    slug, views = exhibit.slug, list[ScanView]()
    told = exhibit.provenance.entries() if exhibit.provenance else {}
    for scan in exhibit.scans:
        over = bool(scan.images) and all(one.format == "svg" for one in scan.images)
        if over and not views:
            continue
        under = views[0].picture if over else None
        if under:
            files: ResponsivePicture | None = place_names(scan, site, slug, under, told)
        else:
            files = place_scan(scan, site, slug)
        if files is not None:
            key = legend(scan.legend, scan.attribute)
            view = ScanView(
                key=slugify(scan.key), scan=scan, picture=files, legend=key, under=under
            )
            views.append(view)
    return tuple(views)


def _scans_of_exports(exhibit: Exhibit, site: Path) -> Iterator[ScanView]:
    """The main scan of each other export that has one."""
    for one in exhibit.exports:
        for view in _scans(one, site)[:1]:
            label = shorten(one.label or one.path, 60)
            scan = replace(view.scan, key=one.slug, caption=f"{view.scan.caption}, {label}")
            yield replace(view, key=f"export-{one.slug}", scan=scan, export=label)


def _operator_colors(scans: tuple[ScanView, ...]) -> dict[str, str]:
    """Colour by operator type, if a scan is coloured by operator."""
    coloured = (view.legend for view in scans if view.scan.attribute == "operator")
    chosen = next((one for one in coloured if one is not None), None)
    return {entry.label: entry.color for entry in chosen.entries} if chosen else {}


_PLACED = ("facts", "diagram", "social card", "contact sheet", "poster", "film", "viewer")
"""Products that have a place of their own; the files of all others are offered as downloads."""


def _downloads(exhibit: Exhibit, site: Path) -> tuple[Download, ...]:
    """Place the files that have no place of their own in the site under safe names."""

    def one(label: str, file: ImageFile) -> Download:
        stem, suffix = f"{exhibit.slug}-{slugify(label, 'file')}", slugify(file.format, "bin")
        placed = place(file, site, stem, suffix)
        sized = replace(placed, width=file.width, height=file.height)
        return Download(name=file.name, label=shorten(label), file=sized)

    named = [
        (_label(file.name), file)
        for product, files in exhibit.files.items()
        if product not in _PLACED
        for file in files
    ]
    ordered = sorted(named, key=lambda pair: (pair[0], pair[1].name))
    return tuple(one(label, file) for label, file in ordered)


def _label(name: str) -> str:
    """The name of a file on the page.

    >>> _label("operator-graph.dot")
    'Operator graph'
    """
    words = Path(name).stem.replace("-", " ")
    return words[:1].upper() + words[1:]
