"""Pictures of scans and diagrams of operators."""

from __future__ import annotations

from gallery.rendering.compose.contact_sheet import contact_sheet
from gallery.rendering.compose.layer_strip import layer_strip
from gallery.rendering.compose.poster import poster
from gallery.rendering.compose.social_card import card
from gallery.rendering.diagram import diagram
from gallery.rendering.files.formats import FORMATS, encode, read, save
from gallery.rendering.scan import render, save_scan, with_labels
from gallery.rendering.sheet.pdf import sheet_pdf
from gallery.rendering.sheet.sheet import Sheet, sheet_picture
from gallery.rendering.svg import render_svg
from gallery.rendering.types import Picture, RenderSettings

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
