"""Manifest, feed, sitemap and the data of the scripts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from itertools import accumulate
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator

from gallery.errors import SettingsError
from gallery.publishing import Exhibit, ImageFile, Site, SiteSettings
from gallery.publishing.machine.schema import manifest_schema
from gallery.rendering.provenance import software
from gallery.settings.fields import table
from gallery.settings.values import FrontMatter
from tests.publishing.sample_exhibits import HOSTILE, make_exhibit, make_facts

_ATOM = "{http://www.w3.org/2005/Atom}"


def test_manifest_holds_every_fact(site: Site) -> None:
    manifest = json.loads((site.root / "manifest.json").read_bytes())
    assert manifest["schema"] == "gallery-of-networks/1"
    models = {one["slug"]: one for one in manifest["models"]}
    assert list(models) == ["alpha", "beta", "gamma", "hostile", "broken"]
    top = {key: value for key, value in manifest.items() if key not in ("models", "provenance")}
    assert top == {
        "$schema": "manifest.schema.json",
        "schema": "gallery-of-networks/1",
        "title": "Nets & <co>",
        "description": "To look at.",
        "base_url": "https://example.org/nets/",
        "language": "en",
    }
    alpha = models["alpha"]
    told = {key: alpha[key] for key in ("page", "path", "title", "tags", "unknown_operators")}
    assert told == {
        "page": "alpha/index.html",
        "path": "zoo/alpha.onnx",
        "title": "The alpha net",
        "tags": ["Residual", "vision"],
        "unknown_operators": ["com.example.Magic"],
    }
    keys = [scan["key"] for scan in alpha["scans"]]
    assert keys == ["hero", "training", "color-flops", "skeleton-circo"]
    first = alpha["scans"][0]
    assert (first["vertices"], first["edges"]) == (123_456, 1_899_000)
    assert [entry["label"] for entry in first["legend"]] == ["stem", "head"]
    assert alpha["card"]["href"].startswith("assets/alpha-card-640.")
    assert alpha["diagram"]["format"] == "svg"
    assert [one["format"] for one in alpha["poster"]] == ["png", "svg"]
    assert [one["href"].split(".")[-1] for one in alpha["downloads"].values()] == ["txt"]
    assert (alpha["multiples"], alpha["viewer"], alpha["failure"]) == (None, None, None)
    assert alpha["front"]["licence"] == "MIT"
    assert models["broken"]["scans"] == []
    assert models["alpha"]["facts"]["parameters"] == 25_557_032
    assert models["alpha"]["facts"]["activations"] is None
    assert models["broken"]["facts"] is None
    assert models["broken"]["failure"]["hint"] == "run git lfs pull"
    assert models["alpha"]["scans"][3]["fallback"] == "circo took too long"


def test_manifest_is_of_its_published_schema(site: Site) -> None:
    schema = json.loads((site.root / "manifest.schema.json").read_bytes())
    manifest = json.loads((site.root / "manifest.json").read_bytes())
    assert manifest["$schema"] == "manifest.schema.json"
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert [error.message for error in validator.iter_errors(manifest)] == []
    manifest["models"][0]["facts"] = {"parameters": "many"}
    assert not validator.is_valid(manifest)


def test_the_schema_says_what_the_fields_mean() -> None:
    model = manifest_schema("x/1")["$defs"]["model"]["properties"]
    facts = model["facts"]["anyOf"][0]["properties"]
    assert facts["depth"] == {
        "type": "integer",
        "description": "Number of operators on the longest path.",
    }
    assert all("description" in one for one in facts.values())


def test_collection_is_divided_by_what_divides_it(
    pictures: tuple[ImageFile, ...], put: Callable[..., Site]
) -> None:
    small = make_exhibit("small", pictures, facts=make_facts("s", parameters=999_999))
    large = make_exhibit("large", pictures, facts=make_facts("l", histogram={"Gemm": 2}))
    text = (put([small, large]).root / "index.html").read_text(encoding="utf-8")
    assert '<select name="operator">' in text
    assert '<option value="Gemm">Gemm (2)</option>' in text
    assert '<option value="Conv">Conv (1)</option>' in text
    assert '<option value="0">under 1 M</option>' in text
    assert '<option value="2">10 M to 100 M</option>' in text
    assert '<option value="1">' not in text
    # Both are of one family: there is nothing to choose.
    assert '<select name="family">' not in text


def test_manifest_names_files_by_their_content(site: Site) -> None:
    manifest = json.loads((site.root / "manifest.json").read_bytes())
    files = [
        one for model in manifest["models"] for scan in model["scans"] for one in scan["pictures"]
    ]
    assert files
    for one in files:
        content = (site.root / one["href"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == one["sha256"]
        assert one["sha256"][:8] in one["href"]
        assert len(content) == one["bytes"]


def test_badge_is_a_small_picture_whatever_the_name(site: Site) -> None:
    for slug in ("alpha", "hostile"):
        root = ET.fromstring((site.root / slug / "badge.svg").read_bytes())
        assert root.tag.endswith("}svg")
        assert "25.6 M parameters" in " ".join("".join(root.itertext()).split()), slug
    assert not (site.root / "broken" / "badge.svg").exists()


def test_facts_file_is_the_manifests_entry(site: Site) -> None:
    manifest = json.loads((site.root / "manifest.json").read_bytes())
    assert len(manifest["models"]) == 5
    for model in manifest["models"]:
        facts = json.loads((site.root / model["slug"] / "facts.json").read_bytes())
        assert facts == model


def test_feed_takes_its_dates_from_the_front_matter(
    pictures: tuple[ImageFile, ...], put: Callable[..., Site]
) -> None:
    old = make_exhibit("old", pictures, front=FrontMatter(title=HOSTILE, year=1997))
    none = make_exhibit("none", pictures, front=FrontMatter())
    site = put([old, none, make_exhibit("new", pictures)])
    feed = ET.fromstring((site.root / "feed.xml").read_bytes())
    entries = feed.findall(f"{_ATOM}entry")
    dates = [entry.findtext(f"{_ATOM}updated") for entry in entries]
    assert dates == ["2015-01-01T00:00:00Z", "1997-01-01T00:00:00Z", "1970-01-01T00:00:00Z"]
    assert feed.findtext(f"{_ATOM}updated") == dates[0]
    identifiers = [entry.findtext(f"{_ATOM}id") for entry in entries]
    assert len(set(identifiers)) == 3
    link = entries[0].find(f"{_ATOM}link")
    assert link is not None
    assert link.get("href") == "new/index.html"


def linked_data(site: Site, page: str) -> dict[str, object]:
    text = (site.root / page).read_text(encoding="utf-8")
    body = text.split('<script type="application/ld+json">')[1].split("</script>")[0]
    value: dict[str, object] = json.loads(body)
    return value


def test_linked_data_tell_what_search_engines_show(site: Site) -> None:
    value = linked_data(site, "alpha/index.html")
    image = str(value.pop("image"))
    assert (site.root / image.removeprefix("https://example.org/nets/")).is_file()
    description = str(value.pop("description"))
    assert "It adds what it computes to what it was given." in description
    assert value == {
        "@context": "https://schema.org",
        "@type": "CreativeWork",
        "name": "The alpha net",
        "isPartOf": {
            "@type": "CollectionPage",
            "name": "Nets & <co>",
            "url": "https://example.org/nets/",
        },
        "dateCreated": "2015",
        "author": [{"@type": "Person", "name": "Ada Lovelace"}],
        "keywords": "Residual, vision",
        "license": "MIT",
        "citation": "https://example.org/paper",
        "url": "https://example.org/nets/alpha/",
    }
    value = linked_data(site, "index.html")
    assert str(value.pop("image")).startswith("https://example.org/nets/assets/")
    assert value == {
        "@context": "https://schema.org",
        "@type": "CollectionPage",
        "name": "Nets & <co>",
        "inLanguage": "en",
        "mainEntity": {"@type": "ItemList", "numberOfItems": 5},
        "description": "To look at.",
        "url": "https://example.org/nets/",
    }


def test_linked_data_leave_out_what_is_not_known(
    pictures: tuple[ImageFile, ...], put: Callable[..., Site]
) -> None:
    site = put([make_exhibit("bare", pictures, front=FrontMatter(), prose="")], description="")
    assert set(linked_data(site, "bare/index.html")) == {"@context", "@type", "name", "isPartOf"}
    assert "url" not in linked_data(site, "index.html")


def test_feed_tells_of_every_model_what_it_knows(site: Site) -> None:
    feed = ET.fromstring((site.root / "feed.xml").read_bytes())
    assert feed.findtext(f"{_ATOM}title") == "Nets & <co>"
    assert feed.findtext(f"{_ATOM}author/{_ATOM}name") == "Nets & <co>"
    assert feed.findtext(f"{_ATOM}subtitle") == "To look at."
    links = {one.get("rel"): one.get("href") for one in feed.findall(f"{_ATOM}link")}
    base = "https://example.org/nets/"
    assert links == {"self": f"{base}feed.xml", "alternate": f"{base}index.html"}
    entries = {
        entry.find(f"{_ATOM}link").get("href", ""): entry  # type: ignore[union-attr]
        for entry in feed.findall(f"{_ATOM}entry")
    }
    slugs = ["alpha", "beta", "broken", "gamma", "hostile"]
    assert sorted(entries) == [f"{base}{slug}/index.html" for slug in slugs]
    alpha, broken = (entries[f"{base}{slug}/index.html"] for slug in ("alpha", "broken"))
    terms = [one.get("term") for one in alpha.findall(f"{_ATOM}category")]
    assert terms == ["Residual", "vision"]
    assert "It adds what it computes" in (alpha.findtext(f"{_ATOM}summary") or "")
    assert broken.findtext(f"{_ATOM}summary") == "load: a Git LFS pointer"
    assert broken.findtext(f"{_ATOM}title") == "Broken"


def test_entries_of_a_year_stand_by_slug_and_are_known_by_their_address(
    pictures: tuple[ImageFile, ...], put: Callable[..., Site]
) -> None:
    exhibits = [
        make_exhibit(slug, pictures, front=FrontMatter(title=title, year=2015))
        for slug, title in (("c", "First"), ("a", "Third"), ("b", "Second"))
    ]
    found = []
    for name, address in (("one", "https://a.example"), ("two", "https://b.example")):
        site = put(exhibits, name, base_url=address)
        feed = ET.fromstring((site.root / "feed.xml").read_bytes())
        titles = [one.findtext(f"{_ATOM}title") for one in feed.findall(f"{_ATOM}entry")]
        assert titles == ["Third", "Second", "First"]
        found += [one.text for one in feed.iter(f"{_ATOM}id")]
    assert len(set(found)) == len(found) == 8


def test_sitemap_only_where_the_address_is_known(
    exhibits: list[Exhibit], site: Site, put: Callable[..., Site]
) -> None:
    text = (site.root / "sitemap.xml").read_text()
    assert "<loc>https://example.org/nets/alpha/</loc>" in text
    assert "<loc>https://example.org/nets/</loc>" in text
    assert "404" not in text
    assert (site.root / "robots.txt").read_text() == (
        "User-agent: *\nAllow: /\nSitemap: https://example.org/nets/sitemap.xml\n"
    )
    nowhere = put(exhibits)
    assert not (nowhere.root / "sitemap.xml").exists()
    assert "Sitemap" not in (nowhere.root / "robots.txt").read_text()


def test_social_card_is_absolute(site: Site) -> None:
    text = (site.root / "alpha/index.html").read_text()
    assert 'property="og:image" content="https://example.org/nets/assets/alpha-card-640.' in text
    assert 'property="og:url" content="https://example.org/nets/alpha/"' in text


def test_search_data_finds_names_operators_and_prose(site: Site) -> None:
    (script,) = (site.root / "assets").glob("collection.*.js")
    text = script.read_text()
    comment, call = text.split("\n", 1)
    assert json.loads(comment.removeprefix("// "))["software"] == software()
    data = json.loads(call.removeprefix("galleryCollection(").removesuffix(");\n"))
    slugs = [card[0] for card in data["cards"]]
    for word in ("alpha", "gemm", "computes", "lovelace", "2015", "vision"):
        steps = data["words"][word].split()
        assert slugs.index("alpha") in accumulate(int(step, 36) for step in steps), word
    assert data["cards"][slugs.index("gamma")][6] is None


@pytest.mark.parametrize(
    "address", ["example.org", "javascript:alert(1)", 'https://a"b', "ftp://a"]
)
def test_wrong_address(address: str) -> None:
    with pytest.raises(SettingsError, match="base_url"):
        SiteSettings(base_url=address)


def test_address_ends_with_a_slash() -> None:
    assert SiteSettings(base_url="https://example.org/x").base_url == "https://example.org/x/"
    with pytest.raises(SettingsError, match="language"):
        SiteSettings(language="../en")


def test_the_schema_says_what_every_key_of_a_sidecar_means() -> None:
    front = manifest_schema("x/1")["$defs"]["model"]["properties"]["front"]["properties"]
    assert list(front) == list(table(FrontMatter))
    assert front["title"]["description"] == "Name shown to visitors."
    assert all(one["description"] for one in front.values())


def test_a_product_without_a_place_is_a_download_under_its_files_name(
    put: Callable[..., Site], pictures: tuple[ImageFile, ...]
) -> None:
    picture = replace(pictures[-1], name="wide-wallpaper.png")
    site = put([make_exhibit("net", pictures, files={"wallpaper": (picture,)})])
    (model,) = json.loads((site.root / "manifest.json").read_bytes())["models"]
    found = model["downloads"]["wide-wallpaper.png"]
    assert found["href"].startswith("assets/net-wide-wallpaper.")
    assert (found["format"], found["width"], found["height"]) == ("png", 640, 640)
    page = (site.root / "net" / "index.html").read_text("utf-8")
    assert f'<a href="../{found["href"]}" download><bdi>Wide wallpaper</bdi></a>' in page
