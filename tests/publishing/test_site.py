"""The whole site: it parses, links resolve, nothing hostile gets through, same input same bytes."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import html5lib
import pytest

from gallery.costs.facts import LayerFact
from gallery.errors import Failure, PublishError
from gallery.publishing import Exhibit, ImageFile, Site
from gallery.settings.values import FrontMatter
from tests.publishing.sample_exhibits import (
    HOSTILE,
    make_exhibit,
    make_facts,
    make_index,
    make_scan,
)

_ADDRESSES = ("href", "src", "data-collection", "data-viewer")


class _Page(HTMLParser):
    """What the tests want to know of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.elements.append((tag, values))
        self.ids += [values["id"] or ""] if "id" in values else []
        if values.get("rel") == "canonical":
            return
        self.addresses += [values[name] or "" for name in _ADDRESSES if name in values]
        srcset = values.get("srcset") or ""
        self.addresses += [one.split()[0] for one in srcset.split(",") if one.strip()]


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
        page = _Page(text)
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
        elements = _Page(text).elements
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
        ids = _Page(text).ids
        assert ids, name
        assert len(ids) == len(set(ids)), name


def test_hostile_strings_stay_text(site: Site) -> None:
    for name, text in _pages(site):
        assert "<script>alert" not in text, name
        assert "onerror=alert(2)>" not in text.replace("&gt;", ""), name
        assert "\x00" not in text, name
        assert "\u202e" not in text, name
        for _, values in _Page(text).elements:
            address = (values.get("href") or "").strip().lower()
            assert not address.startswith(("javascript:", "data:", "vbscript:")), (name, address)
    assert "alert(1)" in (site.root / "hostile/index.html").read_text(encoding="utf-8")


def test_linked_data_cannot_end_its_script(site: Site) -> None:
    text = (site.root / "hostile/index.html").read_text(encoding="utf-8")
    body = text.split('<script type="application/ld+json">')[1].split("</script>")[0]
    assert "<" not in body
    assert "alert(1)" in json.loads(body)["name"]


def test_every_model_is_complete_without_scripts(site: Site) -> None:
    text = (site.root / "alpha/index.html").read_text(encoding="utf-8")
    plain = text.replace("\u00a0", " ")
    for fact in ("25,557,032", "4,089,184,256", "25.6 M", "8.18 G", "102 MB", "pytorch 2.13.0"):
        assert fact in plain
    for word in ("com.example.Magic", "batch × 3 × 224 × ?", "Ada Lovelace", "circo", "stage"):
        assert word in plain
    assert re.search(r'<img src="\.\./assets/alpha-hero-640\.[0-9a-f]{8}\.webp" width="640"', text)
    assert 'alt="Scan of The alpha net: 123' in text


def test_a_forest_and_tables_are_told(
    pictures: tuple[ImageFile, ...], put: Callable[..., Site]
) -> None:
    forest = {"ensembles": 2, "trees": 300, "nodes": 8256, "leaves": 4278, "depth": 12}
    told = make_facts("grown", forest=forest, tables={"LabelEncoder": 3})
    site = put([make_exhibit("grown", pictures, facts=told)])
    text = (site.root / "grown/index.html").read_text(encoding="utf-8")
    assert "ensembles 2, trees 300, nodes 8,256, leaves 4,278, depth 12" in text
    assert "LabelEncoder 3" in text
    (one,) = json.loads((site.root / "manifest.json").read_bytes())["models"]
    assert (one["facts"]["forest"], one["facts"]["tables"]) == (forest, {"LabelEncoder": 3})


@pytest.mark.parametrize(
    ("file_bytes", "title"), [(16 << 20, "SHA-256"), ((16 << 20) + 1, "SHA-256 without weights")]
)
def test_the_digest_says_what_it_is_of(
    file_bytes: int, title: str, pictures: tuple[ImageFile, ...], put: Callable[..., Site]
) -> None:
    one = make_exhibit("net", pictures, facts=make_facts(file_bytes=file_bytes))
    text = (put([one]).root / "net/index.html").read_text(encoding="utf-8")
    assert f"<dt>{title}</dt>" in text


@pytest.mark.parametrize("found", [False, True])
def test_layers_found_from_structure_are_said_to_be(
    found: bool, pictures: tuple[ImageFile, ...], put: Callable[..., Site]
) -> None:
    one = make_exhibit("net", pictures, facts=make_facts(layers_found=found))
    text = (put([one]).root / "net/index.html").read_text(encoding="utf-8")
    assert ("found from the structure of the graph" in text) == found


def test_unknown_numbers_say_so(site: Site) -> None:
    text = (site.root / "gamma/index.html").read_text(encoding="utf-8")
    assert "<dt>MACs</dt><dd>unknown</dd>" in text
    assert "<dt>FLOPs</dt><dd>unknown</dd>" in text
    assert "<dt>Activations</dt><dd>unknown</dd>" in text


def test_failed_model_has_a_card_and_a_page(site: Site) -> None:
    for page in ("index.html", "broken/index.html"):
        text = (site.root / page).read_text(encoding="utf-8")
        assert "a Git LFS pointer" in text
        assert "run git lfs pull" in text
    article = (site.root / "broken/index.html").read_text(encoding="utf-8").split("</article>")[0]
    assert "<img" not in article


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


def test_site_counts_its_files(site: Site) -> None:
    files = [path for path in site.root.rglob("*") if path.is_file()]
    assert (site.files, site.bytes) == (len(files), sum(path.stat().st_size for path in files))


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


def test_very_long_names_and_deep_trees(
    pictures: tuple[ImageFile, ...], put: Callable[..., Site]
) -> None:
    path = ""
    layers = [LayerFact(name="", path="", depth=0, type="", operators=9, parameters=9, flops=9)]
    for depth in range(1, 300):
        path = f"{path}/l{depth}".lstrip("/")
        name = f"l{depth}"
        layers.append(
            LayerFact(
                name=name, path=path, depth=depth, type="", operators=1, parameters=1, flops=1
            )
        )
    facts = make_facts("m" * 10_000, layers=tuple(layers))
    long = FrontMatter(title="t" * 10_000, tags=("g" * 10_000,))
    site = put([make_exhibit("long", pictures, facts=facts, front=long)])
    text = (site.root / "long/index.html").read_text(encoding="utf-8")
    assert "Deeper layers are not shown (270)" in text
    assert len(text) < 100_000


def test_model_page_weighs_under_a_megabyte(
    pictures: tuple[ImageFile, ...], put: Callable[..., Site]
) -> None:
    top = LayerFact(name="", path="", depth=0, type="N", operators=1, parameters=1, flops=1)
    layers = [
        LayerFact(name=f"n{i}", path=f"n{i}", depth=1, type="N", operators=1, parameters=1, flops=1)
        for i in range(20_000)
    ]
    facts = make_facts("wide", layers=(top, *layers))
    site = put([make_exhibit("wide", pictures, facts=facts)])
    assert (site.root / "wide/index.html").stat().st_size < 600_000


@pytest.mark.parametrize("models", [1, 21, 1000, 2000])
def test_index_of_many_models(models: int, pictures: tuple[ImageFile, ...], tmp_path: Path) -> None:
    pages = make_index(models, pictures, tmp_path)
    assert len(pages) == -(-models // 120)
    slugs = []
    for page in pages:
        index = _Page((tmp_path / page).read_text(encoding="utf-8"))
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


def test_every_page_has_a_social_card(site: Site) -> None:
    for name, text in _pages(site):
        metas = {
            values.get("property"): values.get("content")
            for tag, values in _Page(text).elements
            if tag == "meta"
        }
        assert metas["og:title"], name
        assert metas["og:description"], name
        if name in ("404.html", "broken/index.html") or "/viewer/" in name:
            continue
        address = metas["og:image"] or ""
        assert (site.root / address.removeprefix("https://example.org/nets/")).is_file(), name
        assert metas["og:image:alt"], name


def test_models_lead_to_their_neighbours_and_their_family(site: Site) -> None:
    page = _Page((site.root / "beta/index.html").read_text(encoding="utf-8"))
    leads = {values.get("rel"): values.get("href") for tag, values in page.elements if tag == "a"}
    assert leads["prev"] == "../alpha/index.html"
    assert leads["next"] == "../gamma/index.html"
    text = (site.root / "alpha/index.html").read_text(encoding="utf-8")
    family = text.split('id="family-title"')[1].split("</section>")[0]
    assert "Family: Residual" in text
    assert family.index("../alpha/index.html") < family.index("../beta/index.html")
    assert "../gamma/" not in family
    assert 'id="family-title"' not in (site.root / "gamma/index.html").read_text(encoding="utf-8")


def test_snippets_embed_the_model(site: Site) -> None:
    text = html5lib.parse(
        (site.root / "alpha/index.html").read_text(encoding="utf-8"), namespaceHTMLElements=False
    )
    html, badge, thumbnail = (code.text for code in text.iter("code"))
    picture = _Page(html).elements[1][1]
    address = (picture["src"] or "").removeprefix("https://example.org/nets/")
    assert (site.root / address).is_file()
    assert (picture["alt"] or "").startswith("Scan of The alpha net: 123")
    base = "https://example.org/nets/alpha"
    assert badge == f"[![The alpha net]({base}/badge.svg)]({base}/index.html)"
    assert thumbnail.startswith("thumbnail: https://example.org/nets/assets/alpha-")
    assert (site.root / thumbnail.removeprefix("thumbnail: https://example.org/nets/")).is_file()


def test_a_snippet_follows_the_theme_of_its_reader(
    pictures: tuple[ImageFile, ...], put: Callable[..., Site]
) -> None:
    scans = (make_scan(pictures), make_scan(pictures, "light", ground="light"))
    site = put([make_exhibit("both", pictures, scans=scans)])
    text = html5lib.parse(
        (site.root / "both/index.html").read_text("utf-8"), namespaceHTMLElements=False
    )
    html = next(code.text for code in text.iter("code"))
    elements = _Page(html).elements
    assert [tag for tag, _ in elements] == ["a", "picture", "source", "img"]
    assert elements[2][1]["media"] == "(prefers-color-scheme: light)"
    light = (elements[2][1]["srcset"] or "").removeprefix("https://example.org/nets/")
    assert (site.root / light.removeprefix("../")).is_file()
    assert "-light-" in light


def test_own_scripts_are_small(site: Site) -> None:
    text = (site.root / "alpha/index.html").read_text(encoding="utf-8")
    scripts = re.findall(r'<script[^>]* src="\.\./([^"]+)"', text)
    assert len(scripts) == 3
    assert sum((site.root / name).stat().st_size for name in scripts) < 60_000


def test_failure_with_a_scan_shows_both(
    pictures: tuple[ImageFile, ...], put: Callable[..., Site]
) -> None:
    failure = Failure(stage="render", found="no poster", hint="")
    site = put([make_exhibit("half", pictures, failure=failure)])
    text = (site.root / "half/index.html").read_text(encoding="utf-8")
    assert "no poster" in text
    assert "half-hero-640" in text


def test_hostile_constant_is_hostile() -> None:
    assert all(sign in HOSTILE for sign in "<>\"'&{\x00\u202e\n")


def test_without_an_address_the_page_for_wrong_addresses_carries_what_it_needs(
    exhibits: list[Exhibit], put: Callable[..., Site]
) -> None:
    """Its files cannot be found from every depth; its policy allows just what it carries."""
    text = (put(exhibits).root / "404.html").read_text(encoding="utf-8")
    tree = html5lib.parse(text, namespaceHTMLElements=False)
    carried = [one.text for tag in ("script", "style") for one in tree.iter(tag)]
    assert len(carried) == 3
    for one in carried:
        digest = base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in html.unescape(text)
    page = _Page(text)
    loaded = [values for tag, values in page.elements if tag in ("link", "script", "img")]
    addresses = [one.get("href") or one.get("src") or "data:" for one in loaded]
    assert all(one.startswith(("data:", "#")) for one in addresses), addresses
    links = {values["href"] for tag, values in page.elements if tag == "a"}
    assert {"/index.html", "/compare/index.html", "/feed.xml"} <= links
    assert all(one and one.startswith(("/", "#")) for one in links)


def test_what_a_page_carries_cannot_end_its_element(
    exhibits: list[Exhibit], put: Callable[..., Site], tmp_path: Path
) -> None:
    (tmp_path / "mine" / "css").mkdir(parents=True)
    (tmp_path / "mine" / "css" / "user.css").write_text('b::after { content: "</Style><b>" }')
    text = (put(exhibits, templates=tmp_path / "mine").root / "404.html").read_text()
    tree = html5lib.parse(text, namespaceHTMLElements=False)
    (style,) = tree.iter("style")
    assert style.text.rstrip().endswith('content: "<\\/Style><b>" }')


def test_the_home_of_the_page_for_wrong_addresses_is_on_its_own_host(site: Site) -> None:
    """As that of every other page, so that a copy of the site on another host leads to itself."""
    text = (site.root / "404.html").read_text(encoding="utf-8")
    assert '<a class="button" href="/nets/index.html">' in text


def test_no_folder_of_a_model_is_a_device_of_windows(
    pictures: tuple[ImageFile, ...], put: Callable[..., Site]
) -> None:
    site = put([make_exhibit("nul", pictures), make_exhibit("com1", pictures)])
    assert {"nul-model/index.html", "com1-model/index.html"} <= set(site.pages)
