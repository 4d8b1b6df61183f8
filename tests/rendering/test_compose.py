"""The poster: on its sheet, in both forms, with everything that it shows; other sheets."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdfium2 import PdfDocument

from gallery.coloring import color
from gallery.coloring.palettes import from_hex
from gallery.costs.facts import Facts
from gallery.errors import RenderError
from gallery.placement.types import Layout
from gallery.rendering.compose.contact_sheet import contact_sheet
from gallery.rendering.compose.layer_strip import Stretch, layer_strip
from gallery.rendering.compose.poster import poster
from gallery.rendering.compose.poster_columns import histogram
from gallery.rendering.compose.poster_grid import BODY, FIGURE, HEAD, MARGIN, SMALL, THEMES, Slot
from gallery.rendering.compose.poster_grids import grid_of, units
from gallery.rendering.compose.poster_scan import HALVES, Shown, show
from gallery.rendering.compose.poster_strip import drawn_strip
from gallery.rendering.compose.social_card import CARD, SCAN, card
from gallery.rendering.compose.wall import Hung, hanging, wall
from gallery.rendering.compose.wallpaper import MARGIN as MARGIN_OF_WALLPAPERS
from gallery.rendering.compose.wallpaper import wallpaper
from gallery.rendering.labels.labels import CONTRAST, luminance
from gallery.rendering.scan import render
from gallery.rendering.sheet.fonts import Face, bearing, text_width
from gallery.rendering.sheet.pdf import sheet_pdf
from gallery.rendering.sheet.sheet import Bar, Plate, Sheet, Stroke, TextLine, sheet_picture
from gallery.settings.paper import LANDSCAPE, PAPERS, paper_named
from gallery.settings.values import FrontMatter
from gallery.text import amount
from tests.rendering.scans import facing, layered, ring

SLOT = Slot(x=0.0, y=466.0, width=84.75)
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


A2 = paper_named("A2")
FACING = facing()


def _hero(attribute: str = "layer", ground: str = "dark", dpi: float = 75) -> Shown:
    layout = ring(layered())
    return show(layout, color(layout.graph, attribute, ground=ground), A2, dpi)


def _sheet(attribute: str = "layer", ground: str = "dark", **changes: object) -> Sheet:
    shown = _hero(attribute, ground)
    small = render(ring(layered()), color(layered()), size=60)
    return poster(_facts(**changes), FRONT, shown, [("By depth", small), ("By work", small)])


def _bars(sheet: Sheet) -> list[Bar]:
    return [element for element in sheet.elements if isinstance(element, Bar)]


Box = tuple[float, float, float, float]


def _box(words: TextLine) -> Box:
    wide = text_width(words.text, words.size, words.face)
    return words.left, words.y - 0.73 * words.size, words.left + wide, words.y


def _apart(one: Box, other: Box) -> bool:
    return one[0] >= other[2] or other[0] >= one[2] or one[1] >= other[3] or other[1] >= one[3]


def _words(sheet: Sheet) -> list[TextLine]:
    return [element for element in sheet.elements if isinstance(element, TextLine)]


@pytest.mark.parametrize("ground", ["dark", "light"])
@pytest.mark.parametrize("attribute", ["layer", "operator", "flops"])
def test_everything_lies_within_the_margins(attribute: str, ground: str) -> None:
    sheet = _sheet(attribute, ground)
    assert {TextLine, Bar, Plate} <= {type(element) for element in sheet.elements}
    for element in sheet.elements:
        if isinstance(element, TextLine):
            assert element.left > 20
            right = element.left + text_width(element.text, element.size, element.face)
            assert right < sheet.width - 20
            assert 20 < element.y < sheet.height - 16
        elif isinstance(element, Bar):
            assert element.x >= MARGIN - 0.01
            assert element.x + element.width <= sheet.width - MARGIN + 0.01
        elif isinstance(element, Plate):
            assert element.x >= 0
            assert element.x + element.width <= sheet.width


SHEETS = [name + turn for name in PAPERS for turn in ("", LANDSCAPE)]


@pytest.mark.parametrize("name", SHEETS)
@pytest.mark.parametrize("layout", [ring(layered()), FACING], ids=["forward", "training"])
def test_every_sheet_is_filled_within_its_margins(name: str, layout: Layout) -> None:
    paper, found = paper_named(name), color(layout.graph)
    small = render(ring(layered()), color(layered()), size=60)
    others = [(f"By {k}", small) for k in range(4)]
    front = replace(FRONT, title="A long name of a network", authors=("A. Author",) * 9)
    sheet = poster(_facts(), front, show(layout, found, paper, 40), others, paper)
    assert (sheet.width, sheet.height) == (paper.width, paper.height)
    grid = grid_of(paper)
    scale = units(paper, grid)
    words = _words(sheet)
    assert min(line.size for line in words) >= 1.9, "smaller text is illegible on paper"
    boxes = [_box(line) for line in words]
    boxes += [(one.x, one.y, one.x + one.width, one.y + one.height) for one in _bars(sheet)]
    for left, top, right, bottom in boxes:
        # Large letters begin left of their stems, and the last line stands in the margin.
        assert left > (grid.margin - 3) * scale
        assert right < sheet.width - (grid.margin - 1.5) * scale
        assert top > (grid.margin - 1) * scale
        assert bottom < sheet.height - (grid.margin - 8) * scale
    for one, other in combinations([_box(line) for line in words], 2):
        assert _apart(one, other), (one, other)


def test_the_poster_of_training_tells_its_passes() -> None:
    shown = show(FACING, color(FACING.graph), A2, 40)
    texts = [words.text for words in _words(poster(_facts(), FRONT, shown))]
    counts = np.bincount(FACING.graph.vertex_pass)
    for number, words in zip(counts, ("forward", "backward", "that update"), strict=True):
        assert amount(int(number)) in texts
        assert f"vertices {words}" in texts
    assert set(HALVES) <= set(texts)
    sheet = poster(_facts(), FRONT, shown)
    left, right = (next(one for one in _words(sheet) if one.text == name) for name in HALVES)
    assert left.x < 210 < right.x
    assert shown.labels
    middle = shown.picture.width / 2
    assert all(label.lead is None or label.lead[1][0] < middle for label in shown.labels)


def test_few_sizes_of_type_are_used() -> None:
    sizes = {round(words.size, 1) for words in _words(_sheet()) if words.text != FRONT.title}
    grid = {FIGURE, HEAD, BODY, SMALL}
    shown = _hero()
    labels = {round(label.size * 420 / shown.picture.width, 1) for label in shown.labels}
    assert {size for size in sizes if size <= HEAD} <= grid | labels


@pytest.mark.parametrize("attribute", ["layer", "operator", "flops"])
def test_text_does_not_overlap(attribute: str) -> None:
    boxes = [
        (w.left, w.y - 0.7 * w.size, w.left + text_width(w.text, w.size, w.face), w.y, w.text)
        for w in _words(_sheet(attribute))
    ]
    assert len(boxes) > 10
    for one, other in combinations(boxes, 2):
        apart = one[0] >= other[2] or other[0] >= one[2] or one[1] >= other[3] or other[1] >= one[3]
        assert apart, (one, other)


def test_the_numbers_are_told_and_unknown_ones_said_so() -> None:
    texts = [words.text for words in _words(_sheet())]
    for words in ("25.6 M", "4.09 G", "600", "70", "Conv", "40", "How to read it", "By depth"):
        assert words in texts
    assert any("On Nets, 2015" in text for text in texts)
    assert "unknown" in [words.text for words in _words(_sheet(macs=None))]


def test_counts_are_told_in_billions() -> None:
    told = [words.text for words in _words(_sheet(parameters=1_100_048_384, macs=134_000_000_000))]
    assert {"1.1 B", "134 G"} <= set(told)
    scan = render(ring(layered()), color(layered()), size=SCAN)
    shown = _words(card(_facts(parameters=1_100_048_384), FRONT, scan))
    assert "1.1 B" in [words.text for words in shown]


def test_the_foot_calls_the_processor_by_its_name() -> None:
    shown = _hero()
    told = {**shown.picture.metadata, "Target": "ipu2"}
    picture = replace(shown.picture, metadata=told)
    sheet = poster(_facts(), FRONT, replace(shown, picture=picture))
    texts = [words.text for words in _words(sheet)]
    assert any("split for Graphcore Colossus GC200" in text for text in texts)


@pytest.mark.parametrize("title", ["Resnet", "Title", "1.1B", "jet"])
def test_the_stem_of_the_title_stands_on_the_edge_of_the_column(title: str) -> None:
    sheet = poster(_facts(), replace(FRONT, title=title), _hero())
    line = next(words for words in _words(sheet) if words.text == title)
    stem = line.x + bearing(title, line.size, line.face)
    assert stem == pytest.approx(next(bar.x for bar in _bars(sheet)))
    shown = _words(
        card(
            _facts(),
            replace(FRONT, title=title),
            render(ring(layered()), color(layered()), size=SCAN),
        )
    )
    line = next(words for words in shown if words.text == title)
    assert line.x + bearing(title, line.size, line.face) == pytest.approx(56)


def test_a_name_is_not_broken() -> None:
    authors = ("Kaiming He", "Xiangyu Zhang", "Shaoqing Ren", "Jian Sun")
    texts = [
        words.text for words in _words(poster(_facts(), replace(FRONT, authors=authors), _hero()))
    ]
    told = [text for text in texts if "Zhang" in text or "Sun" in text]
    assert told
    assert all(sum(name in text for text in told) == 1 for name in authors)


def test_the_strip_leaves_out_what_nobody_could_see() -> None:
    slot = Slot(x=10.0, y=0.0, width=300.0)
    strip = [
        Stretch(name=name, share=share, colors=("#ff0000",))
        for name, share in (("a", 0.0001), ("b", 0.5), ("c", 0.4999))
    ]
    shown = drawn_strip(slot, color(layered()), strip, THEMES["dark"])
    bars = [one for one in shown if isinstance(one, Bar)]
    assert [words.text for words in shown if isinstance(words, TextLine)] == ["b", "c"]
    assert len(bars) == 2
    assert bars[0].x == slot.x
    assert bars[-1].x + bars[-1].width == pytest.approx(310, abs=0.05)


def test_bars_are_as_long_as_their_numbers() -> None:
    bars = histogram(SLOT, _facts(histogram={"Conv": 40, "Relu": 10}), THEMES["dark"], "dark")
    widths = [element.width for element in bars if isinstance(element, Bar)]
    assert widths[0] / widths[1] == pytest.approx(4)
    many = _facts(histogram={f"Op{k}": 50 - k for k in range(20)})
    texts = [
        t.text for t in histogram(SLOT, many, THEMES["dark"], "dark") if isinstance(t, TextLine)
    ]
    assert f"and {sum(50 - k for k in range(11, 20))} of 9 other types" in texts


@pytest.mark.parametrize("ground", ["dark", "light"])
def test_text_has_contrast_and_the_ground_is_that_of_scans(ground: str) -> None:
    theme = THEMES[ground]
    level = float(luminance(from_hex(theme.ground)))
    for tone in (theme.ink, theme.faint):
        ink = float(luminance(from_hex(tone)))
        assert (max(ink, level) + 0.05) / (min(ink, level) + 0.05) >= CONTRAST
    corner = render(ring(layered()), color(layered(), ground=ground), size=80).pixels[0, 0]
    assert np.abs(corner.astype(int) - from_hex(theme.ground)).max() <= 1


def test_the_strip_has_all_layers_in_order_and_to_scale() -> None:
    graph = layered(bodies=4, size=100)
    strip = layer_strip(graph, color(graph))
    assert [stretch.name for stretch in strip] == ["stage0", "stage1", "stage2", "stage3"]
    assert [stretch.share for stretch in strip] == pytest.approx([0.25] * 4)
    assert len({stretch.colors for stretch in strip}) == 4
    names = [w.text for w in _words(_sheet()) if w.y == pytest.approx(447.4)]
    assert names == [f"stage{k}" for k in range(5)]


def test_labels_point_to_the_same_places_on_paper() -> None:
    shown = _hero()
    sheet = poster(_facts(), FRONT, shown)
    scale = sheet.width / shown.picture.width
    plate = next(element for element in sheet.elements if isinstance(element, Plate))
    for label in shown.labels:
        words = next(words for words in _words(sheet) if words.text == label.text)
        assert words.x == pytest.approx(label.at[0] * scale)
        assert plate.y < words.y < plate.y + plate.height
    ends = {(round(s.to_x, 3), round(s.to_y, 3)) for s in sheet.elements if isinstance(s, Stroke)}
    led = [label.lead[1] for label in shown.labels if label.lead]
    assert led
    for x, y in led:
        assert (round(x * scale, 3), round(plate.y + y * scale, 3)) in ends


def test_pixels_have_the_size_of_paper() -> None:
    picture = sheet_picture(_sheet(), dpi=50)
    assert (picture.width, picture.height) == (827, 1169)
    assert picture.metadata["Density"] == "50"
    assert picture.metadata["Vertices"] == "600"
    with pytest.raises(RenderError, match="choose another resolution"):
        sheet_picture(_sheet(), dpi=0)


def test_pdf_holds_text_fonts_and_pictures() -> None:
    sheet = _sheet()
    content = sheet_pdf(sheet, dpi=40)
    assert content == sheet_pdf(sheet, dpi=40)
    assert content.count(b"/FontFile2") == len(Face)
    # The main scan, and the one small picture that is shown twice.
    assert content.count(b"/DCTDecode") == 2
    document = PdfDocument(content)
    assert len(document) == 1
    page = document[0]
    assert page.get_size() == pytest.approx((420 / 25.4 * 72, 594 / 25.4 * 72), abs=0.1)
    found = page.get_textpage().get_text_bounded()
    assert FRONT.title in [words.text for words in _words(sheet)]
    for words in _words(sheet):
        assert words.text in found
    assert document.get_metadata_value("Title") == FRONT.title
    assert "Vertices 600" in document.get_metadata_value("Subject")


def test_pdf_and_pixels_show_the_same() -> None:
    sheet = _sheet()
    page = PdfDocument(sheet_pdf(sheet, dpi=100))[0]
    shown = np.asarray(page.render(scale=100 / 72).to_pil().convert("L")).astype(float)
    drawn = sheet_picture(sheet, dpi=100).pixels.mean(axis=2)
    height, width = (min(a, b) for a, b in zip(shown.shape, drawn.shape, strict=True))
    for rows in (slice(0, 280), slice(280, 1700), slice(1700, height)):
        one, other = shown[rows, :width], drawn[rows, :width]
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.8


def test_hostile_text_is_set_safely() -> None:
    evil = "<b>\0\u202e日本 (\\) " * 40
    front = FrontMatter(title=evil, paper=evil, authors=(evil,) * 9, paper_url=evil, family=evil)
    sheet = poster(_facts(name=evil, histogram={evil: 3}), front, _hero())
    assert sheet_picture(sheet, dpi=20).width == 331
    assert len(PdfDocument(sheet_pdf(sheet, dpi=20))) == 1


def test_a_plate_is_pasted_to_scale_and_cut_at_the_edge() -> None:
    white = render(ring(layered()), color(layered(), ground="light"), size=40)
    plate = Plate(x=80, y=-10, width=40, picture=white)
    sheet = Sheet(width=100, height=100, ground="#000000", title="t", elements=(plate,))
    lit = sheet_picture(sheet, dpi=25.4).pixels.max(axis=2) > 0
    assert lit[:30, 80:].all()
    assert lit.sum() == 30 * 20


def test_bars_and_strokes_cover_what_they_say() -> None:
    elements = (
        Bar(x=10, y=10, width=20.5, height=4, color="#ffffff"),
        Stroke(x=20, y=60, to_x=60, to_y=60, width=6, color="#ffffff"),
        Stroke(x=80, y=30, to_x=80, to_y=30, width=20, color="#ffffff"),
    )
    sheet = Sheet(width=100, height=100, ground="#000000", title="t", elements=elements)
    light = sheet_picture(sheet, dpi=25.4).pixels[:, :, 0] / 255.0
    assert light[:20].sum() == pytest.approx(82, rel=0.01)
    assert light[50:70].sum() == pytest.approx(40 * 6 + np.pi * 9, rel=0.02)
    assert light[15:45, 65:].sum() == pytest.approx(np.pi * 100, rel=0.02)


def test_many_scans_share_a_sheet() -> None:
    small = render(ring(layered()), color(layered()), size=50)
    for count in (1, 2, 5, 10, 21):
        sheet = contact_sheet("All", "note", [(f"scan {k}", small) for k in range(count)])
        plates = [element for element in sheet.elements if isinstance(element, Plate)]
        assert len(plates) == count
        for one in plates:
            assert one.x >= MARGIN
            assert one.x + one.width <= sheet.width - MARGIN + 1e-6
            assert one.y + one.height < sheet.height - 15
        for one, other in combinations(plates, 2):
            across = abs(one.x - other.x) >= one.width + 5
            assert across or abs(one.y - other.y) >= one.height + 10
        for k in range(count):
            words = next(words for words in _words(sheet) if words.text == f"scan {k}")
            assert words.x == plates[k].x
            assert words.y > plates[k].y + plates[k].height


@given(
    count=st.integers(1, 60),
    wide=st.sampled_from([594.0, 420.0, 297.0, 200.0]),
    tall=st.sampled_from([594.0, 420.0, 297.0, 650.0]),
)
def test_scans_on_a_wall_are_apart_and_within_it(count: int, wide: float, tall: float) -> None:
    place = hanging(count, wide, tall)
    assert len(place.places) == count
    rows = [len(list(row)) for _, row in groupby(place.places, key=lambda at: at[1])]
    assert max(rows) - min(rows) <= 1
    assert rows == rows[::-1] or sum(rows) % len(rows)
    for left, top in place.places:
        assert left >= place.tight * MARGIN - 1e-6
        assert left + place.side <= wide - place.tight * MARGIN + 1e-6
        assert place.tight * MARGIN < top < tall - place.side - place.tight * MARGIN
    for one, other in combinations(place.places, 2):
        across, down = abs(one[0] - other[0]), abs(one[1] - other[1])
        assert across >= place.side + 4 or down >= place.side + 10


def test_the_wall_names_every_scan_in_order() -> None:
    small = render(ring(layered()), color(layered()), size=50)
    scans = [Hung(name=f"Net {k}", note="2015", picture=small) for k in range(7)]
    sheet = wall("Seven", "7 networks", scans, hanging(7, 420, 594), "light")
    plates = [element for element in sheet.elements if isinstance(element, Plate)]
    names = [words for words in _words(sheet) if words.text.startswith("Net ")]
    assert [words.text for words in names] == [f"Net {k}" for k in range(7)]
    for plate, words in zip(plates, names, strict=True):
        assert words.x == pytest.approx(plate.x + plate.width / 2)
        assert plate.y + plate.height < words.y < plate.y + plate.height + 8
    assert {"Seven", "7 networks"} <= {words.text for words in _words(sheet)}


@pytest.mark.parametrize("size", [(960, 540), (540, 1200)])
def test_a_wallpaper_shows_the_whole_scan_and_no_more(size: tuple[int, int]) -> None:
    layout = ring(layered(size=500))
    picture = wallpaper(layout, color(layout.graph), size)
    assert (picture.width, picture.height) == size
    lit = picture.pixels.max(axis=2) > 60
    rows, columns = (np.flatnonzero(lit.any(axis=axis)) for axis in (1, 0))
    room = MARGIN_OF_WALLPAPERS * min(size)
    assert min(rows[0], columns[0]) >= room - 14
    assert max(rows[-1] - rows[0], columns[-1] - columns[0]) == pytest.approx(
        min(size) - 2 * room,
        abs=26,  # for the glow around it
    )


def test_the_card_tells_title_and_numbers() -> None:
    scan = render(ring(layered()), color(layered()), size=SCAN)
    front = FrontMatter(title="A very long name of a network " * 4, year=2015, family="CNN")
    sheet = card(_facts(), front, scan)
    picture = sheet_picture(sheet, dpi=25.4)
    assert (picture.width, picture.height) == CARD
    texts = [words.text for words in _words(sheet)]
    for words in ("CNN, 2015", "25.6 M", "4.09 G", "600", "parameters", "vertices"):
        assert words in texts
    for words in _words(sheet):
        assert words.left >= 50
        assert words.left + text_width(words.text, words.size, words.face) <= 520
        assert 50 < words.y < 600
