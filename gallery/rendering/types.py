"""The value types of drawing: how to draw, and the resulting picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from gallery.errors import RenderError
from gallery.model import freeze

LINE, DOT = 1.0, 1.3
"""Width of an edge and radius of a vertex, in pixels of a picture 1,600 pixels wide."""

EXPOSURES = ("auto", "work", "traffic", "even")

LARGEST_STROKE = 1000.0
"""Largest value of a size or a strength of strokes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderSettings:
    """How a scan is drawn; lengths are in pixels of a picture 1,600 pixels wide.

    Attributes:
        line: Width of an edge.
        dot: Radius of a vertex, which is drawn as a soft dot.
        dot_light: Light of a vertex, relative to 1 for an edge.
        fade: How much fainter long edges are: their light falls with this power of their length.
        reach: Length beyond which edges fade.
        gradient: Whether an edge blends from its source's colour to its reader's, rather than
            having only its reader's.
        glow: Strength of the bloom around bright clusters, 0 for none.
        middle: Brightness of the median lit pixel on the scale from faintest to densest, 0 to 1.
        grow: Whether strokes are larger where there are few vertices, see `rendering.growth`.
        exposure: What the light of vertices follows: "work", "traffic", "even" for all alike, or
            "auto" for work or traffic, whichever varies more, see `raster.exposure`.
        margin: Share of the picture's shorter side to leave free all around.
        labels: Whether layer names are drawn at their clusters.
        legend: Whether caption and colour key are drawn.
        title: Title for the caption and the file's metadata; "" for the model's name.
        digest: SHA-256 of the model's file in hexadecimal, for the metadata; "" if unknown.
    """

    line: float = LINE
    dot: float = DOT
    dot_light: float = 2.0
    fade: float = 0.7
    reach: float = 24.0
    gradient: bool = True
    glow: float = 0.9
    middle: float = 0.25
    grow: bool = True
    exposure: str = "auto"
    margin: float = 0.045
    labels: bool = False
    legend: bool = False
    title: str = ""
    digest: str = ""

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name in ("line", "dot", "dot_light", "fade", "reach", "glow"):
            if not 0 <= getattr(self, name) <= LARGEST_STROKE:
                found = f"{name} is {getattr(self, name)}, not between 0 and {LARGEST_STROKE:g}"
                raise RenderError(found)
        if not (0 < self.middle < 1 and 0 <= self.margin < 0.5 and self.line > 0):
            raise RenderError("middle, margin or line is out of range")
        if self.exposure not in EXPOSURES:
            raise RenderError(f"exposure is {self.exposure}, not one of {', '.join(EXPOSURES)}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """Pixels, and how they were made.

    Attributes:
        pixels: uint8 (height, width, 3), sRGB, first row on top; read-only.
        metadata: What is written into the file: title, model digest, settings and so on.
    """

    pixels: npt.NDArray[np.uint8]
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check shape and dtype; make the pixels read-only."""
        pixels = self.pixels
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
            raise RenderError(f"pixels are {pixels.dtype} {pixels.shape}, not uint8 (h, w, 3)")
        freeze(pixels)

    def told(self, metadata: Mapping[str, str]) -> Picture:
        """The same picture with further metadata, which replace those of the same name."""
        return replace(self, metadata={**self.metadata, **metadata})

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.pixels.shape[0])
