"""The viewer: what it shows of the data, and what is there without it."""

from __future__ import annotations

import numpy as np
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from gallery.placement.types import Layout
from tests.browser.chromium import Browser
from tests.browser.viewer.hands import (
    NASTY,
    find,
    pixels,
    run,
    show,
)
from tests.rendering.viewer_net import colorings

pytestmark = pytest.mark.browser

_PLACE = (
    "const b = document.querySelector('.canvas .dark img').getBoundingClientRect();"
    "return [b.x, b.y, b.width, b.height]"
)
_SHIFTS = (
    "const seen = new PerformanceObserver(() => {}); seen.observe({type: 'layout-shift',"
    " buffered: true}); return seen.takeRecords().reduce((all, one) => all + one.value, 0)"
)
"""How much of the page has moved since it was opened."""


@pytest.mark.parametrize("way", ["file", "http"])
def test_it_draws_and_asks_nobody_else(browser: Browser, bases: dict[str, str], way: str) -> None:
    show(browser, bases[way] + "net/viewer/index.html")
    picture = pixels(browser)
    assert (picture.max(axis=2) > 60).mean() > 0.02
    assert browser.errors() == []
    asked = browser.requests()
    assert asked
    assert [one for one in asked if not one.startswith(bases[way])] == []


def test_browser_reads_what_python_wrote(
    browser: Browser, bases: dict[str, str], layout: tuple[Layout, bytes]
) -> None:
    show(browser, bases["file"] + "net/viewer/index.html")
    graph = layout[0].graph
    read = run(
        browser,
        "const g = GalleryViewer.app.graph; return {operator: [...g.operator],"
        " pairs: [...g.pairs], read: [...g.read], sent: [...g.sent], forward: [...g.forward],"
        " rows: [...g.rows(0)], x: [...g.x], y: [...g.y],"
        " feeds: [...g.x].map((_, v) => [...g.readersOf(v)]),"
        " boxes: [...g.x].map((_, v) => g.block(v)?.box ?? [])}",
    )
    n = graph.vertices
    assert n > 100
    assert read["operator"] == graph.vertex_operator.tolist()
    pairs = np.stack([graph.sources, graph.readers()], axis=1)
    assert read["pairs"] == pairs.reshape(-1).tolist()
    assert read["read"] == np.diff(graph.indptr).tolist()
    assert read["sent"] == np.bincount(graph.sources, minlength=n).tolist()
    assert graph.gradient_of is not None
    assert read["forward"] == graph.gradient_of.tolist()
    assert read["rows"] == colorings(layout[0])[0].index.tolist()
    positions = layout[0].positions
    low = positions.min(axis=0)
    side = (positions.max(axis=0) - low).max()
    true = (positions - low) / side * 65535
    # Positions have 15 bits, of which the browser makes 16.
    assert np.abs(np.stack([read["x"], read["y"]], axis=1) - true).max() <= 1.01
    for v in range(n):
        lows, highs = graph.box(v)
        block = read["boxes"][v][: len(lows)]  # the card shows behind it what is summed over
        assert block == [list(pair) for pair in zip(lows, highs, strict=True)]
        assert read["feeds"][v] == pairs[pairs[:, 0] == v, 1].tolist()


def test_without_float_targets_it_still_draws(browser: Browser, bases: dict[str, str]) -> None:
    show(browser, bases["file"] + "net/viewer/index.html?plain")
    assert run(browser, "return GalleryViewer.app.renderer.plain")
    assert (pixels(browser).max(axis=2) > 60).mean() > 0.01


def test_without_webgl_the_picture_stands(browser: Browser, bases: dict[str, str]) -> None:
    source = {"source": "HTMLCanvasElement.prototype.getContext = () => null"}
    added = browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", source)
    try:
        browser.open(bases["file"] + "net/viewer/index.html", 860, 540)
        browser.until("document.querySelector('.failed')")
        assert "WebGL" in find(browser, "note").text
        image = browser.driver.find_element(By.CSS_SELECTOR, "[data-stage] img")
        assert image.value_of_css_property("opacity") == "1"
    finally:
        browser.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)


def test_without_scripts_the_picture_stands(browser: Browser, bases: dict[str, str]) -> None:
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.open(bases["file"] + "net/viewer/index.html", 860, 540)
        image = browser.driver.find_element(By.CSS_SELECTOR, "[data-stage] img")
        assert image.is_displayed()
        assert not find(browser, "attribute").is_displayed()
        assert "needs JavaScript" in browser.driver.find_element(By.TAG_NAME, "main").text
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_names_stay_text(browser: Browser, bases: dict[str, str]) -> None:
    show(browser, bases["file"] + "hostile/viewer/index.html")
    find(browser, "search").send_keys("relu")
    browser.until("document.querySelectorAll('[data-found] button').length > 0")
    find(browser, "stage").send_keys(Keys.ENTER)
    find(browser, "names").click()
    assert NASTY in find(browser, "card-body").text
    assert run(browser, "return document.querySelectorAll('img').length") == 2
    assert browser.driver.title != "hit"
    assert browser.errors() == []


def test_the_picture_has_its_place_before_the_data_come(
    browser: Browser, bases: dict[str, str]
) -> None:
    """It is seen while they are on their way, and nothing of the page moves."""
    command = browser.driver.execute_cdp_cmd
    command("Network.enable", {})
    command("Network.setBlockedURLs", {"urls": ["*net-viewer*"]})
    # The page's own event waits for the data, too.
    seen = (
        "document.addEventListener('DOMContentLoaded',"
        " () => { window.early = document.querySelector('.viewer.laid') !== null; })"
    )
    added = command("Page.addScriptToEvaluateOnNewDocument", {"source": seen})
    try:
        browser.open(bases["http"] + "net/viewer/index.html", 860, 540)
        browser.until("document.querySelector('.canvas .dark img').complete")
        browser.until("document.querySelector('.viewer.laid')")
        assert run(browser, "return window.early")
        early = run(browser, _PLACE)
        assert not run(browser, "return window.GalleryViewer.app")
    finally:
        command("Network.setBlockedURLs", {"urls": []})
        command("Page.removeScriptToEvaluateOnNewDocument", added)
    show(browser, bases["http"] + "net/viewer/index.html")
    assert run(browser, _PLACE) == early
    assert run(browser, _SHIFTS) == 0
