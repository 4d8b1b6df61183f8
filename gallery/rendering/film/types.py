"""The value types of films."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gallery.errors import RenderError
from gallery.execution.types import Execution
from gallery.model import freeze
from gallery.settings.paper import FILM_LARGEST, SMALLEST


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Timeline:
    """When each vertex runs.

    Attributes:
        start: float64 (n,), seconds from the beginning at which each vertex starts; read-only.
        time: float64 (n,), seconds that each takes; read-only.
        seconds: How long it all takes, at least every start.
        device: What it runs on, for the caption.
    """

    start: npt.NDArray[np.float64]
    time: npt.NDArray[np.float64]
    seconds: float
    device: str

    def __post_init__(self) -> None:
        """Check that all starts are within the run, and make the arrays read-only."""
        start = self.start
        if len(start) and not (start.min() >= 0 and start.max() <= self.seconds < np.inf):
            found = f"vertices start {start.min():g} to {start.max():g} s into {self.seconds:g} s"
            raise RenderError(found)
        freeze(start)
        freeze(self.time)

    @classmethod
    def of(cls, execution: Execution) -> Timeline:
        """The timeline of a schedule."""
        return cls(
            start=execution.vertex_start,
            time=execution.vertex_time,
            seconds=execution.seconds,
            device=execution.target.title,
        )

    def places(self, parts: int) -> npt.NDArray[np.int64]:
        """The part of the run, of equally long ones, in which each vertex starts: int64 (n,)."""
        place = self.start / max(self.seconds, 1e-30) * parts
        return np.minimum(place.astype(np.int64), parts - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmSettings:
    """How a film is made.

    Attributes:
        size: Width and height in pixels, both even.
        seconds: How long it lasts.
        rate: Frames a second.
        fading: Seconds after which the light of what has run has halved.
        pause: Share of the film at its end in which nothing runs and all light goes out.
        dim: Light of what has not run, relative to the still picture.
    """

    size: tuple[int, int] = (1080, 1080)
    seconds: float = 8.0
    rate: int = 30
    fading: float = 0.45
    pause: float = 0.1
    dim: float = 0.14

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not all(SMALLEST <= side <= FILM_LARGEST and side % 2 == 0 for side in self.size):
            width, height = self.size
            raise RenderError(
                f"a film of {width} x {height} pixels",
                hint=f"use even numbers from {SMALLEST} to {FILM_LARGEST}",
            )
        if not (1 <= self.seconds <= 120 and 1 <= self.rate <= 60):
            raise RenderError(
                f"a film of {self.seconds:g} s at {self.rate} frames a second",
                hint="use 1 to 120 seconds and 1 to 60 frames a second",
            )

    @property
    def frames(self) -> int:
        """Number of frames."""
        return max(round(self.seconds * self.rate), 1)

    @property
    def running(self) -> int:
        """Number of frames in which vertices run."""
        return max(round(self.frames * (1 - self.pause)), 1)
