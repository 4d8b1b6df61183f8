"""Opens a viewer in Chromium's software renderer and measures: data, frames, recolouring.

Run as `python -m tests.benchmarks.bench_viewer [--model NAME] [--vertices N] [--edges N]
[--graph N] [--runs N]`; `--graph` is the budget of the graph, of which the viewer shows
`--vertices` and `--edges` at most. Milliseconds count from the start of the navigation, which is
the click; each line is the median of the runs, with the smallest and the largest behind it.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.support.ui import WebDriverWait

from gallery.coloring import attributes_of, color
from gallery.loading.load import load
from gallery.lowering import lower
from gallery.placement import layout
from gallery.publishing.assets.templates import environment
from gallery.publishing.settings import SiteSettings
from gallery.publishing.viewer_page import ViewerPage, viewer_files
from gallery.rendering.viewer.data import viewer_data

MODELS = Path(__file__).parents[2] / "models"
MARKS = ("received", "decoded", "uploaded", "first-frame", "still")
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--no-first-run",
    "--window-size=1440,900",
)

_MOTIONS = {
    "from above": "app.camera.pan(k % 2 ? 1 : -1, 0)",
    "tilted": "app.tilt.lean(55, k % 2)",
    "turning": "k || (app.tilt.lean(55, 0), app.tilt.toggleTurn())",
}
_FRAMES = """
const done = arguments[0], {app} = GalleryViewer, from = app.renderer.frames;
const start = performance.now();
let k = 0;
const step = (now) => {
  if (now - start > 4000) {
    app.tilt.go(0);
    done((now - start) / Math.max(1, app.renderer.frames - from));
    return;
  }
  %s;
  k++;
  requestAnimationFrame(step);
};
requestAnimationFrame(step);
"""
"""Milliseconds for each frame that is shown while something moves."""


def write_page(args: argparse.Namespace, folder: Path) -> Path:
    """Make the viewer of a sample model; says how long it took and how large it is."""
    model = load(MODELS / f"{args.model}.onnx")
    graph = lower(model, vertices=args.graph or args.vertices, passes=args.passes)
    placed = layout(graph)
    names = attributes_of(graph)
    colorings = [color(graph, name, positions=placed.positions) for name in names]
    start = time.perf_counter()
    data = viewer_data(placed, colorings, model, vertices=args.vertices, edges=args.edges)
    seconds = time.perf_counter() - start
    settings = SiteSettings(title="Benchmark")
    page = ViewerPage(slug="net", title=args.model)
    for path, content in viewer_files(environment(settings), data, page, settings).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    print(
        f"{args.model}: {graph.vertices:,} vertices, {graph.edges:,} edges; data "
        f"{len(data) / 1e6:.2f} MB ({len(data) / 0.75e6:.2f} MB as a script) in {seconds:.1f} s"
    )
    return folder / "net" / "viewer" / "index.html"


def chromium(profile: str) -> WebDriver:
    """Headless Chromium that draws WebGL in software."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or "chromium"
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    return webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))


def visit(driver: WebDriver, page: Path) -> dict[str, float]:
    """Open the page afresh, recolour it thrice: milliseconds by name."""
    driver.get("about:blank")
    driver.get(page.as_uri())
    still = "return performance.getEntriesByName('viewer-still').length > 0"
    WebDriverWait(driver, 120).until(lambda driver: driver.execute_script(still))
    marks = driver.execute_script(
        "return Object.fromEntries(performance.getEntriesByType('mark')"
        ".filter((one) => one.name !== 'viewer-recolour-start').reverse()"
        ".map((one) => [one.name, one.startTime]))"
    )
    found = {name: marks[f"viewer-{name}"] for name in MARKS}
    found["shown"] = driver.execute_script("return GalleryViewer.app.graph.n")
    for number in (1, 4, 5):
        found[f"recolour by {number}"] = driver.execute_script(
            "performance.clearMeasures('viewer-recolour');"
            f"GalleryViewer.app.recolour({number}, '');"
            "return performance.getEntriesByName('viewer-recolour')[0].duration"
        )
    for name, step in _MOTIONS.items():
        found[f"frame {name}"] = driver.execute_async_script(_FRAMES % step)
    return found


def main() -> None:
    """Measure as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="resnet50")
    parser.add_argument("--passes", default="forward")
    parser.add_argument("--graph", type=int, default=0)
    parser.add_argument("--vertices", type=int, default=250_000)
    parser.add_argument("--edges", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        page = write_page(args, Path(folder) / "site")
        driver = chromium(str(Path(folder) / "profile"))
        try:
            runs = [visit(driver, page) for _ in range(args.runs)]
        finally:
            driver.quit()
    for name in runs[0]:
        values = sorted(run[name] for run in runs)
        middle = statistics.median(values)
        print(f"{name:14} {middle:9.1f}   {values[0]:9.1f} to {values[-1]:.1f}")


if __name__ == "__main__":
    main()
