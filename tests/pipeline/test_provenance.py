"""Every file that is made of a model names it, the version and the settings, as common tools show.

Each format is read by a reader that is not ours.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import shutil
import subprocess
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import networkx
import numpy as np
import pygraphviz
import pypdfium2
import pytest
from PIL import Image

from gallery.discovery.discover import discover
from gallery.pipeline.build import build
from gallery.pipeline.plan import ModelPlan, plan_of, versions
from gallery.pipeline.products import PRODUCTS, results_of
from gallery.publishing.settings import SiteSettings
from gallery.rendering.provenance import LONGEST, Provenance, software, source_of
from gallery.rendering.viewer.container import unpack
from gallery.settings.color_rules import ColorRule
from gallery.settings.gallery_toml import read_settings
from gallery.settings.values import GallerySettings, ScanSettings
from tests.conftest import make_models, run_gallery

SETTINGS = """
title = "Small nets"
base_url = "https://example.org/"
dims = {{ n = 3 }}
[site]
weight = "full"
[scan]
vertices = 60
seed = 7
rules = [{{ pattern = "*<&>é\\"*", color = "#ff8800" }}]
[variants]
sizes = [64]
size = [32]
formats = ["avif", "webp", "jpeg"]
names_drawn = false
vertices = 30
training = false
skeletons = []
colors = []
poster_formats = ["webp", "pdf", "png", "jpeg"]
poster_dpi = 30
viewer_vertices = 100
[limits]
seconds = {seconds}
"""

XMP = {
    "source": "{http://purl.org/dc/elements/1.1/}source",
    "title": "{http://purl.org/dc/elements/1.1/}title",
    "software": "{http://ns.adobe.com/xap/1.0/}CreatorTool",
    "settings": "{http://ns.adobe.com/exif/1.0/}UserComment",
}

WHOLE = {
    *("manifest.json", "manifest.schema.json", "results.json", "feed.xml", "sitemap.xml"),
    *(
        "ONNX_HUB_MANIFEST.json",
        "robots.txt",
        ".nojekyll",
        "SHA256SUMS",
        "index.html",
        "404.html",
        "compare/index.html",
    ),
    "how-to-read/index.html",
}
"""Files of no single model whose form is fixed, and pages."""


def gallery_in(folder: Path, seconds: int = 100) -> Path:
    models = make_models(folder / "models")
    (models / "gallery.toml").write_text(SETTINGS.format(seconds=seconds), "utf-8")
    return models


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("provenance")
    models, site = gallery_in(folder), folder / "site"
    done = run_gallery("build", models, "-o", site, "--jobs", 1)
    assert done.returncode == 0, done.stderr
    return site


def of_packet(text: str) -> dict[str, str]:
    """What an XMP packet says, by the names of `Provenance.value`."""
    root = ET.fromstring(text)
    found = {name: root.find(f".//{tag}") for name, tag in XMP.items()}
    return {name: "".join(one.itertext()) for name, one in found.items() if one is not None}


def of_picture(content: bytes) -> dict[str, str]:
    with Image.open(io.BytesIO(content)) as image:
        image.load()
        packet = image.info.get("xmp") or image.info["XML:com.adobe.xmp"].encode()
        if image.format != "PNG":
            assert image.getexif()[0x0131] == software()
    return of_packet(packet.decode())


def of_pdf(content: bytes) -> dict[str, str]:
    known = pypdfium2.PdfDocument(content).get_metadata_dict()
    assert known["Creator"] == software()
    assert known["Keywords"].startswith("sha256:")
    packets = re.findall(rb"<x:xmpmeta.*?</x:xmpmeta>", content, re.S)
    assert packets
    return of_packet(packets[-1].decode())


def of_svg(content: bytes) -> dict[str, str]:
    told = ET.fromstring(content).find("{http://www.w3.org/2000/svg}metadata")
    assert told is not None
    return of_packet(ET.tostring(told[0], "unicode"))


def of_dot(content: bytes) -> dict[str, str]:
    graph = pygraphviz.AGraph(string=content.decode())
    return dict(graph.graph_attr)


def of_graphml(content: bytes) -> dict[str, str]:
    return dict(networkx.read_graphml(io.BytesIO(content), force_multigraph=True).graph)


def of_npz(content: bytes) -> dict[str, str]:
    with ZipFile(io.BytesIO(content)) as archive:
        comment = json.loads(archive.comment)
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        assert {name: str(arrays[name]) for name in comment} == comment
    return {name.removeprefix("made_"): text for name, text in comment.items()}


def of_json(content: bytes) -> dict[str, str]:
    told = json.loads(content)["provenance"]
    return {**told, "settings": json.dumps(told["settings"])}


def of_script(content: bytes) -> dict[str, str]:
    """A script with data: a comment before them, or the data of a page as JSON, or a drawing."""
    text = content.decode()
    if text.startswith("// "):
        told = json.loads(text.removeprefix("// ").splitlines()[0])
        return {**told, "settings": json.dumps(told["settings"])}
    inside = text.partition("(")[2].removesuffix(");\n")
    value = json.loads(inside)
    packed = isinstance(value, str)
    return of_svg(zlib.decompress(base64.b64decode(value))) if packed else of_json(inside.encode())


READERS: Mapping[str, Callable[[bytes], dict[str, str]]] = {
    **dict.fromkeys(("avif", "webp", "jpeg", "png"), of_picture),
    "pdf": of_pdf,
    "svg": of_svg,
    "dot": of_dot,
    "graphml": of_graphml,
    "npz": of_npz,
    "json": of_json,
    "js": of_script,
}


def made_files(site: Path) -> dict[str, Path]:
    """The files that are made of a model or of all of them, by their path."""
    shared = {path.stem for path in Path("templates/js").glob("*.js")} | {"viewer", "site"}
    found = {path.relative_to(site).as_posix(): path for path in site.rglob("*") if path.is_file()}
    return {
        name: path
        for name, path in found.items()
        if name not in WHOLE
        and not name.endswith("index.html")
        and not (name.startswith("assets/") and path.name.split(".")[0] in shared)
    }


def test_every_file_names_its_model_the_version_and_the_settings(site: Path) -> None:
    digests = {
        slug: hashlib.sha256((site.parent / "models" / name).read_bytes()).hexdigest()
        for slug, name in (("first", "first.onnx"), ("deep-second", "deep/second.onnx"))
    }
    files = made_files(site)
    assert {path.suffix[1:] for path in files.values()} == set(READERS)
    assert len(files) > 60
    of_site = set()
    for name, path in files.items():
        told = READERS[path.suffix[1:]](path.read_bytes())
        assert told["software"] == software(), name
        slug = next((one for one in digests if name.startswith((one, f"assets/{one}"))), "")
        settings = json.loads(told["settings"])
        if not slug:
            of_site.add(path.name.split(".")[0])
            assert not told.get("source"), name
            assert re.fullmatch("[0-9a-f]{64}", settings["sha256"]), name
            continue
        assert told["source"] == f"sha256:{digests[slug]}", name
        main = settings["scans"][0] if "-scans-" in name else settings
        assert main["dims"] == {"n": 3}, name
        if path.suffix not in (".dot", ".graphml", ".svg") and "-operators." not in name:
            assert (main["vertices"], main["seed"]) == (60, 7), name
    assert of_site == {"icon", "gallery", "collection"}


def test_what_belongs_to_the_site_names_its_settings(site: Path) -> None:
    manifest = json.loads((site / "manifest.json").read_bytes())
    own = {"title": "Small nets", "base_url": "https://example.org/"}
    expected = SiteSettings(**own, description=GallerySettings().description).provenance()
    assert manifest["provenance"] == expected.value()
    (sheet,) = (site / "assets").glob("gallery.*")
    assert json.loads(of_picture(sheet.read_bytes())["settings"]) == expected.settings
    assert json.loads((site / "results.json").read_bytes())["software"] == software()
    generator = ET.parse(site / "feed.xml").find("{http://www.w3.org/2005/Atom}generator")
    assert generator is not None
    assert f"{generator.text} {generator.get('version')}" == software()
    plain = SiteSettings()
    # Templates shape pages alone, and their path differs between machines.
    assert replace(plain, templates=Path("/a/mine")).provenance() == plain.provenance()
    assert replace(plain, title="Another").provenance() != plain.provenance()


@pytest.mark.usefixtures("without_workers")
def test_nothing_of_the_machine_is_told(site: Path, tmp_path: Path) -> None:
    """Another folder, another process and other limits give the same files."""
    other = tmp_path / "site"
    assert build(gallery_in(tmp_path, seconds=200), other).return_code == 0
    names = made_files(site)
    assert names.keys() == made_files(other).keys()
    for name in names:
        content = (site / name).read_bytes()
        assert content == (other / name).read_bytes(), name
        assert str(site.parent).encode() not in content


def test_the_viewers_data_name_their_model(site: Path) -> None:
    plan = planned(site.parent / "models")
    (script,) = (site / "assets").glob(f"{plan.file.slug}-viewer.*.js")
    data = script.read_bytes().partition(b'("')[2].removesuffix(b'");\n')
    head, _ = unpack(base64.b64decode(data))
    (viewer,) = (one for one in PRODUCTS if one.name == "viewer")
    assert head["provenance"] == plan.provenance(viewer).value()


@pytest.mark.skipif(not shutil.which("exiftool"), reason="there is no exiftool")
@pytest.mark.parametrize("suffix", ["avif", "webp", "jpeg", "png", "pdf", "svg"])
def test_exiftool_shows_it_by_the_same_names_in_every_format(site: Path, suffix: str) -> None:
    kind = {"svg": "diagram", "pdf": "poster"}.get(suffix, "hero")
    (path,) = (site / "assets").glob(f"first-{kind}-*.{suffix}")
    command = ["exiftool", "-json", "-Title", "-Source", "-CreatorTool", "-UserComment", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    (told,) = json.loads(done.stdout)
    model = (site.parent / "models" / "first.onnx").read_bytes()
    assert told["Source"] == f"sha256:{hashlib.sha256(model).hexdigest()}"
    assert told["CreatorTool"] == software()
    assert told["Title"] == ("The first" if suffix == "pdf" else "first")
    shown = told["UserComment"]
    settings = json.loads(shown) if isinstance(shown, str) else shown
    assert settings["dims"] == {"n": 3}


def planned(models: Path, **changes: Any) -> ModelPlan:
    settings = read_settings(models / "gallery.toml")
    made_by = versions() | changes.pop("versions", {})
    return plan_of(discover(models)[0], replace(settings, **changes), made_by)


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"title": "Others"}, True),
        ({"versions": {"software": "gallery-of-networks 99"}}, False),
        ({"default_dim": 2}, False),
    ],
)
def test_what_is_told_is_in_the_key(site: Path, changes: dict[str, Any], same: bool) -> None:
    before = results_of(planned(site.parent / "models"))
    after = results_of(planned(site.parent / "models", **changes))
    assert len(before) == len(after) > 8
    for one, other in zip(before, after, strict=True):
        assert (one == other) == same, one


def test_settings_that_no_file_can_hold_are_told_by_their_digest() -> None:
    scan = ScanSettings(rules=(ColorRule(pattern="x" * 500, color="#000000"),) * 200)
    long = Provenance(software="s", settings={"rules": [str(one) for one in scan.rules]})
    assert re.fullmatch("sha256:[0-9a-f]{64}", long.entries()["Settings"])
    short = Provenance(software="s", settings={"a": "x" * (LONGEST - 10)})
    assert json.loads(short.entries()["Settings"]) == dict(short.settings)


def test_what_has_another_form_is_refused() -> None:
    one = Provenance(software="s 1", source=source_of("ab", whole=False), settings={"a": 1})
    assert Provenance.of(one.value()) == one
    assert json.loads(one.comment()) == one.value()
    for wrong in (None, [], {}, {**one.value(), "source": 1}, {**one.value(), "more": ""}):
        with pytest.raises(ValueError, match="provenance"):
            Provenance.of(wrong)
