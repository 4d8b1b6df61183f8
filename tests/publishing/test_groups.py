"""Pages of families and tags, which several models have."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from gallery.publishing import Exhibit, ImageFile, Site
from gallery.publishing.model_pages import RELATIVES
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


def test_years_of_several_models_have_a_page_latest_first(
    gallery: list[Exhibit], put: Callable[..., Site]
) -> None:
    years = (2015, 2018, 2018, 2015, 2020)
    dated = [
        replace(one, front=replace(one.front, family="", year=year), exports=exports)
        for one, year, exports in zip(
            gallery,
            years,
            ((), (), (), (), (replace(gallery[4], slug="low", label="q4"),)),
            strict=True,
        )
    ]
    site = put(dated)
    assert cards(site, "year/2018/index.html") == ["three", "two"]
    index = (site.root / "index.html").read_text("utf-8")
    (sections,) = re.findall(r'<nav class="sections".*?</nav>', index, re.DOTALL)
    assert re.findall(r'href="([^"]*)"', sections) == [
        "year/2018/index.html",
        "year/2015/index.html",
    ]
    assert 'href="../year/2015/index.html"' in (site.root / "one/index.html").read_text("utf-8")
    assert not (site.root / "year/2020").exists()
    assert "<small>2020 · 2 exports</small>" in index


def test_of_a_large_family_a_page_lists_those_around_its_model(
    pictures: tuple[ImageFile, ...], put: Callable[..., Site]
) -> None:
    models = [
        make_exhibit(
            f"net-{i}", pictures, front=FrontMatter(title=f"Net {i}", family="Big", year=2000 + i)
        )
        for i in range(RELATIVES + 6)
    ]
    site = put(models)

    def family(slug: str) -> list[str]:
        page = (site.root / slug / "index.html").read_text("utf-8")
        table = page.split('id="family-title"')[1].split("</section>")[0]
        return re.findall(r'<th scope="row"><a href="\.\./([^/]*)/', table)

    assert family("net-0") == [f"net-{i}" for i in range(RELATIVES)]
    middle = family(f"net-{RELATIVES // 2 + 3}")
    assert middle == [f"net-{i}" for i in range(3, RELATIVES + 3)]
    assert family(f"net-{RELATIVES + 5}")[-1] == f"net-{RELATIVES + 5}"
