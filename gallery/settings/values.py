"""Settings as frozen values, and the words that they may hold."""

from __future__ import annotations

from dataclasses import dataclass, field

from gallery.settings import attributes

# The rooms know these words; they stand here as well so that settings are checked and `--help` is
# written without importing numba (a test compares).
PASSES = ("forward", "training")
GROUNDS = ("dark", "light")
TARGETS = ("ipu1", "ipu2", "h100")
SKELETONS = ("dot", "neato", "fdp", "sfdp", "circo", "twopi", "osage", "patchwork")
ATTRIBUTES = attributes.ATTRIBUTES
PALETTES = (
    "aurora",
    "ember",
    "lagoon",
    "orchid",
    "meadow",
    "spectrum",
    "fire",
    "bmy",
    "kbc",
    "CET_CBL1",
    "CET_CBL2",
    "CET_CBTL1",
    "CET_C6",
    "CET_C7",
    "okabe-ito",
    "glasbey",
)


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
class ColorRule:
    """A colour that the user gives to layers or operators.

    Attributes:
        pattern: As of a shell ("encoder/*"), matched against layer paths, or against the names
            and types of operators.
        color: "#rrggbb".
        on: "layer" or "operator".
    """

    pattern: str
    color: str
    on: str = "layer"


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
        rules: Colours that stand above the attribute's; a later rule wins.
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
    rules: tuple[ColorRule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantSettings:
    """Which pictures a model gets beside its hero scan.

    Attributes:
        sizes: Sides of the hero scan in pixels.
        size: Sides of every other scan in pixels.
        formats: Of all sizes of every scan; the hero's largest is a PNG as well.
        vertices: Budget of the scans that need a graph of their own.
        names: Whether the hero is shown with the names of its layers too.
        training: Whether the training passes are shown.
        light: Whether the hero is shown on a light ground too.
        skeletons: Graphviz engines that are shown beside the hero's.
        colors: Attributes that are shown beside the hero's.
        diagram: Whether the operator diagram is drawn.
        multiples: Whether all scans are put on one sheet too.
        poster: Whether the infographic is drawn.
        poster_formats: Of the infographic; "pdf" has vector text.
        poster_dpi: Pixels an inch of the infographic, an A2 sheet; 300 for print.
        poster_labels: Whether the infographic names the layers on its scan.
        viewer: Whether the pages get the interactive viewer.
        viewer_vertices: Most vertices that the viewer shows; of a larger hero it shows a sample.
    """

    sizes: tuple[int, ...] = (320, 640, 1280, 1920)
    size: tuple[int, ...] = (320, 640)
    formats: tuple[str, ...] = ("avif", "webp")
    vertices: int = 20_000
    names: bool = True
    training: bool = True
    light: bool = True
    skeletons: tuple[str, ...] = ("twopi", "circo", "dot")
    colors: tuple[str, ...] = ("operator", "depth", "flops", "bytes")
    diagram: bool = True
    multiples: bool = True
    poster: bool = True
    poster_formats: tuple[str, ...] = ("webp", "pdf")
    poster_dpi: int = 150
    poster_labels: bool = True
    viewer: bool = True
    viewer_vertices: int = 250_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one model may take before its worker is stopped.

    Attributes:
        seconds: Wall-clock time of all stages of one model.
        memory: Bytes of resident memory of the worker and its helpers.
        skeleton: Seconds of one run of a Graphviz engine.
        cache: Bytes of the cache; what was not used for longest goes first.
    """

    seconds: float = 600.0
    memory: int = 4 << 30
    skeleton: float = 10.0
    cache: int = 4 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class GallerySettings:
    """A gallery as gallery.toml describes it.

    Attributes:
        title: Name of the gallery.
        description: One or two sentences for the visitor and for search engines.
        base_url: Where the site will stand (http or https), or "" where nobody knows.
        language: Of the interface ("en").
        templates: Directory of templates that replace the house's, or "".
        ignore: Patterns of files that are no models of this gallery.
        dims: Size of symbolic dimensions, by name.
        default_dim: Size of symbolic dimensions that are not named.
        scan: The hero scan.
        variants: What is shown beside it.
        limits: What one model may take.
    """

    title: str = "Gallery of networks"
    description: str = "Scans of the whole computation of neural networks."
    base_url: str = ""
    language: str = "en"
    templates: str = ""
    ignore: tuple[str, ...] = ()
    dims: dict[str, int] = field(default_factory=dict)
    default_dim: int = 1
    scan: ScanSettings = ScanSettings()
    variants: VariantSettings = VariantSettings()
    limits: Limits = Limits()
