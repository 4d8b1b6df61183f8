"""Pictures that sidecars show are published, and those that cannot be are named."""

from __future__ import annotations

from pathlib import Path

import html5lib
import pytest
from PIL import Image

from gallery.pipeline.build import BuildOptions, build, merge, planned
from gallery.pipeline.pictures import name_of, place_of, site_files
from gallery.publishing.check import check_site
from gallery.publishing.parts import prose as prose_module
from gallery.publishing.parts.prose import ProsePicture, prose
from gallery.settings.values import GallerySettings
from tests.conftest import NET
from tests.onnx_text import write

pytestmark = pytest.mark.usefixtures("without_workers")

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1"/></svg>'


@pytest.fixture
def shown(models: Path) -> Path:
    """The sidecar of `deep/second.onnx` shows pictures that are there and others."""
    Image.new("RGB", (40, 20), "red").save(models / "loss curve.png")
    Image.new("RGB", (8, 8)).save(models / "deep" / "a.webp")
    (models / "deep" / "plain.svg").write_text(SVG)
    (models / "deep" / "script.svg").write_text(SVG.replace("<path", "<script>1</script><path"))
    (models / "deep" / "text.png").write_text("no picture")
    (models / "deep" / "out.png").symlink_to("/etc/hostname")
    (models / "deep" / "second.md").write_text(
        "Words.\n\n![The loss](../loss%20curve.png)\n\n<img src='a.webp' alt='small'>\n\n"
        "![](plain.svg) ![](script.svg) ![](text.png) ![](out.png) ![](gone.png) ![](a.bmp)\n"
        "![](../../secret.png) ![](https://example.org/x.png) ![](/x.png) ![](javascript:1)\n"
    )
    (models.parent / "secret.png").write_bytes((models / "loss curve.png").read_bytes())
    return models


def pictures(site: Path) -> list[str]:
    return sorted(path.name for path in (site / "pictures").iterdir())


WANTED = sorted(
    name_of(place).rpartition("/")[2]
    for place in ("loss curve.png", "deep/a.webp", "deep/plain.svg")
)


def test_pictures_of_sidecars_are_published(shown: Path, tmp_path: Path) -> None:
    report = build(shown, tmp_path / "site")
    page = (tmp_path / "site/deep-second/index.html").read_text("utf-8")
    assert pictures(tmp_path / "site") == WANTED
    assert page.count('<img loading="lazy"') == len(WANTED)
    name = name_of("loss curve.png")
    assert f'width="40" height="20" src="../{name}" alt="The loss"' in page
    assert (tmp_path / "site" / name).read_bytes() == (shown / "loss curve.png").read_bytes()
    assert "example.org" not in page
    assert "secret" not in page
    assert "javascript" not in page
    assert check_site(tmp_path / "site").problems == ()
    assert sorted(note.partition(" is left out: ")[0] for note in report.notes) == [
        f"deep/second.md: its picture deep/{name}"
        for name in ("a.bmp", "gone.png", "out.png", "script.svg", "text.png")
    ]
    assert not build(shown, tmp_path / "site").changed


def test_a_picture_that_changes_is_published_again(shown: Path, tmp_path: Path) -> None:
    build(shown, tmp_path / "site")
    Image.new("RGB", (41, 20), "blue").save(shown / "loss curve.png")
    assert build(shown, tmp_path / "site").changed
    page = (tmp_path / "site/deep-second/index.html").read_text("utf-8")
    assert 'width="41" height="20"' in page


def test_parts_carry_them_all(shown: Path, tmp_path: Path) -> None:
    build(shown, tmp_path / "whole")
    for number in (1, 2):
        build(shown, tmp_path / f"part{number}", options=BuildOptions(shard=(number, 2)))
    merge([tmp_path / "part1", tmp_path / "part2"], tmp_path / "site", cache=tmp_path / "cache")
    assert pictures(tmp_path / "site") == WANTED
    pages = [tmp_path / folder / "deep-second/index.html" for folder in ("whole", "site")]
    assert pages[0].read_bytes() == pages[1].read_bytes()


@pytest.mark.parametrize(
    "source",
    ["", "#a", "?x", "//host/a.png", "/a.png", "data:image/png,x", "../a.png", "a/../../a.png",
     "..\\a.png", "http://[", "%2e%2e/a.png", "a%00.png", "C:\\a.png"],
)  # fmt: skip
def test_addresses_that_lead_elsewhere(source: str) -> None:
    assert place_of("net.onnx", source) is None


@pytest.mark.parametrize("source", ["shown.png", "gone.png"])
@pytest.mark.parametrize(
    "text",
    ['![><script>1</script>]({})', '<img src="{}" alt="><script>1</script>">',
     '![a"b]({} "c><d")', "![a](<{}>)"],
)  # fmt: skip
def test_what_describes_a_picture_is_never_markup(text: str, source: str) -> None:
    pictures = {"shown.png": ProsePicture(href="../pictures/shown.png", width=4, height=3)}
    html = str(prose(text.format(source), None, pictures))
    reader = html5lib.parseFragment(html, namespaceHTMLElements=False)
    names = [element.tag for element in reader.iter() if isinstance(element.tag, str)]
    assert set(names) <= {"DOCUMENT_FRAGMENT", "p", "img"}
    assert names.count("img") <= (source == "shown.png")


def test_signs_within_attributes_end_no_picture() -> None:
    """Versions of the cleaner that leave them as they are would else let a description out."""
    clean = '<img alt="><script>1</script>" title="x"> after'
    assert prose_module._IMAGE.sub("", clean) == " after"


def test_what_models_share_is_wrong_once(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for name in ("model.onnx", "model_fp16.onnx"):
        write(tmp_path / "a", NET, name)
    (tmp_path / "a/README.md").write_text("![Loss](gone.png)")
    _, problems = site_files(tmp_path, planned(tmp_path, GallerySettings(), BuildOptions()))
    assert problems == [
        "a/README.md: its picture a/gone.png is left out: there is no file gone.png"
    ]
