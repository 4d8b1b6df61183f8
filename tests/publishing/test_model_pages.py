"""What the page of a model tells, and how others can show the model."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import html5lib
import pytest

from gallery.costs.facts import LayerFact
from gallery.errors import Failure
from gallery.publishing import ImageFile, Site
from gallery.settings.values import FrontMatter
from tests.publishing.html_pages import Page
from tests.publishing.sample_exhibits import (
    make_exhibit,
    make_facts,
    make_scan,
)


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


def test_models_lead_to_their_neighbours_and_their_family(site: Site) -> None:
    page = Page((site.root / "beta/index.html").read_text(encoding="utf-8"))
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
    picture = Page(html).elements[1][1]
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
    elements = Page(html).elements
    assert [tag for tag, _ in elements] == ["a", "picture", "source", "img"]
    assert elements[2][1]["media"] == "(prefers-color-scheme: light)"
    light = (elements[2][1]["srcset"] or "").removeprefix("https://example.org/nets/")
    assert (site.root / light.removeprefix("../")).is_file()
    assert "-light-" in light


def test_failure_with_a_scan_shows_both(
    pictures: tuple[ImageFile, ...], put: Callable[..., Site]
) -> None:
    failure = Failure(stage="render", found="no poster", hint="")
    site = put([make_exhibit("half", pictures, failure=failure)])
    text = (site.root / "half/index.html").read_text(encoding="utf-8")
    assert "no poster" in text
    assert "half-hero-640" in text
