"""What the user decides: gallery.toml, front matter and arguments as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """The head of a sidecar; every key is optional.

    Attributes:
        title: Name for the visitor.
        year: Of publication, or None.
        paper: Title of the paper.
        paper_url: Where to read it (http or https).
        authors: Names.
        tags: Short words to find it by.
        family: Group of related networks.
        licence: Of the architecture's code.
        source: Where the code is (http or https).
        passes: "forward", "training" or "" for the gallery's.
        vertices: Budget of the hero scan, or 0 for the gallery's.
        skeleton: Graphviz engine of the hero scan, or "" for the gallery's.
        color: Attribute that colours the hero scan, or "" for the gallery's.
        seed: Of the layout, or None for the gallery's.
        dims: Size of symbolic dimensions, by name.
    """

    title: str = ""
    year: int | None = None
    paper: str = ""
    paper_url: str = ""
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    family: str = ""
    licence: str = ""
    source: str = ""
    passes: str = ""
    vertices: int = 0
    skeleton: str = ""
    color: str = ""
    seed: int | None = None
    dims: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanSettings:
    """How one scan is made, from lowering to picture.

    Attributes:
        vertices: Budget of the compute graph.
        passes: "forward" or "training".
        target: Name of the target that the work is split for.
        skeleton: Graphviz engine.
        color: Attribute that colours it.
        palette: Name of a palette, or "" for the attribute's own.
        ground: "dark" or "light".
        size: Side of the picture in pixels.
        seed: Of the layout's random spread.
        labels: Whether layer names are drawn.
        legend: Whether legend and caption are drawn.
    """

    vertices: int = 100_000
    passes: str = "forward"
    target: str = "ipu2"
    skeleton: str = "sfdp"
    color: str = "layer"
    palette: str = ""
    ground: str = "dark"
    size: int = 1600
    seed: int = 1
    labels: bool = False
    legend: bool = False
