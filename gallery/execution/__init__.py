"""How a compute graph runs on its target: when and where each vertex runs, and what is alive."""

from gallery.execution.run import run

__all__ = ["run"]
