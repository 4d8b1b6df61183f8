"""The light of the wave: what starts to run in a frame shines, and fades in those after it.

Each edge shines when its reader runs. So all frames together draw every edge once, as the still
picture does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numba
import numpy as np
import numpy.typing as npt

from gallery.elementary import raised
from gallery.jit import parallel_kernel
from gallery.rendering.film.types import FilmSettings, Timeline
from gallery.rendering.raster.curves import Curves, draw_all
from gallery.rendering.raster.raster import Plan
from gallery.rendering.raster.strokes import Light, Strokes

Vertices = npt.NDArray[np.int64]

_FRONT = 0.06
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
    place = timeline.start / max(timeline.seconds, 1e-30) * settings.running
    at = np.minimum(place.astype(np.int64), settings.running - 1)
    order = np.argsort(at, kind="stable")
    ends = np.searchsorted(at[order], np.arange(settings.frames + 1))
    return Frames(order=order, ends=ends.astype(np.int64))


def strokes_of(strokes: Strokes, readers: Vertices) -> Strokes:
    """The strokes of some vertices: their dots and the edges that they read.

    Args:
        strokes: All strokes; strands are left out, as they are among the edges.
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
        ),
    )


def waves(plan: Plan, frames: Frames, settings: FilmSettings) -> Iterator[tuple[Light, Light]]:
    """The light of each frame.

    Yields:
        What shines, and what of it has just begun: float32 (h, w, 4), as `draw` makes them. Both
        are changed in place by the next frame.
    """
    width, height = plan.frame.width, plan.frame.height
    glowing = np.zeros((height, width, 4), np.float32)
    front = np.zeros_like(glowing)
    fades = [
        np.float32(raised(0.5, 1 / (seconds * settings.rate)))
        for seconds in (settings.fading, _FRONT)
    ]
    chosen = np.zeros(len(plan.strokes.points), bool)
    for frame in range(len(frames.ends) - 1):
        readers = frames.of(frame)
        chosen[readers] = True
        curves = curves_of(plan.curves, chosen) if plan.curves else None
        fresh = draw_all(strokes_of(plan.strokes, readers), curves, (width, 0, height))
        chosen[readers] = False
        _fade(glowing, front, fresh, (fades[0], fades[1]))
        yield glowing, front


@parallel_kernel
def _fade(glowing: Light, front: Light, fresh: Light, fades: tuple[np.float32, np.float32]) -> None:
    # IN fresh (h, w, 4), fades; INOUT glowing, front.
    for y in numba.prange(glowing.shape[0]):
        for x in range(glowing.shape[1]):
            for c in range(4):
                glowing[y, x, c] = glowing[y, x, c] * fades[0] + fresh[y, x, c]
                front[y, x, c] = front[y, x, c] * fades[1] + fresh[y, x, c]
