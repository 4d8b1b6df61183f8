"""The pages in a real browser: from disk and from a host, with and without scripts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from gallery.publish import ImageFile
from tests.browser.chromium import Browser
from tests.publish.sample_exhibits import make_index, make_pictures

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


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> tuple[ImageFile, ...]:
    return make_pictures(tmp_path_factory.mktemp("pictures"))


def _until(browser: Browser, condition: str) -> None:
    """Wait until a JavaScript expression is true."""
    WebDriverWait(browser.driver, 10, poll_frequency=0.02).until(
        lambda driver: driver.execute_script(f"return Boolean({condition})")
    )


def _shown(browser: Browser) -> list[str]:
    """Slugs of the cards that the index shows, in order."""
    script = "return [...document.querySelectorAll('[data-cards] > li')].map((c) => c.dataset.slug)"
    shown: list[str] = browser.driver.execute_script(script)
    return shown


@pytest.mark.parametrize("way", ["file", "http"])
@pytest.mark.parametrize("page", _PAGES)
def test_no_error_and_no_outside_request(
    browser: Browser, addresses: dict[str, str], way: str, page: str
) -> None:
    browser.open(addresses[way] + page)
    for image in browser.driver.find_elements(By.TAG_NAME, "img"):
        browser.driver.execute_script("arguments[0].loading = 'eager'", image)
    _until(browser, "[...document.images].every((image) => image.complete)")
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


def test_search_filter_and_sort_are_in_the_address(
    browser: Browser, addresses: dict[str, str]
) -> None:
    browser.open(addresses["file"] + "index.html")
    everything = _shown(browser)
    box = browser.driver.find_element(By.NAME, "q")
    box.send_keys("lovelace")
    _until(browser, "document.querySelector('.found').textContent.startsWith('2 of 5')")
    assert sorted(_shown(browser)) == ["alpha", "beta"]
    Select(browser.driver.find_element(By.NAME, "sort")).select_by_value("parameters")
    _until(browser, "document.querySelector('[data-cards] > li').dataset.slug === 'beta'")
    assert "q=lovelace" in browser.driver.current_url
    assert "sort=parameters" in browser.driver.current_url
    browser.driver.refresh()
    _until(browser, "document.querySelectorAll('[data-cards] > li').length === 2")
    assert _shown(browser) == ["beta", "alpha"]
    box = browser.driver.find_element(By.NAME, "q")
    box.send_keys(" nothinglikeit")
    _until(browser, "!document.querySelector('[data-nothing]').hidden")
    browser.driver.find_element(By.CSS_SELECTOR, "[data-clear]").click()
    _until(browser, "location.search === '?sort=parameters'")
    assert sorted(_shown(browser)) == sorted(everything)
    Select(browser.driver.find_element(By.NAME, "sort")).select_by_value("")
    _until(browser, "location.search === ''")
    assert _shown(browser) == everything
    assert browser.errors() == []


def test_search_finds_operators_and_prose(browser: Browser, addresses: dict[str, str]) -> None:
    browser.open(addresses["file"] + "index.html?q=gemm")
    _until(browser, "document.querySelectorAll('[data-cards] > li').length === 2")
    browser.open(addresses["file"] + "index.html?q=computes")
    _until(browser, "document.querySelectorAll('[data-cards] > li').length === 2")


def test_table_shows_the_same_models(browser: Browser, addresses: dict[str, str]) -> None:
    browser.open(addresses["file"] + "index.html")
    before = _shown(browser)
    browser.driver.find_element(By.CSS_SELECTOR, "[name=view][value=table]").send_keys(Keys.SPACE)
    _until(browser, "document.querySelectorAll('[data-lines] tr').length")
    assert _lines(browser) == before
    assert not browser.driver.find_element(By.CSS_SELECTOR, "[data-cards]").is_displayed()
    assert "view=table" in browser.driver.current_url
    head = browser.driver.find_element(By.CSS_SELECTOR, "[data-by=parameters]")
    head.find_element(By.TAG_NAME, "button").click()
    _until(browser, "document.querySelector('[data-by=parameters]').ariaSort === 'descending'")
    assert _lines(browser)[0] == "beta"
    head.find_element(By.TAG_NAME, "button").click()
    _until(browser, "document.querySelector('[data-by=parameters]').ariaSort === 'ascending'")
    # What has no parameters stands last in either direction.
    assert [_lines(browser)[i] for i in (-2, -1)] == ["beta", "broken"]
    assert "sort=-parameters" in browser.driver.current_url


def _lines(browser: Browser) -> list[str]:
    """Slugs of the rows of the table, in order."""
    script = "return [...document.querySelectorAll('[data-lines] tr')].map((c) => c.dataset.slug)"
    lines: list[str] = browser.driver.execute_script(script)
    return lines


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("operator=Gemm", {"alpha", "beta"}),
        ("family=Residual", {"alpha", "beta"}),
        ("size=3", {"beta"}),
        ("size=2&q=unknown", {"gamma"}),
        ("tag=vision&q=nothinglikeit", set()),
    ],
)
def test_filters_narrow_cards_and_plot(
    browser: Browser, addresses: dict[str, str], query: str, left: set[str]
) -> None:
    browser.open(f"{addresses['file']}index.html?{query}")
    _until(browser, f"document.querySelectorAll('[data-cards] > li').length === {len(left)}")
    assert set(_shown(browser)) == left
    # The numbers of gamma are not known, so that the plot cannot place it.
    lit = "return [...document.querySelectorAll('.scatter a:not(.out)')].map((c) => c.dataset.slug)"
    assert set(browser.driver.execute_script(lit)) == left - {"gamma"}


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


def test_compare_shows_both_and_zooms_in_step(browser: Browser, addresses: dict[str, str]) -> None:
    browser.open(addresses["file"] + "compare/index.html?a=alpha")
    Select(browser.driver.find_element(By.NAME, "b")).select_by_value("gamma")
    _until(browser, "document.querySelectorAll('.pair img').length === 2")
    assert browser.driver.current_url.endswith("?a=alpha&b=gamma")
    row = browser.driver.find_element(By.CSS_SELECTOR, "[data-field=macs]")
    assert "differs" in (row.get_attribute("class") or "")
    assert [one.text for one in row.find_elements(By.TAG_NAME, "td")] == [
        "4.09 G",
        "not known",
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


@pytest.mark.parametrize(
    "page",
    ["alpha/index.html", "index.html?view=table", "compare/index.html", "how-to-read/index.html"],
)
def test_keyboard_reaches_everything(
    browser: Browser, addresses: dict[str, str], page: str
) -> None:
    browser.open(addresses["file"] + page)
    if "table" in page:
        _until(browser, "document.querySelectorAll('[data-lines] tr').length")
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
            ("gamma", "not known"),
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
def test_nothing_moves_while_pictures_load(
    browser: Browser, addresses: dict[str, str], page: str
) -> None:
    browser.open(addresses["http"] + page)
    _until(browser, "document.readyState === 'complete'")
    shift = browser.driver.execute_async_script(
        "const done = arguments[0]; let sum = 0;"
        "const add = (list) => list.getEntries().forEach((one) => { sum += one.value; });"
        "new PerformanceObserver(add).observe({type: 'layout-shift', buffered: true});"
        "requestAnimationFrame(() => requestAnimationFrame(() => done(sum)))"
    )
    assert shift < 0.01


def test_figures_of_the_lesson_are_there(browser: Browser, addresses: dict[str, str]) -> None:
    browser.open(addresses["file"] + "how-to-read/index.html")
    assert len(browser.driver.find_elements(By.CSS_SELECTOR, ".shot")) == 5
    marks = browser.driver.find_element(By.CSS_SELECTOR, ".marks")
    picture = browser.driver.find_element(By.CSS_SELECTOR, ".lens:has(.marks) img")
    for side, length in marks.rect.items():
        assert abs(length - picture.rect[side]) < 1


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


def test_who_wants_no_motion_gets_none(browser: Browser, addresses: dict[str, str]) -> None:
    duration = "return getComputedStyle(document.querySelector('.frame img')).transitionDuration"
    browser.open(addresses["file"] + "index.html")
    assert browser.driver.execute_script(duration) != "0s"
    _media(browser, prefers_reduced_motion="reduce")
    try:
        assert browser.driver.execute_script(duration) == "0s"
    finally:
        _media(browser)


def test_a_plot_of_many_models_shows_scans_where_one_points(
    browser: Browser, pictures: tuple[ImageFile, ...], tmp_path: Path
) -> None:
    make_index(200, pictures, tmp_path)
    browser.open((tmp_path / "index.html").as_uri())
    assert not browser.driver.find_elements(By.CSS_SELECTOR, ".scatter a")
    region = browser.driver.find_element(By.CSS_SELECTOR, "[data-plot]")
    browser.driver.execute_script("arguments[0].focus()", region)
    _until(browser, "window.galleryRows")
    browser.driver.execute_async_script("window.galleryRows().then(arguments[0])")
    region.send_keys(Keys.ARROW_RIGHT)
    tip = browser.driver.find_element(By.CSS_SELECTOR, ".tip")
    assert tip.find_element(By.CSS_SELECTOR, ".what").text == "Net 0"
    region.send_keys(Keys.ARROW_RIGHT)
    assert tip.find_element(By.CSS_SELECTOR, ".what").text == "Net 1"
    browser.driver.find_element(By.NAME, "q").send_keys("net-1")
    _until(browser, "document.querySelector('[data-found]').textContent.startsWith('111 of 200')")
    shown = browser.driver.find_elements(By.CSS_SELECTOR, ".chosen a")
    assert len(shown) == 111
    assert browser.errors() == []
