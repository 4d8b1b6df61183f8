"""The whole site: it parses, links resolve, nothing hostile gets through, same input same bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import html5lib
import pytest

from gallery.errors import PublishError
from gallery.publishing import Exhibit, ImageFile, Site
from gallery.publishing.assets.earlier import Earlier
from gallery.settings.values import FrontMatter
from tests.publishing.html_pages import Page
from tests.publishing.sample_exhibits import (
    HOSTILE,
    make_exhibit,
    make_index,
    make_scan,
)


def _pages(site: Site) -> list[tuple[str, str]]:
    assert {"index.html", "alpha/index.html", "hostile/index.html"} <= set(site.pages)
    return [(name, (site.root / name).read_text(encoding="utf-8")) for name in site.pages]


def test_pages_parse_strictly(site: Site) -> None:
    for name, text in _pages(site):
        parser = html5lib.HTMLParser(strict=False)
        parser.parse(text)
        # "search" (an HTML element since 2023) is newer than html5lib, which lets it pass.
        assert [error[1] for error in parser.errors] == [], name


def test_links_resolve(site: Site) -> None:
    for name, text in _pages(site):
        page = Page(text)
        assert page.addresses, name
        for address in page.addresses:
            parts = urlsplit(address)
            if parts.scheme in ("http", "https", "mailto"):
                continue
            assert not parts.scheme, (name, address)
            if name == "404.html":
                assert address.startswith(("/nets/", "#")), address
                continue
            assert not address.startswith("/"), (name, address)
            target = (site.root / name).parent / unquote(parts.path) if parts.path else None
            assert target is None or target.is_file(), (name, address)
            fragment = urldefrag(address).fragment
            if target is None and fragment:
                assert fragment in page.ids, (name, address)


def test_no_outside_request_and_nothing_inline(site: Site) -> None:
    loading = {"script": "src", "img": "src", "source": "srcset", "image": "href", "iframe": "src"}
    for name, text in _pages(site):
        elements = Page(text).elements
        assert "body" in dict(elements), name
        for tag, values in elements:
            assert tag not in ("iframe", "object", "embed", "style", "form"), name
            assert not [key for key in values if key.startswith("on") or key == "style"], name
            address = values.get(loading.get(tag, ""), "") or ""
            assert "//" not in address, (name, tag, address)
            if tag == "script":
                assert "src" in values or values.get("type") == "application/ld+json", name
        policy = '<meta http-equiv="Content-Security-Policy" content="default-src \'none\''
        assert policy in text, name


def test_ids_are_unique(site: Site) -> None:
    for name, text in _pages(site):
        ids = Page(text).ids
        assert ids, name
        assert len(ids) == len(set(ids)), name


def test_hostile_strings_stay_text(site: Site) -> None:
    for name, text in _pages(site):
        assert "<script>alert" not in text, name
        assert "onerror=alert(2)>" not in text.replace("&gt;", ""), name
        assert "\x00" not in text, name
        assert "\u202e" not in text, name
        for _, values in Page(text).elements:
            address = (values.get("href") or "").strip().lower()
            assert not address.startswith(("javascript:", "data:", "vbscript:")), (name, address)
    assert "alert(1)" in (site.root / "hostile/index.html").read_text(encoding="utf-8")


def test_linked_data_cannot_end_its_script(site: Site) -> None:
    text = (site.root / "hostile/index.html").read_text(encoding="utf-8")
    body = text.split('<script type="application/ld+json">')[1].split("</script>")[0]
    assert "<" not in body
    assert "alert(1)" in json.loads(body)["name"]


def test_same_input_same_bytes_in_any_order(
    exhibits: list[Exhibit], put: Callable[..., Site]
) -> None:
    first, second = put(exhibits, "first"), put(exhibits[::-1], "second")
    assert first.pages == second.pages

    def content(site: Site) -> dict[str, bytes]:
        files = (path for path in site.root.rglob("*") if path.is_file())
        return {path.relative_to(site.root).as_posix(): path.read_bytes() for path in files}

    assert content(first) == content(second)


def test_there_is_one_icon(site: Site, put: Callable[..., Site]) -> None:
    assert [one.suffix for one in (site.root / "assets").glob("icon.*")] == [".png"]
    empty = put([])
    assert [one.suffix for one in (empty.root / "assets").glob("icon.*")] == [".svg"]


def test_empty_gallery(put: Callable[..., Site]) -> None:
    site = put([])
    assert "There are no models yet" in (site.root / "index.html").read_text(encoding="utf-8")


def test_slugs_of_the_sites_own_directories(
    pictures: tuple[ImageFile, ...], put: Callable[..., Site]
) -> None:
    site = put([make_exhibit("compare", pictures), make_exhibit("compare-model", pictures)])
    assert {"compare/index.html", "compare-model/index.html", "compare-model-model/index.html"} <= {
        *site.pages
    }


@pytest.mark.parametrize("slug", ["", "../x", "A", "a b", "a/b", "-a", "x" * 121])
def test_malformed_slug(slug: str, put: Callable[..., Site]) -> None:
    with pytest.raises(PublishError, match="malformed"):
        put([Exhibit(slug=slug, path="x.onnx", front=FrontMatter())])


def test_double_slug(pictures: tuple[ImageFile, ...], put: Callable[..., Site]) -> None:
    with pytest.raises(PublishError, match="two exhibits have the slug 'a'"):
        put([make_exhibit("a", pictures), make_exhibit("a", pictures)])


def test_the_densest_scan_opens_the_index(
    pictures: tuple[ImageFile, ...], put: Callable[..., Site]
) -> None:
    sizes = {"a": 500, "b": 900, "c": 700}
    exhibits = [
        make_exhibit(slug, pictures, scans=(make_scan(pictures, edges=edges, vertices=-edges),))
        for slug, edges in sizes.items()
    ]
    text = (put(exhibits).root / "index.html").read_text(encoding="utf-8")
    assert re.search(r'class="exhibit" href="b/index.html"', text)


def test_directory_must_be_empty(tmp_path: Path, put: Callable[..., Site]) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "mine.txt").write_text("mine")
    with pytest.raises(PublishError, match=r"not empty: it holds mine\.txt"):
        put([])
    assert (tmp_path / "site" / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("models", [1, 21, 2000])
def test_index_of_many_models(models: int, pictures: tuple[ImageFile, ...], tmp_path: Path) -> None:
    pages = make_index(models, pictures, tmp_path)
    assert len(pages) == -(-models // 120)
    slugs = []
    for page in pages:
        index = Page((tmp_path / page).read_text(encoding="utf-8"))
        cards = [values for tag, values in index.elements if values.get("class") == "card"]
        slugs += [values["data-slug"] for values in cards if "data-slug" in values]
        first = [
            values.get("href") or values.get("src") or ""
            for tag, values in index.elements
            if tag == "script" or values.get("rel") == "stylesheet"
        ]
        weight = (tmp_path / page).stat().st_size
        weight += sum(((tmp_path / page).parent / name).stat().st_size for name in first if name)
        assert weight < 300_000
    assert slugs == [f"net-{i}" for i in range(models)]


def test_a_later_page_of_the_index_changes_with_its_own_models_alone(
    pictures: tuple[ImageFile, ...], tmp_path: Path
) -> None:
    def made_from(folder: Path, flops: int, tags: tuple[str, ...]) -> dict[str, str]:
        earlier = Earlier()
        make_index(130, pictures, folder, flops=flops, tags=tags, earlier=earlier)
        return {names[0]: source for source, names in earlier.now.items()}

    one = made_from(tmp_path / "one", 10**6, ("one", "two"))
    for name, flops, tags in (("flops", 10**7, ("one", "two")), ("tags", 10**6, ("one",))):
        other = made_from(tmp_path / name, flops, tags)
        assert one["index.html"] != other["index.html"]
        assert one["page/2/index.html"] == other["page/2/index.html"]
    assert ">two (129)<" in (tmp_path / "tags/index.html").read_text(encoding="utf-8")
    assert ">two<" in (tmp_path / "tags/page/2/index.html").read_text(encoding="utf-8")


def test_every_page_has_a_social_card(site: Site) -> None:
    for name, text in _pages(site):
        metas = {
            values.get("property"): values.get("content")
            for tag, values in Page(text).elements
            if tag == "meta"
        }
        assert metas["og:title"], name
        assert metas["og:description"], name
        if name in ("404.html", "broken/index.html") or "/viewer/" in name:
            continue
        address = metas["og:image"] or ""
        assert (site.root / address.removeprefix("https://example.org/nets/")).is_file(), name
        assert metas["og:image:alt"], name


def test_own_scripts_are_small(site: Site) -> None:
    text = (site.root / "alpha/index.html").read_text(encoding="utf-8")
    scripts = re.findall(r'<script[^>]* src="\.\./([^"]+)"', text)
    assert len(scripts) == 3
    assert sum((site.root / name).stat().st_size for name in scripts) < 60_000


def test_hostile_constant_is_hostile() -> None:
    assert all(sign in HOSTILE for sign in "<>\"'&{\x00\u202e\n")


def test_no_folder_of_a_model_is_a_device_of_windows(
    pictures: tuple[ImageFile, ...], put: Callable[..., Site]
) -> None:
    site = put([make_exhibit("nul", pictures), make_exhibit("com1", pictures)])
    assert {"nul-model/index.html", "com1-model/index.html"} <= set(site.pages)
