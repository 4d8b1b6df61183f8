"""Control flow: bodies unfolded into one list, names by scope, types across the border."""

import onnx
from onnx import TensorProto, helper

from tests.onnx_text import loaded, shape_of, tensor_names, the

IF = """net (bool c, float[2,3] x) => (y) {
    a = Relu(x)
    [choose] y = If (c) <
        then_branch = t () => (p) { [one] h = Neg(a) [two] p = Abs(h) },
        else_branch = e () => (q) { h = Exp(a) q = Mul(h, x) }>
    z = Sqrt(y)
}"""


def test_branches_stand_before_their_owner(tmp_path):
    model = loaded(tmp_path, IF)
    assert [o.type for o in model.operators] == ["Relu", "Neg", "Abs", "Exp", "Mul", "If", "Sqrt"]
    owner = the(model, "If")
    assert [(b.name, b.operators, b.inputs) for b in owner.bodies] == [
        ("then_branch", range(1, 3), ()),
        ("else_branch", range(3, 5), ()),
    ]
    assert [o.owner for o in model.operators] == [-1, 5, 5, 5, 5, -1, -1]
    assert [tensor_names(model, b.outputs) for b in owner.bodies] == [["p"], ["q"]]
    relu = model.operators[0].outputs[0]
    assert model.operators[1].inputs == model.operators[3].inputs == (relu,)
    assert shape_of(model, "z") == (2, 3)


def test_the_same_name_in_two_branches_is_two_tensors(tmp_path):
    model = loaded(tmp_path, IF)
    assert tensor_names(model, model.operators[1].outputs) == ["h"]
    assert tensor_names(model, model.operators[3].outputs) == ["h~2"]
    names = [tensor.name for tensor in model.tensors]
    assert len(set(names)) == len(names)


def test_branches_of_different_shape(tmp_path):
    text = """net (bool c, float[2,3] x) => (y) {
        k = Constant<value_ints = [3, 2]>()
        y = If (c) <then_branch = t () => (p) { p = Identity(x) },
                    else_branch = e () => (q) { q = Reshape(x, k) }>
    }"""
    assert shape_of(loaded(tmp_path, text), "y") == (None, None)


def test_a_branch_that_is_known_decides(tmp_path):
    """As the squeezes that PyTorch's old exporter writes."""
    text = """net (float[n,1,3] x) => (y) {
        s = Shape(x) i = Constant<value_int = 1>() d = Gather(s, i) e = Equal(d, i)
        ax = Constant<value_ints = [1]>()
        y = If (e) <then_branch = t () => (p) { p = Squeeze(x, ax) },
                    else_branch = f () => (q) { q = Identity(x) }>
    }"""
    assert shape_of(loaded(tmp_path, text, n=4), "y") == (4, 3)


def test_values_leave_a_branch_that_is_known(tmp_path):
    text = """net (float[12] x) => (y) {
        c = Constant<value = bool {1}>()
        s = If (c) <then_branch = t () => (p) { p = Constant<value_ints = [3, 4]>() },
                    else_branch = f () => (q) { q = Constant<value_ints = [12]>() }>
        y = Reshape(x, s)
    }"""
    assert shape_of(loaded(tmp_path, text), "y") == (3, 4)


def test_loops(tmp_path):
    model = loaded(
        tmp_path,
        """net (bool c, float[2] x) => (last, all) {
            n = Constant<value_int = 5>()
            last, all = Loop (n, c, x) <body = b (int64 i, bool go, float[2] v) => (g, w, o) {
                g = Identity(go) w = Add(v, x) o = Mul(w, w) }>
        }""",
    )
    (body,) = the(model, "Loop").bodies
    assert tensor_names(model, body.inputs) == ["i", "go", "v"]
    assert tensor_names(model, body.outputs) == ["g", "w", "o"]
    assert (shape_of(model, "last"), shape_of(model, "all")) == ((2,), (5, 2))
    assert model.warnings == ()


def test_a_loop_whose_state_grows(tmp_path):
    model = loaded(
        tmp_path,
        """net (int64 n, bool c, float[2] x) => (y) {
            [grow] y = Loop (n, c, x) <body = b (int64 i, bool go, float[k] v) => (g, w) {
                g = Identity(go) w = Concat<axis = 0>(v, x) }>
        }""",
    )
    assert shape_of(model, "y") == (None,)
    assert "the number of trips of the loop 'grow' is not known" in model.warnings


def test_scans(tmp_path):
    body = helper.make_graph(
        [
            helper.make_node("Add", ["s", "e"], ["t"]),
            helper.make_node("Relu", ["t"], ["o"]),
        ],
        "b",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("s", "e")],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("t", "o")],
    )
    node = helper.make_node(
        "Scan",
        ["h", "x"],
        ["last", "all"],
        body=body,
        num_scan_inputs=1,
        scan_input_axes=[1],
        scan_output_axes=[-1],
    )
    given = [
        helper.make_tensor_value_info("h", TensorProto.FLOAT, [3, 4]),
        helper.make_tensor_value_info("x", TensorProto.FLOAT, [3, 7, 4]),
    ]
    model = loaded(tmp_path, helper.make_model(helper.make_graph([node], "g", given, [])))
    assert shape_of(model, "e") == (3, 4)
    assert (shape_of(model, "last"), shape_of(model, "all")) == ((3, 4), (3, 4, 7))


def test_nested_bodies_and_captures(tmp_path):
    model = loaded(
        tmp_path,
        """net (bool c, int64 n, float[2] x) => (y) {
            w = Exp(x)
            y = Loop (n, c, x) <body = b (int64 i, bool go, float[2] v) => (g, u) {
                g = Identity(go)
                u = If (go) <then_branch = t () => (p) { p = Add(v, w) },
                             else_branch = e () => (q) { q = Identity(v) }>
            }>
        }""",
    )
    types = [o.type for o in model.operators]
    assert types == ["Exp", "Identity", "Add", "Identity", "If", "Loop"]
    assert [o.owner for o in model.operators] == [-1, 5, 4, 4, 5, -1]
    (body,) = the(model, "Loop").bodies
    assert body.operators == range(1, 5)
    assert tensor_names(model, the(model, "Add").inputs) == ["v", "w"]


def test_a_body_that_shadows_a_name(tmp_path):
    model = loaded(
        tmp_path,
        """net (bool c, int64 n, float[2] x) => (y) {
            v = Exp(x)
            a = Loop (n, c, x) <body = b (int64 i, bool go, float[2] v) => (g, u) {
                g = Identity(go) u = Neg(v) }>
            y = Add(a, v)
        }""",
    )
    inner, outer = the(model, "Neg").inputs[0], the(model, "Add").inputs[1]
    assert (model.tensors[inner].name, model.tensors[outer].name) == ("v~2", "v")


def test_initializers_of_a_body(tmp_path):
    branch = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["p"])],
        "t",
        [],
        [helper.make_tensor_value_info("p", TensorProto.FLOAT, None)],
        [helper.make_tensor("w", TensorProto.FLOAT, [3, 5], [0.0] * 15)],
    )
    other = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["q"])],
        "e",
        [],
        [helper.make_tensor_value_info("q", TensorProto.FLOAT, None)],
        [helper.make_tensor("w", TensorProto.FLOAT, [3, 7], [0.0] * 21)],
    )
    node = helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=other)
    given = [
        helper.make_tensor_value_info("c", TensorProto.BOOL, []),
        helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 3]),
    ]
    model = loaded(tmp_path, helper.make_model(helper.make_graph([node], "g", given, [])))
    weights = [tensor for tensor in model.tensors if tensor.is_parameter]
    assert {weight.name: weight.shape for weight in weights} == {"w": (3, 7), "w~2": (3, 5)}
    assert shape_of(model, "y") == (2, None)


def test_a_speech_model_of_few_operators_outside_and_many_inside(tmp_path):
    def branch(name: str) -> onnx.GraphProto:
        nodes = [helper.make_node("Relu", ["x"], [f"{name}0"])]
        nodes += [helper.make_node("Abs", [f"{name}{i}"], [f"{name}{i + 1}"]) for i in range(349)]
        made = helper.make_tensor_value_info(f"{name}349", TensorProto.FLOAT, None)
        return helper.make_graph(nodes, name, [], [made])

    node = helper.make_node("If", ["c"], ["y"], then_branch=branch("t"), else_branch=branch("e"))
    given = [
        helper.make_tensor_value_info("c", TensorProto.BOOL, []),
        helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 3]),
    ]
    model = loaded(tmp_path, helper.make_model(helper.make_graph([node], "g", given, [])))
    assert len(model.operators) == 701
    assert shape_of(model, "y") == (2, 3)


def test_a_map_over_a_sequence_gives_a_sequence_of_what_its_body_gives(tmp_path):
    text = """<ir_version: 9, opset_import: ["": 18]>
        net (float[4,8] x, seq(float[n,8]) more) => (float[8,8] y, float[m,8] z) {
        s = SequenceConstruct(x, x)
        q = SequenceMap<body = b (e) => (r) { r = Relu(e) }>(s)
        y = ConcatFromSequence<axis = 0>(q) i = Constant<value_int = 0>()
        z = SequenceAt(more, i) }"""
    model = loaded(tmp_path, text, n=3)
    assert (shape_of(model, "r"), shape_of(model, "q")) == ((4, 8), (2,))
    assert shape_of(model, "z") == (3, 8)
    assert model.warnings == ()
