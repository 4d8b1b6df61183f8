"""Scans that are tilted in the viewer, and fibres."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from selenium.webdriver.common.keys import Keys

from gallery.placement.fibres import fibres
from gallery.placement.types import Layout
from gallery.rendering.tilt import RISE, heights
from tests.browser.chromium import Browser
from tests.browser.viewer.hands import (
    aim,
    differ,
    exact,
    find,
    hover,
    pixels,
    run,
    show,
    still,
)

pytestmark = pytest.mark.browser


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
    at = "const {space, graph} = GalleryViewer.app; return [...graph.x].map((_, v) => space.at(v))"
    seen = np.array(run(browser, at))
    size = np.ptp(seen[:, 0]) / np.ptp(across)
    assert 0.4 < size <= 1
    true = np.stack([across, up], axis=1) * size
    np.testing.assert_allclose(seen - seen.mean(axis=0), true - true.mean(axis=0), atol=1e-3)
    apart = np.linalg.norm(seen[:, None] - seen[None], axis=2) + np.eye(len(seen))
    alone = int(apart.min(axis=1).argmax())
    assert aim(browser, seen[alone].tolist(), 300) > 60
    run(browser, "GalleryViewer.app.tilt.go(50, 60)")
    assert aim(browser, seen[alone].tolist(), 300) < 40
    run(browser, "GalleryViewer.app.tilt.go(50, 30)")
    assert str(graph.operators[graph.vertex_operator[alone]].name) in hover(browser, alone)
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
    seen = run(browser, "return [...GalleryViewer.app.graph.z]")
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
