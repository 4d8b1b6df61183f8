"""Settings as frozen dataclasses, and the values that they may take."""

from __future__ import annotations

from dataclasses import dataclass

from gallery.settings import checks
from gallery.settings.choices import (
    ARRANGEMENTS,
    AUTO,
    EXPORTS,
    EXPOSURES,
    GRAPHS,
    GROUNDS,
    PALETTES,
    PASSES,
    SKELETONS,
    TARGETS,
    WEIGHTS,
)
from gallery.settings.color_rules import ColorRule, color_rule
from gallery.settings.fields import section, setting
from gallery.settings.formats import FORMATS, LARGEST, QUALITIES
from gallery.settings.paper import check_film, check_paper, check_screen

SIDE = checks.integer(16, LARGEST)
"""The side of a picture in pixels."""
DPI = checks.integer(30, 600)
"""Dots per inch of a poster."""
LONGEST_TITLE = 300
"""Most characters of a title."""
_BUDGET = checks.integer(1, 100_000_000)
_SEED = checks.integer(0, (1 << 31) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """The front matter of a sidecar; an empty value, 0 or None means that it is not given."""

    title: str = setting("", checks.text(LONGEST_TITLE), "name shown to visitors")
    year: int | None = setting(
        None, checks.written(checks.integer(1900, 2200)), "year of publication, or null"
    )
    paper: str = setting("", checks.text(), "title of the paper")
    paper_url: str = setting("", checks.url, "URL of the paper (http or https)")
    authors: tuple[str, ...] = setting((), checks.names, "names of the authors")
    tags: tuple[str, ...] = setting((), checks.names, "keywords")
    family: str = setting("", checks.text(200), "group of related networks")
    licence: str = setting(
        "", checks.text(500), "licence of the architecture's code", alias="license"
    )
    source: str = setting("", checks.url, "URL of the code (http or https)")
    export: str = setting(
        "",
        checks.text(80),
        'of several exports the one that is scanned, such as "fp16", or "" for full precision',
    )
    passes: str = setting(
        "", checks.one_of(*PASSES), '"forward", "training", or "" for the gallery\'s setting'
    )
    vertices: int | str = setting(
        0,
        checks.either(AUTO, checks.written(_BUDGET)),
        'vertex budget of the main scan, "auto", or 0 for the gallery\'s setting',
    )
    skeleton: str = setting(
        "",
        checks.one_of(*SKELETONS),
        'Graphviz engine of the main scan, or "" for the gallery\'s setting',
    )
    arrangement: str = setting(
        "",
        checks.one_of(*ARRANGEMENTS),
        'arrangement of training passes, or "" for the gallery\'s setting',
    )
    color: str = setting(
        "",
        checks.attribute,
        'attribute that colours the main scan, or "" for the gallery\'s setting',
    )
    palette: str = setting(
        "",
        checks.one_of("", *PALETTES),
        'palette of the main scan, or "" for the gallery\'s setting',
    )
    seed: int | None = setting(
        None, checks.written(_SEED), "seed of the layout, or null for the gallery's setting"
    )
    dims: dict[str, int] = setting(
        {},
        checks.written(checks.sizes_by_name),
        'sizes of symbolic dimensions, by name or as "input[axis]"',
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanSettings:
    """How one scan is made, from lowering to picture."""

    vertices: int | str = setting(
        1_000_000,
        checks.either(AUTO, _BUDGET),
        'vertex budget: roughly how many pieces the computation is split into, or "auto": up to '
        "a million, as the limits allow",
        option="--vertices",
        metavar="N",
    )
    passes: str = setting(
        "forward",
        checks.one_of(*PASSES),
        "inference, or training with backward and update passes",
        option="--passes",
    )
    target: str = setting(
        "ipu2",
        checks.one_of(*TARGETS),
        "processor to split the work for",
        option="--target",
    )
    skeleton: str = setting(
        "sfdp",
        checks.one_of(*SKELETONS),
        "Graphviz engine that lays out the operators",
        option="--skeleton",
    )
    arrangement: str = setting(
        "hemispheres",
        checks.one_of(*ARRANGEMENTS),
        "arrangement of training passes: forward and backward face to face, or freely mixed",
        option="--arrangement",
    )
    color: str = setting(
        "layer",
        checks.attribute,
        "attribute to colour by",
        option="--color",
        metavar="ATTRIBUTE",
    )
    palette: str = setting(
        "",
        checks.one_of("", *PALETTES),
        "palette to use instead of the default, which for layers is one for each family",
        option="--palette",
    )
    ground: str = setting("dark", checks.one_of(*GROUNDS), "background", option="--ground")
    exposure: str = setting(
        "auto",
        checks.one_of(*EXPOSURES),
        "what light follows: work, traffic, whichever of them varies more, or none",
        option="--exposure",
    )
    seed: int = setting(1, _SEED, "seed of the layout", option="--seed", metavar="N")
    labels: bool = setting(False, checks.switch, "draw layer names", option="--labels")
    legend: bool = setting(
        False, checks.switch, "draw the caption and the colour key", option="--legend"
    )
    rules: tuple[ColorRule, ...] = setting(
        (),
        checks.many(color_rule, most=256, distinct=False),
        'colours by pattern, for layers or, with the prefix "operator:", for operators',
        option="--rule",
        metavar="PATTERN=#RRGGBB",
    )

    @property
    def arranged(self) -> str:
        """The arrangement of this scan: a forward pass has only one."""
        return self.arrangement if self.passes == "training" else "free"


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteWeight:
    """How heavy the site is; see `gallery.settings.weight`."""

    weight: str = setting(
        "light",
        checks.one_of(*WEIGHTS),
        'the defaults below, or "full" for twelve MB a model: two formats, PNG, all downloads',
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantSettings:
    """What is made of a model besides its main scan."""

    sizes: tuple[int, ...] = setting(
        (320, 640, 1280, 1920),
        checks.many(SIDE, least=1),
        "side lengths of the main scan, in pixels",
    )
    size: tuple[int, ...] = setting(
        (320, 640), checks.many(SIDE, least=1), "side lengths of the other scans, in pixels"
    )
    formats: tuple[str, ...] = setting(
        ("avif",),
        checks.many(checks.one_of(*(one.name for one in FORMATS if one.site)), least=1),
        "formats of all scans",
    )
    quality: str = setting(
        "good",
        checks.one_of(*QUALITIES),
        "good looks like the original at full size, best under a lens as well",
    )
    png: bool = setting(False, checks.switch, "the largest main scan as a PNG, without loss")
    vertices: int = setting(20_000, _BUDGET, "vertex budget of scans with other skeletons")
    names: bool = setting(True, checks.switch, "the main scan with layer names")
    names_drawn: bool = setting(
        False, checks.switch, "draw them into pictures of their own, instead of laying them over it"
    )
    training: bool = setting(True, checks.switch, "a scan of the training passes")
    light: bool = setting(True, checks.switch, "the main scan on a light background")
    skeletons: tuple[str, ...] = setting(
        ("twopi", "circo", "dot"),
        checks.many(checks.one_of(*SKELETONS)),
        "scans with these Graphviz engines",
    )
    colors: tuple[str, ...] = setting(
        ("operator", "depth", "flops", "bytes", "measured"),
        checks.many(checks.attribute),
        'scans coloured by these attributes, where "measured" is all that was measured',
    )
    diagram: bool = setting(True, checks.switch, "the operator diagram")
    graphs: tuple[str, ...] = setting(
        ("dot",),
        checks.many(checks.one_of(*GRAPHS)),
        "graphs for other programs: dot and graphml of operators, npz of vertices",
    )
    multiples: bool = setting(False, checks.switch, "the contact sheet of all scans")
    poster: bool = setting(True, checks.switch, "the poster")
    poster_size: str = setting(
        "A2", check_paper, 'its paper, "A0" to "A4" or "A0-landscape" to "A4-landscape"'
    )
    poster_formats: tuple[str, ...] = setting(
        ("pdf",),
        checks.many(checks.one_of(*(one.name for one in FORMATS if one.poster))),
        f"{', '.join(one.name for one in FORMATS if one.poster and one.side)}, "
        "or pdf with vector text",
    )
    poster_dpi: int = setting(
        120, DPI, "dots per inch: 120 at arm's length, 300 for a close look, about 20 MB as PNG"
    )
    poster_labels: bool = setting(True, checks.switch, "layer names on the poster's scan")
    wallpapers: tuple[str, ...] = setting(
        (),
        checks.many(check_screen),
        'wallpapers to offer, the main scan alone, such as ["3840x2160", "1290x2796"]',
    )
    run: bool = setting(True, checks.switch, "what happens as the main scan's graph runs")
    film: bool = setting(
        False, checks.switch, "the film of the run, which needs the extra `film` and a minute"
    )
    film_size: str = setting("1080x1080", check_film, "its width and height in pixels, both even")
    viewer: bool = setting(True, checks.switch, "the interactive viewer")
    viewer_vertices: int = setting(
        250_000, _BUDGET, "most vertices in the viewer, which shows larger scans in larger pieces"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one model may use before its worker is stopped, and the size of the cache."""

    seconds: float = setting(
        600.0, checks.seconds, "time limit per model, in seconds", option="--seconds", metavar="S"
    )
    memory: int = setting(
        4 << 30, checks.memory, "memory limit per model", option="--memory", metavar="SIZE"
    )
    skeleton: float = setting(
        10.0, checks.seconds, "processor time of one Graphviz run, in seconds"
    )
    cache: int = setting(
        4 << 30,
        checks.memory,
        "size limit of the cache; the least recently used results are deleted first",
        option="--cache-size",
        metavar="SIZE",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileSettings:
    """How a build measures what operators take by running the models on its machine."""

    enabled: bool = setting(
        False, checks.switch, "run each model with ONNX Runtime and measure its operators"
    )
    threads: int = setting(
        1, checks.integer(1, 1024), "threads of a run", option="--threads", metavar="N"
    )
    optimization: str = setting(
        "all",
        checks.one_of("none", "basic", "extended", "all"),
        "how far ONNX Runtime fuses operators: none, basic, extended or all",
        option="--optimization",
    )
    seconds: float = setting(
        120.0,
        checks.seconds,
        "time limit of measuring a model, in seconds",
        option="--seconds",
        metavar="S",
    )
    memory: int = setting(
        2 << 30, checks.memory, "memory limit of a run", option="--memory", metavar="SIZE"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GallerySettings:
    """A gallery as gallery.toml describes it."""

    title: str = setting("Gallery of networks", checks.text(300), "name of the gallery")
    description: str = setting(
        "Scans of the whole computation of neural networks.",
        checks.text(),
        "description for visitors and search engines",
    )
    base_url: str = setting(
        "",
        checks.base_url,
        'URL such as "https://example.org/gallery/", for the sitemap, social cards and embedding',
    )
    language: str = setting(
        "en", checks.language, "language of the pages; needs strings/LANGUAGE.toml in the templates"
    )
    templates: str = setting(
        "",
        checks.text(),
        "directory, relative to this file, whose files replace built-in ones of the same name",
    )
    ignore: tuple[str, ...] = setting(
        (),
        checks.many(checks.ignore_pattern, most=1000, distinct=False),
        "patterns as in .gitignore, applied after those in `.galleryignore`",
    )
    exports: str = setting(
        "together",
        checks.one_of(*EXPORTS),
        "exports of one model in several precisions: one page and one scan, a scan of each on one "
        "page, or pages of their own",
    )
    export: str = setting(
        "", checks.text(80), 'the one that is scanned, such as "fp16"; "": full precision'
    )
    default_dim: int = setting(
        0,
        checks.integer(0, 1 << 20),
        "size of symbolic dimensions that are not in [dims]; 0: what is usual and fits",
    )
    dims: dict[str, int] = setting(
        {},
        checks.sizes_by_name,
        'sizes of symbolic dimensions by name, such as sequence_length=128 or "x[2]"=48',
        option="--dim",
        metavar="NAME=SIZE",
    )
    families: dict[str, str] = setting(
        {},
        checks.words_by_name(*PALETTES),
        'palettes of layers by family, such as CNN = "ember"; for other families one is chosen',
    )
    site: SiteWeight = section(SiteWeight, "the site as a whole")
    scan: ScanSettings = section(ScanSettings, "the main scan, the large picture of each model")
    variants: VariantSettings = section(VariantSettings, "what is made besides the main scan")
    limits: Limits = section(
        Limits, "a model over them is tried once more with a quarter of the vertices, then fails"
    )
    profile: ProfileSettings = section(
        ProfileSettings,
        "times measured by the build; no file beside a model needs this",
    )
