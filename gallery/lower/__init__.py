"""From operators to the compute graph: vertices that are blocks of work, edges that are data."""

from gallery.lower.lowering import lower
from gallery.lower.targets import TARGETS, Target

__all__ = ["TARGETS", "Target", "lower"]
