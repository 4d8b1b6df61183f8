"""The scans of a model: the main scan, and the variants shown beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gallery.settings.attributes import MEASURED, TABLE, Attribute, find, is_measured
from gallery.settings.choices import AUTO, FAMILY_PALETTES
from gallery.settings.values import FrontMatter, GallerySettings, ScanSettings
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


def main_scan(settings: GallerySettings, front: FrontMatter, family: str = "") -> ScanSettings:
    """The gallery's scan settings, overridden by a sidecar's front matter.

    Args:
        settings: The gallery's settings.
        front: The front matter.
        family: Palette of the model's family, or "".
    """
    scan = settings.scan
    color = front.color or scan.color
    return replace(
        scan,
        passes=front.passes or scan.passes,
        vertices=front.vertices or scan.vertices,
        skeleton=front.skeleton or scan.skeleton,
        arrangement=front.arrangement or scan.arrangement,
        color=color,
        palette=front.palette or scan.palette or _default(color, family),
        seed=scan.seed if front.seed is None else front.seed,
    )


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
    variants, main = settings.variants, main_scan(settings, front, family)
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
