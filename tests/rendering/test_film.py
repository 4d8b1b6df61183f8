"""Films: what shines in each frame, how frames look, and what their files hold."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from gallery.coloring import color
from gallery.errors import RenderError
from gallery.execution.run import run
from gallery.rendering.film.encode import CODECS, codec_named, encode
from gallery.rendering.film.film import film
from gallery.rendering.film.trace import trace_of
from gallery.rendering.film.types import FilmSettings, Timeline
from gallery.rendering.film.wave import frames_of, waves
from gallery.rendering.film.yuv import yuv420
from gallery.rendering.raster.curves import draw_all
from gallery.rendering.raster.raster import plan_of
from gallery.rendering.types import RenderSettings
from tests.rendering.scans import facing

SHORT = FilmSettings(size=(240, 200), seconds=1.0, rate=12)
LAYOUT = facing()
COLORING = color(LAYOUT.graph, "pass")
TIMELINE = Timeline.of(run(LAYOUT.graph, "ipu2"))


@pytest.fixture(scope="module")
def frames() -> list[np.ndarray]:
    """All frames of a short film of a training scan."""
    return list(film(LAYOUT, COLORING, TIMELINE, RenderSettings(), SHORT))


def test_all_frames_together_shine_as_the_still_picture_does() -> None:
    plan = plan_of(LAYOUT, COLORING, SHORT.size, RenderSettings(), detail=1)
    # Veils depend on what lies over fibres in the same frame.
    plan = replace(plan, curves=replace(plan.curves, veil=1e30))
    lasting = replace(SHORT, fading=1e9)
    *_, last = waves(plan, frames_of(TIMELINE, lasting), lasting)
    still = replace(plan.strokes, strands=None)
    expected = draw_all(still, plan.curves, (plan.frame.width, 0, plan.frame.height))
    np.testing.assert_allclose(last.past + last.running, expected, rtol=1e-3, atol=1e-4)


def test_what_has_run_loses_half_its_light_in_the_time_of_fading() -> None:
    plan = plan_of(LAYOUT, COLORING, SHORT.size, RenderSettings(), detail=1)
    fade = 0.5 ** (1 / (SHORT.fading * SHORT.rate))
    light = np.zeros((plan.frame.height, plan.frame.width, 4), np.float32)
    runs: np.ndarray | None = None
    for wave in waves(plan, frames_of(TIMELINE, SHORT), SHORT):
        ended = 0.0 if runs is None or wave.running is runs else runs
        np.testing.assert_allclose(wave.past, light * fade + ended, rtol=1e-4, atol=1e-5)
        light, runs = wave.past.copy(), wave.running
    assert light.any()


def test_vertices_shine_from_their_start_on() -> None:
    found = frames_of(TIMELINE, SHORT)
    assert sorted(found.order) == list(range(LAYOUT.graph.vertices))
    for frame in range(SHORT.frames):
        starts = TIMELINE.start[found.of(frame)] / TIMELINE.seconds * SHORT.running
        assert ((starts >= frame) & (starts <= frame + 1)).all()
        assert not len(starts) or frame < SHORT.running


def test_a_film_ends_as_dark_as_it_begins(frames: list[np.ndarray]) -> None:
    assert len(frames) == SHORT.frames
    assert all(one.shape == (200, 240, 3) for one in frames)
    scan = slice(0, 200 - trace_of(LAYOUT.graph, COLORING, TIMELINE, SHORT).height)
    light = [int(one[scan].sum()) for one in frames]
    assert light[-1] == min(light)
    assert max(light) > 1.3 * light[-1]


def test_the_scan_stays_where_it_is(frames: list[np.ndarray]) -> None:
    shown = frames[-1].max(axis=2) > 8
    for one in frames:
        assert (one.max(axis=2) > 6)[shown].mean() > 0.98


def test_the_strip_is_played_from_left_to_right(frames: list[np.ndarray]) -> None:
    height = trace_of(LAYOUT.graph, COLORING, TIMELINE, SHORT).height
    heads = [
        np.flatnonzero((one[-height:] == 255).all(axis=2).sum(axis=0) > 3).mean()
        for one in frames[: SHORT.running]
    ]
    assert (np.diff(heads) > 0).all()


@given(st.integers(1, 4), st.integers(1, 4), st.randoms(use_true_random=False))
def test_planes_are_those_of_the_recommendation(half: int, wide: int, random) -> None:  # type: ignore[no-untyped-def]
    pixels = np.array(
        [random.randrange(256) for _ in range(4 * half * wide * 3)], np.uint8
    ).reshape(2 * half, 2 * wide, 3)
    r, g, b = np.moveaxis(pixels / 255.0, 2, 0)
    luma = 0.2126 * r + 0.7152 * g + 0.0722 * b
    mean = [
        one.reshape(half, 2, wide, 2).mean(axis=(1, 3))
        for one in ((b - luma) / 1.8556, (r - luma) / 1.5748)
    ]
    for found, expected in zip(
        yuv420(pixels), (16 + 219 * luma, *(128 + 224 * one for one in mean)), strict=True
    ):
        assert np.abs(found - expected).max() <= 0.51


@pytest.mark.parametrize("codec", CODECS, ids=lambda one: one.name)
def test_what_was_encoded_is_seen_again(codec, frames: list[np.ndarray], tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (content,) = encode(frames, SHORT.rate, (codec,), {"Software": "gallery"})
    assert encode(frames, SHORT.rate, (replace(codec, threads=1),), {"Software": "gallery"}) == (
        content,
    )
    path = tmp_path / "film"
    path.write_bytes(content)
    if codec.container == "webp":
        # FFmpeg writes animated WebP and does not read it.
        with Image.open(path) as image:
            assert (image.n_frames, image.info["loop"]) == (SHORT.frames, 0)
        return
    with av.open(path) as container:
        if codec.container == "mp4":
            assert container.metadata["Software"] == "gallery"
        seen = [one.to_ndarray(format="yuv420p") for one in container.decode(video=0)]
        assert container.streams.video[0].average_rate == SHORT.rate
    assert len(seen) == SHORT.frames
    for one, again in zip(frames, seen, strict=True):
        planes = np.concatenate([plane.reshape(-1) for plane in yuv420(one)]).astype(int)
        assert np.abs(planes - again.reshape(-1)).mean() < 2.3


def test_two_codecs_at_once_give_what_each_gives(frames: list[np.ndarray]) -> None:
    some = [codec_named(name) for name in ("av1", "h264")]
    assert encode(frames, 12, some, {}) == tuple(encode(frames, 12, (one,), {})[0] for one in some)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="Linux alone has it")
def test_encoding_leaves_the_machine_its_scheduling(frames: list[np.ndarray]) -> None:
    """SVT-AV1 4.1, run by root, gives the thread that starts it the highest real-time priority."""

    def policies() -> set[int]:
        tasks = Path("/proc/self/task").iterdir()
        return {os.sched_getscheduler(int(task.name)) for task in tasks}

    def watched() -> Iterator[np.ndarray]:
        for number, one in enumerate(frames):
            assert not number or policies() == {os.SCHED_OTHER}
            yield one

    encode(watched(), 12, (codec_named("av1"),), {})
    assert policies() == {os.SCHED_OTHER}


def test_without_pyav_it_is_said_what_to_install() -> None:
    code = (
        "import sys; sys.modules['av'] = None\n"
        "from gallery.rendering.film.encode import CODECS, check_codecs\n"
        "check_codecs(CODECS)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert "gallery-of-networks[film]" in result.stderr


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": (1081, 1080)}, "1081 x 1080"),
        ({"size": (100, 1080)}, "100 x 1080"),
        ({"seconds": 0.5}, "0.5 s"),
        ({"rate": 61}, "61 frames"),
    ],
)
def test_films_that_cannot_be(change: dict[str, object], message: str) -> None:
    with pytest.raises(RenderError, match=message):
        replace(SHORT, **change)


def test_times_of_another_graph_are_refused() -> None:
    short = Timeline(start=TIMELINE.start[:-1], time=TIMELINE.time[:-1], seconds=1.0, device="")
    with pytest.raises(RenderError, match="times for"):
        next(film(LAYOUT, COLORING, short, RenderSettings(), SHORT))
