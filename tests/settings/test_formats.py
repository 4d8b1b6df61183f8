"""Sizes of scans and formats that cannot hold them: refused when the settings are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from gallery.errors import SettingsError
from gallery.settings.formats import FORMATS
from gallery.settings.gallery_toml import settings_from


def refused(variants: dict[str, object]) -> str:
    """What is said of a section of variants."""
    with pytest.raises(SettingsError) as caught:
        settings_from({"variants": variants}, "gallery.toml: ")
    return str(caught.value)


@pytest.mark.parametrize("key", ["sizes", "size"])
def test_a_size_that_a_format_cannot_hold_is_refused(key: str) -> None:
    text = refused({key: [320, 20_000], "formats": ["avif", "webp", "png", "jpeg"]})
    assert f"variants.{key} has 20000, but avif holds at most 268,435,456 pixels" in text
    assert f"variants.{key} has 20000, but webp holds at most 16,383 pixels per side" in text
    assert "png" not in text
    assert "jpeg" not in text


def test_the_formats_that_a_gallery_has_by_default_are_checked_too() -> None:
    text = refused({"sizes": [16_385]})
    assert "variants.sizes has 16385, but avif holds at most 268,435,456 pixels" in text
    assert "webp" not in text
    with pytest.raises(SettingsError, match="webp holds at most 16,383 pixels per side"):
        settings_from({"site": {"weight": "full"}, "variants": {"sizes": [16_384]}}, "")


def test_sizes_that_fit_are_taken() -> None:
    for sizes, kinds in (([16_384], ["avif"]), ([16_383], ["webp"]), ([32_768], ["png", "jpeg"])):
        read = settings_from({"variants": {"sizes": sizes, "formats": kinds}}, "gallery.toml: ")
        assert read.variants.sizes == tuple(sizes)


@pytest.mark.parametrize(
    ("key", "allowed"),
    [("formats", "avif, webp, png, jpeg"), ("poster_formats", "webp, png, jpeg, pdf")],
)
def test_only_formats_that_suit_are_allowed(key: str, allowed: str) -> None:
    assert f"in which each value is one of {allowed}" in refused({key: ["svg"]})


def test_the_readme_names_every_format_of_a_scan() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    (row,) = (line for line in readme.splitlines() if line.startswith("gallery scan MODEL"))
    for one in FORMATS:
        assert any(f" {suffix}" in row for suffix in one.suffixes) == one.scan, one.name
