"""What the pages know about a model: an exhibit, made by the pipeline, shown by the templates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from gallery.errors import Failure
from gallery.rendering.provenance import Provenance
from gallery.settings.cards import Card
from gallery.settings.values import FrontMatter

if TYPE_CHECKING:  # a build with nothing to publish must not wait for numba
    from gallery.coloring.types import LegendEntry
    from gallery.costs.facts import Facts
    from gallery.execution.results import RunCurves, RunSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFile:
    """A finished file that publishing copies into the site.

    Attributes:
        source: Where the file is now; its name in the site contains the hash of its content.
        format: "avif", "webp", "png", "svg", "jpeg", "pdf", or the suffix of another kind of file.
        width: Pixels, or 0 if it is not a picture.
        height: Pixels, or 0.
        name: Its name within the product that made it.
        sha256: Digest of its content in hexadecimal, or "" if unknown.
        published: Whether it is in a site already, checked, so that it may be linked from there.
    """

    source: Path
    format: str
    width: int
    height: int
    name: str = ""
    sha256: str = ""
    published: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanImages:
    """One scan in all its sizes and formats.

    Attributes:
        key: Short name, unique in the exhibit: "hero", "training", "skeleton-circo",
            "color-depth", ...
        caption: One line for visitors.
        passes: "forward" or "training".
        skeleton: The Graphviz engine that made the skeleton.
        fallback: Why it is not the requested engine, or "".
        attribute: What the colours show.
        palette: Name of the palette.
        ground: The background, "dark" or "light".
        vertices: Number of vertices.
        edges: Number of edges.
        images: The files, in any order.
        legend: Colour key.
    """

    key: str
    caption: str
    passes: str
    skeleton: str
    fallback: str
    attribute: str
    palette: str
    ground: str
    vertices: int
    edges: int
    images: tuple[ImageFile, ...]
    legend: tuple[LegendEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedNumber:
    """A number of a layer, an operator type or an operator.

    Attributes:
        name: Its name; "" for all others together, or for what lies in no layer.
        value: Seconds, or another number.
        modelled: Seconds that the forward pass takes there as modelled; None if unknown.
    """

    name: str
    value: float
    modelled: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredSums:
    """What was measured of a model's operators.

    Attributes:
        attribute: What the scans call it: "measured", "measured:DEVICE" or "metric:NAME".
        title: What it is, in a few words.
        unit: "s" for time, or "".
        source: Name of the file that it comes from, or "" if the build measured it.
        device: What was measured, or "".
        run: Seconds of a whole run, or 0 if unknown.
        total: Sum of all times, in seconds; 0 for other numbers.
        apart: Share of it in what the runtime added, such as changes of layout; in seconds.
        lost: Share of it that belongs to no operator, in seconds.
        layers: Sums by layer, where numbers have a sum.
        types: Sums by operator type, where numbers have a sum.
        operators: The operators with the largest numbers.
        processor: The processor that the run of the main scan is modelled on, or "".
        modelled: Seconds of its whole forward pass, or 0 if unknown.
    """

    attribute: str
    title: str
    unit: str
    source: str
    device: str
    run: float
    total: float
    apart: float
    lost: float
    layers: tuple[NamedNumber, ...]
    types: tuple[NamedNumber, ...]
    operators: tuple[NamedNumber, ...]
    processor: str = ""
    modelled: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """A model as the gallery shows it.

    Attributes:
        slug: Its name in URLs: lower case letters, digits and hyphens; unique in the gallery.
        path: Path of the file relative to the models directory, with forward slashes.
        front: Front matter of the sidecar, with defaults.
        card: What it says as a model card.
        notes: What of it was left out and why, in sentences.
        prose: Markdown text of the sidecar, or "".
        facts: What the model contains and costs; None if it could not be loaded.
        run: How the main scan's graph runs on its target, and its charts; None if unknown.
        scans: The main scan first.
        files: All other files, by the name of the product ("diagram", "graphs", "social card",
            "contact sheet", "poster", "viewer").
        unknown_operators: "domain.Type" of operators that are lowered to a gather vertex.
        failure: Why there is no scan, or None.
        provenance: What its data files are made from, or None if unknown.
        measured: What was measured of its operators.
        measured_notes: What of that was left out and why, in sentences.
        pictures: Path in the site and file of each picture in the prose, by its name there.
        label: What tells this export of the model from others ("fp16"), or "".
        exports: The other exports of the same model, which this page shows as well.
        whole: Path of the larger model that it is a component of, or "".
        role: What it is there ("decoder with past"), or "".
        rank: Its place among the components in the order in which data flows, from 0.
        archive: Path, SHA-256 and size of its archive with test data, if a catalogue names one.
        source: A digest of all that the exhibit is made from, or "" if unknown.
        drawn: How many scans it has if it is in brief.
        more: Reads it with all that its own page shows, if it is in brief: if it holds only what
            other pages show.
    """

    slug: str
    path: str
    front: FrontMatter
    card: Card = field(default_factory=Card)
    notes: tuple[str, ...] = ()
    prose: str = ""
    facts: Facts | None = None
    run: tuple[RunSummary, RunCurves] | None = None
    scans: tuple[ScanImages, ...] = ()
    files: Mapping[str, tuple[ImageFile, ...]] = field(default_factory=dict)
    unknown_operators: tuple[str, ...] = ()
    failure: Failure | None = None
    provenance: Provenance | None = None
    measured: tuple[MeasuredSums, ...] = ()
    measured_notes: tuple[str, ...] = ()
    pictures: Mapping[str, tuple[str, Path]] = field(default_factory=dict)
    label: str = ""
    exports: tuple[Exhibit, ...] = ()
    whole: str = ""
    role: str = ""
    rank: int = 0
    archive: tuple[str, str, int] = ("", "", 0)
    source: str = ""
    drawn: int = 0
    more: Callable[[], Exhibit] | None = None

    def entire(self) -> Exhibit:
        """The exhibit with all that its own page shows.

        Raises:
            PublishError: Something of it is not there any more.
        """
        if self.more is None:
            return self
        return replace(
            self.more(),
            slug=self.slug,
            pictures=self.pictures,
            exports=tuple(one.entire() for one in self.exports),
            source=self.source,
        )

    def file(self, product: str) -> ImageFile | None:
        """The first file of a product, or None."""
        return next(iter(self.files.get(product, ())), None)
