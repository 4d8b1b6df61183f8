"""Manifest, feed, sitemap and the data of the scripts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from itertools import accumulate
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator

from gallery.errors import SettingsError
from gallery.publishing import Exhibit, ImageFile, Site, SiteSettings
from gallery.publishing.machine.schema import manifest_schema
from gallery.settings.fields import table
from gallery.settings.values import FrontMatter
from tests.publishing.sample_exhibits import HOSTILE, make_exhibit, make_facts

_ATOM = "{http://www.w3.org/2005/Atom}"


def test_manifest_holds_every_fact(site: Site) -> None:
    manifest = json.loads((site.root / "manifest.json").read_bytes())
    assert manifest["schema"] == "gallery-of-networks/1"
    models = {one["slug"]: one for one in manifest["models"]}
    assert list(models) == sorted(models, key=lambda slug: list(models).index(slug))
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
    assert facts["depth"] == {"type": "integer", "description": "Operators on the longest path."}
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


def test_sitemap_only_where_the_address_is_known(
    exhibits: list[Exhibit], site: Site, put: Callable[..., Site]
) -> None:
    text = (site.root / "sitemap.xml").read_text()
    assert "<loc>https://example.org/nets/alpha/</loc>" in text
    assert "<loc>https://example.org/nets/</loc>" in text
    assert "404" not in text
    assert "Sitemap: https://example.org/nets/sitemap.xml" in (site.root / "robots.txt").read_text()
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
    data = json.loads(text.removeprefix("galleryCollection(").removesuffix(");\n"))
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
