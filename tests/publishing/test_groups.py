"""Pages of families and tags, which several models have."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from gallery.publishing import Exhibit, ImageFile, Site
from gallery.settings.values import FrontMatter
from tests.publishing.sample_exhibits import make_exhibit

MODELS = (
    ("one", "ResNet", 2015, ("vision", "C++")),
    ("two", "resnet", 2012, ("Vision", "c")),
    ("three", "BERT", 2018, ("C++", "text", "c", "alone")),
    ("four", "BERT", None, ("text",)),
    ("five", "", 2020, ("text",)),
)


@pytest.fixture(scope="module")
def gallery(pictures: tuple[ImageFile, ...]) -> list[Exhibit]:
    return [
        replace(
            make_exhibit(slug, pictures),
            front=FrontMatter(title=slug, family=family, year=year, tags=tags),
        )
        for slug, family, year, tags in MODELS
    ]


def cards(site: Site, page: str) -> list[str]:
    text = (site.root / page).read_text("utf-8")
    return re.findall(r'<li class="card"[^>]*data-slug="([^"]*)"', text)


def test_families_and_tags_of_several_models_have_a_page(
    gallery: list[Exhibit], put: Callable[..., Site]
) -> None:
    site = put(gallery, base_url="https://example.org/")
    assert cards(site, "family/resnet/index.html") == ["two", "one"]
    assert cards(site, "family/bert/index.html") == ["three", "four"]
    assert cards(site, "tag/vision/index.html") == ["two", "one"]
    found = {path.parent.name: path for path in (site.root / "tag").glob("*/index.html")}
    assert len(found) == 4
    both = [cards(site, f"tag/{name}/index.html") for name in found if name.startswith("c")]
    assert sorted(both) == [["one", "three"], ["two", "three"]]
    listed = (site.root / "sitemap.xml").read_text("utf-8")
    assert all(f"https://example.org/tag/{name}/" in listed for name in found)
    assert "https://example.org/family/bert/" in listed


def test_models_and_the_index_lead_there(gallery: list[Exhibit], put: Callable[..., Site]) -> None:
    site = put(gallery)
    page = (site.root / "three/index.html").read_text("utf-8")
    assert 'href="../family/bert/index.html"' in page
    assert 'href="../tag/text/index.html"' in page
    assert 'href="../index.html?tag=alone"' in page
    index = (site.root / "index.html").read_text("utf-8")
    (sections,) = re.findall(r'<nav class="sections".*?</nav>', index, re.DOTALL)
    assert re.findall(r'href="([^"]*)"', sections) == [
        "family/bert/index.html",
        "family/resnet/index.html",
    ]
    assert "2012–2015" in sections
