"""What the templates get of a model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from markupsafe import Markup

from gallery.errors import Failure
from gallery.execution.results import RunSummary
from gallery.publishing.assets.files import Placed, ResponsivePicture, Source
from gallery.publishing.exhibit import Exhibit, ScanImages
from gallery.publishing.parts.bars import HistogramBar
from gallery.publishing.parts.exports import ExportView
from gallery.publishing.parts.legend import Legend
from gallery.publishing.parts.measured import MeasuredView
from gallery.publishing.parts.run_charts import RunCharts
from gallery.publishing.parts.tree import Branch

if TYPE_CHECKING:
    from gallery.costs.facts import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanView:
    """A scan as a page shows it.

    Attributes:
        key: Its name on the page.
        scan: What it is.
        picture: Its files.
        legend: Its colour key, or None.
        export: Which export of the model it is of; "" for the one that the page is about.
        under: The picture that its files are laid over, or None.
    """

    key: str
    scan: ScanImages
    picture: ResponsivePicture
    legend: Legend | None
    export: str = ""
    under: ResponsivePicture | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A file that visitors can download: its name among the model's files, and on the page."""

    name: str
    label: str
    file: Placed


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmView:
    """The film of a run.

    Attributes:
        sources: Its files with their media types, the one to try first in front.
        poster: A picture of it.
    """

    sources: tuple[tuple[Placed, str], ...]
    poster: Placed


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelView:
    """A model as the pages show it.

    Attributes:
        slug: Its directory.
        title: Its name, cleaned and shortened.
        exhibit: What the pipeline knows about it.
        facts: The model's facts, or None if it could not be loaded.
        run: How the main scan's graph runs on its target, or None.
        failure: Why there is no scan, or None.
        hero: The main scan, or None.
        variants: The other scans.
        prose: The sidecar's text; empty if the exhibit is in brief.
        text: The same as plain text on one line.
        summary: Its first sentences.
        family: Group of related networks, or "".
        tags: The family and the tags, without duplicates.
        paper_url: URL of the paper, or "".
        source_url: URL of the code, or "".
        licence_url: URL of the licence's text, or "".
        operators: Operator histogram.
        costs: FLOPs by operator type.
        tree: The layer tree, or None.
        tree_left_out: Number of layers that the tree leaves out to stay short.
        diagram: Operator diagram, or None.
        diagram_first: Whether the diagram is the first picture, as it says more than the main scan.
        multiples: Contact sheet, or None.
        poster: The poster's pictures, or None.
        poster_document: The poster as PDF or SVG, or None.
        film: The film of its run, or None.
        card: Social card, or None.
        viewer: Path of the viewer's page from the site's root, or "".
        downloads: Further files to download.
        measured: What was measured of the operators.
        exports: All exports of the model, that whose scan is shown first; empty if only one.
        light: Picture of the main scan on a light background, or None.
        charts: The charts of the run, or None; an exhibit in brief has none.
    """

    slug: str
    title: str
    exhibit: Exhibit
    facts: Facts | None
    run: RunSummary | None
    failure: Failure | None
    hero: ScanView | None
    variants: tuple[ScanView, ...]
    prose: Markup
    text: str
    summary: str
    family: str
    tags: tuple[str, ...]
    paper_url: str
    source_url: str
    licence_url: str
    operators: tuple[HistogramBar, ...]
    costs: tuple[HistogramBar, ...]
    tree: Branch | None
    tree_left_out: int
    diagram: Placed | None
    diagram_first: bool
    multiples: Placed | None
    poster: ResponsivePicture | None
    poster_document: Placed | None
    film: FilmView | None
    card: Placed | None
    viewer: str
    downloads: tuple[Download, ...]
    measured: tuple[MeasuredView, ...] = ()
    exports: tuple[ExportView, ...] = ()
    light: ResponsivePicture | None = None
    charts: RunCharts | None = None


_WITH_FILES = ModelView | ScanView | ResponsivePicture | Source | Download | FilmView


def placed_in(shown: object) -> Iterator[str]:
    """Paths of the files that a view, or a part of it, has placed in the site."""
    if isinstance(shown, Placed):
        yield shown.href
    elif isinstance(shown, tuple):
        for one in shown:
            yield from placed_in(one)
    elif isinstance(shown, _WITH_FILES):
        for field in fields(shown):
            yield from placed_in(getattr(shown, field.name))
