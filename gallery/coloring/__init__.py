"""A value, a colour and a legend for every vertex."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gallery.coloring.types import Coloring, LegendEntry
from gallery.settings.attributes import ATTRIBUTES

if TYPE_CHECKING:
    from gallery.coloring.coloring import attributes_of, color
    from gallery.coloring.measured import color_measured
    from gallery.coloring.palettes import PALETTES

__all__ = [
    "ATTRIBUTES",
    "PALETTES",
    "Coloring",
    "LegendEntry",
    "attributes_of",
    "color",
    "color_measured",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # What only reads legends, such as the pages, must not wait for numba. The version of the
    # stage follows from these lines, so they cannot be computed.
    from gallery.coloring.coloring import attributes_of, color  # noqa: PLC0415
    from gallery.coloring.measured import color_measured  # noqa: PLC0415
    from gallery.coloring.palettes import PALETTES  # noqa: PLC0415

    return {
        "attributes_of": attributes_of,
        "color": color,
        "color_measured": color_measured,
        "PALETTES": PALETTES,
    }[name]
