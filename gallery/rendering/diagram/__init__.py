"""The operator diagram: what a person can read of a model, beside the scan."""

from gallery.rendering.diagram.draw import diagram

__all__ = ["diagram"]
