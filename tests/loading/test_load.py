import pickle
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from gallery.loading import wire
from gallery.loading.load import load
from gallery.model import Unread
from tests.onnx_text import loaded, parse, shape_of, tensor_names, the, write

MODELS = sorted((Path(__file__).parents[2] / "models").glob("*.onnx"))


def test_a_model_as_a_whole(tmp_path):
    model = loaded(
        tmp_path,
        """<ir_version: 9, opset_import: ["": 18, "com.microsoft": 1],
            producer_name: "me", producer_version: "2">
        net (float[1,3] x) => (float[1,2] y)
        <float[3,2] w = {1,2,3,4,5,6}, float[2] b = {1,2}> {
            [dense] h = Gemm<alpha=0.5, transB=0>(x, w, b)
            [act] y = com.microsoft.FastGelu(h)
        }""",
    )
    assert (model.name, model.ir_version, model.producer) == ("net", 9, "me 2")
    assert model.opsets == {"": 18, "com.microsoft": 1}
    dense, act = model.operators
    assert (dense.name, dense.type, dense.domain, dense.version) == ("dense", "Gemm", "", 18)
    assert (act.type, act.domain, act.version) == ("FastGelu", "com.microsoft", 1)
    assert tensor_names(model, dense.inputs) == ["x", "w", "b"]
    assert dense.attributes == {"alpha": 0.5, "transB": 0}
    assert tensor_names(model, model.inputs) == ["x"]
    assert tensor_names(model, model.outputs) == ["y"]
    weight = model.tensors[dense.inputs[1]]
    assert (weight.dtype, weight.shape, weight.is_parameter) == ("float", (3, 2), True)
    assert weight.value is not None
    assert weight.value.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert not weight.value.flags.writeable
    assert shape_of(model, "y") == (1, 2)
    assert model.warnings == ()


def test_left_out_inputs_and_outputs(tmp_path):
    model = loaded(
        tmp_path,
        "net (float[4] x, float h) => (float[4] y) { y = Clip(x, , h) }",
    )
    assert the(model, "Clip").inputs == (0, -1, 1)
    node = helper.make_node("Dropout", ["x"], ["", "mask"], name="d")
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [2])
    model = loaded(tmp_path, helper.make_model(helper.make_graph([node], "g", [given], [])))
    assert model.operators[0].outputs == (-1, 1)


def test_operators_are_brought_into_order(tmp_path):
    model = loaded(
        tmp_path,
        "net (float[1] x) => (float[1] y) { y = Add(a, b) b = Relu(a) a = Abs(x) }",
    )
    assert [operator.type for operator in model.operators] == ["Abs", "Relu", "Add"]
    made = set(model.inputs)
    for operator in model.operators:
        assert made.issuperset(operator.inputs)
        made.update(operator.outputs)


def test_what_a_function_hands_through_keeps_its_name(tmp_path):
    model = loaded(
        tmp_path,
        """<ir_version: 9, opset_import: ["": 18, "me": 1]>
        net (float[1] x) => (float[1] y, float[1] w) { y, z = me.f(x) w = Neg(z) }
        <domain: "me", opset_import: ["": 18]> f (a) => (b, a) { b = Relu(a) }""",
    )
    assert tensor_names(model, model.inputs) == ["x"]
    assert model.operators[1].inputs == model.inputs


def test_of_operators_that_could_come_next_the_first_in_the_file_does(tmp_path):
    model = loaded(
        tmp_path,
        """net (float[1] x) => (float[1] y) {
        y = Add(c, d) c = Relu(a) d = Neg(b) a = Abs(x) b = Exp(x) }""",
    )
    assert [one.type for one in model.operators] == ["Abs", "Relu", "Exp", "Neg", "Add"]


def test_operators_in_order_stay_in_the_order_of_the_file(tmp_path):
    model = loaded(
        tmp_path,
        "net (float[1] x) => (y) { [c] p = Abs(x) [a] q = Neg(x) [b] y = Add(q, p) }",
    )
    assert [operator.name for operator in model.operators] == ["c", "a", "b"]


def test_operators_without_a_name_get_one(tmp_path):
    model = loaded(tmp_path, "net (float[1] x) => (y) { a = Abs(x) y = Abs(a) }")
    assert [operator.name for operator in model.operators] == ["Abs_0", "Abs_1"]


def test_initializers_that_are_inputs_too(tmp_path):
    model = parse("net (float[1,3] x) => (y) <float[3,2] w = {1,2,3,4,5,6}> { y = MatMul(x, w) }")
    model.ir_version = 3
    model.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, ["n", 2]))
    model = loaded(tmp_path, model)
    assert tensor_names(model, model.inputs) == ["x"]
    assert model.bindings == {}
    assert shape_of(model, "y") == (1, 2)


def test_names_that_nothing_makes_are_said(tmp_path):
    branches = """then_branch = a () => (float[1] ghost) { p = Neg(x) },
        else_branch = b () => (float[1] ghost) { q = Exp(x) }"""
    text = f"net (float[1] x, bool c) => (y, z) {{ y = Add(x, ghost) z = If (c) <{branches}> }}"
    model = loaded(tmp_path, text)
    assert model.warnings[0] == "operators read tensors that nothing makes: 'ghost'"
    assert model.tensors[model.operators[0].inputs[1]].shape is None


def test_a_file_of_constants_alone_is_called_that(tmp_path):
    # hummingbird-ml 0.4.11 with torch 2.13.0 makes such a file of an SVC of three classes.
    told = "the file has no network: nothing but constants, and no inputs"
    constants = "y = Constant<value_ints = [2, 0, 1]>() z = Identity(y)"
    assert loaded(tmp_path, f"net () => (int64[3] z) {{ {constants} }}").warnings == (told,)
    for network in (
        f"net (float[2] x) => (int64[3] z) {{ {constants} }}",
        f"net () => (float[3] r) {{ {constants} r = RandomNormalLike<dtype = 1>(z) }}",
    ):
        assert loaded(tmp_path, network).warnings == ()


def test_two_operators_that_make_the_same_name(tmp_path):
    model = loaded(tmp_path, "net (float[1] x) => (y) { y = Abs(x) y = Neg(y) }")
    names = [tensor.name for tensor in model.tensors]
    assert len(set(names)) == len(names)
    assert [o.type for o in model.operators] == ["Abs", "Neg"]
    assert model.operators[1].inputs == model.operators[0].outputs


def test_attributes_of_all_kinds(tmp_path):
    node = helper.make_node(
        "Odd",
        ["x"],
        ["y"],
        domain="me",
        i=3,
        f=0.5,
        s="text",
        ints=[1, 2],
        floats=[0.5],
        strings=["a", "b"],
        t=helper.make_tensor("t", TensorProto.INT8, [2], [1, -1]),
        big=helper.make_tensor("b", TensorProto.FLOAT, [5000], [0.0] * 5000),
    )
    node.attribute.add(name="raw", type=onnx.AttributeProto.STRING, s=b"\xff")
    model = loaded(
        tmp_path,
        helper.make_model(
            helper.make_graph([node], "g", [], []),
            opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid("me", 4)],
        ),
    )
    found = dict(model.operators[0].attributes)
    small = found.pop("t")
    assert (small.tolist(), small.dtype, small.flags.writeable) == ([1, -1], np.int8, False)
    assert found == {
        "i": 3,
        "f": 0.5,
        "s": "text",
        "ints": (1, 2),
        "floats": (0.5,),
        "strings": ("a", "b"),
        "big": Unread(5000),
        "raw": "\ufffd",
    }
    assert model.operators[0].version == 4


def test_constants_keep_their_value(tmp_path):
    model = loaded(
        tmp_path,
        """net (x) => (y) {
            a = Constant<value = int64[2] {3, 4}>() b = Constant<value_ints = [5]>()
            c = Constant<value_float = 0.5>() d = Constant<value_floats = [1.5, 2.5]>()
            e = Constant<value_int = 7>() y = Concat<axis = 0>(a, b) }""",
    )
    values = {tensor.name: tensor.value for tensor in model.tensors if tensor.value is not None}
    assert {name: value.tolist() for name, value in values.items()} == {
        "a": [3, 4],
        "b": [5],
        "c": 0.5,
        "d": [1.5, 2.5],
        "e": 7,
        "y": [3, 4, 5],
    }
    assert sum(operator.type == "Constant" for operator in model.operators) == 5


@pytest.mark.parametrize(
    "kind",
    [
        TensorProto.FLOAT16,
        TensorProto.BFLOAT16,
        TensorProto.FLOAT8E4M3FN,
        TensorProto.INT4,
        TensorProto.UINT4,
        TensorProto.BOOL,
        TensorProto.DOUBLE,
        TensorProto.COMPLEX64,
    ],
)
def test_element_types(tmp_path, kind):
    tensor = helper.make_tensor("w", kind, [4], [1, 0, 1, 1])
    node = helper.make_node("Identity", ["w"], ["y"])
    model = loaded(tmp_path, helper.make_model(helper.make_graph([node], "g", [], [], [tensor])))
    first = model.tensors[0]
    assert first.dtype == TensorProto.DataType.Name(kind).lower()
    assert first.value is not None
    assert [complex(x) for x in first.value] == [1, 0, 1, 1]
    assert model.tensors[1].dtype == first.dtype
    pickle.loads(pickle.dumps(model))


def test_string_and_sparse_initializers(tmp_path):
    text = helper.make_tensor("s", TensorProto.STRING, [2], ["a", "b"])
    graph = helper.make_graph([helper.make_node("Identity", ["w"], ["y"])], "g", [], [], [text])
    graph.sparse_initializer.append(
        helper.make_sparse_tensor(
            helper.make_tensor("w", TensorProto.FLOAT, [2], [1, 2]),
            helper.make_tensor("i", TensorProto.INT64, [2], [0, 5]),
            [3, 4],
        )
    )
    model = loaded(tmp_path, helper.make_model(graph))
    assert [(t.name, t.dtype, t.shape) for t in model.tensors] == [
        ("s", "string", (2,)),
        ("w", "float", (3, 4)),
        ("y", "float", (3, 4)),
    ]


def test_the_digest_follows_operators_and_sizes_of_weights(tmp_path, monkeypatch):
    monkeypatch.setattr(wire, "WHOLE", 0)

    def digest(size: int, bias: float, fill: float) -> str:
        big = helper.make_tensor("w", TensorProto.FLOAT, [size], [fill] * size)
        small = helper.make_tensor("b", TensorProto.FLOAT, [1], [bias])
        node = helper.make_node("Mul", ["w", "b"], ["y"])
        graph = helper.make_graph([node], "g", [], [], [big, small])
        return loaded(tmp_path, helper.make_model(graph)).digest

    same = digest(5000, 1.0, 0.0)
    assert same == digest(5000, 1.0, 9.0)  # what is not read does not count
    assert len({same, digest(5001, 1.0, 0.0), digest(5000, 2.0, 0.0)}) == 3


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_sample_models_load_whole(path):
    model = load(path, default_dim=1)
    assert model.warnings == ()
    assert len(model.tensors) > 10
    assert all(tensor.sizes is not None for tensor in model.tensors)
    assert len(model.layers) > 3
    assert pickle.loads(pickle.dumps(model)).digest == model.digest
    for index, layer in enumerate(model.layers[1:], 1):
        assert 0 <= layer.parent < index
        above = model.layers[layer.parent].path
        assert layer.path == (f"{above}/{layer.name}" if above else layer.name)


def test_there_are_sample_models():
    assert len(MODELS) >= 16


def test_loading_leaves_the_file_alone(tmp_path):
    path = write(tmp_path, "net (float[1] x) => (y) { y = Abs(x) }")
    before = path.read_bytes()
    assert load(path) is not None
    assert path.read_bytes() == before


def test_the_outputs_of_the_graph_keep_their_names(tmp_path):
    """Tensors of functions and branches that are called the same give way."""
    block = helper.make_function(
        "local",
        "block",
        ["x"],
        ["y"],
        [helper.make_node("Abs", ["x"], ["out"]), helper.make_node("Relu", ["out"], ["y"])],
        [helper.make_opsetid("", 20)],
    )
    branches = parse(
        """g (float[1,4] x, bool c) => (float[1,4] out) {
        t = If(c)<then_branch = a () => (float[1,4] out) { out = Relu(x) },
        else_branch = b () => (float[1,4] n) { n = Neg(x) }> u = local.block(t)
        out = Softmax(u) }"""
    )
    branches.functions.append(block)
    branches.opset_import.append(helper.make_opsetid("local", 1))
    model = loaded(tmp_path, branches)
    assert tensor_names(model, model.outputs) == ["out"]
    assert model.operators[-1].type == "Softmax"
    assert model.outputs == model.operators[-1].outputs
