"""The viewer by keys, for screen readers and in the visitor's own colours."""

from __future__ import annotations

import json

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.browser.chromium import Browser
from tests.browser.viewer.hands import find, preferring, run, show, still

pytestmark = pytest.mark.browser


def test_keys_alone_do_everything(browser: Browser, bases: dict[str, str]) -> None:
    show(browser, bases["file"] + "net/viewer/index.html")
    reached = set()
    for _ in range(60):
        ActionChains(browser.driver).send_keys(Keys.TAB).perform()
        names = (
            "Object.keys(document.activeElement.dataset).concat(document.activeElement.className)"
        )
        reached |= set(run(browser, f"return {names}"))
    wanted = {
        "boardButton",
        "stage",
        "nearer",
        "farther",
        "home",
        "tilt",
        "tiltSlider",
        "turn",
        "byPass",
        "names",
        "save",
        "playButton",
        "playSlider",
    }
    assert wanted | {"attribute", "palette", "pass", "search", "entry", "choice"} <= reached
    stage = find(browser, "stage")
    at = run(browser, "return GalleryViewer.app.camera.x")
    stage.send_keys(Keys.ARROW_RIGHT)
    assert run(browser, "return GalleryViewer.app.camera.x") > at
    stage.send_keys("+")
    assert run(browser, "return GalleryViewer.app.camera.zoom") > 1
    stage.send_keys(Keys.ENTER)
    assert find(browser, "card").is_displayed()
    stage.send_keys(Keys.ESCAPE)
    assert not find(browser, "card").is_displayed()
    stage.send_keys("n")
    assert run(browser, "return GalleryViewer.app.colours.lit.operators.length") == 1
    assert browser.errors() == []


def test_focus_goes_on_where_it_was(browser: Browser, bases: dict[str, str]) -> None:
    """It is never lost with what was closed."""
    focused = "return Object.keys(document.activeElement.dataset)[0]"
    browser.open(bases["file"] + "net/viewer/index.html", 600, 840)
    still(browser)
    for close in (Keys.ENTER, Keys.ESCAPE):
        find(browser, "stage").send_keys(Keys.ENTER)
        find(browser, "card-close").send_keys(close)
        assert not find(browser, "card").is_displayed()
        assert run(browser, focused) == "stage"
    find(browser, "stage").send_keys("/")
    search = find(browser, "search")
    search.send_keys("relu", Keys.ESCAPE)
    assert search.get_attribute("value") == ""
    assert search.is_displayed()
    search.send_keys(Keys.ESCAPE)
    assert not search.is_displayed()
    assert run(browser, focused) == "panelButton"
    assert browser.errors() == []


def test_what_is_stepped_to_is_said(browser: Browser, bases: dict[str, str]) -> None:
    show(browser, bases["file"] + "net/viewer/index.html")
    said = find(browser, "said")
    assert said.get_attribute("role") == "status"
    stage = find(browser, "stage")
    for _ in range(2):
        stage.send_keys("n")
        told = "const {app} = GalleryViewer, {name, type} = app.graph.head.operators;"
        chosen = run(
            browser, f"{told} const o = app.colours.lit.operator;return [type[o], name[o]]"
        )
        assert said.get_attribute("textContent") == " ".join(chosen)


def test_in_forced_colours_what_is_pressed_has_a_frame(
    browser: Browser, bases: dict[str, str]
) -> None:
    """There are no backgrounds then; the colours of the key stay as they are."""
    show(browser, bases["file"] + "timed/viewer/index.html")
    swatch = "return getComputedStyle(document.querySelector('.swatch')).backgroundColor"
    frame = "return getComputedStyle(document.querySelector('[data-names]')).outlineStyle"
    before = run(browser, swatch)
    with preferring(browser, "forced-colors", "active"):
        assert run(browser, "return matchMedia('(forced-colors: active)').matches")
        assert run(browser, swatch) == before
        assert run(browser, frame) == "none"
        find(browser, "names").click()
        assert run(browser, frame) == "solid"


def test_who_wants_contrast_has_it(browser: Browser, bases: dict[str, str]) -> None:
    show(browser, bases["file"] + "timed/viewer/index.html")
    colours = (
        "return ['.count', '.head h1'].map((one) =>"
        " getComputedStyle(document.querySelector(one)).color)"
    )
    soft, ink = run(browser, colours)
    assert soft != ink
    with preferring(browser, "contrast", "more"):
        assert run(browser, colours) == [ink, ink]


_LOOKS = {
    "phone": (390, 840, "dark", "document.querySelector('[data-panel-button]').click()"),
    "phone, card": (390, 840, "light", "GalleryViewer.app.pin(40)"),
    "phone on its side": (840, 390, "light", "GalleryViewer.app.pin(40)"),
    "desk": (1440, 840, "dark", "GalleryViewer.app.recolour(4, '')"),
    "desk on paper": (1440, 840, "light", "GalleryViewer.app.pin(40)"),
}


@pytest.mark.parametrize("look", _LOOKS)
def test_axe_finds_nothing(browser: Browser, bases: dict[str, str], axe: str, look: str) -> None:
    width, height, ground, then = _LOOKS[look]
    with preferring(browser, "color-scheme", ground):
        browser.open(bases["http"] + "timed/viewer/index.html", width, height)
        still(browser)
        run(browser, then)
        still(browser)
        # The page's own policy forbids scripts from elsewhere; the driver's are not bound by it.
        browser.driver.execute_script(axe)
        found = browser.driver.execute_async_script(
            "const done = arguments[0];"
            "axe.run().then((r) => done(JSON.stringify(r.violations.map((v) =>"
            " [v.id, v.nodes.map((n) => n.html.slice(0, 160))]))))"
        )
    assert json.loads(found) == []
