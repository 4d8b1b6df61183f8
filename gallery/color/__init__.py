"""A value, a colour and a legend for every vertex."""

from gallery.color.coloring import ATTRIBUTES, attributes_of, color
from gallery.color.palettes import PALETTES
from gallery.color.types import Coloring, LegendEntry
from gallery.settings.values import ColorRule

__all__ = [
    "ATTRIBUTES",
    "PALETTES",
    "ColorRule",
    "Coloring",
    "LegendEntry",
    "attributes_of",
    "color",
]
