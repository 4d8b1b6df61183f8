"""A site opened from disk and below a path of a host: every address that a page has leads on."""

from __future__ import annotations

from collections import deque
from urllib.parse import unquote, urlsplit

import pytest

from gallery.publishing import Site
from tests.browser.chromium import Browser

pytestmark = pytest.mark.browser

_ADDRESSES = """
const found = [];
for (const one of document.querySelectorAll("[href], [src], [srcset], [poster]")) {
  const parts = (one.getAttribute("srcset") ?? "").split(",");
  const sets = parts.map((part) => part.trim().split(" ")[0]);
  const plain = ["href", "src", "poster"].map((name) => one.getAttribute(name));
  found.push(...[...sets, ...plain].filter(Boolean));
}
return [...new Set(found.map((one) => new URL(one, document.baseURI).href))];
"""


@pytest.mark.parametrize("way", ["file", "http"])
def test_all_addresses_of_all_pages_lead_to_files_of_the_site(
    browser: Browser, site: Site, addresses: dict[str, str], way: str
) -> None:
    base = addresses[way]
    seen, waiting, lost = {"index.html"}, deque(["index.html"]), []
    while waiting:
        page = waiting.popleft()
        browser.driver.get(base + page)
        for address in browser.driver.execute_script(_ADDRESSES):
            plain = urlsplit(address)._replace(query="", fragment="").geturl()
            if not plain.startswith(base):
                inside = urlsplit(address).netloc == urlsplit(base).netloc
                if inside and address.split(":")[0] in ("file", "http"):
                    lost.append((page, address))
                continue
            name = unquote(plain[len(base) :]) or "index.html"
            if not (site.root / name).is_file():
                lost.append((page, address))
            elif name not in seen and name.endswith(".html"):
                waiting.append(name)
            seen.add(name)
    assert lost == []
    assert {one for one in site.pages if one != "404.html"} <= seen
