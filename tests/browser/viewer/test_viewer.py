"""The viewer: what it draws, how it is handled, and what is there without it."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from gallery.coloring import color
from gallery.model import Model
from gallery.placement.types import Layout
from gallery.rendering.raster.raster import plan_of
from gallery.rendering.raster.strands import lay_strands
from gallery.rendering.types import RenderSettings
from tests.browser.chromium import Browser
from tests.browser.viewer.hands import (
    NASTY,
    differ,
    find,
    hover,
    hue_share,
    pixels,
    run,
    shot,
    show,
    still,
)
from tests.rendering.viewer_net import colorings

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("way", ["file", "http"])
def test_it_draws_and_asks_nobody_else(browser: Browser, bases: dict[str, str], way: str) -> None:
    show(browser, bases[way] + "net/viewer/index.html")
    picture = pixels(browser)
    assert (picture.max(axis=2) > 60).mean() > 0.02
    assert browser.errors() == []
    asked = browser.requests()
    assert asked
    assert [one for one in asked if not one.startswith(bases[way])] == []


def _both(browser: Browser, address: str) -> tuple[np.ndarray, np.ndarray]:
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


@pytest.mark.parametrize("slug", ["net", "few"])
def test_it_shines_as_the_still_picture_does(
    browser: Browser, bases: dict[str, str], slug: str
) -> None:
    """Nothing jumps when the light takes the picture's place."""
    live, picture_only = _both(browser, bases["file"] + f"{slug}/viewer/index.html")
    lit = picture_only.max(axis=2) > 60
    # The picture's lines are narrower than a pixel here, for the browser has made it smaller.
    assert 0.8 < live[lit].mean() / picture_only[lit].mean() < 1.4
    assert np.corrcoef(live.ravel(), picture_only.ravel())[0, 1] > 0.9


def test_it_shines_between_bodies_as_the_still_picture_does(
    browser: Browser, bases: dict[str, str]
) -> None:
    live, picture_only = _both(browser, bases["file"] + "apart/viewer/index.html")
    lit = picture_only.max(axis=2) > 60
    assert 0.7 < live[lit].mean() / picture_only[lit].mean() < 1.4
    assert np.corrcoef(live.ravel(), picture_only.ravel())[0, 1] > 0.9


_LIGHT = """
const {renderer} = GalleryViewer.app, {gl, sheet} = renderer;
renderer.composed("calm");
gl.bindFramebuffer(gl.FRAMEBUFFER, sheet.light.frame);
const out = new Float32Array(4 * sheet.width * sheet.height);
gl.readPixels(0, 0, sheet.width, sheet.height, gl.RGBA, gl.FLOAT, out);
return [sheet.width, sheet.height, Array.from(out)];
"""
"""The light of the whole picture, once more composed from its sums, rows going up."""


def _lights(browser: Browser) -> np.ndarray:
    width, height, light = run(browser, _LIGHT)
    return np.reshape(light, (height, width, 4))


def test_strands_are_laid_over_what_is_under_them_as_in_the_still_picture(
    browser: Browser, bases: dict[str, str]
) -> None:
    """Where few cross, as `lay_strands` lays them: with their light and with dark rims."""
    show(browser, bases["file"] + "apart/viewer/index.html")
    run(browser, "GalleryViewer.app.renderer.gaps.on = false")
    after = _lights(browser)
    pairs, points, most = run(
        browser,
        "const {camera, space, graph, ratio} = GalleryViewer.app, {share} = graph.head.look;"
        "return [[...GalleryViewer.strandsOf(graph)], [...graph.x].map((_, v) =>"
        " camera.point(...space.at(v)).map((one) => one * ratio)),"
        " Math.max(1, 1600 * share / (camera.scale * ratio))]",
    )
    run(browser, "GalleryViewer.app.renderer.compose.count = 0")
    before = _lights(browser)
    # In the units of a picture 1,600 wide, whose edges have less light; rows go down.
    expected = np.ascontiguousarray(before[::-1] / most, np.float32)
    colors = np.ones((1, 3), np.float32)
    index = np.zeros(len(points), np.uint16)
    places = np.array(points, np.float32)
    window = (expected.shape[1], 0, expected.shape[0])
    strands = np.reshape(pairs, (-1, 2)).astype(np.int32)
    lay_strands(expected, strands, (places, index, colors), (1.0, False), window)
    found, known = after[::-1, :, 3] / most, expected[..., 3]
    under = before[::-1, :, 3] / most
    brighter, darker = known > 2 * under + 0.5, (known < 0.97 * under) & (under > 0.01)
    assert brighter.sum() > 500
    assert darker.sum() > 20
    for some in (brighter, darker):
        assert np.median(np.abs(found[some] / known[some] - 1)) < 0.1


def test_what_moves_is_drawn_in_larger_pixels_where_it_must_be(
    browser: Browser, bases: dict[str, str]
) -> None:
    show(browser, bases["file"] + "apart/viewer/index.html")
    fine = pixels(browser)
    moving = (
        "const {app} = GalleryViewer, {renderer} = app; renderer.divider = 3;"
        "app.moved(); renderer.quick = true; renderer.adapt = () => {};"
        "renderer.count.quick = 4e6; app.tick = () => {};"
        "renderer.fence = null; renderer.dirty = true; renderer.tick(performance.now());"
        "renderer.gl.finish(); return [renderer.sheet.width, renderer.canvas.width]"
    )
    small, whole = run(browser, moving)
    assert small == -(-whole // 3)
    run(browser, "const {renderer} = GalleryViewer.app; renderer.rounds = 0;")
    browser.until("GalleryViewer.app.renderer.tick(performance.now()) === false")
    coarse = run(
        browser,
        "const {renderer} = GalleryViewer.app; renderer.present();"
        "return renderer.canvas.toDataURL()",
    )
    raw = Image.open(io.BytesIO(base64.b64decode(coarse.partition(",")[2]))).convert("RGB")
    mean = np.asarray(raw.resize((fine.shape[1] // 6, fine.shape[0] // 6), Image.Resampling.BOX))
    true = Image.fromarray(fine.astype(np.uint8)).resize(mean.shape[1::-1], Image.Resampling.BOX)
    same = np.corrcoef(mean.ravel().astype(float), np.asarray(true).ravel().astype(float))[0, 1]
    assert same > 0.9


def test_gaps_lie_where_those_of_the_still_picture_do(
    browser: Browser, bases: dict[str, str], apart: Layout
) -> None:
    show(browser, bases["file"] + "apart/viewer/index.html")
    before = pixels(browser)
    shares, side, cell, light = run(
        browser,
        "const {gaps} = GalleryViewer.app.renderer;"
        "return [Array.from(gaps.sharesAt(GalleryViewer.app.space.places)), gaps.side, gaps.cell,"
        " gaps.light]",
    )
    strokes = plan_of(apart, color(apart.graph, "layer"), 1440, RenderSettings()).strokes
    assert strokes.gaps is not None
    # The same places in both: in the longer side of the graph, which is `wide` pixels, and pixels.
    low, wide = strokes.points.min(axis=0), float(np.ptp(strokes.points, axis=0).max())
    turn = np.arange(0, 360, 2) * np.pi / 180
    middle = low + np.ptp(strokes.points, axis=0) / 2
    places = middle + 0.3 * wide * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    column, row = (places / strokes.gaps.cell).astype(int).T
    known = strokes.gaps.shares[row, column]
    # Rows of the viewer's table go up.
    x, y = (places[:, 0] - low[0]) / wide, (strokes.points.max(axis=0)[1] - places[:, 1]) / wide
    column, row = (x / cell).astype(int) + 8, (y / cell).astype(int) + 8
    found = np.reshape(shares, (side, side))[row, column] / 255
    assert np.abs(found - known).mean() < 0.1
    assert np.ptp(known) > 0.9
    assert light * strokes.line / wide == pytest.approx(strokes.gaps.light, rel=0.02)
    run(
        browser,
        "const {app} = GalleryViewer; app.renderer.gaps.light = 0; app.renderer.dirty = true;"
        "app.wake()",
    )
    assert np.abs(pixels(browser) - before).max() > 20


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
    assert run(browser, "return document.querySelectorAll('img').length") == 1
    assert browser.driver.title != "hit"
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
