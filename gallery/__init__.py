"""Scans of neural networks, from ONNX files to a static gallery.

The public functions, one per stage, take values and return a value:

    load -> lower -> layout -> color -> render        build does it all for a directory
                  -> run                              what happens as the graph runs

A module is imported when one of its names is first used, so that small helper processes start
in milliseconds. No folder has the name of a public function.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gallery.coloring import color
    from gallery.coloring.types import Coloring, LegendEntry
    from gallery.costs.facts import Facts, facts
    from gallery.discovery.discover import ModelFile, discover
    from gallery.errors import (
        DiscoverError,
        GalleryError,
        LayoutError,
        LoadError,
        LowerError,
        PublishError,
        RenderError,
        SettingsError,
    )
    from gallery.execution.run import run
    from gallery.execution.types import Execution
    from gallery.graph import ComputeGraph
    from gallery.loading.load import load
    from gallery.lowering import lower
    from gallery.model import Model
    from gallery.pipeline.build import build
    from gallery.pipeline.report import Report
    from gallery.placement import layout
    from gallery.placement.types import Layout
    from gallery.rendering.files.formats import save
    from gallery.rendering.scan import render
    from gallery.rendering.types import Picture
    from gallery.settings.values import FrontMatter, GallerySettings, ScanSettings

__all__ = [
    "Coloring",
    "ComputeGraph",
    "DiscoverError",
    "Execution",
    "Facts",
    "FrontMatter",
    "GalleryError",
    "GallerySettings",
    "Layout",
    "LayoutError",
    "LegendEntry",
    "LoadError",
    "LowerError",
    "Model",
    "ModelFile",
    "Picture",
    "PublishError",
    "RenderError",
    "Report",
    "ScanSettings",
    "SettingsError",
    "build",
    "color",
    "discover",
    "facts",
    "layout",
    "load",
    "lower",
    "render",
    "run",
    "save",
]

_HOMES = {
    "Coloring": "gallery.coloring.types",
    "ComputeGraph": "gallery.graph",
    "DiscoverError": "gallery.errors",
    "Execution": "gallery.execution.types",
    "Facts": "gallery.costs.facts",
    "FrontMatter": "gallery.settings.values",
    "GalleryError": "gallery.errors",
    "GallerySettings": "gallery.settings.values",
    "Layout": "gallery.placement.types",
    "LayoutError": "gallery.errors",
    "LegendEntry": "gallery.coloring.types",
    "LoadError": "gallery.errors",
    "LowerError": "gallery.errors",
    "Model": "gallery.model",
    "ModelFile": "gallery.discovery.discover",
    "Picture": "gallery.rendering.types",
    "PublishError": "gallery.errors",
    "RenderError": "gallery.errors",
    "Report": "gallery.pipeline.report",
    "ScanSettings": "gallery.settings.values",
    "SettingsError": "gallery.errors",
    "build": "gallery.pipeline.build",
    "color": "gallery.coloring",
    "discover": "gallery.discovery.discover",
    "facts": "gallery.costs.facts",
    "layout": "gallery.placement",
    "load": "gallery.loading.load",
    "lower": "gallery.lowering",
    "render": "gallery.rendering.scan",
    "run": "gallery.execution.run",
    "save": "gallery.rendering.files.formats",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'gallery' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
