"""The page for wrong addresses, as hosts show it: at any depth, below any folder of the host."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

from gallery.cli.http_server import Server, Shown
from gallery.publishing import Site, SiteSettings, publish
from tests.browser.chromium import Browser
from tests.publishing.sample_exhibits import make_gallery
from tests.serving import Quiet, served

pytestmark = pytest.mark.browser


class Host(Quiet):
    """Shows a page for wrong addresses as GitHub Pages does: at any address, with status 404."""

    def __init__(self, *args: object, page: Path, **named: object) -> None:
        self.page = page
        super().__init__(*args, **named)  # type: ignore[arg-type]

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Send the page."""
        self.send_response(code)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(self.page.read_bytes())


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site that knows its address, in a folder of that name."""
    exhibits = make_gallery(tmp_path_factory.mktemp("exhibits"))
    folder = tmp_path_factory.mktemp("host") / "nets"
    settings = SiteSettings(base_url="https://example.org/nets/")
    return publish(exhibits[:2], folder, settings=settings)


WRONG = ["gone", "alpha/gone.html", "a/b/c/d/?q#x", "alpha/viewer/gone/", "a//b"]


def _finds_home(browser: Browser, address: str, home: str) -> None:
    browser.open(address)
    link = browser.driver.find_element(By.CSS_SELECTOR, ".lost a.button")
    browser.until(f"document.querySelector('.lost a.button').href === {home + 'index.html'!r}")
    assert link.value_of_css_property("text-decoration-line") == "none"
    assert browser.driver.find_element(By.CSS_SELECTOR, "[data-theme-toggle]").is_displayed()
    assert all(home in one or one.startswith("data:") for one in _files(browser))
    link.click()
    browser.until("document.querySelector('.cards, main')")
    assert browser.driver.current_url == home + "index.html"


def _files(browser: Browser) -> list[str]:
    script = "return performance.getEntriesByType('resource').map((one) => one.name)"
    found: list[str] = browser.driver.execute_script(script)
    return [one for one in found if not one.endswith("manifest.json")]


@contextmanager
def _serving(shown: Shown) -> Iterator[str]:
    """The address of `gallery serve`."""
    with Server("127.0.0.1", 0, shown, print) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.url
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("path", WRONG)
@pytest.mark.parametrize("folder", ["", "nets/", "two/nets/"])
def test_a_site_without_an_address_finds_itself(
    browser: Browser, site: Site, tmp_path: Path, folder: str, path: str
) -> None:
    place = tmp_path / "host" / folder
    shutil.copytree(site.root, place)
    with served(tmp_path / "host", partial(Host, page=place / "404.html")) as address:
        _finds_home(browser, address + folder + path, address + folder)


@pytest.mark.parametrize("path", WRONG)
def test_a_site_with_an_address_links_from_the_root(
    browser: Browser, known: Site, path: str
) -> None:
    host = partial(Host, page=known.root / "404.html")
    with served(known.root.parent, host) as address:
        _finds_home(browser, f"{address}nets/{path}", f"{address}nets/")


@pytest.mark.parametrize("path", WRONG)
def test_gallery_serve_shows_it_from_the_root(
    browser: Browser, known: Site, site: Site, path: str
) -> None:
    """Also that of a site which knows another address."""
    for shown in (Shown(site=known.root, path="/nets/"), Shown(site=site.root)):
        with _serving(shown) as address:
            _finds_home(browser, address + path, address)


def test_a_path_that_looks_like_a_host_leads_to_none(browser: Browser, site: Site) -> None:
    with served(site.root, partial(Host, page=site.root / "404.html")) as address:
        for path in ("/evil.example/404.html", "/evil.example/a/b"):
            browser.open(address + path)
            home = browser.driver.find_element(By.CSS_SELECTOR, ".lost a.button")
            assert str(home.get_attribute("href")).startswith(address)
