"""The frames of a film: the still picture, dim, and over it the wave of execution.

What has just begun to run is nearly white; then it has its colour, and fades. In the pause at the
end the light goes out, so that the film can run in a loop.
"""

from __future__ import annotations

from collections.abc import Iterator

import numba
import numpy as np
import numpy.typing as npt

from gallery.coloring.types import Coloring
from gallery.jit import parallel_kernel
from gallery.placement.types import Layout
from gallery.rendering.film.trace import trace_of
from gallery.rendering.film.types import FilmSettings, Timeline
from gallery.rendering.film.wave import frames_of, waves
from gallery.rendering.raster.bloom import finish, glow_of
from gallery.rendering.raster.raster import plan_of
from gallery.rendering.raster.strokes import Light
from gallery.rendering.raster.tone import tone
from gallery.rendering.types import RenderSettings

Pixels = npt.NDArray[np.uint8]

_WHITE = 0.6
"""Share of the way to white of what has just begun to run."""


def film(
    layout: Layout,
    coloring: Coloring,
    timeline: Timeline,
    look: RenderSettings,
    settings: FilmSettings,
) -> Iterator[Pixels]:
    """Draw a film, frame by frame.

    Args:
        layout: Where the vertices are.
        coloring: What colours they have, on the dark ground.
        timeline: When they run.
        look: How the scan is drawn.
        settings: How the film is made.

    Yields:
        uint8 (height, width, 3), sRGB: above the scan, below it the clock and the trace.

    Raises:
        RenderError: Colouring, timeline and layout are of different graphs, or the ground is light.
    """
    trace = trace_of(layout.graph, coloring, timeline, settings)
    width, height = settings.size
    plan = plan_of(layout, coloring, (width, height - trace.height), look, detail=1)
    frames = frames_of(timeline, settings)
    still = plan.toned
    assert still is not None
    seen = np.empty_like(still)
    for number, wave in enumerate(waves(plan, frames, settings)):
        lit = tone(wave.past + wave.running, plan.curve)
        shares = (settings.dim, _rest(number, settings), _WHITE * wave.white)
        _compose(still, lit, (wave.past, wave.running), shares, seen)
        pixels = np.empty((height, width, 3), np.uint8)
        pixels[: len(seen)] = finish(seen, glow_of(seen, look.glow), 0, len(seen))
        trace.draw(pixels[len(seen) :], number)
        yield pixels


def _rest(number: int, settings: FilmSettings) -> float:
    """Share of the wave's light in a frame: 1 while vertices run, falling to 0 in the pause."""
    over = number + 1 - settings.running
    if over <= 0:
        return 1.0
    left = 1 - over / max(settings.frames - settings.running, 1)
    return left * left * (3 - 2 * left)


@parallel_kernel
def _compose(
    still: Light,
    lit: Light,
    waves: tuple[Light, Light],
    shares: tuple[float, float, float],
    out: Light,
) -> None:
    # IN still, lit (h, w, 3), linear light; waves, past and running (h, w, 4); shares of the still
    # picture, of the wave and of white in what runs; OUT out (h, w, 3).
    past, running = waves
    dim, rest, pale = np.float32(shares[0]), np.float32(shares[1]), np.float32(shares[2])
    for y in numba.prange(still.shape[0]):
        for x in range(still.shape[1]):
            amount = running[y, x, 3]
            white = np.float32(0)
            if amount > 0:
                white = pale * amount / (amount + past[y, x, 3])
            most = max(lit[y, x, 0], lit[y, x, 1], lit[y, x, 2])
            for c in range(3):
                value = (lit[y, x, c] + (most - lit[y, x, c]) * white) * rest
                out[y, x, c] = max(still[y, x, c] * dim, value)
