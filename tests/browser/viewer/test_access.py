"""The viewer by keys, for screen readers and in the visitor's own colours."""

from __future__ import annotations

import json

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.browser.chromium import Browser
from tests.browser.viewer.hands import (
    find,
    run,
    show,
    still,
)

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


@pytest.mark.parametrize("width", [390, 1440])
def test_axe_finds_nothing(browser: Browser, bases: dict[str, str], axe: str, width: int) -> None:
    browser.open(bases["http"] + "timed/viewer/index.html", width, 840)
    still(browser)
    if width < 800:
        find(browser, "panel-button").click()
    # The page's own policy forbids scripts from elsewhere; the driver's are not bound by it.
    browser.driver.execute_script(axe)
    found = browser.driver.execute_async_script(
        "const done = arguments[0];"
        "axe.run().then((r) => done(JSON.stringify(r.violations.map((v) =>"
        " [v.id, v.nodes.map((n) => n.html.slice(0, 160))]))))"
    )
    assert json.loads(found) == []
