"""Stages and blocks of graphs whose files name no modules."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

import onnx
from hypothesis import given
from hypothesis import strategies as st

from gallery.costs.facts import facts
from gallery.loading.pieces import Piece
from gallery.loading.scope_names import Scope
from gallery.loading.structure_layers import structure_scopes
from tests.onnx_text import loaded, parse

NAMES = re.compile(r"(stage \d+/)?(block \d+|blocks \d+ to \d+)|stage \d+|")


class Net:
    """Pieces put one after the other; each method returns the position of its result."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.wanted: list[str] = []

    def add(self, kind: str, *sources: int, size: int = 32, weighted: bool = False) -> int:
        shape = (1, 8, size, size)
        piece = Piece(type=kind, sources=sources, shape=shape, weighted=weighted)
        self.pieces.append(piece)
        return len(self.pieces) - 1

    def conv(self, *sources: int, size: int = 32) -> int:
        return self.add("Conv", *sources, size=size, weighted=True)

    def residual(self, at: int, size: int = 32, stride: bool = False) -> int:
        inner = self.conv(self.add("Relu", self.conv(at, size=size), size=size), size=size)
        short = self.conv(at, size=size) if stride else at
        return self.add("Relu", self.add("Add", inner, short, size=size), size=size)


def paths(scopes: Sequence[Scope] | None) -> list[str]:
    assert scopes is not None
    return ["/".join(name for name, _ in scope) for scope in scopes]


def resnet(depths: Sequence[int]) -> Net:
    net = Net()
    at = net.add("Relu", net.conv(size=64), size=64)
    net.wanted += ["stage 1"] * 2
    for stage, depth in enumerate(depths):
        for block in range(depth):
            at = net.residual(at, size=32 >> stage, stride=block == 0)
            net.wanted += [f"stage {stage + 2}/block {block + 1}"] * (6 if block == 0 else 5)
    return net


def test_stages_are_resolutions_and_blocks_residual_joins():
    net = resnet([2, 3, 2])
    assert paths(structure_scopes(net.pieces)) == net.wanted


@given(st.lists(st.integers(2, 4), min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_the_order_of_a_file_changes_nothing(depths: list[int], rng: random.Random):
    net = resnet(depths)
    order: list[int] = []
    left = set(range(len(net.pieces)))
    while left:
        ready = sorted(k for k in left if not left & set(net.pieces[k].sources))
        order.append(rng.choice(ready))
        left.remove(order[-1])
    place = {old: new for new, old in enumerate(order)}
    moved = [
        Piece(
            type=net.pieces[k].type,
            sources=tuple(place[s] for s in net.pieces[k].sources),
            shape=net.pieces[k].shape,
            weighted=net.pieces[k].weighted,
        )
        for k in order
    ]
    assert paths(structure_scopes(moved)) == [net.wanted[k] for k in order]


def test_what_a_file_lists_long_before_its_use_is_where_it_is_used():
    net = Net()
    sides = [net.add("Gemm", weighted=True) for _ in range(5)]
    at = net.conv()
    for side in sides:
        inner = net.conv(net.add("Add", net.conv(at), side))
        at = net.add("Relu", net.add("Add", inner, at))
    found = paths(structure_scopes(net.pieces))
    assert found[:5] == [f"block {number}" for number in range(1, 6)]


def test_a_picture_with_its_channels_moved_has_the_same_resolution():
    net = Net()
    at = net.conv()
    for _ in range(4):
        at = net.add("Relu", net.conv(at))
    moved = (1, 32, 32, 8)
    net.pieces.append(Piece(type="Transpose", sources=(at,), shape=moved, swaps=True))
    for last in range(at + 1, at + 5):
        net.pieces.append(Piece(type="Mul", sources=(last,), shape=moved, weighted=True))
    assert not any("stage" in path for path in paths(structure_scopes(net.pieces)))


def test_bodies_that_do_not_attend_are_blocks_of_their_own():
    net = Net()
    at = net.add("MatMul", weighted=True)
    for kind in ("Relu", "Tanh", "Sigmoid"):
        first = net.add(kind, net.add("MatMul", at, weighted=True))
        at = net.add("Add", net.add("MatMul", first, weighted=True), at)
    found = paths(structure_scopes(net.pieces))
    assert found[1:] == [f"block {number}" for number in (1, 2, 3) for _ in range(4)]


def test_what_is_read_all_over_closes_no_body():
    net = Net()
    at = mask = net.conv()
    for _ in range(8):
        inner = net.add("Mul", net.conv(net.add("Relu", net.conv(at))), mask)
        at = net.add("Relu", net.add("Add", inner, at))
    found = paths(structure_scopes(net.pieces))
    assert found[1:] == [f"block {number}" for number in range(1, 9) for _ in range(6)]


def test_a_resolution_that_keeps_changing_makes_no_stages():
    net = Net()
    at = net.conv()
    for step in range(40):
        at = net.add("Relu", net.conv(at, size=8 << step % 2), size=8 << step % 2)
    assert not any("stage" in path for path in paths(structure_scopes(net.pieces)))


def test_repeated_operators_of_a_chain_are_blocks():
    net = Net()
    at = net.conv(size=64)
    for size in (32, 16):
        for _ in range(3):
            at = net.add("Relu", net.conv(at, size=size), size=size)
    found = paths(structure_scopes(net.pieces))
    assert found[0] == "stage 1"
    assert found[1:] == [f"stage {s}/block {b}" for s in (2, 3) for b in (1, 2, 3) for _ in "cr"]


def test_skips_across_a_u_are_no_joins():
    net = Net()
    skips = []
    at = net.add("Relu", net.conv())
    for size in (32, 16, 8):
        for _ in range(2):
            at = net.add("Relu", net.conv(at, size=size), size=size)
        skips.append(at)
        at = net.add("MaxPool", at, size=size // 2)
    for size in (8, 16, 32):
        at = net.add("Resize", at, size=size)
        at = net.add("Concat", at, skips.pop(), size=size)
        for _ in range(2):
            at = net.add("Relu", net.conv(at, size=size), size=size)
    stages = [path.partition("/")[0] for path in paths(structure_scopes(net.pieces))]
    assert list(dict.fromkeys(stages)) == [f"stage {k}" for k in range(1, 7)]


def transformer(layers: int, masked: bool) -> Net:
    net = Net()
    shape = (1, 16, 64)

    def add(kind: str, *sources: int, weighted: bool = False) -> int:
        piece = Piece(type=kind, sources=sources, shape=shape, weighted=weighted)
        net.pieces.append(piece)
        return len(net.pieces) - 1

    mask = [add("Cast")] if masked else []
    at = add("Gather", weighted=True)
    net.wanted += [""] * (1 + masked)
    for layer in range(layers):
        start = len(net.pieces)
        q, k, v = (add("MatMul", at, weighted=True) for _ in range(3))
        score = add("Softmax", add("Add", add("MatMul", q, k), *mask))
        out = add("MatMul", add("MatMul", score, v), weighted=True)
        at = add("LayerNormalization", add("Add", out, at))
        inner = add("Gelu", add("MatMul", at, weighted=True))
        at = add("LayerNormalization", add("Add", add("MatMul", inner, weighted=True), at))
        net.wanted += [f"block {layer + 1}"] * (len(net.pieces) - start)
    return net


@given(st.integers(2, 12), st.booleans())
def test_a_layer_of_a_transformer_is_a_block(layers: int, masked: bool):
    net = transformer(layers, masked)
    assert paths(structure_scopes(net.pieces)) == net.wanted


def test_bodies_of_control_flow_are_where_their_owner_is():
    net = resnet([3, 3])
    start = len(net.pieces) - 1
    conv = net.conv(start, size=16)
    net.pieces.append(Piece(type="Mul", sources=(conv,), owner=conv + 2))
    loop = net.add("Loop", size=16)
    net.add("Relu", net.add("Add", net.conv(loop, size=16), start, size=16), size=16)
    found = paths(structure_scopes(net.pieces))
    assert found == net.wanted + ["stage 3/block 4"] * 6


def test_many_blocks_are_few_layers():
    net = Net()
    at = net.conv()
    for _ in range(1000):
        at = net.residual(at)
    found = paths(structure_scopes(net.pieces))
    assert len(set(found)) <= 101
    assert "blocks 1 to 10" in found


def test_heads_side_by_side_are_no_blocks():
    net = Net()
    at = net.conv()
    for _ in range(300):
        net.add("Gemm", at, weighted=True)
    assert len(set(paths(structure_scopes(net.pieces) or [()]))) <= 2


def test_nothing_is_found_in_a_few_operators():
    net = Net()
    net.add("Relu", net.conv(net.add("Relu", net.conv())))
    assert structure_scopes(net.pieces) is None
    assert structure_scopes([]) is None


@st.composite
def graphs(draw: st.DrawFn) -> list[Piece]:
    size = st.sampled_from([None, 0, 1, 7, 8, 64, "n"])
    found: list[Piece] = []
    for at in range(draw(st.integers(0, 60))):
        found.append(
            Piece(
                type=draw(st.sampled_from(["Conv", "Relu", "Add", "MatMul", "Resize", "Shape"])),
                sources=tuple(draw(st.sets(st.integers(0, at - 1), max_size=3))) if at else (),
                shape=draw(st.none() | st.lists(size, max_size=4).map(tuple)),
                weighted=draw(st.booleans()),
                swaps=draw(st.booleans()),
                owner=draw(st.sampled_from([-1, -1, -1, at + 1, at + 2])),
            )
        )
    return found


@given(graphs())
def test_any_graph_has_few_layers_named_by_place(found: list[Piece]):
    scopes = structure_scopes(found)
    if scopes is None:
        return
    assert len(scopes) == len(found)
    names = set(paths(scopes))
    assert all(NAMES.fullmatch(name) for name in names)
    assert len({name for name in names if "block" in name}) <= len(found) / 2
    for number in re.findall(r"stage (\d+)", " ".join(names)):
        assert int(number) <= 24


BLOCK = """a{0} = Conv<pads=[1,1,1,1]>(x{0}, w) r{0} = Relu(a{0})
    b{0} = Conv<pads=[1,1,1,1]>(r{0}, w) s{0} = Add(b{0}, x{0}) x{1} = Relu(s{0}) """


def nameless(blocks: int) -> onnx.ModelProto:
    steps = "".join(BLOCK.format(k, k + 1) for k in range(blocks))
    model = parse(f"net (float[1,4,8,8] x0) => (y) {{ {steps} y = GlobalAveragePool(x{blocks}) }}")
    model.graph.initializer.append(
        onnx.helper.make_tensor("w", onnx.TensorProto.FLOAT, [4, 4, 3, 3], [0.0] * 144)
    )
    return model


def test_a_model_says_that_its_layers_were_found(tmp_path):
    model = loaded(tmp_path, nameless(4))
    assert model.layers_found
    assert facts(model, 0).layers_found
    assert {layer.path for layer in model.layers} >= {"block 1", "block 4"}
    assert model.layers[model.operators[3].layer].path == "block 1"


def test_found_layers_are_in_order_whatever_a_file_lists_first(tmp_path):
    proto = nameless(12)
    early = onnx.helper.make_node("Constant", [], ["bias"], value_floats=[1.0] * 4)
    proto.graph.node[-4].input.append("bias")
    proto.graph.node.insert(0, early)
    model = loaded(tmp_path, proto)
    assert [layer.path for layer in model.layers[1:]] == [f"block {k}" for k in range(1, 13)]
    assert model.layers[model.operators[0].layer].path == "block 12"


def test_names_of_modules_come_before_structure(tmp_path):
    proto = nameless(4)
    for number, node in enumerate(proto.graph.node):
        node.name = f"/part{number // 8}/{node.op_type}_{number}"
    model = loaded(tmp_path, proto)
    assert not model.layers_found
    assert {layer.path for layer in model.layers} == {"", "part0", "part1", "part2"}


def test_layers_of_parameters_alone_stand_in_the_blocks(tmp_path):
    """Paddle's parameters name single layers, no modules."""
    proto = nameless(12)
    shared = proto.graph.initializer[0]
    convolutions = [node for node in proto.graph.node if node.op_type == "Conv"]
    for number, node in enumerate(convolutions):
        own = proto.graph.initializer.add()
        own.CopyFrom(shared)
        own.name = node.input[1] = f"conv2d_{number}.w_0"
    model = loaded(tmp_path, proto)
    where = [model.layers[operator.layer].path for operator in model.operators]
    assert where[5:9] == ["block 2/conv2d_2", "block 2", "block 2/conv2d_3", "block 2"]
    assert model.layers_found
