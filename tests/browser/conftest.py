"""A real Chromium for the tests of the site: skipped where there is none, unless it is required."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from gallery.publishing import Site, SiteSettings, publish
from gallery.rendering.viewer.data import viewer_data
from tests.browser.chromium import Browser
from tests.publishing.sample_exhibits import make_file, make_gallery
from tests.rendering.viewer_net import colorings, net
from tests.serving import served

_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--window-size=1280,900",
)


def _missing(what: str) -> None:
    """Skip, or fail where the environment says that nothing may be skipped."""
    if os.environ.get("GALLERY_REQUIRE_BROWSER") == "1":
        pytest.fail(f"GALLERY_REQUIRE_BROWSER is 1, but {what}")
    pytest.skip(what)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Headless Chromium with a profile of its own."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    chromedriver = shutil.which("chromedriver")
    if chromium is None or chromedriver is None:
        _missing("there is no chromium with chromedriver on this machine")
    options = webdriver.ChromeOptions()
    options.binary_location = str(chromium)
    profile = tmp_path_factory.mktemp("profile")
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(chromedriver)))
    try:
        yield Browser(driver)
    finally:
        driver.quit()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A published gallery with everything in it."""
    folder = tmp_path_factory.mktemp("exhibits")
    first, beta, gamma, *others = make_gallery(folder)
    low = replace(beta, slug="low", path="zoo/gamma_q4.onnx", label="q4")
    away = replace(low, slug="away", label="int8", facts=None, scans=())
    beta = replace(beta, whole="pair/", role="encoder")
    gamma = replace(gamma, whole="pair/", role="decoder", rank=1, exports=(low, away))
    model, layout = net(folder)
    data = folder / "viewer.bin"
    data.write_bytes(viewer_data(layout, colorings(layout), model))
    exhibits = [replace(first, files={**first.files, "viewer": (make_file(data),)}), beta, gamma]
    exhibits += others
    folder = tmp_path_factory.mktemp("published") / "nets"
    return publish(exhibits, folder, settings=SiteSettings(title="Nets & <co>"))


@pytest.fixture(scope="session")
def addresses(site: Site) -> Iterator[dict[str, str]]:
    """The site's address from disk and below a path of a host."""
    with served(site.root.parent) as address:
        yield {"file": f"{site.root.as_uri()}/", "http": f"{address}nets/"}


@pytest.fixture(scope="session")
def axe() -> str:
    """The accessibility checker axe, as a package of the `test` extra carries it."""
    for package, path in (
        ("axe_core_python", "axe.min.js"),
        ("axe_selenium_python", "node_modules/axe-core/axe.min.js"),
    ):
        for folder in map(Path, sys.path):
            script = folder / package / path
            if script.is_file():
                return script.read_text(encoding="utf-8")
    _missing("the package axe-core-python is not installed")
    raise AssertionError
