"""Positions for every vertex: a Graphviz skeleton of the operators, then coarse to fine."""

from gallery.layout.engines import ENGINES
from gallery.layout.layout import layout
from gallery.layout.settings import LayoutSettings
from gallery.layout.types import Layout

__all__ = ["ENGINES", "Layout", "LayoutSettings", "layout"]
