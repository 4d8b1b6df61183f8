"""What is to be made of each model, and the cache key of each result, before anything is made.

A key is a hash of the file's content, the settings and the version of the code, through all
earlier stages, so that a build knows from the keys alone what is still to be done:

    load ── lower ── layout ── render (each scan)
      └─ diagram       └────── viewer, poster
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from gallery.cache import cache_key
from gallery.fingerprint import fingerprint
from gallery.settings.values import FrontMatter, GallerySettings, ScanSettings

_LOOK = ("color", "palette", "ground", "labels", "legend", "rules")
"""Settings of a scan that change its pictures and nothing before them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanPlan:
    """One scan of one model.

    Attributes:
        key: Short name, unique in the model ("hero", "training", "skeleton-circo").
        caption: One line for the visitor.
        short: A few words that tell it from the model's other scans.
        scan: How it is made; its `size` is not used.
        sizes: Sides of the pictures in pixels.
        formats: Of each size.
        png: Side of one further PNG picture, or 0.
    """

    key: str
    caption: str
    short: str
    scan: ScanSettings
    sizes: tuple[int, ...]
    formats: tuple[str, ...]
    png: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PosterPlan:
    """How the infographic is made.

    Attributes:
        formats: Of the whole: "webp", "png", "jpeg", "pdf".
        dpi: Pixels an inch.
        labels: Whether layer names are set on the scan.
    """

    formats: tuple[str, ...]
    dpi: int
    labels: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPlan:
    """All that a worker has to know to make everything of one model.

    Attributes:
        slug: Its name in URLs.
        file: Path of the model.
        digest: SHA-256 of the file's content.
        bytes: Size of the file.
        dims: Size of symbolic dimensions, by name.
        default_dim: Size of the others.
        front: Front matter of the sidecar.
        scans: The hero first.
        diagram: Whether the operator diagram is drawn.
        poster: The infographic, or None.
        multiples: Whether all scans are put on one sheet.
        viewer_vertices: Most vertices of the hero that the viewer shows, or 0 for no viewer.
        skeleton_seconds: Time limit of one run of a Graphviz engine.
        versions: Version of each stage's code, see `stage_versions`; planned once, so that the
            worker and the parent agree on the keys even where the code is being edited.
    """

    slug: str
    file: str
    digest: str
    bytes: int
    dims: dict[str, int]
    default_dim: int
    front: FrontMatter
    scans: tuple[ScanPlan, ...]
    diagram: bool
    poster: PosterPlan | None
    multiples: bool
    viewer_vertices: int
    skeleton_seconds: float
    versions: dict[str, str]

    def load_key(self) -> str:
        """Key of what `load` and `facts` give."""
        version = self.versions["load"]
        return cache_key(
            "load",
            version,
            digest=self.digest,
            dims=self.dims,
            default=self.default_dim,
            name=self.slug,
        )

    def lower_key(self, scan: ScanSettings) -> str:
        """Key of the compute graph of a scan."""
        version = self.versions["lower"]
        budget = (scan.passes, scan.vertices, scan.target)
        return cache_key("lower", version, model=self.load_key(), budget=budget)

    def layout_key(self, scan: ScanSettings) -> str:
        """Key of the layout of a scan."""
        version = self.versions["layout"]
        how = (scan.skeleton, scan.seed, self.skeleton_seconds)
        return cache_key("layout", version, graph=self.lower_key(scan), how=how)

    def render_key(self, scan: ScanPlan) -> str:
        """Key of the pictures of a scan."""
        version = self.versions["render"]
        settings = asdict(scan.scan)
        look = {name: settings[name] for name in _LOOK}
        files = (scan.sizes, scan.formats, scan.png)
        layout = self.layout_key(scan.scan)
        return cache_key("render", version, layout=layout, look=look, files=files)

    def diagram_key(self) -> str:
        """Key of the operator diagram."""
        return cache_key("diagram", self.versions["render"], model=self.load_key())

    def poster_key(self) -> str:
        """Key of the infographic."""
        version = self.versions["render"]
        scans = [self.render_key(scan) for scan in self.scans]
        front = self.front
        words = (front.title, front.year, front.paper, front.authors, front.paper_url)
        how = self.poster and asdict(self.poster)
        return cache_key("poster", version, scans=scans, words=words, how=how)

    def card_key(self) -> str:
        """Key of the social card."""
        version, front = self.versions["render"], self.front
        hero = self.scans[0].scan
        settings = asdict(hero)
        look = (self.layout_key(hero), *(settings[name] for name in ("color", "palette", "rules")))
        return cache_key("card", version, look=look, words=(front.title, front.family, front.year))

    def multiples_key(self) -> str:
        """Key of the sheet of all scans."""
        version = self.versions["render"]
        scans = [(scan.short, self.render_key(scan)) for scan in self.scans]
        return cache_key("multiples", version, scans=scans, title=self.front.title)

    def viewer_key(self) -> str:
        """Key of the viewer's data."""
        version = self.versions["viewer"]
        layout = self.layout_key(self.scans[0].scan)
        budget = self.viewer_vertices
        return cache_key("viewer", version, layout=layout, facts=self.load_key(), budget=budget)

    def products(self) -> tuple[tuple[str, str, str], ...]:
        """Stage, name and key of everything that the site needs of this model."""
        rows = [("load", "", self.load_key())]
        rows += [("render", scan.key, self.render_key(scan)) for scan in self.scans]
        if self.diagram:
            rows.append(("diagram", "", self.diagram_key()))
        if self.scans:
            rows.append(("card", "", self.card_key()))
        if self.multiples and self.scans:
            rows.append(("multiples", "", self.multiples_key()))
        if self.poster and self.scans:
            rows.append(("poster", "", self.poster_key()))
        if self.viewer_vertices and self.scans:
            rows.append(("viewer", "", self.viewer_key()))
        return tuple(rows)

    def smaller(self, factor: int = 4) -> ModelPlan:
        """The same with all budgets divided: what is tried after a model went over its limits."""
        scans = tuple(
            replace(plan, scan=replace(plan.scan, vertices=max(1, plan.scan.vertices // factor)))
            for plan in self.scans
        )
        viewer = self.viewer_vertices and max(1, self.viewer_vertices // factor)
        return replace(self, scans=scans, viewer_vertices=viewer)


def stage_versions() -> dict[str, str]:
    """The version of each stage's code."""
    return {
        "load": fingerprint("gallery.loading.load", "gallery.costs.facts", "gallery.costs.storage"),
        "lower": fingerprint("gallery.lowering", "gallery.lowering.storage"),
        "layout": fingerprint("gallery.placement", "gallery.placement.storage"),
        "render": fingerprint(
            "gallery.coloring",
            "gallery.rendering",
            "gallery.pipeline.products.scan",
            "gallery.pipeline.products.poster",
        ),
        "viewer": fingerprint("gallery.rendering.viewer.data", "gallery.pipeline.products.scan"),
    }


def hero_settings(settings: GallerySettings, front: FrontMatter) -> ScanSettings:
    """The gallery's scan with what a sidecar says otherwise."""
    scan = settings.scan
    return replace(
        scan,
        passes=front.passes or scan.passes,
        vertices=front.vertices or scan.vertices,
        skeleton=front.skeleton or scan.skeleton,
        color=front.color or scan.color,
        seed=scan.seed if front.seed is None else front.seed,
    )


def plan_scans(settings: GallerySettings, front: FrontMatter) -> tuple[ScanPlan, ...]:
    """The scans of a model, the hero first.

    Colourings and grounds share the hero's layout; skeletons and the training passes have graphs
    of their own with the smaller budget of the variants.
    """
    variants, hero = settings.variants, hero_settings(settings, front)
    budget = min(variants.vertices, hero.vertices)
    small, formats = variants.size, variants.formats
    scans = [
        ScanPlan(
            key="hero",
            caption=_caption(hero),
            short=_COLORED[hero.color],
            scan=hero,
            sizes=variants.sizes,
            formats=formats,
            png=max(variants.sizes),
        )
    ]

    def add(key: str, short: str, scan: ScanSettings) -> None:
        plan = ScanPlan(
            key=key,
            caption=_caption(scan),
            short=short,
            scan=scan,
            sizes=small,
            formats=formats,
        )
        scans.append(plan)

    if variants.names and not hero.labels:
        add("names", "With the names of its layers", replace(hero, labels=True))
        named = scans[-1]
        scans[-1] = replace(
            named,
            caption=f"{named.caption}, with the names of its layers",
            sizes=tuple(sorted({*small, max(variants.sizes)})),
        )
    if variants.light and hero.ground == "dark":
        add("light", "On a light ground", replace(hero, ground="light", palette=""))
    if variants.training:
        training = replace(hero, passes="training", color="pass", palette="", vertices=budget)
        add("training", "Forward and backward", training)
    for attribute in variants.colors:
        if attribute != hero.color:
            colored = replace(hero, color=attribute, palette="")
            add(f"color-{attribute}", _COLORED[attribute], colored)
    for engine in variants.skeletons:
        if engine != hero.skeleton:
            other = replace(hero, skeleton=engine, vertices=budget)
            add(f"skeleton-{engine}", f"Skeleton by {engine}", other)
    return tuple(scans)


_COLORED = {
    "layer": "By layer",
    "operator": "By operator type",
    "pass": "By pass",
    "kind": "By kind of vertex",
    "depth": "By depth",
    "flops": "By work",
    "bytes": "By communication",
    "exchange": "By exchange between tiles",
    "degree": "By degree",
    "tile": "By tile",
    "length": "By edge length",
    "parameters": "By parameters",
}


def _caption(scan: ScanSettings) -> str:
    passes = "Forward pass" if scan.passes == "forward" else "Training: forward and backward"
    return f"{passes}, skeleton by {scan.skeleton}, coloured by {scan.color}"
