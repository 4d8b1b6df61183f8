"""Layer names as SVG stand where they are drawn into pictures."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from gallery.coloring import color
from gallery.publishing.assets.contents import check_svg
from gallery.rendering.labels.labels import place_labels
from gallery.rendering.labels.overlay import names_svg
from gallery.rendering.raster.frame import frame
from gallery.rendering.sheet.fonts import ASCENT
from tests.rendering.scans import layered, ring

SVG = "{http://www.w3.org/2000/svg}"


def test_names_are_text_at_the_places_of_drawn_ones() -> None:
    layout = ring(layered())
    for ground in ("dark", "light"):
        coloring = color(layout.graph, "layer", ground=ground)
        text = names_svg(layout, coloring, 640, margin=0.045, metadata={"Source": "sha256:ab"})
        check_svg(text.encode())
        assert "sha256:ab" in text
        labels = place_labels(layout, coloring, frame(layout.positions, 640, 0.045))
        assert labels
        drawn = [
            (one.text, float(one.get("x", 0)), float(one.get("y", 0)))
            for one in ET.fromstring(text).iter(f"{SVG}text")
        ]
        assert drawn == [
            (one.text, one.at[0], one.at[1] + round(ASCENT * one.size)) for one in labels
        ]
