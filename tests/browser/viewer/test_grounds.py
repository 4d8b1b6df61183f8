"""The viewer on black and on paper, as the visitor's theme says."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gallery.coloring.oklab import linear_from_srgb
from gallery.placement.types import Layout
from gallery.rendering.raster.fit import fit_curve
from gallery.rendering.raster.tone import tone
from gallery.settings.choices import GROUNDS
from tests.browser.chromium import Browser
from tests.browser.viewer.hands import both, differ, pixels, preferring, run, show, still
from tests.rendering.viewer_net import colorings

pytestmark = pytest.mark.browser

_PAPER = (251, 251, 250)


@pytest.mark.parametrize("slug", ["net", "few", "apart", "halves"])
def test_on_paper_it_has_the_ink_of_the_still_picture(
    browser: Browser, bases: dict[str, str], slug: str
) -> None:
    with preferring(browser, "color-scheme", "light"):
        live, picture_only = both(browser, bases["file"] + f"{slug}/viewer/index.html")
    assert tuple(live[3, 3]) == tuple(picture_only[3, 3]) == _PAPER
    live, picture_only = 251 - live, 251 - picture_only
    inked = picture_only.max(axis=2) > 60
    assert inked.mean() > 0.01
    assert 0.75 < live[inked].mean() / picture_only[inked].mean() < 1.3
    assert np.corrcoef(live.ravel(), picture_only.ravel())[0, 1] > 0.85


def test_the_switch_of_the_site_turns_the_ground(browser: Browser, bases: dict[str, str]) -> None:
    show(browser, bases["http"] + "timed/viewer/index.html")
    dark = pixels(browser)
    try:
        browser.driver.find_element("css selector", "[data-theme-toggle]").click()
        browser.until("GalleryViewer.app.renderer.ground === 'light'")
        paper = pixels(browser)
        assert tuple(paper[3, 3]) == _PAPER
        swatch = "getComputedStyle(document.querySelector('.swatch')).backgroundColor"
        table = "GalleryViewer.app.graph.sections.inks0"
        row = "GalleryViewer.app.colours.coloring.legend[0][3]"
        ink = run(browser, f"const t = {table}, r = 3 * {row}; return [...t.slice(r, r + 3)]")
        assert run(browser, f"return {swatch}") == "rgb({}, {}, {})".format(*ink)
        show(browser, bases["http"] + "timed/viewer/index.html")
        assert differ(paper, pixels(browser)) < 0.02
        # A wave, too, is as it would be if the page had always been so.
        run(browser, "GalleryViewer.app.play.seek(0.4)")
        wave = pixels(browser)
        for _ in range(2):
            browser.driver.find_element("css selector", "[data-theme-toggle]").click()
            still(browser)
        assert differ(wave, pixels(browser)) < 0.03
        run(browser, "GalleryViewer.app.play.stop()")
        browser.driver.find_element("css selector", "[data-theme-toggle]").click()
        assert differ(dark, pixels(browser)) < 0.02
    finally:
        run(browser, "localStorage.removeItem('gallery-theme')")
    assert browser.errors() == []


def test_until_it_draws_it_shows_the_picture_of_its_ground(
    browser: Browser, bases: dict[str, str]
) -> None:
    shown = (
        "[...document.querySelectorAll('.canvas img')].filter((one) => one.offsetParent)"
        ".map((one) => one.src.split('-').pop())"
    )
    loaded = "[...document.querySelectorAll('.canvas img')].map((one) => one.complete)"
    for ground in GROUNDS:
        with preferring(browser, "color-scheme", ground):
            show(browser, bases["file"] + "net/viewer/index.html")
            assert run(browser, f"return {shown}") == [f"{ground}.png"]
            # The other is not even asked for.
            assert [one for one in browser.requests() if one.endswith(".png")] == [
                bases["file"] + f"assets/net-{ground}.png"
            ]
            assert run(browser, f"return {loaded}").count(True) >= 1


def test_a_lone_picture_has_its_own_ground(browser: Browser, bases: dict[str, str]) -> None:
    """Until the viewer draws, it is not a black square on paper."""
    with preferring(browser, "color-scheme", "light"):
        show(browser, bases["file"] + "net/viewer/index.html")
        run(
            browser,
            "document.querySelector('.canvas .light').remove();"
            "document.querySelector('.viewer').classList.remove('live')",
        )
        ground = "getComputedStyle(document.querySelector('.canvas')).backgroundColor"
        assert run(browser, f"return {ground}") == "rgb(0, 0, 0)"
        seen = "getComputedStyle(document.querySelector('.canvas .dark')).display"
        assert run(browser, f"return {seen}") != "none"


@pytest.mark.parametrize("ground", GROUNDS)
def test_tones_are_those_of_the_still_picture(
    browser: Browser, bases: dict[str, str], ground: str
) -> None:
    """Of many colours and amounts, by the formula that the tone curve is fitted with."""
    show(browser, bases["file"] + "net/viewer/index.html")
    random = np.random.default_rng(4)
    amounts = np.exp(random.uniform(-4, 4, 4096)).astype(np.float32)
    colors = linear_from_srgb(random.uniform(0.05, 0.95, (4096, 3))).astype(np.float32)
    light = np.concatenate([colors * amounts[:, None], amounts[:, None]], axis=1)
    curve = fit_curve(light.reshape(64, 64, 4), 0.3, 0.25, ground == "light")
    known = tone(light.reshape(64, 64, 4), curve).reshape(-1, 3)
    span = float(np.log(curve.dense / curve.single))
    given = json.dumps({"single": curve.single, "span": span, "places": curve.places.tolist()})
    found = run(
        browser,
        f"const light = {light.reshape(-1).tolist()}, curve = {given};"
        "const {look, gamut} = GalleryViewer.app.renderer.tone;"
        f"const judge = new GalleryViewer.Judge(GalleryViewer.GROUNDS.{ground},"
        " {...look, ...gamut});"
        "return judge.litOf(light, 64).map((one) => judge.toned(one, curve))",
    )
    # The viewer has a coarser table of what sRGB can show.
    apart = np.abs(np.array(found) - known).max(axis=1)
    most, nearly_all = {"dark": (3e-4, 0.003), "light": (1e-5, 0.02)}[ground]
    assert np.median(apart) < most
    assert np.quantile(apart, 0.9) < nearly_all


@pytest.mark.parametrize("ground", GROUNDS)
def test_palettes_are_those_of_the_ground(
    browser: Browser, bases: dict[str, str], layout: tuple[Layout, bytes], ground: str
) -> None:
    with preferring(browser, "color-scheme", ground):
        show(browser, bases["file"] + "net/viewer/index.html")
        table = run(browser, "return [...GalleryViewer.app.colours.table()]")
        assert bytes(table) == colorings(layout[0], ground)[0].colors.tobytes()
        run(browser, "GalleryViewer.app.recolour(0, 'ember')")
        table = run(browser, "return [...GalleryViewer.app.colours.table()]")
        stops = run(browser, "return GalleryViewer.app.graph.head.palettes.ember")[ground]
    assert bytes(table[:3]).hex() == stops[:6]
    assert bytes(table[-3:]).hex() == stops[-6:]


@pytest.mark.parametrize("ground", GROUNDS)
def test_what_is_drawn_over_the_scan_stands_out_from_its_ground(
    browser: Browser, bases: dict[str, str], ground: str
) -> None:
    drawn = (
        "const {canvas} = GalleryViewer.app.card;"
        "const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);"
        "const seen = []; for (let i = 0; i < data.length; i += 4)"
        " if (data[i + 3] > 120) seen.push((data[i] + data[i + 1] + data[i + 2]) / 3);"
        "return seen"
    )
    with preferring(browser, "color-scheme", ground):
        show(browser, bases["file"] + "net/viewer/index.html")
        run(browser, "GalleryViewer.app.card.show(100, false)")
        lines = np.array(run(browser, drawn))
    assert len(lines) > 50
    assert (lines.max() < 150) if ground == "light" else (lines.min() > 150)
