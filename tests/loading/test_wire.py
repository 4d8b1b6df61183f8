"""The wire-level reader keeps all but the large payloads, and does not touch those."""

import hashlib
import os
from pathlib import Path

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from gallery.loading import wire
from gallery.loading.fields import BrokenError, Reader
from gallery.loading.wire import (
    LARGE_ATTRIBUTE,
    SMALL,
    WHOLE,
    Slim,
    SlowError,
    check_nesting,
    model_digest,
    slim,
    varint,
)

MODELS = Path(__file__).parents[2] / "models"


def slimmed(path: Path, content: bytes) -> Slim:
    path.write_bytes(content)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return slim(descriptor, len(content))
    finally:
        os.close(descriptor)


def expected(model: onnx.ModelProto) -> onnx.ModelProto:
    """The slow and obvious way: read all, then take out what is large."""
    slow = onnx.ModelProto()
    slow.CopyFrom(model)
    tensors = [*slow.graph.initializer]
    for node in slow.graph.node:
        tensors += [attribute.t for attribute in node.attribute if attribute.HasField("t")]
    for tensor in tensors:
        if len(tensor.raw_data) > SMALL or len(tensor.float_data) * 4 > SMALL:
            tensor.ClearField("raw_data")
            tensor.ClearField("float_data")
            tensor.data_location = TensorProto.EXTERNAL
    return slow


sizes = st.sampled_from([0, 1, 100, SMALL // 4, SMALL // 4 + 1, 3000, 20_000])


@given(st.lists(st.tuples(sizes, st.booleans(), st.booleans()), max_size=6))
def test_keeps_all_but_large_payloads(tmp_path_factory, parts):
    tensors, nodes = [], []
    for index, (size, raw, constant) in enumerate(parts):
        name = f"w{index}"
        values = bytes(4 * size) if raw else [0.5] * size
        tensor = helper.make_tensor(name, TensorProto.FLOAT, [size], values, raw=raw)
        if constant:
            nodes.append(helper.make_node("Constant", [], [name], value=tensor, name="n" * size))
        else:
            tensors.append(tensor)
    model = helper.make_model(helper.make_graph(nodes, "g", [], [], tensors))
    path = tmp_path_factory.mktemp("wire") / "m.onnx"
    result = slimmed(path, model.SerializeToString())
    assert onnx.ModelProto.FromString(result.content) == expected(model)
    large = [4 * size for size, _, _ in parts if 4 * size > SMALL]
    assert sorted(result.dropped) == sorted(large)


@pytest.mark.parametrize("path", sorted(MODELS.glob("[a-d]*.onnx")), ids=lambda path: path.stem)
def test_files_without_weights_are_kept_whole(tmp_path, path):
    content = path.read_bytes()
    result = slimmed(tmp_path / "m.onnx", content)
    assert onnx.ModelProto.FromString(result.content) == onnx.ModelProto.FromString(content)
    assert result.dropped == []


def test_payloads_in_bodies_and_functions_and_sparse_tensors(tmp_path):
    big = helper.make_tensor("w", TensorProto.FLOAT, [9000], bytes(36_000), raw=True)
    indices = helper.make_tensor("i", TensorProto.INT64, [9000], list(range(9000)))
    branch = helper.make_graph([helper.make_node("Identity", ["w"], ["p"])], "t", [], [], [big])
    constant = helper.make_node("Constant", [], ["k"], value=big)
    graph = helper.make_graph(
        [helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)], "g", [], []
    )
    graph.sparse_initializer.append(helper.make_sparse_tensor(big, indices, [20_000]))
    function = helper.make_function("me", "f", [], ["k"], [constant], [helper.make_opsetid("", 18)])
    model = helper.make_model(graph, functions=[function])
    result = slimmed(tmp_path / "m.onnx", model.SerializeToString())
    assert len(result.dropped) == 5
    assert len(result.content) < 1000
    kept = onnx.ModelProto.FromString(result.content)
    tensor = kept.graph.node[0].attribute[0].g.initializer[0]
    assert (list(tensor.dims), tensor.data_location) == ([9000], TensorProto.EXTERNAL)


def test_numbers_that_are_not_packed_are_dropped_too(tmp_path):
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2000]).SerializeToString()
    tensor += (varint(4 << 3 | 5) + bytes(4)) * 2000
    body = varint(5 << 3 | 2) + varint(len(tensor)) + tensor
    result = slimmed(
        tmp_path / "m.onnx", b"\x08\x08" + varint(7 << 3 | 2) + varint(len(body)) + body
    )
    assert result.dropped == [8000]
    (kept,) = onnx.ModelProto.FromString(result.content).graph.initializer
    assert (kept.name, len(kept.float_data)) == ("w", 0)


def test_large_attributes_lose_their_numbers(tmp_path):
    node = helper.make_node(
        "EPContext", [], ["y"], blob="x" * (LARGE_ATTRIBUTE + 1), table=[7] * 200_000, few=[7] * 9
    )
    model = helper.make_model(helper.make_graph([node], "g", [], []))
    result = slimmed(tmp_path / "m.onnx", model.SerializeToString())
    kept = onnx.ModelProto.FromString(result.content).graph.node[0].attribute
    assert {a.name: (len(a.s), len(a.ints)) for a in kept} == {
        "blob": (0, 0),
        "table": (0, 0),
        "few": (0, 9),
    }


def test_training_information_is_left_out(tmp_path):
    model = helper.make_model(helper.make_graph([helper.make_node("A", [], ["y"])], "g", [], []))
    model.training_info.add().algorithm.name = "sgd"
    result = slimmed(tmp_path / "m.onnx", model.SerializeToString())
    assert result.training
    assert not onnx.ModelProto.FromString(result.content).training_info


def test_weights_are_not_read(tmp_path, monkeypatch):
    size = 50_000_000
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[size // 4])
    head = tensor.SerializeToString() + varint(9 << 3 | 2) + varint(size)
    body = varint(5 << 3 | 2) + varint(len(head) + size) + head
    path = tmp_path / "m.onnx"
    with path.open("wb") as file:
        file.write(varint(7 << 3 | 2) + varint(len(body) + size) + body)
        file.truncate(file.tell() + size)
    read, pread = [], os.pread
    monkeypatch.setattr(os, "pread", lambda *args: read.append(args[1]) or pread(*args))
    descriptor = os.open(path, os.O_RDONLY)
    result = slim(descriptor, path.stat().st_size)
    os.close(descriptor)
    assert result.dropped == [size]
    assert sum(read) < 100_000


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_varint_is_read_back(number):
    reader = Reader(descriptor=-1, base=0, window=b"\x08" + varint(number))
    (field,) = reader.fields(0, len(reader.window))
    assert (field.number, field.wire, field.stop) == (1, 0, len(reader.window))


@pytest.mark.parametrize(
    ("content", "at", "truncated"),
    [
        (b"\x08", 1, True),
        (b"\x08\x80", 1, True),
        (b"\x08" + b"\x80" * 10, 1, False),
        (b"\x0b", 0, False),  # a group, which ONNX does not use
        (b"\x0f", 0, False),
        (b"\x02\x00", 0, False),  # field 0
        (b"\x3a\x05abc", 0, True),
        (b"\x08\x01\x39abc", 2, True),
    ],
)
def test_what_is_no_field(tmp_path, content, at, truncated):
    with pytest.raises(BrokenError) as caught:
        slimmed(tmp_path / "m.onnx", content)
    assert (caught.value.at, caught.value.truncated) == (at, truncated)


def test_nesting_is_checked_in_small_messages_too(tmp_path):
    path = tmp_path / "m.onnx"
    content = (MODELS / "alexnet.onnx").read_bytes()
    path.write_bytes(content)
    descriptor = os.open(path, os.O_RDONLY)
    check_nesting(descriptor, len(content))
    os.close(descriptor)


def digested(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with path.open("rb") as file:
        return model_digest(file.fileno(), len(content))


def heavy(weights: bytes, operator: str = "Relu") -> bytes:
    """A model of more than `WHOLE` bytes."""
    tensor = helper.make_tensor("w", TensorProto.UINT8, [len(weights)], weights, raw=True)
    node = helper.make_node(operator, ["w"], ["y"])
    return helper.make_model(helper.make_graph([node], "g", [], [], [tensor])).SerializeToString()


def test_the_digest_of_a_small_file_is_that_of_its_bytes(tmp_path):
    for content in (heavy(b"w" * 9000), b"", b"no model"):
        assert digested(tmp_path / "m.onnx", content) == hashlib.sha256(content).hexdigest()
    content = heavy(b"w" * 9000)
    digest = slimmed(tmp_path / "m.onnx", content).digest
    assert digest == hashlib.sha256(content).hexdigest()


def test_the_digest_of_a_large_file_is_that_of_all_but_its_weights(tmp_path):
    first, other = heavy(b"1" * (WHOLE + 1)), heavy(b"2" * (WHOLE + 1))
    assert len(first) > WHOLE
    digest = digested(tmp_path / "m.onnx", first)
    assert slimmed(tmp_path / "m.onnx", first).digest == digest
    assert digested(tmp_path / "m.onnx", other) == digest
    assert digested(tmp_path / "m.onnx", heavy(b"1" * (WHOLE + 2))) != digest
    assert digested(tmp_path / "m.onnx", heavy(b"1" * (WHOLE + 1), "Tanh")) != digest


def test_a_large_file_that_is_refused_has_a_digest_of_what_is_said_of_it(tmp_path):
    path, length = tmp_path / "m.onnx", WHOLE + 100
    zeros, letters = digested(path, bytes(length)), digested(path, b"a" * length)
    cut = digested(path, heavy(bytes(length))[:-200])
    assert len({zeros, letters, cut, digested(path, bytes(length + 1))}) == 4
    assert digested(path, bytes(length)) == zeros


def test_the_digest_of_terabytes_reads_almost_nothing(tmp_path, monkeypatch):
    path, read = tmp_path / "m.onnx", []
    size = 1 << 40
    # Every message around the terabyte of raw_data ends where the file does.
    tensor = TensorProto(name="w", data_type=TensorProto.UINT8, dims=[size])
    body = tensor.SerializeToString() + b"\x4a" + varint(size)
    graph = helper.make_graph([helper.make_node("Relu", ["w"], ["y"])], "g", [], [])
    inner = graph.SerializeToString() + b"\x2a" + varint(len(body) + size) + body
    model = helper.make_model(helper.make_graph([], "", [], []))
    model.ClearField("graph")
    head = model.SerializeToString() + b"\x3a" + varint(len(inner) + size) + inner
    path.write_bytes(head)
    try:
        os.truncate(path, len(head) + size)
    except OSError:
        pytest.skip("no sparse files of a terabyte here")
    real = wire.read_at

    def counted(descriptor, length, offset):
        read.append(length)
        return real(descriptor, length, offset)

    monkeypatch.setattr(wire, "read_at", counted)
    with path.open("rb") as file:
        assert len(model_digest(file.fileno(), len(head) + size)) == 64
        assert slim(file.fileno(), len(head) + size).dropped == [size]
    assert sum(read) < 1 << 20


def test_reading_stops_when_its_time_is_up(tmp_path):
    path = tmp_path / "m.onnx"
    content = heavy(bytes(WHOLE + 1))
    path.write_bytes(content)
    with path.open("rb") as file, pytest.raises(SlowError):
        model_digest(file.fileno(), len(content), -1.0)
