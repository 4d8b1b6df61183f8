"""The light of the wave: what runs shines, and fades when it has run.

Each edge shines when its reader runs. So all frames together draw every edge once, as the still
picture does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numba
import numpy as np
import numpy.typing as npt

from gallery.jit import parallel_kernel
from gallery.numerics.elementary import raised
from gallery.rendering.film.types import FilmSettings, Timeline
from gallery.rendering.raster.curves import Curves, draw_all
from gallery.rendering.raster.raster import Plan
from gallery.rendering.raster.strokes import Light, Strokes

Vertices = npt.NDArray[np.int64]

_FRONT = 0.08
"""Seconds after which the white of what has just begun to run has halved."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frames:
    """The vertices that start in each frame.

    Attributes:
        order: int64 (n,), the vertices by frame, then by number.
        ends: int64 (frames + 1,), those of frame f are `order[ends[f]:ends[f + 1]]`.
    """

    order: Vertices
    ends: npt.NDArray[np.int64]

    def of(self, frame: int) -> Vertices:
        """The vertices that start in a frame."""
        return self.order[self.ends[frame] : self.ends[frame + 1]]


def frames_of(timeline: Timeline, settings: FilmSettings) -> Frames:
    """The frame in which each vertex starts to run."""
    at = timeline.places(settings.running)
    order = np.argsort(at, kind="stable")
    ends = np.searchsorted(at[order], np.arange(settings.frames + 1))
    return Frames(order=order, ends=ends.astype(np.int64))


def strokes_of(strokes: Strokes, readers: Vertices) -> Strokes:
    """The strokes of some vertices: their dots and the edges that they read.

    Args:
        strokes: All strokes; strands are left out, as they are among the edges,
            and gaps are not lifted, so that light adds up from frame to frame.
        readers: int64 (k,), the vertices.
    """
    first, many = strokes.indptr[readers], np.diff(strokes.indptr)[readers]
    ends = np.cumsum(many)
    edges = np.repeat(first - ends + many, many) + np.arange(int(many.sum()))
    # Each edge has a point of its own for its source, which reads nothing and has no light.
    points = np.concatenate([readers, strokes.sources[edges]])
    indptr = np.full(len(points) + 1, len(edges), np.int64)
    indptr[0], indptr[1 : len(readers) + 1] = 0, ends
    sparks = np.zeros(len(points), np.float32)
    sparks[: len(readers)] = 1 if strokes.sparks is None else strokes.sparks[readers]
    return replace(
        strokes,
        indptr=indptr,
        sources=np.arange(len(readers), len(points), dtype=np.int32),
        points=strokes.points[points],
        index=strokes.index[points],
        gains=None if strokes.gains is None else strokes.gains[points],
        sparks=sparks,
        strands=None,
        gaps=None,
        spans=None,
    )


def curves_of(curves: Curves, chosen: npt.NDArray[np.bool_]) -> Curves | None:
    """The fibres that some vertices read; None if there are none.

    Args:
        curves: All fibres.
        chosen: bool (n,), whether a vertex is one of them.
    """
    kept = np.flatnonzero(chosen[curves.readers])
    if not len(kept):
        return None
    strokes = curves.strokes
    steps = len(strokes.points) // len(curves.readers)
    points = (kept[:, None] * steps + np.arange(steps)).reshape(-1)
    pieces = np.arange(len(points)).reshape(len(kept), steps)
    indptr = np.concatenate(
        [[0], np.cumsum(np.tile(np.r_[0, np.ones(steps - 1, np.int64)], len(kept)))]
    )
    return replace(
        curves,
        readers=curves.readers[kept],
        strokes=replace(
            strokes,
            indptr=indptr,
            sources=pieces[:, :-1].reshape(-1).astype(np.int32),
            points=strokes.points[points],
            index=strokes.index[points],
            spans=None,
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wave:
    """The light of one frame.

    Attributes:
        running: float32 (h, w, 4), of what runs, as `draw` makes it.
        past: float32 (h, w, 4), of what has run, fading.
        white: How white what runs is, from 1 when it starts towards 0.
    """

    running: Light
    past: Light
    white: float


def waves(plan: Plan, frames: Frames, settings: FilmSettings) -> Iterator[Wave]:
    """The light of each frame; the next one overwrites its arrays.

    What starts in a frame runs until something else starts.

    Args:
        plan: How the still picture is drawn.
        frames: The vertices that start in each frame.
        settings: How the film is made.
    """
    width, height = plan.frame.width, plan.frame.height
    running, past = (np.zeros((height, width, 4), np.float32) for _ in range(2))
    fade = np.float32(raised(0.5, 1 / (settings.fading * settings.rate)))
    pale = float(raised(0.5, 1 / (_FRONT * settings.rate)))
    white = 0.0
    chosen = np.zeros(len(plan.strokes.points), bool)
    for frame in range(len(frames.ends) - 1):
        readers = frames.of(frame)
        white *= pale
        if len(readers) or frame == settings.running:
            chosen[readers] = True
            curves = curves_of(plan.curves, chosen) if plan.curves else None
            fresh = draw_all(strokes_of(plan.strokes, readers), curves, (width, 0, height))
            chosen[readers] = False
            _fade(past, running, fade)
            running, white = fresh, 1.0
        else:
            past *= fade
        yield Wave(running=running, past=past, white=white)


@parallel_kernel
def _fade(past: Light, running: Light, fade: np.float32) -> None:
    # IN running (h, w, 4), fade; INOUT past.
    for y in numba.prange(past.shape[0]):
        for x in range(past.shape[1]):
            for c in range(4):
                past[y, x, c] = past[y, x, c] * fade + running[y, x, c]
