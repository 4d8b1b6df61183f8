"""Layer names that are laid over the main scan, in place of pictures with names."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from gallery.publishing import ImageFile, Site
from tests.publishing.sample_exhibits import make_exhibit, make_scan


def _names(folder: Path) -> tuple[ImageFile, ...]:
    files = []
    for side in (320, 640):
        path = folder / f"{side}.svg"
        path.write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{side}" height="{side}"/>\n', "utf-8"
        )
        files.append(ImageFile(source=path, format="svg", width=side, height=side))
    return tuple(files)


def test_names_lie_over_the_main_scan_and_a_document_shows_both(
    pictures: tuple[ImageFile, ...], put: Callable[..., Site], tmp_path: Path
) -> None:
    scans = (make_scan(pictures), make_scan(_names(tmp_path), "names"))
    site = put([replace(make_exhibit("net", pictures), scans=scans)])
    page = (site.root / "net/index.html").read_text("utf-8")
    ((link, shown),) = re.findall(
        r'data-scan="names" href="\.\./(assets/[^"]*)".*?(<span class="layered">.*?</span>)',
        page,
        re.DOTALL,
    )
    over = re.findall(r"assets/net-names-\d+\.[0-9a-f]{8}\.svg", shown)
    assert len(set(over)) == 2
    assert all((site.root / one).is_file() for one in over)
    assert "assets/net-hero-" in shown
    # Without scripts, the link opens a document with the picture and the names.
    document = (site.root / link).read_text("utf-8")
    inside = re.findall(r'<image href="([^"]*)"', document)
    assert [one.split(".")[0] for one in inside][1] == "net-names-640"
    assert all((site.root / "assets" / one).is_file() for one in inside)


def test_names_without_a_main_scan_are_left_out(
    pictures: tuple[ImageFile, ...], put: Callable[..., Site], tmp_path: Path
) -> None:
    scans = (make_scan(_names(tmp_path), "names"),)
    site = put([replace(make_exhibit("net", pictures), scans=scans)])
    assert not list((site.root / "assets").glob("net-names*"))
