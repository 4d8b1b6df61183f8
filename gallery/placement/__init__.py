"""Positions for every vertex: a Graphviz skeleton of the operators, then coarse to fine.

The vertices of the coarsest level are called bodies: each stands for all vertices of an operator
(of a block if there are few operators, of a group of operators if there are very many), which
together take up a disc.
"""

from gallery.placement.graphviz_engines import ENGINES
from gallery.placement.layout import layout
from gallery.placement.settings import LayoutSettings
from gallery.placement.types import ARRANGEMENTS, Layout

__all__ = ["ARRANGEMENTS", "ENGINES", "Layout", "LayoutSettings", "layout"]
