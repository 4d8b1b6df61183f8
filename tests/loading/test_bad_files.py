"""Bad input: each file gets its clear message, and none hangs or crashes."""

import os
import random
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from gallery.errors import LoadError
from gallery.loading.load import load
from gallery.loading.wire import DEEPEST, varint
from tests.onnx_text import loaded, parse, write

RELU = "net (float[1,4] x) => (float[1,4] y) { y = Relu(x) }"


def said(path: Path) -> str:
    with pytest.raises(LoadError) as caught:
        load(path)
    return str(caught.value)


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 102\n"
CASES = {
    "empty": (b"", "the file is empty; export or download the model again"),
    "pointer": (POINTER, "this is a Git LFS pointer; run git lfs pull"),
    "html": (
        b"<!DOCTYPE html>\n<html><head></head></html>",
        "this is a web page, not an ONNX model; "
        "download the file itself, not the page that shows it",
    ),
    "html-late": (
        b"\n<!-- saved -->\n<HTML lang=en>",
        "this is a web page, not an ONNX model; "
        "download the file itself, not the page that shows it",
    ),
    "text": (b"hello, world\n" * 9, "this is text, not an ONNX model; export the model to ONNX"),
    "json": (
        '{"name": "Käse"}'.encode(),
        "this is text, not an ONNX model; export the model to ONNX",
    ),
    "zip": (
        b"PK\x03\x04\x14\x00",
        "this is a ZIP archive, not an ONNX model; unpack it",
    ),
    "gzip": (b"\x1f\x8b\x08\x00", "this is a gzip archive, not an ONNX model; unpack it"),
    "zeros": (
        bytes(1000),
        "this is not an ONNX model: byte 0 of 1,000 is not a protobuf field; "
        "export the model to ONNX",
    ),
    "ones": (
        b"\xff" * 1000,
        "this is not an ONNX model: byte 0 of 1,000 is not a protobuf field; "
        "export the model to ONNX",
    ),
    "no graph": (
        onnx.ModelProto(ir_version=8, producer_name="me").SerializeToString(),
        "the file holds no graph; export the model again; the file may be cut short",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_no_model_is_named(tmp_path, name):
    content, message = CASES[name]
    assert said(write(tmp_path, content)) == f"net: load: {message}"


def test_a_graph_without_operators(tmp_path):
    graph = helper.make_graph([], "g", [], [])
    assert said(write(tmp_path, helper.make_model(graph))) == (
        "net: load: the graph has no operators; export the whole model"
    )


def test_a_truncated_file(tmp_path):
    whole = parse(RELU).SerializeToString()
    messages = {said(write(tmp_path, whole[:cut])) for cut in range(1, len(whole) - 10)}
    cut_short = [message for message in messages if "cut short" in message]
    assert len(cut_short) >= len(messages) - 1
    size = len(whole) - 1
    assert said(write(tmp_path, whole[:size])) == (
        f"net: load: the file is cut short: the field at byte {size - 5:,} ends beyond its "
        f"{size:,} bytes; export or download the model again"
    )


def test_a_payload_cut_short_is_noticed_without_reading_it(tmp_path):
    big = onnx.numpy_helper.from_array(
        onnx.numpy_helper.to_array(
            helper.make_tensor("w", TensorProto.FLOAT, [5000], bytes(20000), raw=True)
        ),
        "w",
    )
    graph = helper.make_graph([helper.make_node("Relu", ["w"], ["y"])], "g", [], [], [big])
    whole = helper.make_model(graph).SerializeToString()
    assert "the file is cut short" in said(write(tmp_path, whole[:-9000]))


def test_random_files(tmp_path):
    generator = random.Random(1)
    for _ in range(300):
        message = said(write(tmp_path, generator.randbytes(generator.randrange(1, 2000))))
        assert message.startswith("net: load: ")
        assert "; " in message


def test_a_cycle(tmp_path):
    text = "net (float[1] x) => (float[1] y) { a = Add(x, b) [second] b = Relu(a) y = Abs(b) }"
    message = said(write(tmp_path, text))
    assert message == (
        "net: load: the operators form a cycle through 'Add' (Add); "
        "export the model again; an ONNX graph must be acyclic"
    )


def test_an_operator_that_reads_itself(tmp_path):
    text = "net (float[1] x) => (float[1] y) { [me] y = Add(x, y) }"
    assert "a cycle through 'me' (Add)" in said(write(tmp_path, text))


def test_a_cycle_through_a_body(tmp_path):
    text = """net (bool c) => (float[1] y) {
        [outer] y = If (c) <
            then_branch = t () => (float[1] p) { p = Relu(z) },
            else_branch = e () => (float[1] q) { q = Abs(z) }>
        z = Neg(y)
    }"""
    assert "a cycle through 'outer' (If)" in said(write(tmp_path, text))


def nested(depth: int) -> bytes:
    """A model whose If operators hold each other."""
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], [f"y{depth}"])],
        "leaf",
        [],
        [helper.make_tensor_value_info(f"y{depth}", TensorProto.FLOAT, [2])],
    )
    content = graph.SerializeToString()
    for level in range(depth - 1, -1, -1):
        attribute = (
            b"\x0a\x0bthen_branch" + b"\x32" + varint(len(content)) + content + b"\xa0\x01\x05"
        )
        node = (
            b"\x0a\x01c"
            + b"\x12"
            + varint(len(f"y{level}"))
            + f"y{level}".encode()
            + b"\x22\x02If"
            + b"\x2a"
            + varint(len(attribute))
            + attribute
        )
        inputs = b""
        if level == 0:
            for name, kind, shape in (("c", TensorProto.BOOL, []), ("x", TensorProto.FLOAT, [2])):
                value = helper.make_tensor_value_info(name, kind, shape).SerializeToString()
                inputs += b"\x5a" + varint(len(value)) + value
        out = helper.make_tensor_value_info(f"y{level}", TensorProto.FLOAT, [2]).SerializeToString()
        content = b"\x0a" + varint(len(node)) + node + inputs + b"\x62" + varint(len(out)) + out
    head = helper.make_model(helper.make_graph([], "", [], []))
    head.ClearField("graph")
    return head.SerializeToString() + b"\x3a" + varint(len(content)) + content


def test_subgraphs_nested_30_deep_are_read(tmp_path):
    model = loaded(tmp_path, nested(30))
    assert [operator.type for operator in model.operators] == ["Relu", *["If"] * 30]
    assert model.tensors[model.outputs[0]].shape == (2,)


@pytest.mark.parametrize("depth", [DEEPEST + 1, 60, 200, 3000])
def test_subgraphs_nested_too_deep_are_refused(tmp_path, depth):
    assert said(write(tmp_path, nested(depth))) == (
        "net: load: subgraphs are nested more than 32 deep; "
        "flatten the control flow before the export"
    )


def test_functions_that_call_themselves(tmp_path):
    text = """<ir_version: 9, opset_import: ["": 18, "me": 1]>
    net (float[1] x) => (float[1] y) { y = me.f(x) }
    <domain: "me", opset_import: ["": 18, "me": 1]> f (a) => (b) { b = me.g(a) }
    <domain: "me", opset_import: ["": 18, "me": 1]> g (a) => (b) { b = me.f(a) }"""
    assert said(write(tmp_path, text)) == (
        "net: load: the function 'f' calls itself or is nested too deeply; "
        "export the model again, without recursive functions"
    )


@pytest.mark.parametrize("leaf", ["b = Relu(a)", ""])
def test_functions_that_unfold_without_bound(tmp_path, leaf, monkeypatch):
    monkeypatch.setattr("gallery.loading.flatten.MOST_OPERATORS", 5000)
    doubling = "".join(
        f'<domain: "me", opset_import: ["": 18, "me": 1]> f{i} (a) => (b) '
        f"{{ t = me.f{i + 1}(a) b = me.f{i + 1}(t) }}\n"
        for i in range(40)
    )
    text = f"""<ir_version: 9, opset_import: ["": 18, "me": 1]>
    net (float[1] x) => (float[1] y) {{ y = me.f0(x) }}
    {doubling}
    <domain: "me", opset_import: ["": 18]> f40 (a) => (b) {{ {leaf} }}"""
    assert said(write(tmp_path, text)) == (
        "net: load: there are more than 5,000 operators after inlining the functions; "
        "split the model"
    )


def test_operators_that_take_too_much_space(tmp_path, monkeypatch):
    monkeypatch.setattr("gallery.loading.wire.LARGE_GRAPH", 1 << 20)
    node = helper.make_node("Relu", ["x"], ["x"], name="n" * 3000)
    graph = helper.make_graph([node] * 400, "g", [], [])
    assert "the operators alone take more than 1 MiB" in said(
        write(tmp_path, helper.make_model(graph))
    )


def test_names_of_all_kinds_are_kept(tmp_path):
    names = ["<b>&\"'", "new\nline", "x" * 10_000, "{{ 7*7 }}", "\u202eevil", "nul\0", "日本"]
    edges = ["in", *(f"{name}-out" for name in names)]
    nodes = [
        helper.make_node("Relu", [edges[i]], [edges[i + 1]], name=name)
        for i, name in enumerate(names)
    ]
    given = helper.make_tensor_value_info("in", TensorProto.FLOAT, [3])
    model = loaded(tmp_path, helper.make_model(helper.make_graph(nodes, "g", [given], [])))
    assert [operator.name for operator in model.operators] == names
    assert model.tensors[-1].shape == (3,)


def test_names_that_are_not_utf8(tmp_path):
    broken = (
        parse(RELU).SerializeToString().replace(b"\x01x", b"\x01\xff").replace(b"Relu", b"Rel\xfe")
    )
    (operator,) = (model := loaded(tmp_path, broken)).operators
    assert operator.type == "Rel\ufffd"
    assert [tensor.name for tensor in model.tensors] == ["\ufffd", "y"]


def test_folders_pipes_and_missing_files(tmp_path):
    (tmp_path / "f.onnx").mkdir()
    os.mkfifo(tmp_path / "p.onnx")
    assert said(tmp_path / "f.onnx") == (
        "f: load: f.onnx is a directory; give the directory a name that does not end in .onnx"
    )
    assert said(tmp_path / "p.onnx") == (
        "p: load: p.onnx is a named pipe; put a regular file in its place"
    )
    assert said(tmp_path / "m.onnx") == "m: load: there is no file m.onnx; check the path"


@pytest.mark.parametrize("size", [0, -3, 2**63, 10**40])
def test_sizes_must_be_sizes(tmp_path, size):
    path = write(tmp_path, RELU)
    with pytest.raises(LoadError) as caught:
        load(path, dims={"n": size})
    assert str(caught.value) == (
        f"net: load: the size of n is {size:,}; give a size from 1 to 68,719,476,736"
    )
    if size:  # 0 lets the sizes be chosen
        with pytest.raises(LoadError, match="the size of default_dim is"):
            load(path, default_dim=size)


def test_external_data_is_never_opened(tmp_path):
    os.mkfifo(tmp_path / "w.data")
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[10, 4])
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "w.data"), ("location", "../../etc/passwd")):
        tensor.external_data.add(key=key, value=value)
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 10])
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    graph = helper.make_graph([node], "g", [given], [], [tensor])
    model = loaded(tmp_path, helper.make_model(graph))
    assert model.tensors[model.operators[0].outputs[0]].shape == (1, 4)


@pytest.mark.parametrize(
    "text",
    [
        "net (x) => (y) { a = Constant<value_ints = [1]>()"
        " b = Constant<value_ints = [2000000000]>() y = Expand(a, b) }",
        "net (x) => (y) { a = Constant<value_ints = [1]>()"
        " b = Constant<value_ints = [2000000000]>() y = Tile(a, b) }",
    ],
)
def test_huge_declared_shapes_take_no_memory(tmp_path, text):
    model = loaded(tmp_path, text)
    assert model.tensors[model.operators[-1].outputs[0]].value is None


@pytest.mark.parametrize(
    "text",
    [
        "net (int64[1] n) => (y) { s = Constant<value_ints = [1099511627776, 1099511627776]>()"
        " y = ConstantOfShape(s) }",
        "net (x) => (y) { a = Constant<value_int = 0>() b = Constant<value_int = 1099511627776>()"
        " c = Constant<value_int = 1>() y = Range(a, b, c) }",
    ],
)
def test_shapes_that_no_machine_holds(tmp_path, text):
    message = said(write(tmp_path, text))
    assert message.startswith("net: load: the tensor 'y' has the shape (1099511627776,")
    assert "; correct the shape; no dimension may be above 68,719,476,736, and no tensor" in message


def test_negative_sizes_of_an_initializer(tmp_path):
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[-4, 2])
    node = helper.make_node("Relu", ["w"], ["y"])
    model = loaded(tmp_path, helper.make_model(helper.make_graph([node], "g", [], [], [tensor])))
    assert model.tensors[0].shape == (None, 2)
    assert any(note.endswith("which are unknown here: 'w'") for note in model.warnings)
