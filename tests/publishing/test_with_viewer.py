"""A model's viewer within the site."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gallery.errors import PublishError
from gallery.publishing import ImageFile, Site
from gallery.rendering.viewer.data import viewer_data
from tests.publishing.sample_exhibits import make_exhibit, make_file
from tests.rendering.viewer_net import colorings, net


def test_model_page_leads_to_its_viewer_and_back(
    tmp_path: Path, pictures: tuple[ImageFile, ...], put: Callable[..., Site]
) -> None:
    model, layout = net(tmp_path)
    data = tmp_path / "data.bin"
    data.write_bytes(viewer_data(layout, colorings(layout), model))
    site = put(
        [
            make_exhibit("a", pictures, files={"viewer": (make_file(data),)}),
            make_exhibit("b", pictures),
        ]
    )
    assert "a/viewer/index.html" in site.pages
    assert 'href="../a/viewer/index.html"' in (site.root / "a/index.html").read_text()
    assert "viewer" not in (site.root / "b/index.html").read_text()
    page = (site.root / "a/viewer/index.html").read_text()
    addresses = re.findall(r'(?:href|src)="([^"#]+)"', page)
    assert "../index.html" in addresses
    for address in addresses:
        assert (site.root / "a/viewer" / address).is_file(), address


def test_damaged_data_are_named(
    tmp_path: Path, pictures: tuple[ImageFile, ...], put: Callable[..., Site]
) -> None:
    data = tmp_path / "data.bin"
    data.write_bytes(b"not it")
    with pytest.raises(PublishError, match="a: publish: the viewer's data are damaged"):
        put([make_exhibit("a", pictures, files={"viewer": (make_file(data),)})])
