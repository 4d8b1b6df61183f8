"""Old and new operator sets, functions, and what the notes of a model say."""

import onnx
import pytest
from onnx import TensorProto, helper

from tests.onnx_text import loaded, parse, shape_of, the


def test_functions_are_inlined(tmp_path):
    model = loaded(
        tmp_path,
        """<ir_version: 9, opset_import: ["": 18, "me": 1]>
        net (float[1,4] x) => (y) { [first] h = me.outer<gain = 2.0>(x) [second] y = me.outer(h) }
        <domain: "me", opset_import: ["": 17, "me": 1]>
        outer <gain: float = 3.0> (a) => (c) { [in] b = me.scale<by: float = @gain>(a) c = Relu(b) }
        <domain: "me", opset_import: ["": 16]>
        scale <by> (a) => (b) { k = Constant<value_float: float = @by>() b = Mul(a, k) }""",
    )
    assert model.functions == 2
    assert [o.type for o in model.operators] == ["Constant", "Mul", "Relu"] * 2
    gains = [o.attributes["value_float"] for o in model.operators if o.type == "Constant"]
    assert gains == [2.0, 3.0]
    assert [o.version for o in model.operators[:3]] == [16, 16, 17]
    assert [model.layers[o.layer].path for o in model.operators[:3]] == [
        "first/in",
        "first/in",
        "first",
    ]
    assert model.layers[model.operators[-1].layer].type == "outer"
    assert shape_of(model, "h") == shape_of(model, "y") == (1, 4)
    names = [tensor.name for tensor in model.tensors]
    assert len(set(names)) == len(names)


def test_a_function_with_inputs_left_out(tmp_path):
    model = loaded(
        tmp_path,
        """<ir_version: 9, opset_import: ["": 18, "me": 1]>
        net (float[4] x) => (y) { y = me.f(x) }
        <domain: "me", opset_import: ["": 18]> f (a, low) => (b) { b = Clip(a, low) }""",
    )
    assert the(model, "Clip").inputs == (0, -1)


@pytest.mark.parametrize("version", [1, 5, 7, 9, 13, 20])
def test_old_and_new_operator_sets(tmp_path, version):
    old = version < 6
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node(
            "BatchNormalization",
            ["c", "s", "b", "m", "v"],
            ["n"],
            **({"consumed_inputs": [0] * 5} if old else {}),
        ),
        helper.make_node("Relu", ["n"], ["r"], **({"consumed_inputs": [0]} if old else {})),
        helper.make_node("Add", ["r", "x"], ["a"], **({"broadcast": 1, "axis": 1} if old else {})),
        helper.make_node("MaxPool", ["a"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Concat", ["p", "p"], ["k"], **({} if version < 4 else {"axis": 1})),
        helper.make_node("Cast", ["k"], ["f"], to="FLOAT16" if old else 10),
    ]
    given = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])]
    given += [helper.make_tensor_value_info("w", TensorProto.FLOAT, [3, 3, 3, 3])]
    given += [helper.make_tensor_value_info(name, TensorProto.FLOAT, [3]) for name in "sbmv"]
    model = loaded(
        tmp_path,
        helper.make_model(
            helper.make_graph(nodes, "g", given, []),
            opset_imports=[helper.make_opsetid("", version)],
        ),
    )
    made = {model.tensors[o.outputs[0]].name: model.tensors[o.outputs[0]] for o in model.operators}
    assert [made[name].shape for name in "cnra"] == [(1, 3, 8, 8)] * 4
    assert [made[name].shape for name in "pkf"] == [(1, 3, 4, 4), (1, 6, 4, 4), (1, 6, 4, 4)]
    assert made["f"].dtype == "float16"


def test_operators_of_the_first_opset_whose_shape_is_an_attribute(tmp_path):
    nodes = [
        helper.make_node("Pad", ["x"], ["a"], paddings=[0, 0, 1, 1, 0, 0, 2, 2]),
        helper.make_node("Upsample", ["x"], ["b"], height_scale=2.0, width_scale=1.5),
        helper.make_node("Reshape", ["x"], ["c"], shape=[0, -1, 2]),
        helper.make_node("Split", ["x"], ["d", "e"], axis=1, split=[1, 2]),
        helper.make_node("Gemm", ["y", "w", "z"], ["f"], broadcast=1, transB=1),
    ]
    shapes = {"x": [1, 3, 4, 4], "y": [2, 5], "w": [7, 5], "z": [7]}
    given = [helper.make_tensor_value_info(k, TensorProto.FLOAT, v) for k, v in shapes.items()]
    model = loaded(
        tmp_path,
        helper.make_model(
            helper.make_graph(nodes, "g", given, []), opset_imports=[helper.make_opsetid("", 1)]
        ),
    )
    assert {t.name: t.shape for t in model.tensors if t.name in "abcdef"} == {
        "a": (1, 3, 7, 7),
        "b": (1, 3, 8, 6),
        "c": (1, 24, 2),
        "d": (1, 1, 4, 4),
        "e": (1, 2, 4, 4),
        "f": (2, 7),
    }


def test_a_file_from_before_operator_sets(tmp_path):
    node = helper.make_node("Relu", ["x"], ["y"])
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [2])
    model = helper.make_model(helper.make_graph([node], "g", [given], []))
    model.ClearField("opset_import")
    model = loaded(tmp_path, model)
    assert "the file imports no operator set; version 1 is assumed" in model.warnings
    assert shape_of(model, "y") == (2,)


def test_a_newer_operator_set_is_said(tmp_path):
    model = loaded(
        tmp_path,
        '<ir_version: 10, opset_import: ["": 999]> net (float[2] x) => (y) { y = Relu(x) }',
    )
    assert model.warnings[0].startswith("opset 999 is newer than")
    assert shape_of(model, "y") == (2,)


def test_the_newest_operator_set_is_nothing_to_speak_of(tmp_path):
    newest = onnx.defs.onnx_opset_version()
    text = f'<ir_version: 10, opset_import: ["": {newest}]> net (float[2] x) => (y) {{y = Relu(x)}}'
    assert loaded(tmp_path, text).warnings == ()


def test_training_information_is_said_to_be_left_out(tmp_path):
    proto = parse("net (float[2] x) => (y) { y = Relu(x) }")
    proto.training_info.add()
    (warning,) = loaded(tmp_path, proto).warnings
    assert "training information" in warning


@pytest.mark.parametrize(
    ("ghosts", "said"),
    [
        (1, "'g0'"),
        (5, "'g0', 'g1', 'g2', 'g3', 'g4'"),
        (6, "'g0', 'g1', 'g2', 'g3', 'g4' and 1 more"),
        (9, "'g0', 'g1', 'g2', 'g3', 'g4' and 4 more"),
    ],
)
def test_a_note_names_five_and_counts_the_rest(tmp_path, ghosts, said):
    made = " ".join(f"y{n} = Add(x, g{n})" for n in range(ghosts))
    model = loaded(tmp_path, f"net (float[1] x) => (y0) {{ {made} }}")
    assert model.warnings[0].endswith(f" makes: {said}")
