"""Pictures: scans, posters, operator diagrams, and the data of the viewer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gallery.rendering.operator_diagram.draw import diagram

__all__ = ["diagram"]


def __getattr__(name: str) -> Any:
    if name != "diagram":
        raise AttributeError(f"module 'gallery.rendering' has no attribute {name!r}")
    from gallery.rendering.operator_diagram.draw import diagram  # noqa: PLC0415 - brings Graphviz

    return diagram
