"""The run in the viewer: its clock, its strip, what flashes and what glows."""

from __future__ import annotations

import numpy as np
import pytest
from selenium.webdriver.common.keys import Keys

from gallery.execution.results import Held
from gallery.execution.summary import summary
from gallery.execution.types import Execution, held
from tests.browser.chromium import Browser
from tests.browser.viewer.hands import (
    differ,
    find,
    pixels,
    preferring,
    run,
    show,
)

pytestmark = pytest.mark.browser


def test_the_wave_follows_the_order(browser: Browser, bases: dict[str, str]) -> None:
    show(browser, bases["file"] + "net/viewer/index.html")
    calm = pixels(browser)
    run(browser, "GalleryViewer.app.play.go(0.3)")
    early = pixels(browser)
    run(browser, "GalleryViewer.app.play.go(0.8)")
    late = pixels(browser)
    assert min(differ(calm, early), differ(early, late)) > 0.2
    label = find(browser, "play-label").text
    assert label.startswith("backward")
    find(browser, "play-button").click()
    browser.until("GalleryViewer.app.play.time > 0.82")
    find(browser, "play-button").click()
    assert run(browser, "return GalleryViewer.app.play.last") is None


def test_the_player_has_the_clock_of_the_run(
    browser: Browser, bases: dict[str, str], execution: Execution
) -> None:
    show(browser, bases["file"] + "timed/viewer/index.html#time=0.25")
    clock = run(
        browser,
        "const {clock} = GalleryViewer.app.graph; return {start: [...clock.start],"
        " compute: [...clock.compute], bytes: [...clock.bytes], moments: [...clock.moments()]}",
    )
    whole, steps, part = execution.seconds, execution.steps, 1 / 65_535
    start = np.append(execution.step_start, whole) / whole
    np.testing.assert_allclose(clock["start"], start, atol=1e-7)
    computing = execution.step_start + execution.step_sync + execution.step_exchange
    np.testing.assert_allclose(clock["compute"], computing / whole, atol=1e-7)
    np.testing.assert_allclose(clock["bytes"], held(execution.memory), atol=4)
    moments = np.array(clock["moments"]).reshape(-1, 4) * part
    late = moments[:, 0] - execution.vertex_start / whole
    working = execution.vertex_time > 0
    slack = (execution.step_compute / whole / 255 + 2 * part)[execution.vertex_step]
    assert (np.abs(late) < slack)[working].all()
    parameters = execution.vertex_held == Held.PARAMETERS
    np.testing.assert_array_equal(moments[:, 2] == 0, parameters)
    # What glows when most is in memory is what is in memory then.
    now = start[execution.peak_step + 1] - 3 * part
    alive = (moments[:, 2] <= now) & (now < moments[:, 3])
    alive &= execution.graph.vertex_pass != 2
    np.testing.assert_array_equal(alive, execution.alive())
    # The strip shows each part of the run by its share of the pixels.
    shares = run(
        browser,
        "const {strip} = GalleryViewer.app.play, {canvas} = strip;"
        "const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, 20);"
        "return ['part0', 'part1', 'part2'].map((name) => {"
        " const wanted = strip.colourOf(name).match(/\\d+/g).map(Number); let count = 0;"
        " for (let i = 0; i < data.length; i += 4)"
        "  count += wanted.every((one, k) => Math.abs(one - data[i + k]) < 9);"
        " return 4 * count / data.length; })",
    )
    numbers = summary(execution)
    true = [numbers.compute, numbers.exchange, numbers.sync]
    np.testing.assert_allclose(shares, np.array(true) / whole, atol=0.06)
    step = int(np.searchsorted(start, 0.25, side="right")) - 1
    shown = find(browser, "play-numbers").text
    assert shown.endswith(f"step {step + 1}/{steps}")
    number, unit = shown.split()[:2]
    assert float(number) * {"µs": 1e-6, "ms": 1e-3}[unit] == pytest.approx(whole / 4, rel=0.01)
    assert browser.errors() == []


def test_the_strip_seeks_and_what_is_in_memory_glows(
    browser: Browser, bases: dict[str, str]
) -> None:
    show(browser, bases["file"] + "timed/viewer/index.html")
    boxes = (
        "return ['stage', 'play', 'strip', 'held'].map((one) =>"
        " Object.values(document.querySelector(`[data-${one}]`).getBoundingClientRect().toJSON()))"
    )
    before, time = run(browser, boxes), "return GalleryViewer.app.play.time"
    slider = find(browser, "play-slider")
    slider.click()
    assert run(browser, time) == pytest.approx(0.5, abs=0.01)
    glowing = pixels(browser)
    find(browser, "held").click()
    assert differ(glowing, pixels(browser)) > 0.2
    find(browser, "stage").send_keys("m")
    assert differ(glowing, pixels(browser)) < 0.02
    computing = run(browser, "return [...GalleryViewer.app.graph.clock.compute]")
    slider.send_keys(Keys.HOME)
    assert run(browser, time) == 0
    slider.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_LEFT)
    assert run(browser, time) == computing[1]
    said = slider.get_attribute("aria-valuetext")
    assert f"step 2/{len(computing)}, forward: " in str(said)
    slider.send_keys(Keys.END)
    assert find(browser, "play-label").text == "update"
    assert run(browser, boxes) == before
    find(browser, "play-button").click()
    browser.until("GalleryViewer.app.play.time < 0.5 && GalleryViewer.app.play.time > 0.01")
    slider.send_keys(" ")
    assert run(browser, "return GalleryViewer.app.play.last") is None
    browser.until("location.hash.includes('time=0.')")
    slider.send_keys(Keys.ESCAPE)
    assert run(browser, time) == -1
    assert browser.errors() == []


def test_reduced_motion_moves_in_steps(browser: Browser, bases: dict[str, str]) -> None:
    with preferring(browser, "reduced-motion", "reduce"):
        show(browser, bases["file"] + "net/viewer/index.html")
        find(browser, "play-button").click()
        assert run(browser, "return GalleryViewer.app.play.last") is None
        assert run(browser, "return GalleryViewer.app.play.time") > 0
        find(browser, "stage").send_keys("n")
        assert run(browser, "return GalleryViewer.app.camera.flight") is None
        find(browser, "turn").click()
        lean = "return [GalleryViewer.app.space.tilt, GalleryViewer.app.space.turn]"
        assert run(browser, lean) == [55, 30]
        assert not run(browser, "return GalleryViewer.app.tilt.turning")
        find(browser, "tilt").click()
        assert run(browser, lean) == [0, 0]
