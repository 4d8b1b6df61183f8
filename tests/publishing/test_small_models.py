"""Where the operator diagram is the first picture, and how long lists are folded."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gallery.costs.facts import TensorFact
from gallery.publishing.exhibit import Exhibit, ImageFile
from gallery.publishing.site import Site
from gallery.rendering.growth import FEW
from tests.publishing.sample_exhibits import make_diagram, make_exhibit, make_facts, make_scan

Put = Callable[..., Site]
_PICTURE = re.compile(r"<(?:source|img)[^>]*? src(?:set)?=\"([^\" ]+)")


def _small(folder: Path, pictures: tuple[ImageFile, ...], vertices: int, height: int) -> Exhibit:
    diagram = replace(make_diagram(folder), height=height)
    scan = make_scan(pictures, vertices=vertices)
    return make_exhibit("small", pictures, scans=(scan,), files={"diagram": (diagram,)})


@pytest.mark.parametrize(
    ("vertices", "height", "first"),
    [(FEW - 1, 400, True), (1, 1000, True), (FEW, 400, False), (9, 1001, False)],
)
def test_a_readable_diagram_of_a_small_model_comes_first(
    tmp_path: Path,
    pictures: tuple[ImageFile, ...],
    put: Put,
    vertices: int,
    height: int,
    first: bool,
) -> None:
    site = put([_small(tmp_path, pictures, vertices, height)])
    page = (site.root / "small" / "index.html").read_text("utf-8")
    shown = _PICTURE.findall(page)
    assert shown[0].endswith(".svg") == first
    card = (site.root / "index.html").read_text("utf-8").partition('<li class="card"')[2]
    assert _PICTURE.findall(card)[0].endswith(".svg") == first
    current = re.findall(r'data-scan="([^"]+)"[^>]*aria-current', page)
    assert current == (["diagram"] if first else [])
    # The scan is on the page in either case.
    assert any("-hero-" in one for one in shown)
    assert not re.search(r"data-key=\"hero\"(?! hidden)", page) if first else True


def test_without_a_diagram_the_scan_comes_first(pictures: tuple[ImageFile, ...], put: Put) -> None:
    exhibit = make_exhibit("small", pictures, scans=(make_scan(pictures, vertices=1),))
    page = (put([exhibit]).root / "small" / "index.html").read_text("utf-8")
    assert "-hero-" in _PICTURE.findall(page)[0]


@pytest.mark.parametrize(
    ("count", "folded", "left"), [(20, "", ""), (300, "280 more", ""), (1500, "1,480", "500 more")]
)
def test_long_lists_of_tensors_are_folded(
    pictures: tuple[ImageFile, ...], put: Put, count: int, folded: str, left: str
) -> None:
    outputs = tuple(TensorFact(name=f"o{n}.", dtype="float", shape=(1,)) for n in range(count))
    exhibit = make_exhibit("many", pictures, facts=make_facts("many", outputs=outputs))
    page = (put([exhibit]).root / "many" / "index.html").read_text("utf-8")
    lists = page.partition('<section class="io wide">')[2].partition("</section>")[0]
    seen, _, rest = lists.partition("<details")
    assert seen.count("<bdi>o") == min(count, 20)
    assert rest.count("<bdi>o") == max(min(count, 1000) - 20, 0)
    assert folded in rest
    assert ("<details" in lists) == bool(folded)
    assert left in rest
