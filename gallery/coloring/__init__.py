"""A value, a colour and a legend for every vertex."""

from gallery.coloring.coloring import attributes_of, color
from gallery.coloring.measured import color_measured
from gallery.coloring.palettes import PALETTES
from gallery.coloring.types import Coloring, LegendEntry
from gallery.settings.attributes import ATTRIBUTES

__all__ = [
    "ATTRIBUTES",
    "PALETTES",
    "Coloring",
    "LegendEntry",
    "attributes_of",
    "color",
    "color_measured",
]
