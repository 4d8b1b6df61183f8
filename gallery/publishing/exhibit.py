"""What the pages know of a model: an exhibit, made by the pipeline, shown by the templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gallery.errors import Failure
from gallery.settings.values import FrontMatter

if TYPE_CHECKING:  # a build that makes nothing needs these nouns, and must not wait for numba
    from gallery.coloring.types import LegendEntry
    from gallery.costs.facts import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFile:
    """A file, made and waiting to be taken into the site.

    Attributes:
        source: Where the file is now; publishing copies it to a name with its content's hash.
        format: "avif", "webp", "png", "svg", "jpeg", "pdf", or the suffix of another kind.
        width: Pixels, or 0 where it is not a picture.
        height: Pixels, or 0.
        name: What the product that made it calls it.
        sha256: Of its content, in hexadecimal, or "" where nobody knows.
    """

    source: Path
    format: str
    width: int
    height: int
    name: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanImages:
    """One scan in all its sizes and formats.

    Attributes:
        key: Short name, unique in the exhibit: "hero", "training", "skeleton-circo",
            "color-depth", ...
        caption: One line for the visitor.
        passes: "forward" or "training".
        skeleton: The engine that made the skeleton.
        fallback: Why it is not the engine that was asked for, or "".
        attribute: What is coloured.
        palette: Name of the palette.
        ground: "dark" or "light".
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
        path: Path of the file below the models directory, with forward slashes.
        front: Front matter of the sidecar, with defaults.
        prose: Markdown text of the sidecar, or "".
        facts: What the model says and costs; None where it could not be loaded.
        scans: The hero first.
        files: What else was made of it, by the name of the product ("diagram", "graphs",
            "social card", "contact sheet", "poster", "viewer").
        unknown_operators: "domain.Type" of operators that are lowered to a gather vertex.
        failure: Why there is no scan, or None.
    """

    slug: str
    path: str
    front: FrontMatter
    prose: str = ""
    facts: Facts | None = None
    scans: tuple[ScanImages, ...] = ()
    files: Mapping[str, tuple[ImageFile, ...]] = field(default_factory=dict)
    unknown_operators: tuple[str, ...] = ()
    failure: Failure | None = None

    def file(self, product: str) -> ImageFile | None:
        """The first file of a product, or None."""
        return next(iter(self.files.get(product, ())), None)
