"""What the visitor chooses in the viewer: colours, passes, parts, places, the diagram."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from gallery.coloring import color
from gallery.model import Model
from gallery.placement.types import Layout
from tests.browser.chromium import Browser
from tests.browser.viewer.hands import (
    differ,
    find,
    hover,
    hue_share,
    pixels,
    preferring,
    run,
    show,
    still,
)

pytestmark = pytest.mark.browser


def test_colour_zoom_and_passes_change_the_picture(
    browser: Browser, bases: dict[str, str], layout: tuple[Layout, bytes]
) -> None:
    show(browser, bases["file"] + "net/viewer/index.html")
    first = pixels(browser)
    assert differ(first, pixels(browser)) == 0
    colour = Select(find(browser, "attribute"))
    colour.select_by_visible_text("Pass")
    by_pass = pixels(browser)
    assert differ(first, by_pass) > 0.3
    assert [one.text for one in browser.driver.find_elements(By.CSS_SELECTOR, ".entry .name")] == [
        "forward", "backward", "update",
    ]  # fmt: skip
    for entry in color(layout[0].graph, "pass").legend[:2]:
        assert hue_share(by_pass, entry.color) > 0.02
    Select(find(browser, "palette")).select_by_index(2)
    assert differ(by_pass, pixels(browser)) > 0.2
    colour.select_by_index(0)
    Select(find(browser, "palette")).select_by_index(0)
    browser.driver.find_element(By.CSS_SELECTOR, "[data-pass='backward']").click()
    assert differ(first, pixels(browser)) > 0.1
    browser.driver.find_element(By.CSS_SELECTOR, "[data-pass='backward']").click()
    find(browser, "nearer").click()
    assert differ(first, pixels(browser)) > 0.3
    find(browser, "home").click()
    assert differ(first, pixels(browser)) < 0.02
    assert browser.errors() == []


def test_hover_says_what_the_vertex_is(
    browser: Browser, bases: dict[str, str], layout: tuple[Layout, bytes]
) -> None:
    show(browser, bases["file"] + "net/viewer/index.html")
    graph = layout[0].graph
    types = [graph.operators[o].type for o in graph.vertex_operator]
    vertex = types.index("Relu") + 3
    before = pixels(browser)
    text = hover(browser, vertex)
    # What the card says of a layer or a tensor may be broken where the parts of its name meet.
    told = (
        "return GalleryViewer.joined('h.2.attn.c_attn.weight, 57.3 kFLOP')"
        ".map((one) => one.tagName || one)"
    )
    parts = [one for one in run(browser, told) if one != "WBR"]
    assert parts == ["h.", "2.", "attn.", "c_", "attn.", "weight, 57.3 kFLOP"]
    assert run(browser, "return document.querySelectorAll('[data-card] dd wbr').length") > 0
    lows, highs = graph.box(vertex)
    ranges = [
        f"{low}–{high - 1}" if high - low > 1 else str(low)
        for low, high in zip(lows, highs, strict=True)
    ]
    for part in ("Relu", "computes a block, forward", f"[{', '.join(ranges)}]", "FLOP", "1 × 8"):
        assert part in text
    assert np.abs(pixels(browser) - before).max() > 60


def test_legend_and_search_light_up_and_the_address_keeps_it(
    browser: Browser, bases: dict[str, str]
) -> None:
    show(browser, bases["file"] + "net/viewer/index.html")
    Select(find(browser, "attribute")).select_by_visible_text("Operator type")
    plain = pixels(browser)
    entries = browser.driver.find_elements(By.CSS_SELECTOR, ".entry")
    next(one for one in entries if "Relu" in one.text).click()
    lit = pixels(browser)
    assert differ(plain, lit) > 0.2
    browser.until("location.hash.includes('type=Relu')")
    address = browser.driver.current_url
    show(browser, address)
    assert differ(lit, pixels(browser)) < 0.02
    search = find(browser, "search")
    search.send_keys("relu")
    browser.until("document.querySelectorAll('[data-found] button').length > 0")
    search.send_keys(Keys.ENTER)
    still(browser)
    browser.until("location.hash.includes('operator=') && location.hash.includes('at=')")
    near = pixels(browser)
    show(browser, browser.driver.current_url)
    assert differ(near, pixels(browser)) < 0.05


def test_what_a_search_finds_is_seen_at_once_with_its_end(
    browser: Browser, bases: dict[str, str]
) -> None:
    browser.open(bases["file"] + "timed/viewer/index.html", 1100, 520)
    still(browser)
    find(browser, "search").send_keys("relu")
    browser.until("document.querySelectorAll('[data-found] button').length > 0")
    first = browser.driver.find_element(By.CSS_SELECTOR, "[data-found] .name")
    assert browser.driver.execute_script(
        "const legend = document.querySelector('[data-legend]').getBoundingClientRect();"
        "return arguments[0].getBoundingClientRect().bottom < Math.min(legend.top, innerHeight)",
        first,
    )
    # A name that is longer than its row shows its end, and signs stay where they are.
    browser.driver.execute_script(
        "arguments[0].firstChild.textContent = 'a'.repeat(200) + '(b)'", first
    )
    text = "arguments[0].firstChild.getBoundingClientRect()"
    row = "arguments[0].getBoundingClientRect()"
    assert browser.driver.execute_script(f"return Math.abs({text}.right - {row}.right) < 1", first)
    assert browser.driver.execute_script(f"return {text}.left < {row}.left", first)


@pytest.mark.parametrize(("theme", "ground"), [("dark", (8, 9, 12)), ("light", (245, 246, 249))])
def test_the_diagram_has_the_ground_of_the_viewer(
    browser: Browser, bases: dict[str, str], theme: str, ground: tuple[int, int, int]
) -> None:
    with preferring(browser, "color-scheme", theme):
        show(browser, bases["file"] + "net/viewer/index.html")
        find(browser, "board-button").click()
        browser.until("document.querySelector('.board svg')")
        seen = Image.open(io.BytesIO(find(browser, "board").screenshot_as_png)).convert("RGB")
    shades = seen.getcolors(seen.width * seen.height)
    assert max(shades or ())[1] == ground


def test_diagram_and_scan_show_one_selection(
    browser: Browser, bases: dict[str, str], whole: tuple[Model, Layout]
) -> None:
    show(browser, bases["file"] + "net/viewer/index.html")
    assert not find(browser, "board").is_displayed()
    plain = pixels(browser)
    find(browser, "board-button").click()
    browser.until("document.querySelectorAll('[data-board] [data-operators]').length > 0")
    model, layout = whole
    relu = next(i for i, one in enumerate(model.operators) if one.type == "Relu")
    run(
        browser,
        f"document.querySelector('[data-operators=\"{relu}\"]')"
        ".dispatchEvent(new MouseEvent('click', {bubbles: true}))",
    )
    name = model.operators[relu].name
    chosen = "GalleryViewer.app.graph.head.operators.name[GalleryViewer.app.colours.lit.operator]"
    assert run(browser, f"return {chosen}") == name
    assert pixels(browser).shape[1] < plain.shape[1]
    browser.until("location.hash.includes('diagram=open') && location.hash.includes('operator=')")
    marked = "[...document.querySelectorAll('.chosen, .told')].map((g) => g.dataset.operators)"
    assert run(browser, f"return {marked}") == [str(relu)]
    find(browser, "stage").send_keys(Keys.ESCAPE)
    still(browser)
    assert run(browser, f"return {marked}") == []
    conv = layout.graph.vertex_operator.tolist().index(
        next(o for o, one in enumerate(layout.graph.operators) if one.type == "Conv")
    )
    run(browser, f"GalleryViewer.app.pin({conv})")
    index = layout.graph.operators[layout.graph.vertex_operator[conv]].operator
    assert run(browser, f"return {marked}") == [str(index)]
    wide = run(browser, "return GalleryViewer.app.diagram.svg.clientWidth")
    find(browser, "board").send_keys("+")
    assert run(browser, "return GalleryViewer.app.diagram.svg.clientWidth") > 1.2 * wide
    assert browser.errors() == []


def test_wheel_and_pinch_zoom_where_they_point(browser: Browser, bases: dict[str, str]) -> None:
    show(browser, bases["file"] + "net/viewer/index.html")
    place = "return GalleryViewer.app.camera.place(100, 120)"
    zoom = "return GalleryViewer.app.camera.zoom"
    left, top = run(
        browser, "const b = GalleryViewer.app.stage.getBoundingClientRect(); return [b.x, b.y]"
    )
    before = run(browser, place)
    wheel = {"type": "mouseWheel", "x": left + 100, "y": top + 120, "deltaX": 0, "deltaY": -300}
    browser.driver.execute_cdp_cmd("Input.dispatchMouseEvent", wheel)
    browser.until("GalleryViewer.app.camera.zoom > 1")
    np.testing.assert_allclose(
        run(browser, place), before, atol=2e-3
    )  # the pointer stands on whole pixels
    closer = run(browser, zoom)
    for kind, apart in (("touchStart", 20), ("touchMove", 30), ("touchMove", 40), ("touchEnd", 0)):
        points = [
            {"x": left + 100 + sign * apart, "y": top + 120, "id": number}
            for number, sign in enumerate((-1, 1))
        ]
        event = {"type": kind, "touchPoints": points if apart else []}
        browser.driver.execute_cdp_cmd("Input.dispatchTouchEvent", event)
    assert run(browser, zoom) == pytest.approx(2 * closer, rel=0.02)
    assert browser.errors() == []
