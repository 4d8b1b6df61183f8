"""The viewer on phones, upright and on their side: nothing covers the scan, all can be touched."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver.common.by import By

from tests.browser.chromium import Browser
from tests.browser.viewer.hands import find, run, still

pytestmark = pytest.mark.browser

_PHONES = ((390, 844), (360, 640), (844, 390), (640, 360))
_TOUCH = 44
"""Least side of what a finger has to meet, in pixels."""

_SEEN = """
const seen = (one) => one.checkVisibility({visibilityProperty: true})
  && one.getBoundingClientRect().width > 0;
const box = (one) => { const b = one.getBoundingClientRect();
  return [b.left, b.top, b.right, b.bottom]; };
"""
_COVERED = (
    _SEEN
    + """
const {camera, stage} = GalleryViewer.app, [left, top] = box(stage);
const [x0, y1] = camera.point(0, 0), [x1, y0] = camera.point(...camera.frame);
const scan = [x0 + left, y0 + top, x1 + left, y1 + top];
const over = [...document.querySelectorAll('.head > *, .tools, .play, .card, .panel, .board')]
  .filter(seen).filter((one) => { const b = box(one);
    return b[0] < scan[2] && b[2] > scan[0] && b[1] < scan[3] && b[3] > scan[1]; });
return [scan, over.map((one) => one.className)];
"""
)
"""The scan's frame on the page, and the controls that lie over it."""
_SMALL = f"""{_SEEN}
return [...document.querySelectorAll('button, a, select, input:not([type=checkbox]), .switch')]
  .filter(seen).map((one) => [one.outerHTML.slice(0, 90), ...box(one)])
  .filter(([, left, top, right, bottom]) => Math.min(right - left, bottom - top) < {_TOUCH});
"""
_OVERLAPS = (
    _SEEN
    + """
const all = [...document.querySelectorAll('.head > *, .tools, .play, .card, .panel')].filter(seen);
return all.flatMap((one, k) => all.slice(k + 1).filter((other) => { const [a, b] = [one, other]
  .map(box); return a[0] < b[2] - 1 && b[0] < a[2] - 1 && a[1] < b[3] - 1 && b[1] < a[3] - 1; })
  .map((other) => [one.className, other.className]));
"""
)
_WIDER = "return document.documentElement.scrollWidth - window.innerWidth"


@pytest.fixture(params=_PHONES, ids=lambda size: "x".join(map(str, size)))
def phone(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Browser]:
    """Chromium with the screen of a phone."""
    width, height = request.param
    browser.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": True},
    )
    try:
        yield browser
    finally:
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def _show(phone: Browser, address: str) -> None:
    # `Browser.open` would set the size of the window.
    phone.driver.get("about:blank")
    phone.driver.get(address)
    still(phone)


def _assert_whole(phone: Browser) -> None:
    scan, over = run(phone, _COVERED)
    width, height = run(phone, "return [window.innerWidth, window.innerHeight]")
    assert over == []
    assert scan[0] >= 0
    assert scan[1] >= 0
    assert scan[2] <= width
    assert scan[3] <= height
    # It is no stamp, either.
    assert max(scan[2] - scan[0], scan[3] - scan[1]) > 0.4 * min(width, height)
    assert run(phone, _OVERLAPS) == []
    assert run(phone, _WIDER) <= 0


@pytest.mark.parametrize("slug", ["net", "timed"])
def test_the_scan_is_whole(phone: Browser, bases: dict[str, str], slug: str) -> None:
    _show(phone, bases["file"] + f"{slug}/viewer/index.html")
    _assert_whole(phone)
    assert run(phone, _SMALL) == []


@pytest.mark.parametrize("slug", ["net", "timed"])
def test_the_scan_is_whole_beside_a_card(phone: Browser, bases: dict[str, str], slug: str) -> None:
    _show(phone, bases["file"] + f"{slug}/viewer/index.html")
    before = run(phone, _COVERED)[0]
    run(phone, "GalleryViewer.app.pin(40)")
    still(phone)
    assert find(phone, "card").is_displayed()
    _assert_whole(phone)
    assert run(phone, _SMALL) == []
    find(phone, "card-close").click()
    still(phone)
    assert run(phone, _COVERED)[0] == pytest.approx(before, abs=0.5)


@pytest.mark.parametrize("slug", ["net", "timed"])
def test_the_scan_is_whole_beside_the_panel(
    phone: Browser, bases: dict[str, str], slug: str
) -> None:
    _show(phone, bases["file"] + f"{slug}/viewer/index.html")
    find(phone, "panel-button").click()
    still(phone)
    panel = phone.driver.find_element(By.CSS_SELECTOR, ".panel")
    assert panel.is_displayed()
    scan, over = run(phone, _COVERED)
    assert over == []
    assert min(scan) >= 0
    assert run(phone, _WIDER) <= 0
    assert run(phone, "const p = document.querySelector('.panel');"
               " return p.scrollWidth - p.clientWidth") <= 0  # fmt: skip
    assert run(phone, _SMALL) == []


def test_a_part_stays_where_it_is_when_a_card_comes(phone: Browser, bases: dict[str, str]) -> None:
    """Who has gone near sees no jump: only a vertex under the card moves out from there."""
    _show(phone, bases["file"] + "timed/viewer/index.html")
    run(phone, "const {app} = GalleryViewer; app.camera.set(...app.space.at(40), 6); app.moved()")
    where = "const {app} = GalleryViewer; return app.camera.scale"
    scale = run(phone, where)
    run(phone, "GalleryViewer.app.pin(40)")
    still(phone)
    assert run(phone, where) == pytest.approx(scale, rel=1e-6)
    x, y = run(
        phone,
        "const {app} = GalleryViewer, b = app.stage.getBoundingClientRect();"
        "const [x, y] = app.camera.point(...app.space.at(40)); return [x + b.left, y + b.top]",
    )
    at = f"document.elementFromPoint({x}, {y}).closest('.canvas') !== null"
    assert run(phone, f"return {at}")
