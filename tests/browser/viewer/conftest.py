"""The viewer of small nets in a real Chromium, which draws WebGL 2 in software."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from gallery.coloring import color
from gallery.execution.run import run as schedule
from gallery.execution.types import Execution
from gallery.model import Model
from gallery.placement.types import Layout
from gallery.publishing.assets.files import Placed, ResponsivePicture, picture
from gallery.publishing.assets.templates import environment
from gallery.publishing.settings import SiteSettings
from gallery.publishing.viewer_page import ViewerPage, viewer_files
from gallery.rendering.files.formats import save
from gallery.rendering.operator_diagram.draw import diagram
from gallery.rendering.scan import render
from gallery.rendering.viewer.container import pack, unpack
from gallery.rendering.viewer.data import viewer_data
from gallery.settings.choices import GROUNDS
from tests.browser.chromium import Browser
from tests.browser.viewer.hands import NASTY
from tests.rendering.scans import layered, ring
from tests.rendering.viewer_net import colorings, net
from tests.serving import served

_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--blink-settings=preferredColorScheme=0",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--window-size=860,540",
)


@pytest.fixture(scope="package")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium with a software renderer for WebGL, of a visitor who wants dark pages."""
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


@pytest.fixture(scope="package")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Layout]:
    return net(tmp_path_factory.mktemp("net"), vertices=900)


@pytest.fixture(scope="package")
def layout(whole: tuple[Model, Layout]) -> tuple[Layout, bytes]:
    model, placed = whole
    return placed, viewer_data(
        placed, colorings(placed), model, on_paper=colorings(placed, "light")
    )


@pytest.fixture(scope="package")
def apart() -> Layout:
    """Six bodies on a ring, each of which reads the one before."""
    return ring(layered(bodies=6, size=500))


@pytest.fixture(scope="package")
def execution(layout: tuple[Layout, bytes]) -> Execution:
    return schedule(layout[0].graph)


@pytest.fixture(scope="package")
def root(
    tmp_path_factory: pytest.TempPathFactory,
    whole: tuple[Model, Layout],
    layout: tuple[Layout, bytes],
    execution: Execution,
    apart: Layout,
) -> Path:
    """Viewers: plain, of hostile names, of few vertices, timed, of hemispheres, of bodies, flat."""
    folder = tmp_path_factory.mktemp("site") / "below"
    settings = SiteSettings(title="Nets")
    (folder / "assets").mkdir(parents=True)
    head, sections = unpack(layout[1])
    names = head["operators"]["name"]
    head["operators"]["name"] = [NASTY + name for name in names]
    head["layers"]["path"] = [NASTY for _ in head["layers"]["path"]]
    head["layers"]["name"] = head["layers"]["path"]
    timed = viewer_data(
        layout[0],
        colorings(layout[0]),
        whole[0],
        on_paper=colorings(layout[0], "light"),
        execution=execution,
    )
    few_model, few = net(folder, vertices=1, passes="forward")
    few_data = viewer_data(few, colorings(few), few_model, on_paper=colorings(few, "light"))
    halves = replace(layout[0], arrangement="hemispheres")
    shown = {
        "net": (layout[0], layout[1]),
        "hostile": (layout[0], pack(head, sections)),
        "few": (few, few_data),
        "timed": (layout[0], timed),
        "halves": (
            halves,
            viewer_data(halves, colorings(halves), whole[0], on_paper=colorings(halves, "light")),
        ),
        "apart": (apart, viewer_data(apart, colorings(apart), on_paper=colorings(apart, "light"))),
    }
    for slug, (scanned, data) in shown.items():
        pictures = {on: _still(folder, slug, scanned, on) for on in GROUNDS}
        page = ViewerPage(
            slug=slug,
            title=NASTY if slug == "hostile" else "Net",
            pictures=pictures,
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


def _still(folder: Path, slug: str, scanned: Layout, ground: str) -> ResponsivePicture:
    """The still picture on one of the grounds."""
    href = f"assets/{slug}-{ground}.png"
    first = color(scanned.graph, colorings(scanned)[0].attribute, ground=ground)
    save(render(scanned, first, size=720), folder / href)
    placed = Placed(href=href, bytes=1, sha256="", format="png", width=720, height=720)
    return picture([placed])


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


@pytest.fixture(scope="package")
def bases(root: Path) -> Iterator[dict[str, str]]:
    """The site from disk, and below a path of a host."""
    with served(root.parent) as address:
        yield {"file": f"{root.as_uri()}/", "http": f"{address}below/"}
