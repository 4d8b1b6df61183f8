"""Opens a viewer in Chromium's software renderer and measures: data, frames, recolouring.

Run as `python -m tests.benchmarks.bench_viewer [--model NAME] [--passes PASSES] [--vertices N]
[--edges N] [--graph N] [--runs N] [--ground GROUND] [--beside PAGE]`; `--graph` is the budget of
the graph, of which the viewer shows `--vertices` and `--edges` at most. Milliseconds count from the
start of the navigation, which is the click; each line is the median of the runs, with the smallest
and the largest behind it. Frames are those that are shown while something moves; their processor
time is that of all of Chromium's processes. With `--beside`, a viewer's page that is on disk, such
as that of an earlier version, is visited in turn, and its numbers stand in a second line.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import psutil
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
    "pan": "app.camera.pan(k % 2 ? 1 : -1, 0)",
    "zoom": "app.camera.zoomBy(k % 2 ? 1.05 : 1 / 1.05)",
    "tilt": "app.tilt.lean(55, k % 2)",
    "turn": "k || (app.tilt.lean(55, 0), app.tilt.toggleTurn())",
    "play": "k || app.play.toggle()",
}
_FRAMES = """
const done = arguments[0], {app} = GalleryViewer;
let k = 0, from = 0, start = 0;
const step = (now) => {
  // Frames from the second second on, when the viewer knows how fast it is.
  if (!start && k && now - window.began > 1000) [from, start] = [app.renderer.frames, now];
  if (start && now - start > 3000) {
    app.tilt.go(0);
    app.play.stop();
    done([now - start, app.renderer.frames - from]);
    return;
  }
  k || (window.began = now);
  %s;
  k++;
  requestAnimationFrame(step);
};
requestAnimationFrame(step);
"""
"""Milliseconds and frames shown in them, while something moves."""


def write_page(args: argparse.Namespace, folder: Path) -> Path:
    """Make the viewer of a sample model; says how long it took and how large it is."""
    model = load(MODELS / f"{args.model}.onnx")
    graph = lower(model, vertices=args.graph or args.vertices, passes=args.passes)
    placed = layout(graph)
    names = attributes_of(graph)
    colorings, on_paper = (
        [color(graph, name, ground=ground, positions=placed.positions) for name in names]
        for ground in ("dark", "light")
    )
    start = time.perf_counter()
    budget = (args.vertices, args.edges)
    data = viewer_data(placed, colorings, model, on_paper=on_paper, budget=budget)
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


def chromium(profile: str, ground: str) -> WebDriver:
    """Headless Chromium that draws WebGL in software, and wants pages of one of the grounds."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or "chromium"
    wanted = f"--blink-settings=preferredColorScheme={('dark', 'light').index(ground)}"
    for flag in (*_FLAGS, wanted, f"--user-data-dir={profile}"):
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
    found["redrawn, processor"] = _redrawn(driver)
    for name, step in _MOTIONS.items():
        before = _processor(driver)
        milliseconds, frames = driver.execute_async_script(_FRAMES % step)
        # It moved for a second before its frames counted.
        share = milliseconds / (milliseconds + 1000)
        used = (_processor(driver) - before) * share
        found[f"{name}, frame"] = milliseconds / max(1, frames)
        found[f"{name}, processor"] = used / max(1, frames)
        driver.execute_script("GalleryViewer.app.home()")
        _redrawn(driver)
    return found


def _redrawn(driver: WebDriver) -> float:
    """Draw everything again at rest: milliseconds of the processor."""
    before = _processor(driver)
    driver.execute_script(
        "const {app} = GalleryViewer; app.touched = 0; app.renderer.dirty = true; app.wake();"
    )
    still = (
        "const {app} = GalleryViewer, {renderer} = app; return !app.camera.flight"
        " && !renderer.dirty && !renderer.fence && renderer.round >= renderer.rounds"
    )
    WebDriverWait(driver, 300).until(lambda driver: driver.execute_script(still))
    return _processor(driver) - before


def _processor(driver: WebDriver) -> float:
    """Processor time of Chromium and its processes so far, in milliseconds."""
    chromium = psutil.Process(driver.service.process.pid)
    times = [one.cpu_times() for one in (chromium, *chromium.children(recursive=True))]
    return 1000 * sum(one.user + one.system for one in times)


def main() -> None:
    """Measure as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="resnet50")
    parser.add_argument("--passes", default="forward")
    parser.add_argument("--graph", type=int, default=0)
    parser.add_argument("--vertices", type=int, default=250_000)
    parser.add_argument("--edges", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--ground", default="dark", choices=("dark", "light"))
    parser.add_argument("--beside", type=Path, help="page of another viewer, index.html")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pages = [write_page(args, Path(folder) / "site")]
        if args.beside:
            pages.append(args.beside.resolve())
        driver = chromium(str(Path(folder) / "profile"), args.ground)
        try:
            turns = [[visit(driver, page) for page in pages] for _ in range(args.runs)]
        finally:
            driver.quit()
    for name in turns[0][0]:
        for place in range(len(pages)):
            values = sorted(turn[place][name] for turn in turns)
            middle = statistics.median(values)
            said = "beside" if place else name
            print(f"{said:18} {middle:9.1f}   {values[0]:9.1f} to {values[-1]:.1f}")


if __name__ == "__main__":
    main()
