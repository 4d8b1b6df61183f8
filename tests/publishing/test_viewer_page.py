"""The viewer's page: strict, escaped, whole without scripts, and shared files only once."""

from __future__ import annotations

import base64
import html
import json
import re
from pathlib import Path

import html5lib
import pytest

from gallery.errors import PublishError
from gallery.publishing.assets.files import Placed, picture
from gallery.publishing.assets.templates import environment
from gallery.publishing.settings import SiteSettings
from gallery.publishing.viewer_page import SCRIPTS, ViewerPage, viewer_content, viewer_files
from gallery.rendering.viewer.container import unpack
from gallery.rendering.viewer.data import viewer_data
from gallery.settings.attributes import TABLE
from tests.rendering.viewer_net import colorings, net

_SETTINGS = SiteSettings(title="Nets & <co>")
_NASTY = "<script>alert(1)</script>\"'"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    model, layout = net(tmp_path_factory.mktemp("net"))
    return viewer_data(layout, colorings(layout), model)


@pytest.fixture(scope="module")
def files(data: bytes) -> dict[str, bytes]:
    still = Placed(href="assets/net.png", bytes=9, sha256="", format="png", width=9, height=9)
    page = ViewerPage(slug="net", title=_NASTY, pictures={"dark": picture([still])}, alt=_NASTY)
    return viewer_files(environment(_SETTINGS), data, page, _SETTINGS)


def _page(files: dict[str, bytes]) -> str:
    return files["net/viewer/index.html"].decode()


def test_page_parses_and_is_strict(files: dict[str, bytes]) -> None:
    html = _page(files)
    html5lib.HTMLParser(strict=True).parse(html)
    assert "script-src 'self'" in html
    assert "unsafe" not in html
    assert not re.search(r"\sstyle=|\son\w+=|javascript:", html)
    assert "<script>alert" not in html
    scripts = re.findall(r"<script[^>]*>", html)
    assert scripts
    assert all("src=" in tag for tag in scripts)


def test_all_that_the_page_names_is_there(files: dict[str, bytes]) -> None:
    html = _page(files)
    named = re.findall(r'(?:src|href)="\.\./\.\./(assets/[^"]+)"', html)
    outside = {"assets/net.png", "assets/icon.svg"}
    assert set(named) - outside == {path for path in files if path.startswith("assets/")}


def test_the_picture_stands_without_scripts(files: dict[str, bytes]) -> None:
    html = _page(files)
    assert '<img loading="lazy" src="../../assets/net.png" width="9" height="9"' in html
    assert "<noscript>" in html


def test_every_attribute_has_a_title(files: dict[str, bytes]) -> None:
    found = re.search(r'data-texts="([^"]*)"', _page(files))
    assert found
    titles = json.loads(html.unescape(found[1]))["attribute"]
    assert set(titles) == set(TABLE)
    assert titles["exchange"] == "Exchange between tiles"
    assert titles["flops"] == "Work"


def test_data_are_a_script(files: dict[str, bytes], data: bytes) -> None:
    (script,) = [text for path, text in files.items() if path.startswith("assets/net-viewer.")]
    found = re.fullmatch(rb'// (.*)\nGalleryViewer\.data\("([A-Za-z0-9+/=]+)"\);\n', script)
    assert found
    assert json.loads(found[1]) == unpack(data)[0]["provenance"]
    assert base64.b64decode(found[2]) == data == viewer_content(script)


def test_models_share_the_viewer_itself(files: dict[str, bytes], data: bytes) -> None:
    page = ViewerPage(slug="other", title="Other")
    others = viewer_files(environment(_SETTINGS), data, page, _SETTINGS)
    shared = set(files) & set(others)
    assert {path.split(".")[0] for path in shared} == {"assets/viewer", "assets/theme"}
    assert all(files[path] == others[path] for path in shared)


def test_scripts_are_classic_and_ask_for_nothing(files: dict[str, bytes]) -> None:
    (script,) = [
        text.decode()
        for path, text in files.items()
        if "assets/viewer." in path and path.endswith(".js")
    ]
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "fetch(", "import "):
        assert word not in script
    assert "http://" not in script
    assert "https://" not in script


def test_every_script_of_the_viewer_is_joined() -> None:
    folder = Path(__file__).parents[2] / "templates" / "viewer"
    assert {path.stem for path in folder.glob("*.js")} == set(SCRIPTS)


def test_damaged_data_are_refused() -> None:
    with pytest.raises(PublishError, match="damaged"):
        viewer_files(
            environment(_SETTINGS), b"nothing", ViewerPage(slug="net", title="n"), _SETTINGS
        )
