"""What the tests of the viewer do: wait, look at its pixels, point at a vertex."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.browser.chromium import Browser

NASTY = "<img src=x onerror=document.title='hit'>"
"""A name that would run a script where it is not written as text."""


def run(browser: Browser, script: str) -> Any:
    return browser.driver.execute_script(script)


@contextmanager
def preferring(browser: Browser, feature: str, value: str) -> Iterator[None]:
    """A visitor whose system has a preference, such as "color-scheme" or "contrast"."""
    name = feature if feature == "forced-colors" else f"prefers-{feature}"
    wanted = {"features": [{"name": name, "value": value}]}
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", wanted)
    try:
        yield
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def find(browser: Browser, name: str) -> WebElement:
    return browser.driver.find_element(By.CSS_SELECTOR, f"[data-{name}]")


def still(browser: Browser) -> None:
    """Wait until everything that was asked for is drawn."""
    browser.until(
        "window.GalleryViewer && GalleryViewer.app && !GalleryViewer.app.renderer.dirty"
        " && !GalleryViewer.app.camera.flight"
        " && document.querySelector('[data-stage]').dataset.state === 'still'"
        " && getComputedStyle(document.querySelector('[data-light]')).opacity === '1'",
    )


def show(browser: Browser, address: str) -> None:
    browser.open(address, 860, 540)
    still(browser)


def pixels(browser: Browser) -> np.ndarray:
    """What the stage shows once everything is drawn: int (h, w, 3)."""
    still(browser)
    return shot(browser)


def shot(browser: Browser) -> np.ndarray:
    """What the stage shows now: int (h, w, 3)."""
    picture = Image.open(io.BytesIO(find(browser, "stage").screenshot_as_png))
    return np.asarray(picture.convert("RGB")).astype(int)


def both(browser: Browser, address: str) -> tuple[np.ndarray, np.ndarray]:
    """The viewer's light, and the still picture in its place."""
    show(browser, address)
    live = pixels(browser)
    hide = "[data-light] { opacity: 0 !important; } .canvas img { opacity: 1 !important; }"
    run(
        browser,
        f"const s = new CSSStyleSheet(); s.replaceSync({json.dumps(hide)});"
        "document.adoptedStyleSheets = [s]",
    )
    browser.until("getComputedStyle(document.querySelector('[data-light]')).opacity === '0'")
    browser.until("getComputedStyle(document.querySelector('.canvas img')).opacity === '1'")
    return live, shot(browser)


def exact(browser: Browser) -> str:
    """What is drawn, to the bit, after as many rounds as on a fast machine."""
    run(
        browser,
        "const {renderer} = GalleryViewer.app; renderer.limitRounds = () => {};"
        "renderer.rounds = 8; renderer.dirty = true; GalleryViewer.app.wake()",
    )
    browser.until("!GalleryViewer.app.renderer.dirty")
    still(browser)
    drawn = "const {renderer} = GalleryViewer.app; renderer.present();"
    return str(run(browser, f"{drawn} return renderer.canvas.toDataURL()"))


def aim(browser: Browser, place: list[float], zoom: int) -> int:
    """Brightness in the middle of the stage when it shows a place of the graph from near."""
    run(browser, f"GalleryViewer.app.camera.set(...{place}, {zoom}); GalleryViewer.app.moved()")
    picture = pixels(browser)
    y, x = picture.shape[0] // 2, picture.shape[1] // 2
    return int(picture[y - 3 : y + 4, x - 3 : x + 4].max())


def differ(one: np.ndarray, other: np.ndarray) -> float:
    """Share of the lit pixels of either picture that differ clearly."""
    lit = (one.max(axis=2) > 40) | (other.max(axis=2) > 40)
    return float((np.abs(one - other).max(axis=2) > 24)[lit].mean())


def hue_share(picture: np.ndarray, color: str) -> float:
    """Share of the lit pixels whose light has the ratios of a colour's channels."""
    wanted = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) ** 2.2
    light = picture[picture.max(axis=2) > 60] ** 2.2
    cosine = light @ wanted / np.linalg.norm(light, axis=1) / np.linalg.norm(wanted)
    return float((cosine > 0.98).mean())


def point(browser: Browser, vertex: int) -> tuple[float, float]:
    """Where a vertex is, from the middle of the stage."""
    x, y, width, height = run(
        browser,
        "const {camera, space, stage} = GalleryViewer.app;"
        f"return [...camera.point(...space.at({vertex})), stage.clientWidth, stage.clientHeight]",
    )
    return x - width / 2, y - height / 2


def hover(browser: Browser, vertex: int) -> str:
    x, y = point(browser, vertex)
    stage = find(browser, "stage")
    ActionChains(browser.driver).move_to_element_with_offset(stage, round(x), round(y)).perform()
    browser.until(f"GalleryViewer.app.card.vertex === {vertex}")
    return find(browser, "card-body").text
