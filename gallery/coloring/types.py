"""The value type that `color` returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gallery.errors import RenderError
from gallery.model import freeze

MOST_ENTRIES = 24
"""Most entries of a legend before those of colour rules."""

NO_ENTRY = 65_535
"""Stands for the entry of what the legend leaves out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegendEntry:
    """A row of the legend.

    Attributes:
        label: A category's name, or a value with its unit.
        color: sRGB, "#rrggbb".
        share: Share of the vertices that have it, 0 to 1; in a continuous legend, the position on
            the scale, 0 to 1.
    """

    label: str
    color: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Categories:
    """A colour and an entry of the legend for every vertex.

    Attributes:
        index: uint16 (n,), row of `colors`.
        colors: uint8 (k, 3), sRGB.
        entry: uint16 (n,), row of `labels`, or `NO_ENTRY`.
        labels: Of the entries, in the order to show them.
        swatches: uint8 (m, 3), sRGB of the entries.
    """

    index: npt.NDArray[np.uint16]
    colors: npt.NDArray[np.uint8]
    entry: npt.NDArray[np.uint16]
    labels: tuple[str, ...]
    swatches: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coloring:
    """A colour for every vertex.

    Attributes:
        attribute: The attribute shown ("layer", "operator", "pass", "depth", "flops", ...).
        palette: Name of the palette.
        ground: Background that the colours are for, "dark" or "light".
        categorical: Whether `index` is a category; else it is a position on a continuous scale.
        index: uint16 (n,), row of `colors` for each vertex; read-only.
        colors: uint8 (k, 3), sRGB; k at most 65,536; read-only.
        legend: Entries, in the order to show them.
        entry: uint16 (n,), entry of the legend for each vertex, or `NO_ENTRY`; read-only; None for
            a continuous scale.
    """

    attribute: str
    palette: str
    ground: str
    categorical: bool
    index: npt.NDArray[np.uint16]
    colors: npt.NDArray[np.uint8]
    legend: tuple[LegendEntry, ...]
    entry: npt.NDArray[np.uint16] | None = None

    def __post_init__(self) -> None:
        """Check dtypes and ranges; make the arrays read-only."""
        if self.index.dtype != np.uint16 or self.index.ndim != 1:
            raise RenderError(f"index is {self.index.dtype} {self.index.shape}, not uint16 (n,)")
        if self.colors.dtype != np.uint8 or self.colors.ndim != 2 or self.colors.shape[1] != 3:
            raise RenderError(f"colors are {self.colors.dtype} {self.colors.shape}, not (k, 3)")
        if len(self.index) and self.index.max() >= len(self.colors):
            raise RenderError("index points outside colors")
        freeze(self.index)
        freeze(self.colors)
        if self.entry is not None:
            if self.entry.dtype != np.uint16 or self.entry.shape != self.index.shape:
                raise RenderError(f"entry is {self.entry.dtype} {self.entry.shape}, not as index")
            freeze(self.entry)
