"""The pages in a real browser: from disk and from a host, with and without scripts."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from tests.browser.chromium import Browser

pytestmark = pytest.mark.browser

_PAGES = (
    "index.html",
    "alpha/index.html",
    "gamma/index.html",
    "hostile/index.html",
    "broken/index.html",
    "compare/index.html?a=alpha&b=beta",
    "how-to-read/index.html",
    "404.html",
)


@pytest.mark.parametrize("way", ["file", "http"])
@pytest.mark.parametrize("page", _PAGES)
def test_no_error_and_no_outside_request(
    browser: Browser, addresses: dict[str, str], way: str, page: str
) -> None:
    browser.open(addresses[way] + page)
    for image in browser.driver.find_elements(By.TAG_NAME, "img"):
        browser.driver.execute_script("arguments[0].loading = 'eager'", image)
    browser.until("[...document.images].every((image) => image.complete)")
    broken = "[...document.images].filter((i) => !i.naturalWidth && i.offsetParent).length"
    assert browser.driver.execute_script(f"return {broken}") == 0
    assert [one for one in browser.errors() if "favicon.ico" not in one] == []
    asked = [one for one in browser.requests() if not one.startswith("data:")]
    assert asked
    base = addresses[way]
    assert [one for one in asked if not one.startswith(base) and "favicon.ico" not in one] == []


@pytest.mark.parametrize("width", [390, 820, 1440])
@pytest.mark.parametrize("page", _PAGES)
def test_nothing_is_wider_than_the_screen(
    browser: Browser, addresses: dict[str, str], width: int, page: str
) -> None:
    browser.open(addresses["file"] + page, width=width)
    root = "document.documentElement"
    assert browser.driver.execute_script(f"return {root}.scrollWidth") <= width


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("page", _PAGES)
def test_axe_finds_nothing(
    browser: Browser, addresses: dict[str, str], axe: str, theme: str, page: str
) -> None:
    browser.open(addresses["file"] + page)
    browser.driver.execute_script("document.documentElement.dataset.theme = arguments[0]", theme)
    # On its way from one theme to the other a colour has the contrast of neither.
    browser.driver.execute_script(
        "document.getAnimations().filter((one) => one instanceof CSSTransition)"
        ".forEach((one) => one.finish())"
    )
    browser.driver.execute_script(axe)
    result: dict[str, Any] = browser.driver.execute_async_script(
        "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then(done)"
    )
    found = [
        (one["id"], node["html"][:200], node["failureSummary"])
        for one in result["violations"]
        for node in one["nodes"]
    ]
    assert found == []


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_theme_follows_the_system_until_it_is_chosen(
    browser: Browser, addresses: dict[str, str], scheme: str
) -> None:
    features = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", features)
    browser.open(addresses["http"] + "404.html")
    browser.driver.execute_script("localStorage.clear()")
    browser.driver.refresh()
    ground = "return getComputedStyle(document.body).backgroundColor"
    first = browser.driver.execute_script(ground)
    assert (first == "rgb(0, 0, 0)") == (scheme == "dark")
    browser.driver.find_element(By.CSS_SELECTOR, "[data-theme-toggle]").click()
    chosen = browser.driver.execute_script(ground)
    assert chosen != first
    browser.open(addresses["http"] + "index.html")
    assert browser.driver.execute_script(ground) == chosen
    browser.driver.execute_script("localStorage.clear()")


def test_other_scans_come_to_the_stage(browser: Browser, addresses: dict[str, str]) -> None:
    browser.open(addresses["file"] + "alpha/index.html")
    link = browser.driver.find_element(By.CSS_SELECTOR, "[data-scan=color-flops]")
    link.send_keys(Keys.ENTER)
    caption = browser.driver.find_element(By.CSS_SELECTOR, "[data-hero-caption]")
    assert caption.text == "The scan called color-flops"
    assert browser.driver.current_url.endswith("#scan=color-flops")
    keys = browser.driver.find_elements(By.CSS_SELECTOR, "[data-key]")
    assert [key.get_attribute("data-key") for key in keys if key.is_displayed()] == ["color-flops"]
    browser.driver.refresh()
    caption = browser.driver.find_element(By.CSS_SELECTOR, "[data-hero-caption]")
    assert caption.text == "The scan called color-flops"


def test_diagram_pans_and_zooms_by_keyboard(browser: Browser, addresses: dict[str, str]) -> None:
    browser.open(addresses["file"] + "alpha/index.html")
    image = browser.driver.find_element(By.CSS_SELECTOR, "[data-panzoom] img")
    browser.driver.find_element(By.CSS_SELECTOR, "[data-panzoom] a").send_keys("+")
    zoomed = image.value_of_css_property("transform")
    assert zoomed.startswith("matrix(1.4, ")
    browser.driver.find_element(By.CSS_SELECTOR, "[data-panzoom] a").send_keys(Keys.ARROW_RIGHT)
    assert image.value_of_css_property("transform") != zoomed
    browser.driver.find_element(By.CSS_SELECTOR, "[data-panzoom] a").send_keys("0")
    assert image.value_of_css_property("transform") == "matrix(1, 0, 0, 1, 0, 0)"


def test_a_diagram_as_thin_as_a_thread_scrolls(browser: Browser, addresses: dict[str, str]) -> None:
    browser.open(addresses["file"] + "alpha/index.html")
    board = browser.driver.find_element(By.CSS_SELECTOR, "[data-panzoom]")
    again = (
        "const board = document.querySelector('[data-panzoom]');"
        "const image = board.querySelector('img');"
        "board.classList.remove('live'); image.setAttribute('height', arguments[0]);"
        "image.setAttribute('width', 460); dispatchEvent(new Event('DOMContentLoaded'));"
    )
    for height, zooms in ((572_540, False), (4_600, True)):
        browser.driver.execute_script(again, height)
        assert ("live" in board.get_attribute("class").split()) == zooms


def test_compare_shows_both_and_zooms_in_step(browser: Browser, addresses: dict[str, str]) -> None:
    browser.open(addresses["file"] + "compare/index.html?a=alpha")
    Select(browser.driver.find_element(By.NAME, "b")).select_by_value("gamma")
    browser.until("document.querySelectorAll('.pair img').length === 2")
    assert browser.driver.current_url.endswith("?a=alpha&b=gamma")
    row = browser.driver.find_element(By.CSS_SELECTOR, "[data-field=macs]")
    assert "differs" in (row.get_attribute("class") or "")
    assert [one.text for one in row.find_elements(By.TAG_NAME, "td")] == [
        "4.09 G",
        "unknown",
    ]
    same = browser.driver.find_element(By.CSS_SELECTOR, "[data-field=vertices]")
    assert "differs" not in (same.get_attribute("class") or "")
    groups = browser.driver.find_elements(By.CSS_SELECTOR, "[data-operators] section")
    assert [one.text.split("\n") for one in groups] == [
        ["Only in The alpha net", "Add", "16", "Conv", "53", "Gemm", "1", "Relu", "49"]
    ]
    browser.driver.find_element(By.CSS_SELECTOR, ".pair .tools button").click()
    images = browser.driver.find_elements(By.CSS_SELECTOR, ".pair img")
    moves = [image.value_of_css_property("transform") for image in images]
    assert moves[0] == moves[1]
    assert moves[0].startswith("matrix(1.6, ")
    assert browser.errors() == []


def test_compare_draws_two_runs_on_one_axis(browser: Browser, addresses: dict[str, str]) -> None:
    browser.open(addresses["file"] + "compare/index.html?a=alpha&b=beta")
    browser.until("!document.querySelector('[data-runs]').hidden")
    runs = browser.driver.find_element(By.CSS_SELECTOR, "[data-runs]")
    text = runs.find_element(By.TAG_NAME, "p").text
    assert "The alpha net is 3 times as fast." in text
    assert "modelled, not measured" in text
    for chart in runs.find_elements(By.CSS_SELECTOR, "[data-chart]"):
        boxes = chart.find_elements(By.CSS_SELECTOR, "svg")
        assert [float((one.get_attribute("width") or "")[:-1]) for one in boxes] == [
            pytest.approx(100 / 3, rel=1e-3),
            100.0,
        ]
    time = browser.driver.find_element(By.CSS_SELECTOR, "[data-field=time]")
    assert time.find_elements(By.TAG_NAME, "td")[1].text.endswith(" 3×")
    Select(browser.driver.find_element(By.NAME, "b")).select_by_value("gamma")
    browser.until("document.querySelector('[data-runs]').hidden")
    assert browser.errors() == []


@pytest.mark.parametrize(
    "page",
    ["alpha/index.html", "index.html?view=table", "compare/index.html", "how-to-read/index.html"],
)
def test_keyboard_reaches_everything(
    browser: Browser, addresses: dict[str, str], page: str
) -> None:
    browser.open(addresses["file"] + page)
    if "table" in page:
        browser.until("document.querySelectorAll('[data-lines] tr').length")
    wanted = browser.driver.execute_script(
        "const all = 'a[href], button, summary, select, input:not([type=radio]), [tabindex=\"0\"]';"
        "return [...document.querySelectorAll(all)].filter((one) => one.checkVisibility()).length"
    )
    browser.driver.execute_script(
        "window.met = new Map(); document.addEventListener('focusin', ({target}) =>"
        " met.set(target, getComputedStyle(target).outlineStyle))"
    )
    ActionChains(browser.driver).send_keys(Keys.TAB * (wanted + 3)).perform()
    reached = browser.driver.execute_script("return [...met.values()]")
    # A radio button's ring is drawn about its label.
    unseen = browser.driver.execute_script(
        "return [...met].filter(([one, ring]) => ring === 'none' && one.type !== 'radio')"
        ".map(([one]) => one.outerHTML)"
    )
    assert len(reached) >= wanted
    assert unseen == []


def test_skip_link_is_first(browser: Browser, addresses: dict[str, str]) -> None:
    browser.open(addresses["file"] + "index.html")
    browser.driver.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    first = browser.driver.switch_to.active_element
    assert first.get_attribute("class") == "skip"
    assert first.rect["x"] >= 0


def test_complete_without_scripts(browser: Browser, addresses: dict[str, str]) -> None:
    switch = "Emulation.setScriptExecutionDisabled"
    browser.driver.execute_cdp_cmd(switch, {"value": True})
    try:
        browser.open(addresses["file"] + "index.html")
        assert len(browser.driver.find_elements(By.CSS_SELECTOR, "[data-cards] > li")) == 5
        assert not browser.driver.find_element(By.CSS_SELECTOR, ".controls").is_displayed()
        for model, fact in (
            ("alpha", "25,557,032"),
            ("beta", "102,228,128"),
            ("gamma", "unknown"),
            ("hostile", "25,557,032"),
        ):
            browser.open(f"{addresses['file']}{model}/index.html")
            assert browser.driver.find_element(By.CSS_SELECTOR, ".hero img").is_displayed()
            assert fact in browser.driver.find_element(By.CSS_SELECTOR, ".facts").text
            assert not browser.driver.find_elements(By.CSS_SELECTOR, ".tools")
        browser.open(addresses["file"] + "broken/index.html")
        assert "Git LFS" in browser.driver.find_element(By.CSS_SELECTOR, ".failure").text
    finally:
        browser.driver.execute_cdp_cmd(switch, {"value": False})


@pytest.mark.parametrize("page", _PAGES)
def test_nothing_moves_while_a_page_loads_slowly(
    browser: Browser, addresses: dict[str, str], page: str
) -> None:
    browser.open("about:blank")
    with _slow_network(browser):
        browser.open(addresses["http"] + page)
        browser.until("document.readyState === 'complete'")
    shifts = browser.driver.execute_async_script(
        "const done = arguments[0]; const found = [];"
        "const name = ({node, previousRect, currentRect}) => [(node?.outerHTML ??"
        " node?.parentElement?.outerHTML ?? '').slice(0, 120), previousRect, currentRect];"
        "const add = (list) => list.getEntries().forEach((one) => {"
        " found.push([one.value, ...one.sources.map(name)]); });"
        "new PerformanceObserver(add).observe({type: 'layout-shift', buffered: true});"
        "requestAnimationFrame(() => requestAnimationFrame(() => done(found)))"
    )
    assert sum(value for value, *_ in shifts) < 0.0001, shifts


@pytest.mark.parametrize("page", _PAGES)
def test_the_scrollbar_has_its_place_from_the_start(
    browser: Browser, addresses: dict[str, str], page: str
) -> None:
    browser.open(addresses["file"] + page)
    places = browser.driver.execute_script(
        "const place = () => document.querySelector('nav').getBoundingClientRect().right;"
        "const tall = place();"
        "for (const one of document.querySelectorAll('main, footer')) one.style.display = 'none';"
        "return [tall, place()];"
    )
    assert places[0] == places[1]


@contextmanager
def _slow_network(browser: Browser) -> Iterator[None]:
    """Let pages come slowly enough that the browser paints them by halves."""
    command = browser.driver.execute_cdp_cmd
    command("Network.setCacheDisabled", {"cacheDisabled": True})
    _network(browser, latency=20, rate=60_000)
    try:
        yield
    finally:
        _network(browser, latency=0, rate=-1)
        command("Network.setCacheDisabled", {"cacheDisabled": False})


def _network(browser: Browser, *, latency: float, rate: float) -> None:
    """Let the network have a latency in ms and a rate in bytes/s; -1 is no limit."""
    settings = {"offline": False, "latency": latency}
    settings |= {"downloadThroughput": rate, "uploadThroughput": rate}
    browser.driver.execute_cdp_cmd("Network.emulateNetworkConditions", settings)


def test_figures_of_the_lesson_are_there(browser: Browser, addresses: dict[str, str]) -> None:
    browser.open(addresses["file"] + "how-to-read/index.html")
    assert len(browser.driver.find_elements(By.CSS_SELECTOR, ".shot")) == 6
    marks = browser.driver.find_element(By.CSS_SELECTOR, ".marks")
    picture = browser.driver.find_element(By.CSS_SELECTOR, ".lens:has(.marks) img")
    for side in ("x", "y", "width", "height"):
        assert abs(marks.rect[side] - picture.rect[side]) < 1
    charts = browser.driver.find_elements(By.CSS_SELECTOR, ".lesson > .run .run-chart")
    assert len(charts) == 2
    words, run = (
        _box(browser, ".lesson:has(> .run) > div:first-child"),
        _box(browser, ".lesson > .run"),
    )
    assert min(abs(words["left"] - run["right"]), abs(run["left"] - words["right"])) > 0
    assert run["top"] < words["bottom"]
    assert words["top"] < run["bottom"]


def test_a_tablet_has_two_cards_beside_each_other(
    browser: Browser, addresses: dict[str, str]
) -> None:
    browser.open(addresses["file"] + "index.html", width=768)
    first, second, third = (_box(browser, f".card:nth-child({n})") for n in (1, 2, 3))
    assert first["top"] == second["top"]
    assert first["right"] < second["left"]
    assert third["top"] > first["top"]


def _media(browser: Browser, kind: str = "", **features: str) -> None:
    """Let the browser take a medium and preferences for the visitor's."""
    listed = [{"name": name.replace("_", "-"), "value": one} for name, one in features.items()]
    browser.driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"media": kind, "features": listed}
    )


def test_paper_has_the_scan_and_the_facts_alone(
    browser: Browser, addresses: dict[str, str]
) -> None:
    browser.open(addresses["file"] + "alpha/index.html")
    _media(browser, "print")
    try:
        seen = {
            name: browser.driver.find_element(By.CSS_SELECTOR, name).is_displayed()
            for name in (".hero img", ".facts", ".prose", ".top nav", ".variants", ".take")
        }
        ground = "return getComputedStyle(document.querySelector('.stage')).backgroundColor"
        assert browser.driver.execute_script(ground) == "rgb(255, 255, 255)"
    finally:
        _media(browser)
    assert seen == {
        ".hero img": True,
        ".facts": True,
        ".prose": True,
        ".top nav": False,
        ".variants": False,
        ".take": False,
    }


def _box(browser: Browser, selector: str) -> dict[str, float]:
    box: dict[str, float] = browser.driver.execute_script(
        "return document.querySelector(arguments[0]).getBoundingClientRect().toJSON()", selector
    )
    return box


def test_on_paper_no_word_is_broken_and_no_table_cut(
    browser: Browser, addresses: dict[str, str]
) -> None:
    # An A4 sheet between Chromium's margins.
    browser.open(addresses["file"] + "alpha/index.html", width=718)
    _media(browser, "print")
    try:
        lines = browser.driver.execute_script(
            "return [...document.querySelectorAll('.card dt')].map((one) => {"
            "const r = new Range(); r.selectNodeContents(one); return r.getClientRects().length})"
        )
        wider = browser.driver.execute_script(
            "return [...document.querySelectorAll('.scroll')]"
            ".filter((one) => one.scrollWidth > one.clientWidth).length"
        )
        diagram = browser.driver.find_element(By.CSS_SELECTOR, ".diagram").is_displayed()
    finally:
        _media(browser)
    assert set(lines) == {1}
    assert wider == 0
    assert not diagram


def test_on_paper_each_lesson_has_its_figure_beside_it(
    browser: Browser, addresses: dict[str, str]
) -> None:
    browser.open(addresses["file"] + "how-to-read/index.html", width=718)
    _media(browser, "print")
    try:
        words, figure = (_box(browser, f".lesson > {one}") for one in ("div", "figure"))
        mark = browser.driver.find_element(By.CSS_SELECTOR, ".marks path")
        tone = mark.value_of_css_property("stroke")
    finally:
        _media(browser)
    assert figure["left"] >= words["right"]
    assert figure["top"] < words["bottom"]
    assert tone == "rgb(255, 184, 107)"


def test_edges_meet(browser: Browser, addresses: dict[str, str]) -> None:
    base = addresses["file"]
    browser.open(base + "how-to-read/index.html", width=1440)
    first, second = (
        (
            _box(browser, f".blocks > :nth-child({n}) svg"),
            _box(browser, f".blocks > :nth-child({n}) p"),
        )
        for n in (1, 2)
    )
    assert first[0]["bottom"] == pytest.approx(second[0]["bottom"], abs=0.5)
    assert first[1]["top"] == pytest.approx(second[1]["top"], abs=0.5)
    assert _box(browser, ".bottom p:last-child")["right"] == pytest.approx(
        _box(browser, ".bottom a:last-child")["right"], abs=0.5
    )
    browser.open(base + "alpha/index.html", width=1440)
    title, facts = _box(browser, ".label h1"), _box(browser, ".facts")
    assert facts["left"] == pytest.approx(title["left"], abs=0.5)
    assert facts["right"] == pytest.approx(_box(browser, ".numbers")["right"], abs=0.5)
    browser.open(base + "404.html", width=1440)
    assert _box(browser, "h1")["left"] == _box(browser, ".wordmark")["left"]


@pytest.mark.parametrize(("theme", "ground"), [("dark", (8, 9, 12)), ("light", (245, 246, 249))])
def test_the_diagram_has_the_ground_of_the_page(
    browser: Browser, addresses: dict[str, str], theme: str, ground: tuple[int, int, int]
) -> None:
    browser.open(addresses["file"] + "alpha/index.html")
    browser.driver.execute_script("document.documentElement.dataset.theme = arguments[0]", theme)
    board = browser.driver.find_element(By.CSS_SELECTOR, ".diagram .board")
    browser.driver.execute_script("arguments[0].scrollIntoView()", board)
    browser.until("document.querySelector('.diagram img').complete")
    seen = Image.open(io.BytesIO(board.screenshot_as_png)).convert("RGB")
    shades = seen.getcolors(seen.width * seen.height)
    assert max(shades or ())[1] == ground


def test_in_forced_colours_what_is_chosen_differs(
    browser: Browser, addresses: dict[str, str]
) -> None:
    def colours(chosen: str, other: str, kind: str) -> set[str]:
        found = (browser.driver.find_element(By.CSS_SELECTOR, one) for one in (chosen, other))
        return {one.value_of_css_property(kind) for one in found}

    try:
        browser.open(addresses["file"] + "index.html")
        _media(browser, forced_colors="active")
        fieldset = ".controls fieldset"
        one, other = f"{fieldset} :checked + span", f"{fieldset} :not(:checked) + span"
        assert len(colours(one, other, "border-bottom-color")) == 2
        link = ".top a:not(.wordmark)"
        lines = colours(
            f"{link}[aria-current]", f"{link}:not([aria-current])", "text-decoration-line"
        )
        assert lines == {"underline", "none"}
        browser.open(addresses["file"] + "alpha/index.html")
        one, other = (
            f".variants {a} .caption" for a in ("[aria-current]", "a:not([aria-current])")
        )
        assert len(colours(one, other, "border-top-color")) == 2
        browser.open(addresses["file"] + "gamma/index.html")
        one, other = (f".switch button[aria-pressed={a}]" for a in ("true", "false"))
        assert len(colours(one, other, "background-color")) == 2
    finally:
        _media(browser)


def test_who_wants_no_motion_gets_none(browser: Browser, addresses: dict[str, str]) -> None:
    duration = "return getComputedStyle(document.querySelector('.frame img')).transitionDuration"
    browser.open(addresses["file"] + "index.html")
    assert browser.driver.execute_script(duration) != "0s"
    _media(browser, prefers_reduced_motion="reduce")
    try:
        assert browser.driver.execute_script(duration) == "0s"
    finally:
        _media(browser)


def test_the_switch_shows_the_facts_and_the_scan_of_an_export(
    browser: Browser, addresses: dict[str, str]
) -> None:
    def state() -> list[Any]:
        script = """return [
            [...document.querySelectorAll("[data-export]")].filter((one) => !one.hidden)
                .map((one) => one.dataset.export).join(),
            document.querySelector("[data-row].here").dataset.row,
            document.querySelector("[data-choose][aria-pressed=true]").dataset.choose,
            document.querySelector("[data-scan][aria-current]").dataset.scan, location.hash]"""
        found: list[Any] = browser.driver.execute_script(script)
        return found

    def press(name: str) -> None:
        browser.driver.execute_script(
            "document.querySelector(`[data-choose=${arguments[0]}]`).click()", name
        )

    browser.open(addresses["http"] + "gamma/index.html")
    assert state() == [*["gamma"] * 3, "hero", ""]
    press("low")
    assert state() == [*["low"] * 3, "export-low", "#scan=export-low"]
    press("gamma")
    assert state() == [*["gamma"] * 3, "hero", ""]
    press("away")
    assert state() == [*["away"] * 3, "hero", "#export=away"]
    browser.open(addresses["http"] + "low/index.html")
    browser.until("location.pathname.endsWith('/gamma/index.html')")
    assert state()[:4] == [*["low"] * 3, "export-low"]


@pytest.mark.parametrize(
    ("text", "follows"), [("A small model.", "right"), ("\u05de\u05d5\u05d3\u05dc.", "left")]
)
def test_a_full_stop_follows_its_sentence(
    browser: Browser, addresses: dict[str, str], text: str, follows: str
) -> None:
    browser.open(addresses["file"] + "alpha/index.html")
    first, last = browser.driver.execute_script(
        "const place = document.querySelector('.prose > p'); place.textContent = arguments[0];"
        "return [0, arguments[0].length - 1].map((at) => { const range = new Range();"
        "range.setStart(place.firstChild, at); range.setEnd(place.firstChild, at + 1);"
        "return range.getBoundingClientRect().left; })",
        text,
    )
    assert (last > first) == (follows == "right")
