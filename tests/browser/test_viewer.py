"""The viewer in a real Chromium, which draws WebGL 2 in software."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from gallery.coloring import color
from gallery.execution import run as schedule
from gallery.execution.summary import summary
from gallery.execution.types import Execution, Held, held
from gallery.model import Model
from gallery.placement.fibres import fibres
from gallery.placement.types import Layout
from gallery.publishing.assets.files import Placed, picture
from gallery.publishing.assets.templates import environment
from gallery.publishing.settings import SiteSettings
from gallery.publishing.viewer_page import ViewerPage, viewer_files
from gallery.rendering.files.formats import save
from gallery.rendering.operator_diagram.draw import diagram
from gallery.rendering.scan import render
from gallery.rendering.tilt import RISE, heights
from gallery.rendering.viewer.container import pack, unpack
from gallery.rendering.viewer.data import viewer_data
from tests.browser.chromium import Browser
from tests.browser.viewer_hands import (
    aim,
    differ,
    exact,
    find,
    hover,
    hue_share,
    pixels,
    run,
    shot,
    show,
    still,
)
from tests.rendering.viewer_net import colorings, net
from tests.serving import served

pytestmark = pytest.mark.browser

_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--window-size=860,540",
)
_NASTY = "<img src=x onerror=document.title='hit'>"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium with a software renderer for WebGL, which the other tests do without."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    chromedriver = shutil.which("chromedriver")
    if chromium is None or chromedriver is None:
        missing = "there is no chromium with chromedriver on this machine"
        if os.environ.get("GALLERY_REQUIRE_BROWSER") == "1":
            pytest.fail(f"GALLERY_REQUIRE_BROWSER is 1, but {missing}")
        pytest.skip(missing)
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*_FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(chromedriver))
    try:
        yield Browser(driver)
    finally:
        driver.quit()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Layout]:
    return net(tmp_path_factory.mktemp("net"), vertices=900)


@pytest.fixture(scope="module")
def layout(whole: tuple[Model, Layout]) -> tuple[Layout, bytes]:
    model, placed = whole
    return placed, viewer_data(placed, colorings(placed), model)


@pytest.fixture(scope="module")
def execution(layout: tuple[Layout, bytes]) -> Execution:
    return schedule(layout[0].graph)


@pytest.fixture(scope="module")
def root(
    tmp_path_factory: pytest.TempPathFactory,
    whole: tuple[Model, Layout],
    layout: tuple[Layout, bytes],
    execution: Execution,
) -> Path:
    """Viewers: plain, of hostile names, of few vertices, timed, of hemispheres, without tilt."""
    folder = tmp_path_factory.mktemp("site") / "below"
    settings = SiteSettings(title="Nets")
    (folder / "assets").mkdir(parents=True)
    head, sections = unpack(layout[1])
    names = head["operators"]["name"]
    head["operators"]["name"] = [_NASTY + name for name in names]
    head["layers"]["path"] = [_NASTY for _ in head["layers"]["path"]]
    head["layers"]["name"] = head["layers"]["path"]
    timed = viewer_data(layout[0], colorings(layout[0]), whole[0], execution=execution)
    few_model, few = net(folder, vertices=1, passes="forward")
    few_data = viewer_data(few, colorings(few), few_model)
    halves = replace(layout[0], arrangement="hemispheres")
    shown = {
        "net": (layout[0], layout[1]),
        "hostile": (layout[0], pack(head, sections)),
        "few": (few, few_data),
        "timed": (layout[0], timed),
        "halves": (halves, viewer_data(halves, colorings(halves), whole[0])),
    }
    for slug, (scanned, data) in shown.items():
        href = f"assets/{slug}.png"
        save(render(scanned, colorings(scanned)[0], size=720), folder / href)
        placed = Placed(href=href, bytes=1, sha256="", format="png", width=720, height=720)
        page = ViewerPage(
            slug=slug,
            title=_NASTY if slug == "hostile" else "Net",
            picture=picture([placed]),
            alt="A scan",
            diagram=diagram(whole[0]),
        )
        for path, content in viewer_files(environment(settings), data, page, settings).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
    _write_flat(folder)
    icon = '<svg xmlns="http://www.w3.org/2000/svg"/>'
    (folder / "assets" / "icon.svg").write_text(icon, encoding="utf-8")
    return folder


def _write_flat(folder: Path) -> None:
    """The plain viewer as "flat", with shaders that know no tilt."""
    (script,) = (folder / "assets").glob("viewer.*.js")
    text = script.read_text(encoding="utf-8")
    seen = "vec2 see(vec3 p) { return vec2(dot(across, vec4(p, 1.0)), dot(up, vec4(p, 1.0))); }"
    assert text.count(seen) == 1
    flat = text.replace(seen, "vec2 see(vec3 p) { return p.xy; }")
    (folder / "assets" / "flat.js").write_text(flat, encoding="utf-8")
    page = (folder / "net" / "viewer" / "index.html").read_text(encoding="utf-8")
    (folder / "flat" / "viewer").mkdir(parents=True)
    page = page.replace(script.name, "flat.js")
    (folder / "flat" / "viewer" / "index.html").write_text(page, encoding="utf-8")


@pytest.fixture(scope="module")
def bases(root: Path) -> Iterator[dict[str, str]]:
    """The site from disk, and below a path of a host."""
    with served(root.parent) as address:
        yield {"file": f"{root.as_uri()}/", "http": f"{address}below/"}


@pytest.mark.parametrize("way", ["file", "http"])
def test_it_draws_and_asks_nobody_else(browser: Browser, bases: dict[str, str], way: str) -> None:
    show(browser, bases[way] + "net/viewer/index.html")
    picture = pixels(browser)
    assert (picture.max(axis=2) > 60).mean() > 0.02
    assert browser.errors() == []
    asked = browser.requests()
    assert asked
    assert [one for one in asked if not one.startswith(bases[way])] == []


@pytest.mark.parametrize("slug", ["net", "few"])
def test_it_shines_as_the_still_picture_does(
    browser: Browser, bases: dict[str, str], slug: str
) -> None:
    """Nothing jumps when the light takes the picture's place."""
    show(browser, bases["file"] + f"{slug}/viewer/index.html")
    live = pixels(browser)
    hide = "[data-light] { opacity: 0 !important; } .canvas img { opacity: 1 !important; }"
    run(
        browser,
        f"const s = new CSSStyleSheet(); s.replaceSync({json.dumps(hide)});"
        "document.adoptedStyleSheets = [s]",
    )
    browser.until("getComputedStyle(document.querySelector('[data-light]')).opacity === '0'")
    browser.until("getComputedStyle(document.querySelector('.canvas img')).opacity === '1'")
    picture_only = shot(browser)
    lit = picture_only.max(axis=2) > 60
    # The picture's lines are narrower than a pixel here, for the browser has made it smaller.
    assert 0.8 < live[lit].mean() / picture_only[lit].mean() < 1.4
    assert np.corrcoef(live.ravel(), picture_only.ravel())[0, 1] > 0.9


def test_browser_reads_what_python_wrote(
    browser: Browser, bases: dict[str, str], layout: tuple[Layout, bytes]
) -> None:
    show(browser, bases["file"] + "net/viewer/index.html")
    graph = layout[0].graph
    read = run(
        browser,
        "const g = GalleryViewer.app.graph; return {ids: [...g.ids], operator: [...g.operator],"
        " pairs: [...g.pairs], read: [...g.read], sent: [...g.sent], forward: [...g.forward],"
        " rows: [...g.rows(0)], x: [...g.x], y: [...g.y],"
        " feeds: [...g.ids].map((v) => [...g.readersOf(v)]),"
        " boxes: [...g.ids].map((v) => g.block(v)?.box ?? [])}",
    )
    n = graph.vertices
    assert n > 100
    assert read["ids"] == list(range(n))
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


def test_the_wave_follows_the_order(browser: Browser, bases: dict[str, str]) -> None:
    show(browser, bases["file"] + "net/viewer/index.html")
    calm = pixels(browser)
    run(browser, "GalleryViewer.app.play.go(0.3)")
    early = pixels(browser)
    run(browser, "GalleryViewer.app.play.go(0.8)")
    late = pixels(browser)
    assert min(differ(calm, early), differ(early, late)) > 0.2
    label = find(browser, "play-label").text
    assert label.startswith("backward")
    find(browser, "play-button").click()
    browser.until("GalleryViewer.app.play.time > 0.82")
    find(browser, "play-button").click()
    assert run(browser, "return GalleryViewer.app.play.last") is None


def test_the_player_has_the_clock_of_the_run(
    browser: Browser, bases: dict[str, str], execution: Execution
) -> None:
    show(browser, bases["file"] + "timed/viewer/index.html#time=0.25")
    clock = run(
        browser,
        "const {clock} = GalleryViewer.app.graph; return {start: [...clock.start],"
        " compute: [...clock.compute], bytes: [...clock.bytes], moments: [...clock.moments()]}",
    )
    whole, steps, part = execution.seconds, execution.steps, 1 / 65_535
    start = np.append(execution.step_start, whole) / whole
    np.testing.assert_allclose(clock["start"], start, atol=1e-7)
    computing = execution.step_start + execution.step_sync + execution.step_exchange
    np.testing.assert_allclose(clock["compute"], computing / whole, atol=1e-7)
    np.testing.assert_allclose(clock["bytes"], held(execution.memory), atol=4)
    moments = np.array(clock["moments"]).reshape(-1, 4) * part
    late = moments[:, 0] - execution.vertex_start / whole
    working = execution.vertex_time > 0
    slack = (execution.step_compute / whole / 255 + 2 * part)[execution.vertex_step]
    assert (np.abs(late) < slack)[working].all()
    parameters = execution.vertex_held == Held.PARAMETERS
    np.testing.assert_array_equal(moments[:, 2] == 0, parameters)
    # What glows when most is in memory is what is in memory then.
    now = start[execution.peak_step + 1] - 3 * part
    alive = (moments[:, 2] <= now) & (now < moments[:, 3])
    alive &= execution.graph.vertex_pass != 2
    np.testing.assert_array_equal(alive, execution.alive())
    # The strip shows each part of the run by its share of the pixels.
    shares = run(
        browser,
        "const {strip} = GalleryViewer.app.play, {canvas} = strip;"
        "const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, 20);"
        "return ['part0', 'part1', 'part2'].map((name) => {"
        " const wanted = strip.colourOf(name).match(/\\d+/g).map(Number); let count = 0;"
        " for (let i = 0; i < data.length; i += 4)"
        "  count += wanted.every((one, k) => Math.abs(one - data[i + k]) < 9);"
        " return 4 * count / data.length; })",
    )
    numbers = summary(execution)
    true = [numbers.compute, numbers.exchange, numbers.sync]
    np.testing.assert_allclose(shares, np.array(true) / whole, atol=0.06)
    step = int(np.searchsorted(start, 0.25, side="right")) - 1
    shown = find(browser, "play-numbers").text
    assert shown.endswith(f"step {step + 1}/{steps}")
    number, unit = shown.split()[:2]
    assert float(number) * {"µs": 1e-6, "ms": 1e-3}[unit] == pytest.approx(whole / 4, rel=0.01)
    assert browser.errors() == []


def test_the_strip_seeks_and_what_is_in_memory_glows(
    browser: Browser, bases: dict[str, str]
) -> None:
    show(browser, bases["file"] + "timed/viewer/index.html")
    boxes = (
        "return ['stage', 'play', 'strip', 'held'].map((one) =>"
        " Object.values(document.querySelector(`[data-${one}]`).getBoundingClientRect().toJSON()))"
    )
    before, time = run(browser, boxes), "return GalleryViewer.app.play.time"
    slider = find(browser, "play-slider")
    slider.click()
    assert run(browser, time) == pytest.approx(0.5, abs=0.01)
    glowing = pixels(browser)
    find(browser, "held").click()
    assert differ(glowing, pixels(browser)) > 0.2
    find(browser, "stage").send_keys("m")
    assert differ(glowing, pixels(browser)) < 0.02
    computing = run(browser, "return [...GalleryViewer.app.graph.clock.compute]")
    slider.send_keys(Keys.HOME)
    assert run(browser, time) == 0
    slider.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_LEFT)
    assert run(browser, time) == computing[1]
    said = slider.get_attribute("aria-valuetext")
    assert f"step 2/{len(computing)}, forward: " in str(said)
    slider.send_keys(Keys.END)
    assert find(browser, "play-label").text == "update"
    assert run(browser, boxes) == before
    find(browser, "play-button").click()
    browser.until("GalleryViewer.app.play.time < 0.5 && GalleryViewer.app.play.time > 0.01")
    slider.send_keys(" ")
    assert run(browser, "return GalleryViewer.app.play.last") is None
    browser.until("location.hash.includes('time=0.')")
    slider.send_keys(Keys.ESCAPE)
    assert run(browser, time) == -1
    assert browser.errors() == []


def test_reduced_motion_moves_in_steps(browser: Browser, bases: dict[str, str]) -> None:
    features = [{"name": "prefers-reduced-motion", "value": "reduce"}]
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    try:
        show(browser, bases["file"] + "net/viewer/index.html")
        find(browser, "play-button").click()
        assert run(browser, "return GalleryViewer.app.play.last") is None
        assert run(browser, "return GalleryViewer.app.play.time") > 0
        find(browser, "stage").send_keys("n")
        assert run(browser, "return GalleryViewer.app.camera.flight") is None
        find(browser, "turn").click()
        lean = "return [GalleryViewer.app.space.tilt, GalleryViewer.app.space.turn]"
        assert run(browser, lean) == [55, 30]
        assert not run(browser, "return GalleryViewer.app.tilt.turning")
        find(browser, "tilt").click()
        assert run(browser, lean) == [0, 0]
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_from_above_it_is_the_flat_picture_to_the_pixel(
    browser: Browser, bases: dict[str, str]
) -> None:
    show(browser, bases["file"] + "flat/viewer/index.html")
    flat = exact(browser)
    show(browser, bases["file"] + "net/viewer/index.html")
    assert exact(browser) == flat
    run(browser, "GalleryViewer.app.tilt.go(55, 40)")
    assert exact(browser) != flat
    run(browser, "GalleryViewer.app.tilt.go(0)")
    assert exact(browser) == flat


def test_tilted_vertices_are_drawn_and_found_where_they_stand(
    browser: Browser, bases: dict[str, str], layout: tuple[Layout, bytes]
) -> None:
    show(browser, bases["file"] + "net/viewer/index.html")
    placed, graph = layout[0], layout[0].graph
    run(browser, "GalleryViewer.app.tilt.go(50, 30)")
    height = heights(graph)[graph.vertex_operator, graph.vertex_pass] - 0.5
    low, high = placed.positions.min(axis=0), placed.positions.max(axis=0)
    x, y = ((placed.positions - (low + high) / 2) / (high - low).max()).T
    tilt, turn = np.radians([50, 30])
    across = x * np.cos(turn) - y * np.sin(turn)
    up = (x * np.sin(turn) + y * np.cos(turn)) * np.cos(tilt) + RISE * height * np.sin(tilt)
    at = "const {space, graph} = GalleryViewer.app; return [...graph.ids].map((v) => space.at(v))"
    seen = np.array(run(browser, at))
    size = np.ptp(seen[:, 0]) / np.ptp(across)
    assert 0.4 < size <= 1
    true = np.stack([across, up], axis=1) * size
    np.testing.assert_allclose(seen - seen.mean(axis=0), true - true.mean(axis=0), atol=1e-3)
    apart = np.linalg.norm(seen[:, None] - seen[None], axis=2) + np.eye(len(seen))
    alone = int(apart.min(axis=1).argmax())
    assert str(graph.operators[graph.vertex_operator[alone]].name) in hover(browser, alone)
    assert aim(browser, seen[alone].tolist(), 300) > 60
    run(browser, "GalleryViewer.app.tilt.go(50, 60)")
    assert aim(browser, seen[alone].tolist(), 300) < 40
    assert browser.errors() == []


def test_by_pass_vertices_stand_in_sheets(
    browser: Browser, bases: dict[str, str], layout: tuple[Layout, bytes]
) -> None:
    show(browser, bases["file"] + "net/viewer/index.html")
    above = exact(browser)
    stage = find(browser, "stage")
    stage.send_keys("h")
    browser.until("GalleryViewer.app.space.tilt === 55")
    graph = layout[0].graph
    height = heights(graph, "pass")[graph.vertex_operator, graph.vertex_pass]
    seen = run(
        browser, "const {z, ids} = GalleryViewer.app.graph; return [...ids].map((_, v) => z[v])"
    )
    np.testing.assert_allclose(np.array(seen) / 65535, height, atol=1e-4)
    browser.until("location.hash.includes('height=pass')")
    sheets = pixels(browser)
    show(browser, browser.driver.current_url)
    assert find(browser, "by-pass").get_attribute("aria-pressed") == "true"
    assert differ(sheets, pixels(browser)) < 0.02
    run(browser, "GalleryViewer.app.tilt.go(0)")
    assert exact(browser) == above
    show(browser, bases["file"] + "few/viewer/index.html")
    assert not find(browser, "by-pass").is_displayed()
    assert browser.errors() == []


def test_tilt_by_keys_is_kept_in_the_address(browser: Browser, bases: dict[str, str]) -> None:
    show(browser, bases["file"] + "net/viewer/index.html")
    stage = find(browser, "stage")
    stage.send_keys("t")
    browser.until("GalleryViewer.app.space.tilt === 55")
    assert find(browser, "tilt").get_attribute("aria-pressed") == "true"
    stage.send_keys(Keys.SHIFT, Keys.ARROW_UP, Keys.ARROW_LEFT)
    stage.send_keys(Keys.NULL)
    lean = "return [GalleryViewer.app.space.tilt, GalleryViewer.app.space.turn]"
    assert run(browser, lean) == [60, 355]
    tilted = pixels(browser)
    browser.until("location.hash.includes('tilt=60%2C355')")
    show(browser, browser.driver.current_url)
    assert differ(tilted, pixels(browser)) < 0.02
    find(browser, "turn").click()
    browser.until("GalleryViewer.app.space.turn < 350")
    find(browser, "turn").click()
    assert not run(browser, "return GalleryViewer.app.tilt.turning")
    find(browser, "tilt").click()
    browser.until("!GalleryViewer.app.tilt.flight")
    assert run(browser, lean) == [0, 0]
    still(browser)
    browser.until("!location.hash.includes('tilt')")
    assert browser.errors() == []


def test_fibres_are_the_curves_of_the_still_picture(
    browser: Browser, bases: dict[str, str], layout: tuple[Layout, bytes]
) -> None:
    show(browser, bases["file"] + "halves/viewer/index.html")
    placed = replace(layout[0], arrangement="hemispheres")
    found = fibres(placed)
    count = "const {renderer} = GalleryViewer.app; return renderer.fibres"
    assert run(browser, count) == len(found.edges) > 50
    low = placed.positions.min(axis=0)
    side = (placed.positions.max(axis=0) - low).max()
    sources, readers = placed.graph.sources[found.edges].tolist(), found.readers.tolist()
    told = run(
        browser,
        f"const s = {sources}, r = {readers};"
        "return s.map((v, k) => GalleryViewer.app.space.controls(v, r[k]))",
    )
    np.testing.assert_allclose(told, (found.controls - low) / side, atol=1e-4)
    # Of fibres alone, there is light half way along one, where they would leave none if they did
    # not gather.
    middles = (found.curves(placed, np.array([0.5], np.float32))[:, 0] - low) / side
    loose = found.controls.copy()
    loose[:, :, 1] = (placed.positions[sources, 1] + placed.positions[readers, 1])[:, None] / 2
    places = np.linspace(0, 1, 50, dtype=np.float32)
    others = (replace(found, controls=loose).curves(placed, places).reshape(-1, 2) - low) / side
    gaps = np.linalg.norm(middles[:, None] - others, axis=2).min(axis=1)
    far = int(gaps.argmax())
    assert gaps[far] > 0.01
    run(
        browser,
        "const {renderer} = GalleryViewer.app, {gl} = renderer;"
        "const draw = gl.drawArrays.bind(gl), bind = renderer.bind.bind(renderer);"
        "let fibres = false;"
        "renderer.bind = (one) => { fibres = one === renderer.curves; bind(one); };"
        "gl.drawArrays = (shape, first, count) =>"
        " { if (fibres || count === 3) draw(shape, first, count); };",
    )
    assert aim(browser, middles[far].tolist(), 8) > 15
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
    assert _NASTY in find(browser, "card-body").text
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
