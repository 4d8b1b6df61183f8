"""Positions for every vertex: a Graphviz skeleton of the operators, then coarse to fine."""

from gallery.placement.graphviz_engines import ENGINES
from gallery.placement.layout import layout
from gallery.placement.settings import LayoutSettings
from gallery.placement.types import Layout

__all__ = ["ENGINES", "Layout", "LayoutSettings", "layout"]
