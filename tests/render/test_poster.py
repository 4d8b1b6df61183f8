"""The poster: on its sheet, in its two forms, with everything it has to tell."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import numpy as np
import pytest

from gallery.color import color
from gallery.errors import RenderError
from gallery.facts import Facts
from gallery.render import poster, render, sheet_picture, sheet_svg
from gallery.render.sheet import Bar, Plate, Sheet, Words, text_width, wrap
from gallery.settings import FrontMatter
from tests.render.scans import layered, ring

SVG = "{http://www.w3.org/2000/svg}"
FRONT = FrontMatter(title="A <Net> & more", year=2015, paper="On Nets", authors=("A", "B"))


def _facts(**changes: object) -> Facts:
    values: dict[str, object] = {
        "name": "net", "digest": "ab" * 32, "file_bytes": 1, "parameters": 25_557_032,
        "parameter_bytes": {}, "macs": 4_089_184_256, "flops": None, "uncounted": {},
        "cost_by_type": {}, "activations": None, "operators": 70,
        "histogram": {"Conv": 40, "Relu" * 60: 30}, "layers": (), "depth": 60, "ir_version": 10,
        "opsets": {}, "producer": "", "inputs": (), "outputs": (),
    }  # fmt: skip
    return Facts(**{**values, **changes})


def _sheet(attribute: str = "layer", **changes: object) -> Sheet:
    graph = layered()
    found = color(graph, attribute)
    hero = render(ring(graph), found, size=300)
    return poster(_facts(**changes), FRONT, hero, found, [("depth", hero), ("flops", hero)])


@pytest.mark.parametrize("attribute", ["layer", "flops"])
def test_everything_lies_on_the_sheet(attribute: str) -> None:
    sheet = _sheet(attribute)
    for thing in sheet.things:
        if isinstance(thing, Words):
            wide = text_width(thing.text, thing.size)
            left = thing.x - {"start": 0, "middle": 0.5, "end": 1}[thing.anchor] * wide
            assert left > 5
            assert left + wide < sheet.width - 5
            assert thing.size < thing.y < sheet.height - 5
        elif isinstance(thing, Bar):
            assert thing.x + thing.width < sheet.width - 5
        else:
            assert thing.x + thing.width <= sheet.width


def test_the_numbers_are_told_and_unknown_ones_said_so() -> None:
    texts = [thing.text for thing in _sheet().things if isinstance(thing, Words)]
    for words in ("25.6 M", "4.09 G", "600", "70", "Conv", "40", "How to read it", "2015"):
        assert words in texts
    unknown = [thing.text for thing in _sheet(macs=None).things if isinstance(thing, Words)]
    assert "not known" in unknown


def test_words_do_not_overlap() -> None:
    boxes = []
    for thing in _sheet().things:
        if isinstance(thing, Words):
            wide = text_width(thing.text, thing.size)
            left = thing.x - {"start": 0, "middle": 0.5, "end": 1}[thing.anchor] * wide
            boxes.append((left, thing.y - 0.7 * thing.size, left + wide, thing.y))
    for number, one in enumerate(boxes):
        for other in boxes[:number]:
            apart = one[0] >= other[2] or other[0] >= one[2]
            assert apart or one[1] >= other[3] or other[1] >= one[3]


def test_pixels_have_the_size_of_paper() -> None:
    picture = sheet_picture(_sheet(), dpi=50)
    assert (picture.width, picture.height) == (827, 1169)
    assert picture.metadata["Density"] == "50"
    assert picture.pixels.any()
    with pytest.raises(RenderError, match="choose another resolution"):
        sheet_picture(_sheet(), dpi=0)


def test_svg_holds_text_and_pictures() -> None:
    root = ET.fromstring(sheet_svg(_sheet(), dpi=30))
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert FRONT.title in texts
    images = list(root.iter(f"{SVG}image"))
    assert len(images) == 3
    assert all(image.get("href", "").startswith("data:image/jpeg;base64,") for image in images)


def test_a_plate_is_pasted_to_scale_and_cut_at_the_edge() -> None:
    white = render(ring(layered()), color(layered(), ground="light"), size=40)
    sheet = Sheet(
        width=100,
        height=100,
        ground="#000000",
        title="t",
        things=(Plate(x=80, y=-10, width=40, picture=white),),
    )
    pixels = sheet_picture(sheet, dpi=25.4).pixels
    lit = pixels.max(axis=2) > 0
    assert lit[:30, 80:].all()
    assert lit.sum() == 30 * 20
    assert np.asarray(lit).shape == (100, 100)


def test_lines_are_broken_at_the_width() -> None:
    lines = wrap("one two three four five six", 4, 20)
    assert len(lines) > 2
    assert all(text_width(line, 4) <= 20 for line in lines)
    assert wrap("one two three four five six", 4, 20, 1)[0].endswith("…")
