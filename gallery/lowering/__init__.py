"""From operators to the compute graph: vertices are blocks of work, edges are data."""

from gallery.lowering.lowering import lower

__all__ = ["lower"]
