"""Plans what to make of each model, with the cache key of each result, before anything is made.

A key is a hash of the file's content, the settings and the version of the code, through all
earlier stages, so a build can tell from the keys alone what is still to be done.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from itertools import pairwise
from typing import Any

from gallery.cache import cache_key
from gallery.discovery.discover import ModelFile
from gallery.discovery.exports import has_own_words
from gallery.discovery.groups import EACH
from gallery.discovery.titles import title_from
from gallery.errors import Failure
from gallery.fingerprint import fingerprint
from gallery.model import WHOLE
from gallery.pipeline.products import PRODUCTS, results_of
from gallery.pipeline.products.base import Product, load_settings, picture_settings
from gallery.pipeline.products.measured import MEASURED, attributes_measured
from gallery.pipeline.products.profile import MACHINE
from gallery.pipeline.stage_table import ANY_SCAN, STAGES
from gallery.pipeline.variants import ScanPlan, main_scan, plan_scans
from gallery.rendering.provenance import Provenance, software, source_of
from gallery.settings.choices import AUTO
from gallery.settings.families import family_palettes, folded
from gallery.settings.front_matter import Words, words_of
from gallery.settings.gallery_toml import scan_conflicts
from gallery.settings.values import (
    LONGEST_TITLE,
    GallerySettings,
    Limits,
    ProfileSettings,
    ScanSettings,
    VariantSettings,
)

_ORDER = {
    stage.name: (stage, before.name if before else "")
    for before, stage in pairwise((None, *STAGES))
    if stage
}
"""Each stage and the name of the one before, by its name."""

SOFTWARE = "software"
"""Key of the program's name and release among the versions."""


ABSENT = Failure(
    stage="discover",
    found="a pointer lies in the place of the file",
    hint="run git lfs pull, or hf download OWNER/NAME --local-dir FOLDER",
)
"""Why nothing is made of an export that was not downloaded; it does not fail the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPlan:
    """The plan for a model, with everything that a worker has to know.

    Attributes:
        file: The model and the text of its sidecar.
        words: What the sidecar or the model card says.
        notes: What of it was left out and why, in sentences.
        scans: The main scan first; empty if the plan has failed.
        variants: What to make besides the main scan.
        dims: Sizes of symbolic dimensions, by name.
        default_dim: Size of all other symbolic dimensions, see `load`.
        shared_dims: The names in `dims` that are set for all models of the gallery.
        limits: What the model may use.
        versions: Version of the code of each stage and product, see `versions`; fixed in the plan,
            so that worker and parent agree on the keys even while the code is being edited.
        failure: Why nothing can be made, or None.
        profile: Whether and how the build measures what operators take.
        part: What vertex budgets that the limits decide are divided by.
    """

    file: ModelFile
    words: Words = field(default_factory=Words)
    notes: tuple[str, ...] = ()
    scans: tuple[ScanPlan, ...] = ()
    variants: VariantSettings
    dims: Mapping[str, int]
    default_dim: int
    limits: Limits
    versions: Mapping[str, str]
    failure: Failure | None = None
    shared_dims: frozenset[str] = frozenset()
    profile: ProfileSettings = field(default_factory=ProfileSettings)
    part: int = 1
    _known: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def stage_key(self, name: str, scan: ScanSettings = ANY_SCAN) -> str:
        """Key of a stage's result.

        Args:
            name: Name of the stage.
            scan: How the scan is made; loading a model does not depend on it.
        """
        stage, before = _ORDER[name]
        scan = scan if before else ANY_SCAN
        known: str | None = self._known.get((name, scan))
        if known is None:
            known = self._known[name, scan] = cache_key(
                name,
                self.versions.get(name, ""),
                before=self.stage_key(before, scan) if before else "",
                inputs=stage.inputs(self, scan),
            )
        return known

    def keys(self, product: Product) -> dict[str, str]:
        """Key of each result of a product, by the result's name; empty if it is not wanted."""
        known: dict[str, str] | None = self._known.get(product.name)
        if known is None:
            version = self.versions.get(product.name, "")
            known = self._known[product.name] = {
                what: cache_key(
                    product.name,
                    version,
                    inputs=inputs,
                    told={
                        "software": self.versions.get(SOFTWARE, ""),
                        "source": self.source,
                        "settings": product.settings(self, what),
                    },
                )
                for what, inputs in product.inputs(self).items()
            }
        return known

    def measured_keys(self) -> list[str]:
        """Key of what was measured of the model; empty if nothing was."""
        return list(self.keys(MEASURED).values())

    def provenance(self, product: Product, what: str = "") -> Provenance:
        """What the metadata of a result's files say."""
        return self._provenance(product.settings(self, what))

    @property
    def name(self) -> str:
        """What the model is called in its pictures: files of the same content share them."""
        return self.file.group.twin or self.file.slug

    @property
    def source(self) -> str:
        """The digest of the model's file, as metadata give it."""
        return source_of(self.file.digest, whole=self.file.bytes <= WHOLE)

    def whole_provenance(self) -> Provenance:
        """What the data files about the model as a whole say."""
        main = picture_settings(self, self.scans[0]) if self.scans else load_settings(self)
        return self._provenance({**main, "variants": _as_value(self.variants)})

    def _provenance(self, settings: Mapping[str, Any]) -> Provenance:
        made_by = self.versions.get(SOFTWARE, "")
        return Provenance(software=made_by, source=self.source, settings=settings)

    def smaller(self, factor: int = 4) -> ModelPlan:
        """The same plan with divided budgets, to be tried after a model exceeds its limits."""

        def less(vertices: int | str) -> int | str:
            return AUTO if vertices == AUTO else max(1, int(vertices) // factor)

        scans = tuple(
            replace(plan, scan=replace(plan.scan, vertices=less(plan.scan.vertices)))
            for plan in self.scans
        )
        most = max(1, self.variants.viewer_vertices // factor)
        variants = replace(self.variants, viewer_vertices=most)
        return replace(self, scans=scans, variants=variants, part=self.part * factor)


@cache
def _as_value(variants: VariantSettings) -> Mapping[str, Any]:
    """The settings as JSON; most models of a gallery have the same."""
    return asdict(variants)


def versions(profile: ProfileSettings | None = None) -> dict[str, str]:
    """The version of the code of each stage and product, and under "software" the release.

    Args:
        profile: Whether models are measured; the versions then include this machine.
    """
    stages = {stage.name: fingerprint(*stage.modules) for stage in STAGES}
    products = {product.name: fingerprint(product.module) for product in PRODUCTS}
    found = {**stages, **products, SOFTWARE: software()}
    if profile is None or not profile.enabled:
        return found
    from gallery.measuring.machine import machine_key  # noqa: PLC0415 - rarely needed

    return {**found, MACHINE: machine_key()}


def plan_of(file: ModelFile, settings: GallerySettings, made_by: Mapping[str, str]) -> ModelPlan:
    """Read the sidecar of a model and plan what to make of it, without a palette of its family.

    Args:
        file: From `discover`.
        settings: The gallery's settings.
        made_by: From `versions`.
    """
    words = words_of(file.sidecar_text or "")
    notes = [file.sidecar_problem] if file.sidecar_problem else []
    notes += [f"{file.sidecar}: {note}" for note in words.notes]
    front = words.front
    if conflicts := scan_conflicts(main_scan(settings, front)):
        notes += [f"{file.sidecar}: {told}" for told in conflicts]
        front = replace(front, color="", palette="")
    front = replace(
        front,
        title=_title(file, front.title, file.catalogue.model)[:LONGEST_TITLE],
        tags=tuple(dict.fromkeys((*front.tags, *file.catalogue.tags))),
    )
    variants = _of_an_export(settings.variants) if file.group.lead else settings.variants
    plan = ModelPlan(
        file=file,
        words=replace(words, front=front),
        notes=(*notes, *file.notes),
        variants=variants,
        dims={**settings.dims, **front.dims},
        default_dim=settings.default_dim,
        shared_dims=frozenset(settings.dims.keys() - front.dims.keys()),
        limits=settings.limits,
        versions=made_by,
        profile=settings.profile,
    )
    if file.group.absent:
        return replace(plan, failure=ABSENT)
    if file.problem is not None:
        problem = file.problem
        failure = Failure(stage=problem.stage, found=problem.found, hint=problem.hint)
        return replace(plan, failure=failure)
    if file.group.lead and settings.exports != EACH:
        return plan
    measured = attributes_measured(plan)
    scans = plan_scans(replace(settings, variants=variants), front, measured=measured)
    plan = replace(plan, scans=scans)
    asked = main_scan(settings, front).color
    if plan.scans[0].scan.color == asked:
        return plan
    told = f"it is coloured by layer, because there are no measurements of it for {asked!r}"
    return replace(plan, notes=(*plan.notes, told))


def _title(file: ModelFile, given: str, catalogued: str) -> str:
    """What to call a model: its words' title, the catalogue's, or a name from its path."""
    if given and has_own_words(file):
        return given
    group = file.group
    title = given or catalogued or group.title or title_from(file.address or file.relative)
    return f"{title} ({group.role})" if group.whole else title


def _of_an_export(variants: VariantSettings) -> VariantSettings:
    """What is made, besides a scan, of an export that another stands for: nothing."""
    return replace(
        variants,
        names=False,
        training=False,
        light=False,
        skeletons=(),
        colors=(),
        diagram=False,
        multiples=False,
        poster=False,
        wallpapers=(),
        run=False,
        film=False,
        viewer=False,
    )


def with_families(plans: Sequence[ModelPlan], settings: GallerySettings) -> list[ModelPlan]:
    """The plans of a gallery in which each family of networks has a palette.

    Args:
        plans: Of all models of the gallery, in any order, from `plan_of`.
        settings: The gallery's settings.
    """
    found = family_palettes((plan.words.front.family for plan in plans), settings.families)
    families = [found.get(folded(plan.words.front.family), "") for plan in plans]
    return [
        replace(
            plan,
            scans=plan_scans(
                replace(settings, variants=plan.variants),
                plan.words.front,
                family,
                measured=attributes_measured(plan),
            ),
        )
        if plan.scans and family
        else plan
        for plan, family in zip(plans, families, strict=True)
    ]


def outcome_key(plan: ModelPlan) -> str:
    """Key of an outcome that is remembered: a failure, or the need for a smaller budget."""
    limits = [plan.limits.seconds, plan.limits.memory]
    return cache_key("outcome", "1", products=results_of(plan), limits=limits)


def shown_keys(plan: ModelPlan, shown: ModelPlan) -> list[str]:
    """Keys of everything that a site shows of a model.

    Args:
        plan: The model's plan.
        shown: The same plan, or the smaller one that was carried out instead.
    """
    return [outcome_key(plan), *(key for _, _, key in results_of(shown))]
