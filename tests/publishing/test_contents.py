"""Files from elsewhere are what their name says, and documents hold nothing that acts."""

from __future__ import annotations

import pytest

from gallery.loading.load import load
from gallery.publishing.assets.contents import check_content, check_svg
from gallery.rendering.files.graphs import operators_dot, operators_graphml
from gallery.rendering.operator_diagram.draw import diagram
from tests.conftest import NET
from tests.hostile import hostile_model
from tests.onnx_text import write

SVG = '<svg xmlns="http://www.w3.org/2000/svg">{}</svg>'
XLINK = 'xmlns:x="http://www.w3.org/1999/xlink"'

GOOD = (
    '<image href="data:image/png;base64,AAAA"/>',
    '<g id="a"/><use href="#a"/><rect fill="url(#a)" aria-label="url(x) \\ javascript:"/>',
    "<title>&lt;script></title>",
    '<rect style="fill: #fff; stroke-width: 1"/>',
    '<metadata><r:RDF xmlns:r="urn:r"><r:Description r:about=""/></r:RDF></metadata>',
)

BAD = {
    "<script/>": "an element 'script'",
    "<g onload='x'/>": "a handler 'onload'",
    "<g OnLoad='x'/>": "a handler 'onload'",
    "<foreignObject/>": "an element",
    "<style>@import 'x'</style>": "an element",
    "<a/>": "an element",
    "<animate/>": "an element",
    '<x:g xmlns:x="http://www.w3.org/1999/xhtml"/>': "an element",
    "<metadata><script/></metadata>": "an element",
    '<metadata><x:p xmlns:x="http://www.w3.org/1999/xhtml"/></metadata>': "an element",
    '<metadata><iframe xmlns="urn:x"/></metadata>': "an element",
    "<image href='http://x/'/>": "refers to something else by 'href'",
    f"<image {XLINK} x:href='//x'/>": "refers to something else by 'href'",
    "<use href='data:image/svg+xml;base64,AA'/>": "refers to something else by 'href'",
    "<use href='javascript:x'/>": "refers to something else by 'href'",
    "<g xml:base='http://x/'/>": "base address",
    "<rect fill='url(http://x)'/>": "refers to something else by 'fill'",
    "<rect fill='url( &quot;http://x&quot;)'/>": "refers to something else by 'fill'",
    "<rect fill='\\75rl(http://x)'/>": "refers to something else by 'fill'",
    "<rect style='background: image-set(x)'/>": "a style that is not plain",
    "<!-- x -->": "a comment",
    "<title><![CDATA[x]]></title>": "a CDATA section",
    "<?x y?>": "a processing instruction",
    "<text>&x;</text>": "not XML",
    "<g>" * 300 + "</g>" * 300: "nested too deeply",
}


@pytest.mark.parametrize("inner", GOOD)
def test_what_is_drawn_passes(inner: str) -> None:
    check_svg(SVG.format(inner).encode())


@pytest.mark.parametrize(("inner", "found"), BAD.items())
def test_what_acts_or_leads_out_is_refused(inner: str, found: str) -> None:
    with pytest.raises(ValueError, match=found):
        check_svg(SVG.format(inner).encode())


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ("<!DOCTYPE svg>" + SVG, "a document type"),
        ('<!DOCTYPE svg [<!ENTITY a "x">]>' + SVG.format("&a;"), "a document type"),
        ('<?xml version="1.0" encoding="utf-7"?>' + SVG, ""),
        ("<svg/>", "not a document of the element svg"),
        ("", "not XML"),
    ],
)
def test_a_document_of_another_kind_is_refused(document: str, found: str) -> None:
    if not found:  # read as UTF-8, whatever it calls itself
        check_svg(document.encode())
        return
    with pytest.raises(ValueError, match=found):
        check_svg(document.encode())


def test_our_own_files_pass(tmp_path) -> None:
    (tmp_path / "hostile.onnx").write_bytes(hostile_model().SerializeToString())
    for path in (tmp_path / "hostile.onnx", write(tmp_path, NET, "net.onnx")):
        model = load(path)
        check_content("svg", diagram(model).encode())
        check_content("graphml", operators_graphml(model).encode())
        check_content("dot", operators_dot(model).encode())


@pytest.mark.parametrize("kind", ["svg", "graphml", "npz", "png", "webp", "avif", "jpeg", "pdf"])
def test_a_page_is_not_a_picture(kind: str) -> None:
    for content in (b"<!doctype html><script>x</script>", b"", b"\xff\xfe\x00"):
        with pytest.raises(ValueError, match="it is not"):
            check_content(kind, content)
