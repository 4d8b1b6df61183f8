"""The page for wrong addresses, which a host shows at any depth of the site."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Callable
from pathlib import Path

import html5lib

from gallery.publishing import Exhibit, Site
from tests.publishing.html_pages import Page


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
    page = Page(text)
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
