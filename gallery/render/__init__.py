"""Pictures of scans and diagrams of operators."""

from __future__ import annotations

from gallery.render.card import card
from gallery.render.contact import contact_sheet
from gallery.render.document import sheet_pdf
from gallery.render.formats import FORMATS, encode, read, save
from gallery.render.operators import diagram
from gallery.render.poster import poster
from gallery.render.scans import render, save_scan, with_labels
from gallery.render.sheet import Sheet, sheet_picture
from gallery.render.strip import layer_strip
from gallery.render.types import Picture, RenderSettings
from gallery.render.vector import render_svg

__all__ = [
    "FORMATS",
    "Picture",
    "RenderSettings",
    "Sheet",
    "card",
    "contact_sheet",
    "diagram",
    "encode",
    "layer_strip",
    "poster",
    "read",
    "render",
    "render_svg",
    "save",
    "save_scan",
    "sheet_pdf",
    "sheet_picture",
    "with_labels",
]
