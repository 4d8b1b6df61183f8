"""What the pages know about a model: an exhibit, made by the pipeline, shown by the templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gallery.errors import Failure
from gallery.provenance import Provenance
from gallery.settings.cards import Card
from gallery.settings.values import FrontMatter

if TYPE_CHECKING:  # a build with nothing to publish must not wait for numba
    from gallery.coloring.types import LegendEntry
    from gallery.costs.facts import Facts


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
        scans: The main scan first.
        files: All other files, by the name of the product ("diagram", "graphs", "social card",
            "contact sheet", "poster", "viewer").
        unknown_operators: "domain.Type" of operators that are lowered to a gather vertex.
        failure: Why there is no scan, or None.
        provenance: What its data files are made from, or None if unknown.
        pictures: Path in the site and file of each picture in the prose, by its name there.
    """

    slug: str
    path: str
    front: FrontMatter
    card: Card = field(default_factory=Card)
    notes: tuple[str, ...] = ()
    prose: str = ""
    facts: Facts | None = None
    scans: tuple[ScanImages, ...] = ()
    files: Mapping[str, tuple[ImageFile, ...]] = field(default_factory=dict)
    unknown_operators: tuple[str, ...] = ()
    failure: Failure | None = None
    provenance: Provenance | None = None
    pictures: Mapping[str, tuple[str, Path]] = field(default_factory=dict)

    def file(self, product: str) -> ImageFile | None:
        """The first file of a product, or None."""
        return next(iter(self.files.get(product, ())), None)
