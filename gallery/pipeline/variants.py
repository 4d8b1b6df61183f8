"""The scans of a model: the main one, and the variants that are shown beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gallery.settings.attributes import TABLE
from gallery.settings.values import FrontMatter, GallerySettings, ScanSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanPlan:
    """One scan of one model.

    Attributes:
        key: Short name, unique in the model ("hero", "training", "skeleton-circo").
        caption: One line for the visitor.
        short: A few words that tell it from the model's other scans.
        scan: How it is made.
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


def main_scan(settings: GallerySettings, front: FrontMatter) -> ScanSettings:
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
    variants, hero = settings.variants, main_scan(settings, front)
    budget = min(variants.vertices, hero.vertices)
    small, formats = variants.size, variants.formats
    scans = [
        ScanPlan(
            key="hero",
            caption=_caption(hero),
            short=f"By {TABLE[hero.color].title}",
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
            add(f"color-{attribute}", f"By {TABLE[attribute].title}", colored)
    for engine in variants.skeletons:
        if engine != hero.skeleton:
            other = replace(hero, skeleton=engine, vertices=budget)
            add(f"skeleton-{engine}", f"Skeleton by {engine}", other)
    return tuple(scans)


def _caption(scan: ScanSettings) -> str:
    passes = "Forward pass" if scan.passes == "forward" else "Training: forward and backward"
    return f"{passes}, skeleton by {scan.skeleton}, coloured by {scan.color}"
