"""A model, a sidecar and settings in which every string tries to be more than a string."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import onnx
import yaml
from google.protobuf.message import Message
from onnx import TensorProto, helper

HIT = "window.hit=1"

NASTY = "".join(
    (
        "\"'>",
        f"<script>{HIT}</script>",
        f'<img src=x onerror="{HIT}">',
        f"</svg></style></title></script><svg onload={HIT}>",
        "{{ 7*'7' }}{% include '/etc/passwd' %}${HIT}",
        '\\"];}evil[label=<x>];subgraph{\\N\\G\\L',
        "../../../../escaped\\..\\..\\escaped",
        "\u202egnp.exe\u2066\u200f",
        "\x1b]0;title\x07\x1b[31m\r\n\x7f\u0085\u2028",
        f"javascript:{HIT}//-->]]>|`$(touch escaped)`",
    )
)
"""Markup, quotes, templates, DOT, paths, marks that turn text, terminal codes, a shell."""


def hostile_model() -> onnx.ModelProto:
    """A small net that can be drawn, all its strings nasty, with NUL among them."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"], name="/layer1/layer1.0/dense"),
        helper.make_node("Relu", ["a"], ["b"], name="/layer1/layer1.1/act"),
        helper.make_node("Shady", ["b"], ["c"], name="/layer2/shady", domain="shady", text="t"),
        helper.make_node("Add", ["c", "b"], ["y"], name="/layer2/add"),
    ]
    shape = ["batch", 8]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        [helper.make_tensor("w", TensorProto.FLOAT, [8, 8], [0.5] * 64)],
    )
    imports = [helper.make_opsetid("", 20), helper.make_opsetid("shady", 1)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=10)
    model.producer_name, model.producer_version = "maker", "1"
    helper.set_model_props(model, {"key": "value", "pkg.torch.onnx.class_hierarchy": "x"})
    for part in (model, graph, *nodes):
        part.doc_string = "words"
    for node in nodes:
        entry = node.metadata_props.add()
        entry.key, entry.value = "namespace", f"model: Net{NASTY}/layer: Layer{NASTY}"
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    for message in _messages(model):
        _poison(message)
    shady = model.graph.node[2]
    shady.op_type += NASTY
    shady.domain += NASTY
    model.opset_import[1].domain += NASTY
    return model


def _messages(message: Message) -> Iterator[Message]:
    yield message
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            for one in value if field.is_repeated else [value]:
                yield from _messages(one)


def _poison(message: Any) -> None:
    for field, value in message.ListFields():
        kept = field.name in ("op_type", "domain") or (
            field.name == "name" and isinstance(message, onnx.AttributeProto)
        )
        if kept or field.type not in (field.TYPE_STRING, field.TYPE_BYTES):
            continue  # operators must stay what they are, so that there is a picture
        if field.is_repeated:
            value[:] = [_nasty(one) for one in value]
        else:
            setattr(message, field.name, _nasty(value))


def _nasty(text: str | bytes) -> str | bytes:
    # An empty name means that there is none, and a name must stay the same wherever it stands.
    if isinstance(text, bytes):
        return text + NASTY.encode() + b"\0"
    return text + NASTY + "\0" if text else text


PROSE = f"""
# Heading {NASTY}

<script>{HIT}</script><iframe srcdoc="<script>parent.{HIT}</script>"></iframe>
<a href="javascript:{HIT}">a</a> <a href="&#106;avascript:{HIT}" onclick="{HIT}">b</a>
<img src="x" onerror="{HIT}"><svg onload="{HIT}"></svg><style>@import "https://example.org/x"</style>
<form action="https://example.org"><button formaction="javascript:{HIT}">c</button></form>
<base href="https://example.org/"><meta http-equiv="refresh" content="0;url=https://example.org">
<object data="data:text/html,<script>{HIT}</script>"></object><math href="javascript:{HIT}">d</math>

[e](javascript:{HIT}) [f](data:text/html;base64,PHNjcmlwdD4=) [g](\tjavascript:{HIT}) [h][1]
<javascript:{HIT}> ![i](https://example.org/pixel.png) ![j](../../../../etc/passwd)
[k](../../../../etc/passwd) [l](vbscript:x "title\\" onclick=\\"{HIT}")

[1]: javascript:{HIT}
"""


def hostile_sidecar() -> str:
    """Front matter with nasty values under every key that takes words, and nasty prose."""
    parts = [NASTY[at : at + 150] for at in range(0, len(NASTY), 150)]
    link = f"https://example.org/\"'><script>{HIT}</script>"
    head = {
        "title": "Title" + NASTY[:290],
        "paper": "Paper" + NASTY,
        "paper_url": link,
        "authors": parts,
        "tags": [*parts, "../../escaped", f"javascript:{HIT}"],
        "family": "Family" + NASTY[-190:],
        "licence": "Licence" + NASTY[:400],
        "source": link,
    }
    return f"---\n{yaml.safe_dump(head)}---\n{PROSE}"


FILE_NAMES = (
    f"<img src=x onerror={HIT}>'\"&\x1b[31m\r\n.onnx",
    "a..\\..\\escaped\u202exnno.gnp\u2066 {{7*7}} $(touch escaped) `x` %2e%2e%2f.onnx",
)
