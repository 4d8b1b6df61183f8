"""From operators to the compute graph: vertices are blocks of work, edges are data."""

from gallery.lowering.lowering import lower
from gallery.lowering.tiling.targets import TARGETS, Target

__all__ = ["TARGETS", "Target", "lower"]
