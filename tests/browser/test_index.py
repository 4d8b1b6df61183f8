"""The index in a real browser: search, filters, table and plot."""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from tests.browser.chromium import Browser
from tests.publishing.sample_exhibits import make_index, make_pictures

pytestmark = pytest.mark.browser


def _shown(browser: Browser) -> list[str]:
    """Slugs of the cards that the index shows, in order."""
    script = "return [...document.querySelectorAll('[data-cards] > li')].map((c) => c.dataset.slug)"
    shown: list[str] = browser.driver.execute_script(script)
    return shown


def test_search_filter_and_sort_are_in_the_address(
    browser: Browser, addresses: dict[str, str]
) -> None:
    browser.open(addresses["file"] + "index.html")
    everything = _shown(browser)
    box = browser.driver.find_element(By.NAME, "q")
    box.send_keys("lovelace")
    browser.until("document.querySelector('.found').textContent.startsWith('2 of 5')")
    assert sorted(_shown(browser)) == ["alpha", "beta"]
    Select(browser.driver.find_element(By.NAME, "sort")).select_by_value("parameters")
    browser.until("document.querySelector('[data-cards] > li').dataset.slug === 'beta'")
    assert "q=lovelace" in browser.driver.current_url
    assert "sort=parameters" in browser.driver.current_url
    browser.driver.refresh()
    browser.until("document.querySelectorAll('[data-cards] > li').length === 2")
    assert _shown(browser) == ["beta", "alpha"]
    box = browser.driver.find_element(By.NAME, "q")
    box.send_keys(" nothinglikeit")
    browser.until("!document.querySelector('[data-nothing]').hidden")
    browser.driver.find_element(By.CSS_SELECTOR, "[data-clear]").click()
    browser.until("location.search === '?sort=parameters'")
    assert sorted(_shown(browser)) == sorted(everything)
    Select(browser.driver.find_element(By.NAME, "sort")).select_by_value("")
    browser.until("location.search === ''")
    assert _shown(browser) == everything
    assert browser.errors() == []


def test_search_finds_operators_and_prose(browser: Browser, addresses: dict[str, str]) -> None:
    browser.open(addresses["file"] + "index.html?q=gemm")
    browser.until("document.querySelectorAll('[data-cards] > li').length === 2")
    browser.open(addresses["file"] + "index.html?q=computes")
    browser.until("document.querySelectorAll('[data-cards] > li').length === 2")


def test_table_shows_the_same_models(browser: Browser, addresses: dict[str, str]) -> None:
    browser.open(addresses["file"] + "index.html")
    before = _shown(browser)
    browser.driver.find_element(By.CSS_SELECTOR, "[name=view][value=table]").send_keys(Keys.SPACE)
    browser.until("document.querySelectorAll('[data-lines] tr').length")
    assert _lines(browser) == before
    assert not browser.driver.find_element(By.CSS_SELECTOR, "[data-cards]").is_displayed()
    assert "view=table" in browser.driver.current_url
    head = browser.driver.find_element(By.CSS_SELECTOR, "[data-by=parameters]")
    head.find_element(By.TAG_NAME, "button").click()
    browser.until("document.querySelector('[data-by=parameters]').ariaSort === 'descending'")
    assert _lines(browser)[0] == "beta"
    head.find_element(By.TAG_NAME, "button").click()
    browser.until("document.querySelector('[data-by=parameters]').ariaSort === 'ascending'")
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
    browser.until(f"document.querySelectorAll('[data-cards] > li').length === {len(left)}")
    assert set(_shown(browser)) == left
    # The numbers of gamma are not known, so that the plot cannot place it.
    lit = "return [...document.querySelectorAll('.scatter a:not(.out)')].map((c) => c.dataset.slug)"
    assert set(browser.driver.execute_script(lit)) == left - {"gamma"}


def test_a_plot_of_many_models_shows_scans_where_one_points(
    browser: Browser, tmp_path: Path
) -> None:
    make_index(200, make_pictures(tmp_path / "pictures"), tmp_path)
    browser.open((tmp_path / "index.html").as_uri())
    assert not browser.driver.find_elements(By.CSS_SELECTOR, ".scatter a")
    region = browser.driver.find_element(By.CSS_SELECTOR, "[data-plot]")
    browser.driver.execute_script("arguments[0].focus()", region)
    browser.until("window.galleryRows")
    browser.driver.execute_async_script("window.galleryRows().then(arguments[0])")
    region.send_keys(Keys.ARROW_RIGHT)
    tip = browser.driver.find_element(By.CSS_SELECTOR, ".tip")
    assert tip.find_element(By.CSS_SELECTOR, ".what").text == "Net 0"
    region.send_keys(Keys.ARROW_RIGHT)
    assert tip.find_element(By.CSS_SELECTOR, ".what").text == "Net 1"
    browser.driver.find_element(By.NAME, "q").send_keys("net-1")
    browser.until("document.querySelector('[data-found]').textContent.startsWith('111 of 200')")
    shown = browser.driver.find_elements(By.CSS_SELECTOR, ".chosen a")
    assert len(shown) == 111
    assert browser.errors() == []


def test_a_later_page_searches_all_models(browser: Browser, tmp_path: Path) -> None:
    pages = make_index(130, make_pictures(tmp_path / "pictures"), tmp_path)
    browser.open((tmp_path / pages[1]).as_uri())
    assert _shown(browser) == [f"net-{i}" for i in range(120, 130)]
    browser.driver.find_element(By.NAME, "q").send_keys("net-12")
    found = [f"net-{i}" for i in (12, *range(120, 130))]
    browser.until(f"document.querySelectorAll('[data-cards] > li').length === {len(found)}")
    assert _shown(browser) == found
    assert browser.errors() == []
