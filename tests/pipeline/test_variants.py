"""Which scans a model gets: the gallery's settings, and what its sidecar says otherwise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gallery.pipeline.variants import main_scan, plan_scans
from gallery.settings.values import FrontMatter, GallerySettings, ScanSettings, VariantSettings

SCAN = ScanSettings(vertices=900, passes="training", skeleton="dot", color="depth", seed=5)
NONE = VariantSettings(
    sizes=(64, 32), size=(16,), names=False, training=False, light=False, skeletons=(), colors=()
)


def scans(scan: ScanSettings, variants: VariantSettings) -> dict[str, ScanSettings]:
    """How each scan is made, by its key."""
    found = plan_scans(GallerySettings(scan=scan, variants=variants), FrontMatter())
    return {one.key: one.scan for one in found}


def test_a_sidecar_says_otherwise_and_only_what_it_says() -> None:
    settings = GallerySettings(scan=SCAN)
    assert main_scan(settings, FrontMatter()) == SCAN
    front = FrontMatter(vertices=7, passes="forward", skeleton="circo", color="flops", seed=0)
    assert main_scan(settings, front) == replace(
        SCAN, vertices=7, passes="forward", skeleton="circo", color="flops", seed=0
    )


def test_without_variants_there_is_the_main_scan() -> None:
    (one,) = plan_scans(GallerySettings(scan=SCAN, variants=NONE), FrontMatter())
    assert (one.key, one.scan, one.sizes, one.png) == ("hero", SCAN, (64, 32), 0)
    assert (one.formats, one.quality) == (("avif",), "good")
    assert one.caption == "Training: forward and backward, skeleton by dot, coloured by depth"
    forward = GallerySettings(variants=NONE)
    assert plan_scans(forward, FrontMatter())[0].caption.startswith(
        "Forward pass, skeleton by sfdp"
    )


def test_layers_have_the_palette_of_the_family_unless_another_is_set() -> None:
    variants = replace(NONE, light=True, training=True, colors=("layer", "depth"))

    def palettes(scan: ScanSettings, front: FrontMatter) -> dict[str, str]:
        settings = GallerySettings(scan=scan, variants=variants)
        return {one.key: one.scan.palette for one in plan_scans(settings, front, "frost")}

    layers, others = ScanSettings(), {"training": "", "color-depth": ""}
    assert palettes(layers, FrontMatter()) == {"hero": "frost", "light": "frost"} | others
    aurora = replace(layers, palette="aurora")
    assert palettes(aurora, FrontMatter())["hero"] == "aurora"
    told = {"hero": "berry", "light": "berry"} | others
    assert palettes(aurora, FrontMatter(palette="berry")) == told
    assert palettes(replace(layers, color="kind"), FrontMatter()) == {
        "hero": "", "light": "", "color-layer": "frost"
    } | others  # fmt: skip


@pytest.mark.parametrize(
    ("change", "key", "scan"),
    [
        ({"names": True}, "names", {"labels": True}),
        ({"light": True}, "light", {"ground": "light", "palette": ""}),
        (
            {"training": True, "vertices": 50},
            "training",
            {"passes": "training", "color": "pass", "palette": ""},
        ),
        ({"colors": ("flops",)}, "color-flops", {"color": "flops", "palette": ""}),
        ({"skeletons": ("circo",)}, "skeleton-circo", {"skeleton": "circo", "vertices": 900}),
        (
            {"skeletons": ("circo",), "vertices": 899},
            "skeleton-circo",
            {"skeleton": "circo", "vertices": 899},
        ),
    ],
)
def test_each_variant_differs_in_what_it_is_named_for(
    change: dict[str, object], key: str, scan: dict[str, object]
) -> None:
    main = replace(SCAN, passes="forward", palette="fire")
    variants = replace(NONE, **change)  # type: ignore[arg-type]
    assert scans(main, variants) == {"hero": main, key: replace(main, **scan)}  # type: ignore[arg-type]
    other = plan_scans(GallerySettings(scan=main, variants=variants), FrontMatter())[1]
    sizes = {"names": (16, 64), "training": (16, 32)}
    assert (other.png, other.sizes) == (0, sizes.get(key, (16,)))


def test_what_the_main_scan_shows_already_is_not_shown_again() -> None:
    variants = replace(
        NONE, names=True, light=True, skeletons=("dot", "twopi"), colors=("depth", "bytes")
    )
    main = replace(SCAN, labels=True, ground="light")
    assert list(scans(main, variants)) == ["hero", "color-bytes", "skeleton-twopi"]


def test_scans_of_a_model_differ_in_their_words() -> None:
    found = plan_scans(GallerySettings(), FrontMatter())
    assert len(found) == 11
    for words in ([one.key for one in found], [one.short for one in found]):
        assert len(set(words)) == len(found)


def test_layer_names_are_laid_over_the_main_scan_unless_they_are_to_be_drawn() -> None:
    def names(scan: ScanSettings, **changes: bool) -> tuple[tuple[str, ...], bool]:
        variants = replace(NONE, names=True, **changes)  # type: ignore[arg-type]
        (_, one) = plan_scans(GallerySettings(scan=scan, variants=variants), FrontMatter())
        return one.formats, one.over

    assert names(SCAN) == (("svg",), True)
    assert names(SCAN, names_drawn=True) == (("avif",), False)
    # A legend takes its space from the drawing, so that names would be at other places.
    assert names(replace(SCAN, legend=True)) == (("avif",), False)
