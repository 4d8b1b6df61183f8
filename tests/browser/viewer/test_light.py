"""The light of the viewer's picture beside that of the still one."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from gallery.coloring import color
from gallery.placement.types import Layout
from gallery.rendering.raster.raster import plan_of
from gallery.rendering.raster.strands import lay_strands
from gallery.rendering.types import RenderSettings
from tests.browser.chromium import Browser
from tests.browser.viewer.hands import (
    both,
    pixels,
    run,
    show,
)

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("slug", ["net", "few"])
def test_it_shines_as_the_still_picture_does(
    browser: Browser, bases: dict[str, str], slug: str
) -> None:
    """Nothing jumps when the light takes the picture's place."""
    live, picture_only = both(browser, bases["file"] + f"{slug}/viewer/index.html")
    lit = picture_only.max(axis=2) > 60
    # The picture's lines are narrower than a pixel here, for the browser has made it smaller.
    assert 0.8 < live[lit].mean() / picture_only[lit].mean() < 1.4
    assert np.corrcoef(live.ravel(), picture_only.ravel())[0, 1] > 0.9


def test_it_shines_between_bodies_as_the_still_picture_does(
    browser: Browser, bases: dict[str, str]
) -> None:
    live, picture_only = both(browser, bases["file"] + "apart/viewer/index.html")
    lit = picture_only.max(axis=2) > 60
    assert 0.7 < live[lit].mean() / picture_only[lit].mean() < 1.4
    assert np.corrcoef(live.ravel(), picture_only.ravel())[0, 1] > 0.9


_LIGHT = """
const {renderer} = GalleryViewer.app, {gl, sheet} = renderer;
renderer.composed("calm");
gl.bindFramebuffer(gl.FRAMEBUFFER, sheet.light.frame);
const out = new Float32Array(4 * sheet.width * sheet.height);
gl.readPixels(0, 0, sheet.width, sheet.height, gl.RGBA, gl.FLOAT, out);
return [sheet.width, sheet.height, Array.from(out)];
"""
"""The light of the whole picture, once more composed from its sums, rows going up."""


def _lights(browser: Browser) -> np.ndarray:
    width, height, light = run(browser, _LIGHT)
    return np.reshape(light, (height, width, 4))


def test_strands_are_laid_over_what_is_under_them_as_in_the_still_picture(
    browser: Browser, bases: dict[str, str]
) -> None:
    """Where few cross, as `lay_strands` lays them: with their light and with dark rims."""
    show(browser, bases["file"] + "apart/viewer/index.html")
    run(browser, "GalleryViewer.app.renderer.gaps.on = false")
    after = _lights(browser)
    pairs, points, most = run(
        browser,
        "const {camera, space, graph, ratio} = GalleryViewer.app, {share} = graph.head.look;"
        "return [[...GalleryViewer.strandsOf(graph)], [...graph.x].map((_, v) =>"
        " camera.point(...space.at(v)).map((one) => one * ratio)),"
        " Math.max(1, 1600 * share / (camera.scale * ratio))]",
    )
    run(browser, "GalleryViewer.app.renderer.compose.count = 0")
    before = _lights(browser)
    # In the units of a picture 1,600 wide, whose edges have less light; rows go down.
    expected = np.ascontiguousarray(before[::-1] / most, np.float32)
    colors = np.ones((1, 1, 4), np.float32)
    rows = np.zeros((len(points), 1), np.uint16)
    places = np.array(points, np.float32)
    size = (expected.shape[1], expected.shape[0])
    strands = np.reshape(pairs, (-1, 2)).astype(np.int32)
    lay_strands(expected.reshape(1, -1), strands, (places, rows, colors), (1.0, False), size)
    found, known = after[::-1, :, 3] / most, expected[..., 3]
    under = before[::-1, :, 3] / most
    brighter, darker = known > 2 * under + 0.5, (known < 0.97 * under) & (under > 0.01)
    assert brighter.sum() > 500
    assert darker.sum() > 20
    for some in (brighter, darker):
        assert np.median(np.abs(found[some] / known[some] - 1)) < 0.1


def test_what_moves_is_drawn_in_larger_pixels_where_it_must_be(
    browser: Browser, bases: dict[str, str]
) -> None:
    show(browser, bases["file"] + "apart/viewer/index.html")
    fine = pixels(browser)
    moving = (
        "const {app} = GalleryViewer, {renderer} = app; renderer.divider = 3;"
        "app.moved(); renderer.quick = true; renderer.adapt = () => {};"
        "renderer.count.quick = 4e6; app.tick = () => {};"
        "renderer.fence = null; renderer.dirty = true; renderer.tick(performance.now());"
        "renderer.gl.finish(); return [renderer.sheet.width, renderer.canvas.width]"
    )
    small, whole = run(browser, moving)
    assert small == -(-whole // 3)
    run(browser, "const {renderer} = GalleryViewer.app; renderer.rounds = 0;")
    browser.until("GalleryViewer.app.renderer.tick(performance.now()) === false")
    coarse = run(
        browser,
        "const {renderer} = GalleryViewer.app; renderer.present();"
        "return renderer.canvas.toDataURL()",
    )
    raw = Image.open(io.BytesIO(base64.b64decode(coarse.partition(",")[2]))).convert("RGB")
    mean = np.asarray(raw.resize((fine.shape[1] // 6, fine.shape[0] // 6), Image.Resampling.BOX))
    true = Image.fromarray(fine.astype(np.uint8)).resize(mean.shape[1::-1], Image.Resampling.BOX)
    same = np.corrcoef(mean.ravel().astype(float), np.asarray(true).ravel().astype(float))[0, 1]
    assert same > 0.9


def test_gaps_lie_where_those_of_the_still_picture_do(
    browser: Browser, bases: dict[str, str], apart: Layout
) -> None:
    show(browser, bases["file"] + "apart/viewer/index.html")
    before = pixels(browser)
    shares, side, cell, light = run(
        browser,
        "const {gaps} = GalleryViewer.app.renderer;"
        "return [Array.from(gaps.sharesAt(GalleryViewer.app.space.places)), gaps.side, gaps.cell,"
        " gaps.light]",
    )
    strokes = plan_of(apart, color(apart.graph, "layer"), 1440, RenderSettings()).strokes
    assert strokes.gaps is not None
    # The same places in both: in the longer side of the graph, which is `wide` pixels, and pixels.
    low, wide = strokes.points.min(axis=0), float(np.ptp(strokes.points, axis=0).max())
    turn = np.arange(0, 360, 2) * np.pi / 180
    middle = low + np.ptp(strokes.points, axis=0) / 2
    places = middle + 0.3 * wide * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    column, row = (places / strokes.gaps.cell).astype(int).T
    known = strokes.gaps.shares[row, column]
    # Rows of the viewer's table go up.
    x, y = (places[:, 0] - low[0]) / wide, (strokes.points.max(axis=0)[1] - places[:, 1]) / wide
    column, row = (x / cell).astype(int) + 8, (y / cell).astype(int) + 8
    found = np.reshape(shares, (side, side))[row, column] / 255
    assert np.abs(found - known).mean() < 0.1
    assert np.ptp(known) > 0.9
    assert light * strokes.line / wide == pytest.approx(strokes.gaps.light, rel=0.02)
    run(
        browser,
        "const {app} = GalleryViewer; app.renderer.gaps.light = 0; app.renderer.dirty = true;"
        "app.wake()",
    )
    assert np.abs(pixels(browser) - before).max() > 20
