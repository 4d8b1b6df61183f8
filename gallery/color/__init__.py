"""A value, a colour and a legend for every vertex."""

from gallery.color.coloring import ATTRIBUTES, ColorRule, color
from gallery.color.palettes import PALETTES
from gallery.color.types import Coloring, LegendEntry

__all__ = ["ATTRIBUTES", "PALETTES", "ColorRule", "Coloring", "LegendEntry", "color"]
