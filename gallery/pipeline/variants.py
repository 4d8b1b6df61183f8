"""The scans of a model: the main scan, and the variants shown beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from gallery.settings.attributes import MEASURED, TABLE, Attribute, find, is_measured
from gallery.settings.choices import AUTO, FAMILY_PALETTES
from gallery.settings.values import FrontMatter, GallerySettings, ScanSettings, VariantSettings
from gallery.text import slugify


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanPlan:
    """One scan of one model.

    Attributes:
        key: Short name, unique in the model ("hero", "training", "skeleton-circo").
        caption: One line for visitors.
        short: A few words that distinguish it from the model's other scans.
        scan: How it is made.
        sizes: Side lengths of the pictures in pixels.
        formats: Formats of each size.
        quality: How they are compressed.
        png: Side length of an additional PNG picture, or 0.
        over: Whether its files hold nothing but layer names, to be laid over the main scan.
    """

    key: str
    caption: str
    short: str
    scan: ScanSettings
    sizes: tuple[int, ...]
    formats: tuple[str, ...]
    quality: str = "best"
    png: int = 0
    over: bool = False


_OWN = ("passes", "vertices", "skeleton", "arrangement", "color", "palette")
"""What a sidecar says of the main scan, besides the seed; empty where it says nothing."""


def main_scan(settings: GallerySettings, front: FrontMatter, family: str = "") -> ScanSettings:
    """The gallery's scan settings, overridden by a sidecar's front matter.

    Args:
        settings: The gallery's settings.
        front: The front matter.
        family: Palette of the model's family, or "".
    """
    own = {name: getattr(front, name) or None for name in _OWN}
    return _main(settings.scan, **own, seed=front.seed, family=family)


@lru_cache(maxsize=256)
def _main(scan: ScanSettings, *, family: str, **own: Any) -> ScanSettings:
    """The settings with those that a model has of its own; most models have the same."""
    main = replace(scan, **{name: value for name, value in own.items() if value is not None})
    return replace(main, palette=main.palette or _default(main.color, family))


def plan_scans(
    settings: GallerySettings,
    front: FrontMatter,
    family: str = "",
    *,
    measured: Sequence[str] = (),
) -> tuple[ScanPlan, ...]:
    """The scans of a model, the main scan first.

    Colourings and backgrounds share the main scan's layout; the training passes have a graph of
    their own, and skeletons one of the smaller budget of the variants.

    Args:
        settings: The gallery's settings.
        front: The sidecar's front matter.
        family: Palette of the model's family, or "".
        measured: Attributes that the model's measurements have. A main scan by another one of
            measurements is coloured by layer.
    """
    main = main_scan(settings, front, family)
    return _scans(main, settings.variants, family, tuple(measured))


@lru_cache(maxsize=256)
def _scans(
    main: ScanSettings, variants: VariantSettings, family: str, measured: tuple[str, ...]
) -> tuple[ScanPlan, ...]:
    """The main scan and its variants; most models of a gallery have the same."""
    if is_measured(main.color) and main.color not in measured:
        main = replace(main, color="layer", palette=family)
    small_budget = min([variants.vertices, *({main.vertices} - {AUTO})])
    small, formats = variants.size, variants.formats
    large = tuple(sorted({*small, max(variants.sizes)}))
    middle = tuple(sorted({*small, *sorted(variants.sizes)[:-1]}))
    scans = [
        ScanPlan(
            key="hero",
            caption=_caption(main),
            short=f"By {_attribute(main.color).title}",
            scan=main,
            sizes=variants.sizes,
            formats=formats,
            quality=variants.quality,
            png=max(variants.sizes) if variants.png else 0,
        )
    ]

    def add(key: str, short: str, scan: ScanSettings, sizes: tuple[int, ...] = small) -> None:
        plan = ScanPlan(
            key=key,
            caption=_caption(scan),
            short=short,
            scan=scan,
            sizes=sizes,
            formats=formats,
            quality=variants.quality,
        )
        scans.append(plan)

    if variants.names and not main.labels:
        add("names", "With layer names", replace(main, labels=True), large)
        named = replace(scans[-1], caption=f"{scans[-1].caption}, with layer names")
        drawn = variants.names_drawn or main.legend
        scans[-1] = named if drawn else replace(named, formats=("svg",), over=True)
    if variants.light and main.ground == "dark":
        # Palettes of families are made for both backgrounds.
        kept = main.palette if main.palette in FAMILY_PALETTES else _default(main.color, family)
        add("light", "On a light background", replace(main, ground="light", palette=kept))
    if variants.training:
        training = replace(main, passes="training", color="pass", palette="")
        add("training", "Forward and backward", training, middle)
    for attribute in _colors(variants.colors, measured):
        if attribute != main.color:
            colored = replace(main, color=attribute, palette=_default(attribute, family))
            add(f"color-{slugify(attribute)}", f"By {_attribute(attribute).title}", colored)
    for engine in variants.skeletons:
        if engine != main.skeleton:
            other = replace(main, skeleton=engine, vertices=small_budget)
            add(f"skeleton-{engine}", f"Skeleton by {engine}", other)
    return tuple(scans)


def _colors(wanted: Sequence[str], measured: Sequence[str]) -> list[str]:
    """The attributes to make scans by; "measured" stands for all that was measured."""
    found: list[str] = []
    for name in wanted:
        found += measured if name == MEASURED else [name]
    known = [name for name in found if name in measured or not is_measured(name)]
    return list(dict.fromkeys(known))


def _attribute(name: str) -> Attribute:
    return find(name) or TABLE["layer"]


def _default(attribute: str, family: str) -> str:
    """The palette where none is set: that of the family for layers, else the attribute's own."""
    return family if attribute == "layer" else ""


NOTHING_TO_TRAIN = "nothing in it can be trained, so scans show the forward pass alone"


def without_training(plan: ScanPlan) -> ScanPlan:
    """What a scan of a training step is if the model has nothing to train."""
    words = plan.caption.removeprefix(_PASSES["training"])
    caption, scan = _PASSES["forward"] + words, replace(plan.scan, passes="forward")
    return replace(plan, caption=caption, scan=scan)


_PASSES = {"forward": "Forward pass", "training": "Training: forward and backward"}


def _caption(scan: ScanSettings) -> str:
    passes = _PASSES[scan.passes]
    color = _attribute(scan.color).title if is_measured(scan.color) else scan.color
    return f"{passes}, skeleton by {scan.skeleton}, coloured by {color}"
