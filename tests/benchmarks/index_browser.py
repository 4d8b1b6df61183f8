"""How the index of a site feels in Chromium: what shifts while it loads, how long a key takes.

python -m tests.benchmarks.index_browser SITE [QUERY]
"""

from __future__ import annotations

import argparse
import shutil
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.chrome.webdriver import WebDriver

from tests.serving import served

_FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1280,900")

QUERY = "residual net 12"
"""What a visitor types."""

_SHIFT = """
const [done] = arguments;
let sum = 0;
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) sum += one.hadRecentInput ? 0 : one.value;
}).observe({ type: "layout-shift", buffered: true });
scrollTo(0, document.body.scrollHeight);
setTimeout(() => done(sum), 800);
"""

_REACH = """
const [done] = arguments;
document.querySelector("[data-controls]").scrollIntoView({ block: "center", behavior: "instant" });
setTimeout(done, 500);
"""
"""A visitor scrolls to the search and moves a hand to the keys."""

_KEY = """
const [text, done] = arguments;
const box = document.querySelector("[name=q]");
box.focus();
const started = performance.now();
box.value = text;
box.dispatchEvent(new Event("input", { bubbles: true }));
window.galleryRows().then(() => requestAnimationFrame(() => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => done(performance.now() - started);
  port2.postMessage(0);
}));
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Felt:
    """What a visitor feels.

    Attributes:
        shift: Cumulative layout shift while the page loads and is scrolled.
        first: Milliseconds of the first key of a search, half a second after it is in view; the
            collection is loaded in between.
        keys: Milliseconds from each further key to the next frame.
        busy: Processor milliseconds of the page's main thread for each of them.
    """

    shift: float
    first: float
    keys: tuple[float, ...]
    busy: tuple[float, ...]

    def __str__(self) -> str:
        return (
            f"layout shift {self.shift:.3f}; first key {self.first:.0f} ms, then"
            f" {statistics.median(self.keys):.0f} ms a key, at most {max(self.keys):.0f};"
            f" processor {statistics.median(self.busy):.0f} ms, at most {max(self.busy):.0f}"
        )


@contextmanager
def chromium() -> Iterator[WebDriver]:
    """A headless Chromium."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in _FLAGS:
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(str(shutil.which("chromedriver"))))
    try:
        yield driver
    finally:
        driver.quit()


def felt(site: Path, query: str) -> Felt:
    """Open the index of a site from a host, scroll, and type a query."""
    with served(site) as address, chromium() as driver:
        driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
        driver.get(address + "index.html")
        shift = float(driver.execute_async_script(_SHIFT))
        driver.execute_async_script(_REACH)
        first = float(driver.execute_async_script(_KEY, query[:1]))
        keys, busy = [], []
        for end in range(2, len(query) + 1):
            before = _busy(driver)
            keys.append(float(driver.execute_async_script(_KEY, query[:end])))
            busy.append(1000 * (_busy(driver) - before))
        return Felt(shift=shift, first=first, keys=tuple(keys), busy=tuple(busy))


def _busy(driver: WebDriver) -> float:
    """Seconds that the tasks of the page's main thread have taken."""
    metrics = driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))


def main() -> None:
    """Print what is felt of a site."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("site", type=Path)
    parser.add_argument("query", nargs="?", default=QUERY)
    options = parser.parse_args()
    print(felt(options.site, options.query))


if __name__ == "__main__":
    main()
