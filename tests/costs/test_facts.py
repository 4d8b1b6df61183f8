import json
import pickle
from pathlib import Path

import pytest
from onnx import TensorProto, helper

from gallery.costs import Cost, cost
from gallery.costs.facts import TensorFact, facts
from gallery.costs.storage import facts_of, facts_value
from gallery.loading.load import load
from tests.onnx_text import loaded, parse

MODELS = Path(__file__).parents[2] / "models"

# Torchvision's tables, as the fields num_params and _ops (GMACs) of its weights have them:
# https://github.com/pytorch/vision/tree/main/torchvision/models (resnet.py, mobilenetv2.py, ...)
# and https://docs.pytorch.org/vision/stable/models.html.
TORCHVISION = {
    "alexnet": (61_100_840, 0.714),
    "vgg16": (138_357_544, 15.470),
    "resnet18": (11_689_512, 1.814),
    "resnet34": (21_797_672, 3.664),
    "resnet50": (25_557_032, 4.089),
    "mobilenetv2": (3_504_872, 0.301),
    "efficientnet-b0": (5_288_548, 0.386),
    "convnext-tiny": (28_589_128, 4.456),
    "vit-b16": (86_567_656, 17.564),
}


@pytest.mark.parametrize("name", TORCHVISION)
def test_parameters_and_macs_as_torchvision_publishes_them(name):
    parameters, gmacs = TORCHVISION[name]
    found = facts(load(MODELS / f"{name}.onnx"), 0)
    assert found.parameters == pytest.approx(parameters, rel=0.01)
    assert found.macs == pytest.approx(gmacs * 1e9, rel=0.01)
    assert found.uncounted == {}


def test_bert_base_as_published():
    """Multiply-adds of 12 layers of width 768 and 3,072 at 128 tokens, counted by hand.

    The sizes are those of BERT-base, https://arxiv.org/abs/1810.04805, section 3; the exact number
    of parameters is that of the checkpoint https://huggingface.co/google-bert/bert-base-uncased
    without its two heads.
    """
    tokens, width, inner = 128, 768, 3072
    projections, attention = 4 * tokens * width**2, 2 * tokens**2 * width
    by_hand = 12 * (projections + attention + 2 * tokens * width * inner) + width**2
    found = facts(load(MODELS / "bert-base.onnx", dims={"batch": 1, "sequence": 128}), 0)
    assert found.parameters == pytest.approx(109_482_240, rel=0.01)
    assert found.macs == pytest.approx(by_hand, rel=1e-3)


def test_gpt2_as_published():
    """124.4 M parameters, and 291,648,307,200 FLOPs (2 for a MAC) for 1,024 tokens.

    https://huggingface.co/openai-community/gpt2 and the cell "forward_total" of
    https://github.com/karpathy/nanoGPT/blob/master/transformer_sizing.ipynb.
    """
    found = facts(load(MODELS / "gpt2.onnx", dims={"batch": 1, "sequence": 1024}), 0)
    assert found.parameters == pytest.approx(124_439_808, rel=0.01)
    assert found.macs == pytest.approx(291_648_307_200 / 2, rel=0.01)


def test_facts_of_a_small_model(tmp_path):
    model = parse(
        """<ir_version: 9, opset_import: ["": 18, "com.microsoft": 1],
            producer_name: "me", producer_version: "2">
        net (float[n,3] x) => (float[n,2] y)
        <float[3,2] w = {1,2,3,4,5,6}, float[2] b = {1,2}, int64[1] i = {0}> {
            [/block/dense/Gemm] h = Gemm(x, w, b)
            [/block/act/Relu] r = Relu(h)
            [/out/Gather] g = Gather(r, i)
            [/out/Add] y = Add(r, r)
        }""".replace("[/block/dense/Gemm]", "")
        .replace("[/block/act/Relu]", "")
        .replace("[/out/Gather]", "")
        .replace("[/out/Add]", "")
    )
    names = ("/block/dense/Gemm", "/block/act/Relu", "/out/Gather", "/out/Add")
    for node, name in zip(model.graph.node, names, strict=True):
        node.name = name
    model.metadata_props.add(key="licence", value="MIT")
    found = facts(loaded(tmp_path, model, n=4), 1234)
    assert (found.name, found.file_bytes, found.operators, found.depth) == ("net", 1234, 4, 3)
    assert found.parameters == 8
    assert found.parameter_bytes == {"float": 32, "int64": 8}
    assert (found.macs, found.flops) == (24, 2 * 24 + 8 + 8 + 8)
    assert found.cost_by_type == {"Gemm": 56, "Add": 8, "Relu": 8}
    assert found.histogram == {"Add": 1, "Gather": 1, "Gemm": 1, "Relu": 1}
    assert found.activations == 8 + 8 + 2 + 8
    assert found.opsets == {"ai.onnx": 18, "com.microsoft": 1}
    assert (found.ir_version, found.producer, found.metadata) == (9, "me 2", {"licence": "MIT"})
    assert found.inputs == (TensorFact(name="x", dtype="float", shape=(4, 3)),)
    assert found.outputs == (TensorFact(name="y", dtype="float", shape=(4, 2)),)
    assert found.bindings == {"n": 4}
    rows = {row.path: (row.depth, row.operators, row.parameters, row.flops) for row in found.layers}
    assert rows == {
        "": (0, 4, 8, 72),
        "block": (1, 2, 8, 64),
        "block/dense": (2, 1, 8, 56),
        "block/act": (2, 1, 0, 8),
        "out": (1, 2, 0, 8),
    }
    assert pickle.loads(pickle.dumps(found)) == found


def test_what_cannot_be_known_is_none(tmp_path):
    found = facts(
        loaded(
            tmp_path,
            '<ir_version: 9, opset_import: ["": 18, "me": 1]> net (x) => (y) { y = me.Secret(x) }',
        ),
        0,
    )
    assert (found.macs, found.flops, found.activations) == (None, None, None)
    assert found.uncounted == {"me.Secret": 1}
    assert found.inputs[0].shape is None
    assert found.warnings


def test_a_weight_that_is_read_twice_counts_once(tmp_path):
    found = facts(
        loaded(
            tmp_path,
            """net (float[1,2] x) => (y) <float[2,2] w = {1,2,3,4}> {
                h = MatMul(x, w) y = MatMul(h, w) }""",
        ),
        0,
    )
    assert found.parameters == 4


def test_quantised_weights_and_large_constants_are_parameters(tmp_path):
    narrow = helper.make_tensor("q", TensorProto.INT8, [3], [1, 2, 3])
    packed = helper.make_tensor("p", TensorProto.UINT4, [6], [1] * 6)
    index = helper.make_tensor("i", TensorProto.INT64, [5], [0] * 5)
    large = helper.make_tensor("c", TensorProto.FLOAT, [2000], [0.0] * 2000)
    small = helper.make_tensor("s", TensorProto.FLOAT, [2], [0.0] * 2)
    nodes = [helper.make_node("Constant", [], [t.name], value=t) for t in (large, small)]
    nodes += [helper.make_node("Identity", [name], [f"{name}2"]) for name in "qpc"]
    graph = helper.make_graph(nodes, "g", [], [], [narrow, packed, index])
    found = facts(loaded(tmp_path, helper.make_model(graph)), 0)
    assert found.parameters == 3 + 6 + 2000
    assert found.parameter_bytes == {"float": 8000, "int64": 40, "int8": 3, "uint4": 3}


def test_elements_of_less_than_a_byte_are_packed(tmp_path):
    """onnx 1.23 writes 1,001 elements of 6 bits as 751 bytes and 3 elements of 4 bits as 2."""
    six = helper.make_tensor("w", TensorProto.FLOAT6E2M3, [1001], bytes(751), raw=True)
    four = helper.make_tensor("v", TensorProto.INT4, [3], bytes(2), raw=True)
    nodes = [helper.make_node("Cast", [name], [f"{name}2"], to=1) for name in "wv"]
    graph = helper.make_graph(nodes, "g", [], [], [six, four])
    found = facts(loaded(tmp_path, helper.make_model(graph)), 0)
    assert found.parameter_bytes == {"float6e2m3": 751, "int4": 2}


CONTROL = """net (bool c, int64 n, float[2,3] x) => (y) {{
    {trips}
    y = {owner}
}}"""
BRANCHES = """If ({c}) <
    then_branch = t () => (p) {{ p = Relu(x) }},
    else_branch = e () => (q) {{ h = Relu(x) q = Sigmoid(h) }}>"""
LOOP = """Loop (k, c, x) <body = b (int64 i, bool go, float[2,3] v) => (g, w) {
    g = Identity(go) w = Relu(v) }>"""


def test_the_branch_that_does_more_counts(tmp_path):
    text = CONTROL.format(trips="", owner=BRANCHES.format(c="c"))
    found = facts(loaded(tmp_path, text), 0)
    assert found.flops == 6 * (1 + 4)
    assert found.cost_by_type == {"Sigmoid": 24, "Relu": 6}
    assert found.histogram == {"Relu": 2, "If": 1, "Sigmoid": 1}


def test_the_branch_that_is_taken_counts(tmp_path):
    constant = "k = Constant<value = bool {1}>()"
    found = facts(loaded(tmp_path, CONTROL.format(trips=constant, owner=BRANCHES.format(c="k"))), 0)
    assert found.flops == 6


def test_work_in_a_loop_counts_by_trip(tmp_path):
    text = CONTROL.format(trips="k = Constant<value_int = 5>()", owner=LOOP)
    found = facts(loaded(tmp_path, text), 0)
    assert found.flops == 5 * 6
    text = CONTROL.format(trips="k = Abs(n)", owner=LOOP)
    found = facts(loaded(tmp_path, text), 0)
    assert found.flops == 6 + 1
    assert any("the number of trips of the loop" in warning for warning in found.warnings)


def test_loops_in_loops_multiply(tmp_path):
    found = facts(
        loaded(
            tmp_path,
            """net (bool c, float[2,3] x) => (y) {
                k = Constant<value_int = 5>() m = Constant<value_int = 3>()
                y = Loop (k, c, x) <body = b (int64 i, bool go, float[2,3] v) => (g, w) {
                    g = Identity(go)
                    w = Loop (m, go, v) <body = d (int64 j, bool on, float[2,3] u) => (h, z) {
                        h = Identity(on) z = Relu(u) }>
                }>
            }""",
        ),
        0,
    )
    assert found.flops == 5 * 3 * 6


@pytest.mark.parametrize(
    ("inputs", "attributes", "trips"),
    [
        ("u, v", "", 3),
        ("u, v", ", scan_input_axes = [1, 0]", 5),
        ("u, v", ", scan_input_axes = [-1, 0]", 5),
        ("u, v", ", scan_input_axes = [-2, 0]", 3),
        ("u, v", ", scan_input_axes = [2, 0]", 1),
        ("u, v", ", scan_input_axes = [-3, 0]", 1),
        ("w, v", "", 1),
    ],
)
def test_a_scan_makes_a_trip_for_each_slice_of_its_first_input(tmp_path, inputs, attributes, trips):
    found = facts(
        loaded(
            tmp_path,
            f"""net (float[3,5] u, float[2] s, float[3,7] v, w) => (t, y) {{
                t, y = Scan<num_scan_inputs = 2{attributes}, body = b (float[2] a, p, q) => (c, d)
                    {{ c = Neg(a) d = Identity(a) }}>(s, {inputs}) }}""",
        ),
        0,
    )
    assert found.flops == 2 * trips


@pytest.mark.parametrize(
    ("limit", "trips"), [("-1", 0), ("0", 0), ("2147483647", 2147483647), ("2147483648", 1)]
)
def test_odd_limits_of_loops(tmp_path, limit, trips):
    """ONNX Runtime 1.32 makes no trip where the limit is below 0."""
    text = CONTROL.format(trips=f"k = Constant<value_int = {limit}>()", owner=LOOP)
    assert facts(loaded(tmp_path, text), 0).flops == 6 * trips


@pytest.mark.parametrize(("inputs", "trips"), [("(, c, x)", 1), ("(k, , x)", 5)])
def test_a_limit_and_a_condition_of_a_loop_may_be_left_out(tmp_path, inputs, trips):
    limit = "k = Constant<value_int = 5>()"
    text = CONTROL.format(trips=limit, owner=LOOP.replace("(k, c, x)", inputs))
    assert facts(loaded(tmp_path, text), 0).flops == 6 * trips


def test_the_branch_that_is_not_taken_does_not_count(tmp_path):
    constant = "k = Constant<value = bool {0}>()"
    found = facts(loaded(tmp_path, CONTROL.format(trips=constant, owner=BRANCHES.format(c="k"))), 0)
    assert found.flops == 6 * (1 + 4)
    assert found.operators == 5


def test_branches_are_weighed_by_all_that_is_done_in_them(tmp_path):
    """5 trips of one operation are more than one operation of 4."""
    found = facts(
        loaded(
            tmp_path,
            """net (bool c, float[2] x) => (y) {
                k = Constant<value_int = 5>()
                y = If (c) <
                    then_branch = t () => (p) { p = Sigmoid(x) },
                    else_branch = e () => (q) {
                        q = Loop (k, c, x) <body = b (int64 i, bool go, float[2] v) => (g, w) {
                            g = Identity(go) w = Relu(v) }> }> }""",
        ),
        0,
    )
    assert found.cost_by_type == {"Relu": 10}


def test_work_that_is_known_counts_beside_what_is_not(tmp_path):
    text = """<ir_version: 9, opset_import: ["": 18, "me": 1]>
        net (float[2,3] x, z) => (y, v, w) { y = Relu(x) v = me.Secret(z) w = me.Secret(z) }"""
    found = facts(loaded(tmp_path, text), 0)
    assert (found.macs, found.flops, found.uncounted) == (None, 6, {"me.Secret": 2})
    assert found.cost_by_type == {"Relu": 6}
    assert found.layers[0].flops == 6


def test_tensors_without_elements_count_nothing(tmp_path):
    text = "net (float[3] x) => (y) <float[0,3] w = {}> { y = Mul(w, x) }"
    found = facts(loaded(tmp_path, text), 0)
    assert (found.activations, found.parameters, found.parameter_bytes) == (0, 0, {"float": 0})
    assert (found.macs, found.flops, found.cost_by_type) == (0, 0, {})


def test_statistics_that_only_a_normalisation_reads_are_not_parameters(tmp_path):
    text = """net (float[1,2,4,4] x) => (y, z)
        <float[2] s = {1,1}, float[2] b = {0,0}, float[2] m = {0,0}, float[2] v = {1,1}> {
            y = BatchNormalization(x, s, b, m, v) z = Identity(REST) }"""
    counts = [
        facts(loaded(tmp_path, text.replace("REST", name)), 0).parameters
        for name in ("x", "s", "m", "v")
    ]
    assert counts == [4, 4, 6, 6]
    shared = text.replace("(x, s, b, m, v)", "(x, m, b, m, v)").replace("REST", "x")
    # Nothing reads s any more.
    assert facts(loaded(tmp_path, shared), 0).parameters == 4


@pytest.mark.parametrize("size", [1, 2, 1025])
def test_constants_of_any_size_are_parameters_where_a_weight_is_read(tmp_path, size):
    tensor = helper.make_tensor("c", TensorProto.FLOAT, [3, size], [0.0] * 3 * size)
    nodes = [helper.make_node("Constant", [], ["c"], value=tensor)]
    nodes.append(helper.make_node("MatMul", ["x", "c"], ["y"]))
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 3])
    graph = helper.make_graph(nodes, "g", [x], [])
    assert facts(loaded(tmp_path, helper.make_model(graph)), 0).parameters == 3 * size


def test_what_is_left_out_makes_no_path_longer(tmp_path):
    """An output that is left out is not what an input that is left out reads."""
    model = parse("net (float[2] x, float h) => (z) { y, m = Dropout(x) z = Clip(x, , h) }")
    model.graph.node[0].output[1] = ""
    assert facts(loaded(tmp_path, model), 0).depth == 1
    text = "net () => (y) { k = Constant<value_int = 5>() y = Neg(k) }"
    found = facts(loaded(tmp_path, text), 0)
    assert (found.depth, found.activations) == (2, 2)


def test_ties_stand_in_the_order_of_the_alphabet(tmp_path):
    text = "net (float[2] x) => (c) { a = Neg(x) b = Abs(a) d = Relu(b) e = Relu(d) c = Exp(e) }"
    found = facts(loaded(tmp_path, text), 0)
    assert list(found.histogram.items()) == [("Relu", 2), ("Abs", 1), ("Exp", 1), ("Neg", 1)]
    assert list(found.cost_by_type) == ["Relu", "Abs", "Exp", "Neg"]


def test_facts_come_back_from_json(tmp_path):
    text = "net (float[n,3] x, u) => (y) { y = Relu(x) }"
    found = facts(loaded(tmp_path, text, n=2), 7)
    assert found.inputs[1].shape is None
    value = json.loads(json.dumps(facts_value(found)))
    assert facts_of(value) == found
    assert value["histogram"] == [["Relu", 1]]


def test_depth_goes_through_bodies(tmp_path):
    found = facts(
        loaded(
            tmp_path,
            """net (bool c, float[2] x) => (y) {
                a = Relu(x)
                b = If (c) <then_branch = t () => (p) { h = Abs(a) p = Neg(h) },
                            else_branch = e () => (q) { q = Exp(a) }>
                y = Sqrt(b) }""",
        ),
        0,
    )
    assert found.depth == 5


@pytest.mark.parametrize("path", sorted(MODELS.glob("*.onnx")), ids=lambda path: path.stem)
def test_facts_of_the_sample_models_add_up(path):
    model = load(path)
    found = facts(model, path.stat().st_size)
    assert found.uncounted == {}
    assert found.macs is not None
    assert found.flops is not None
    assert found.flops > 2 * found.macs > 0
    assert sum(found.cost_by_type.values()) == found.flops == found.layers[0].flops
    assert sum(found.histogram.values()) == found.operators == found.layers[0].operators
    assert found.layers[0].parameters <= found.parameters
    assert found.flops == sum(
        (cost(model, o) or Cost(macs=0, flops=0)).flops for o in model.operators
    )
    assert found.activations is not None
    assert 0 < found.depth <= found.operators
