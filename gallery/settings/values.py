"""Settings as frozen values, and the words that they may hold."""

from __future__ import annotations

from dataclasses import dataclass

from gallery.settings import attributes, checks
from gallery.settings.color_rules import ColorRule, color_rule
from gallery.settings.fields import section, setting
from gallery.settings.formats import FORMATS, LARGEST

# The folders that do the work know these words; they stand here as well so that settings are
# checked and `--help` is written without importing numba (a test compares).
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
CATEGORIES = tuple(name for name, one in attributes.TABLE.items() if one.categorical)
"""Attributes of a few values without an order."""
SETS = ("okabe-ito", "glasbey")
"""Palettes of colours without an order, which no other attribute can use."""

SIDE = checks.integer(16, LARGEST)
"""The side of a picture in pixels."""
_BUDGET = checks.integer(1, 100_000_000)
_SEED = checks.integer(0, (1 << 31) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """The head of a sidecar; what is empty, 0 or None is not given."""

    title: str = setting("", checks.text(300), "name for the visitor")
    year: int | None = setting(None, checks.integer(1900, 2200), "of publication, or None")
    paper: str = setting("", checks.text(), "title of the paper")
    paper_url: str = setting("", checks.url, "where to read it (http or https)")
    authors: tuple[str, ...] = setting((), checks.names, "names")
    tags: tuple[str, ...] = setting((), checks.names, "short words to find it by")
    family: str = setting("", checks.text(200), "group of related networks")
    licence: str = setting("", checks.text(500), "of the architecture's code", alias="license")
    source: str = setting("", checks.url, "where the code is (http or https)")
    passes: str = setting(
        "", checks.one_of(*PASSES), '"forward", "training" or "" for the gallery\'s'
    )
    vertices: int = setting(0, _BUDGET, "budget of the hero scan, or 0 for the gallery's")
    skeleton: str = setting(
        "", checks.one_of(*SKELETONS), 'Graphviz engine of the hero scan, or "" for the gallery\'s'
    )
    color: str = setting(
        "",
        checks.one_of(*ATTRIBUTES),
        'attribute that colours the hero scan, or "" for the gallery\'s',
    )
    seed: int | None = setting(None, _SEED, "of the layout, or None for the gallery's")
    dims: dict[str, int] = setting({}, checks.sizes_by_name, "size of symbolic dimensions, by name")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanSettings:
    """How one scan is made, from lowering to picture."""

    vertices: int = setting(
        100_000,
        _BUDGET,
        "vertex budget: into how many pieces the computation is split",
        option="--vertices",
        metavar="N",
    )
    passes: str = setting(
        "forward",
        checks.one_of(*PASSES),
        "inference, or training with the backward and update passes",
        option="--passes",
    )
    target: str = setting(
        "ipu2",
        checks.one_of(*TARGETS),
        "processor that the work is split for",
        option="--target",
    )
    skeleton: str = setting(
        "sfdp",
        checks.one_of(*SKELETONS),
        "Graphviz engine that gives the layout its character",
        option="--skeleton",
    )
    color: str = setting(
        "layer", checks.one_of(*ATTRIBUTES), "attribute that the colours show", option="--color"
    )
    palette: str = setting(
        "",
        checks.one_of("", *PALETTES),
        "colours to use instead of the attribute's own",
        option="--palette",
    )
    ground: str = setting("dark", checks.one_of(*GROUNDS), "background", option="--ground")
    seed: int = setting(1, _SEED, "seed of the layout", option="--seed", metavar="N")
    labels: bool = setting(False, checks.switch, "draw the names of layers", option="--labels")
    legend: bool = setting(
        False, checks.switch, "draw the caption and the colour key", option="--legend"
    )
    rules: tuple[ColorRule, ...] = setting(
        (),
        checks.many(color_rule, most=256, distinct=False),
        'colours for layers that match a pattern, or for operators with "operator:" before it',
        option="--rule",
        metavar="PATTERN=#RRGGBB",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantSettings:
    """Which pictures a model gets beside its main scan."""

    sizes: tuple[int, ...] = setting(
        (320, 640, 1280, 1920), checks.many(SIDE, least=1), "sides of the main scan in pixels"
    )
    size: tuple[int, ...] = setting(
        (320, 640), checks.many(SIDE, least=1), "sides of all other scans in pixels"
    )
    formats: tuple[str, ...] = setting(
        ("avif", "webp"),
        checks.many(checks.one_of(*(one.name for one in FORMATS if one.site)), least=1),
        "of all scans; the largest main scan is a PNG as well",
    )
    vertices: int = setting(20_000, _BUDGET, "budget of scans that need a graph of their own")
    names: bool = setting(True, checks.switch, "the main scan with the names of its layers")
    training: bool = setting(True, checks.switch, "the training passes")
    light: bool = setting(True, checks.switch, "the main scan on a light background")
    skeletons: tuple[str, ...] = setting(
        ("twopi", "circo", "dot"),
        checks.many(checks.one_of(*SKELETONS)),
        "scans with other Graphviz engines",
    )
    colors: tuple[str, ...] = setting(
        ("operator", "depth", "flops", "bytes"),
        checks.many(checks.one_of(*ATTRIBUTES)),
        "scans coloured by other attributes",
    )
    diagram: bool = setting(True, checks.switch, "the diagram of the operators")
    multiples: bool = setting(True, checks.switch, "all scans of a model on one sheet")
    poster: bool = setting(True, checks.switch, "the poster, an A2 sheet")
    poster_formats: tuple[str, ...] = setting(
        ("webp", "pdf"),
        checks.many(checks.one_of(*(one.name for one in FORMATS if one.poster))),
        f"{', '.join(one.name for one in FORMATS if one.poster and one.side)}, "
        "or pdf with vector text",
    )
    poster_dpi: int = setting(
        150, checks.integer(30, 600), "dots per inch; 300 for print, then some 20 MB as PNG"
    )
    poster_labels: bool = setting(True, checks.switch, "names of layers on the poster's scan")
    viewer: bool = setting(True, checks.switch, "the interactive viewer")
    viewer_vertices: int = setting(
        250_000, _BUDGET, "the most that the viewer shows; of larger scans it shows a sample"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one model may take before its worker is stopped, and the size of the cache."""

    seconds: float = setting(
        600.0, checks.seconds, "time limit of a model, in seconds", option="--seconds", metavar="S"
    )
    memory: int = setting(
        4 << 30, checks.memory, "memory limit of a model", option="--memory", metavar="SIZE"
    )
    skeleton: float = setting(
        10.0, checks.seconds, "time limit of one run of a Graphviz engine, in seconds"
    )
    cache: int = setting(
        4 << 30,
        checks.memory,
        "size limit of the cache; what was not used for longest goes first",
        option="--cache-size",
        metavar="SIZE",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GallerySettings:
    """A gallery as gallery.toml describes it."""

    title: str = setting("Gallery of networks", checks.text(300), "name of the gallery")
    description: str = setting(
        "Scans of the whole computation of neural networks.",
        checks.text(),
        "for visitors and search engines",
    )
    base_url: str = setting(
        "",
        checks.base_url,
        'such as "https://example.org/gallery/"; for the sitemap, social cards and embedding',
    )
    language: str = setting(
        "en", checks.language, "of the pages; needs a strings/LANGUAGE.toml in the templates"
    )
    templates: str = setting(
        "",
        checks.text(),
        "directory beside this file whose files replace built-in ones of the same name",
    )
    ignore: tuple[str, ...] = setting(
        (),
        checks.many(checks.ignore_pattern, most=1000, distinct=False),
        "patterns as in .gitignore, after those in `.galleryignore`",
    )
    default_dim: int = setting(
        1, checks.integer(1, 1 << 20), "size of symbolic dimensions that are not named"
    )
    dims: dict[str, int] = setting(
        {},
        checks.sizes_by_name,
        "size of symbolic dimensions by name, such as sequence_length",
        option="--dim",
        metavar="NAME=SIZE",
    )
    scan: ScanSettings = section(ScanSettings, "the main scan, the large picture of each model")
    variants: VariantSettings = section(VariantSettings, "what is shown beside the main scan")
    limits: Limits = section(
        Limits, "a model above them is tried again with a quarter of the vertices, then fails"
    )
