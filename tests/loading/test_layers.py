import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.loading.layers import Naming, layer_tree, metadata_scope
from gallery.model import Layer
from tests.onnx_text import loaded, parse


def paths(*namings: Naming) -> list[str]:
    layers, found = layer_tree(namings)
    return [layers[index].path for index in found]


TORCH = {
    "pkg.torch.onnx.class_hierarchy": "['m.Net', 'n.Sequential', 'm.Block', 'n.Conv2d', 'aten']",
    "pkg.torch.onnx.name_scopes": "['', 'layer1', 'layer1.0', 'layer1.0.conv1', 'conv2d']",
}


def test_metadata_of_the_current_exporter():
    layers, found = layer_tree([Naming(name="node_conv2d", metadata=TORCH)])
    assert layers == (
        Layer(name="", path="", parent=-1, type="Net"),
        Layer(name="layer1", path="layer1", parent=0, type="Sequential"),
        Layer(name="0", path="layer1/0", parent=1, type="Block"),
        Layer(name="conv1", path="layer1/0/conv1", parent=2, type="Conv2d"),
    )
    assert found == [3]


def test_metadata_of_namespace_alone():
    scope = metadata_scope(
        {"namespace": ": m.Net/model: t.BertModel/model.pooler: t.Pooler/tanh: aten.tanh.default"}
    )
    assert scope == (("model", "BertModel"), ("pooler", "Pooler"))


def test_a_scope_that_is_not_below_the_one_before():
    meta = {
        "pkg.torch.onnx.class_hierarchy": "['N', 'Enc', 'Shared', 'aten']",
        "pkg.torch.onnx.name_scopes": "['', 'encoder', 'shared.embed', 'embedding']",
    }
    assert metadata_scope(meta) == (("encoder", "Enc"), ("shared", ""), ("embed", "Shared"))


def test_an_operator_that_the_exporter_added_has_no_module_of_its_own():
    hook = "_empty_nn_module_stack_from_metadata_hook"
    added = {
        "pkg.torch.onnx.class_hierarchy": f"['', '{hook}', 'aten.add.Tensor']",
        "pkg.torch.onnx.name_scopes": f"['', '{hook}', 'add']",
    }
    namings = [Naming(metadata=TORCH), Naming(metadata=added, sources=(0,))]
    assert paths(*namings) == ["layer1/0/conv1"] * 2


@pytest.mark.parametrize("text", ["", "[]", "['']", "nonsense", "[" * 50_000, "['a', 'b'" * 20_000])
def test_metadata_that_says_nothing(text):
    meta = {"pkg.torch.onnx.name_scopes": text, "pkg.torch.onnx.class_hierarchy": text}
    assert layer_tree([Naming(metadata=meta)])[0][0].path == ""


def test_operators_without_metadata_join_those_that_they_read():
    namings = [Naming(metadata=TORCH), Naming(name="folded", sources=(0,))]
    assert paths(*namings) == ["layer1/0/conv1", "layer1/0/conv1"]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("/layer1/0/conv1/Conv", "layer1/0/conv1"),
        ("/layer1/layer1.0/conv1/Conv", "layer1/0/conv1"),
        ("layer1.0.conv1", "layer1/0/conv1"),
        ("resnet/block1/unit_2/Conv2D", "resnet/block1/unit_2"),
        ("Conv_12", ""),
        ("//a///b//Conv", "a/b"),
        ("...", ""),
        ("/", ""),
    ],
)
def test_names_of_nodes(name, path):
    assert paths(Naming(name=name)) == [path]


@pytest.mark.parametrize(
    ("name", "kind", "path"),
    [
        ("Conv.35", "Conv", ""),
        ("p2o.Conv.0", "Conv", ""),
        ("p2o.pd_op.conv2d.0.0", "Conv", "pd_op/conv2d/0/0"),
        ("encoder.Conv.3", "Conv", "encoder"),
        ("features.0", "Conv", "features/0"),
        ("net/b1/relu/Relu6;net/b1/bn/Fused;net/b1/conv/Conv2D", "Conv", "net/b1"),
        ("a/Relu;b/Conv2D", "Conv", ""),
        ("layer0.conv.weight_DequantizeLinear", "DequantizeLinear", "layer0/conv"),
        ("layer0.conv.weight_DequantizeLinear_Output", "DequantizeLinear", "layer0/conv"),
        ("x_QuantizeLinear", "QuantizeLinear", ""),
        ("/layer0/conv/Conv_quant", "QLinearConv", "layer0/conv"),
        ("/layer0/conv/Conv_output_0_QuantizeLinear", "QuantizeLinear", "layer0/conv"),
        ("/a/Conv_output_0_DequantizeLinear/duplicated", "DequantizeLinear", "a"),
        ("onnx::MatMul_123_DequantizeLinear", "DequantizeLinear", ""),
        ("weight_DequantizeLinear", "DequantizeLinear", ""),
        ("fused /fc1/MatMul", "FusedMatMul", "fc1"),
        ("/fc1/MatMul/MatMulAddFusion", "Gemm", "fc1"),
        ("/norm/Add/LayerNormFusion/", "LayerNormalization", "norm"),
        ("InsertedPrecisionFreeCast_/fc1/MatMul_output_0", "Cast", "fc1"),
        ("Attention_0", "Attention", ""),
        ("/model.22/Concat_4", "Concat", "model/22"),
        ("/model/layers.0/attn/q_proj/MatMul_Q4", "MatMulNBits", "model/layers.0/attn/q_proj"),
        ("/lm_head/MatMul", "MatMul", "lm_head"),
        ("node_conv2d_3", "Conv", ""),
        ("net/b1/relu/Relu6;net/b1/conv/Conv2D;", "Conv", "net/b1"),
        (";", "Conv", ""),
        ("p2o.helper.slice.3", "Slice", ""),
        ("/act/Mul/QuickGeluFusion/", "QuickGelu", "act"),
        ("StatefulPartitionedCall/net/dense/MatMul", "MatMul", "net/dense"),
        ("StatefulPartitionedCall/StatefulPartitionedCall_1/net/Relu", "Relu", "net"),
    ],
)
def test_what_converters_and_optimisers_make_of_names(name, kind, path):
    assert paths(Naming(name=name, type=kind)) == [path]


def test_a_folded_norm_leaves_the_convolution_in_its_own_layer():
    """PyTorch 2.13 gives it the norm's metadata, the rewriter's mark and the weight's name."""
    meta = {
        "pkg.torch.onnx.name_scopes": "['', '1', 'batch_norm']",
        "pkg.torch.onnx.class_hierarchy": "['Sequential', 'BatchNorm2d', 'aten.batch_norm']",
    }
    folded = {**meta, "pkg.onnxscript.rewriter.rule_name": "FuseBatchNormIntoConv"}
    weights = ("0.weight", "0.bias")
    assert paths(Naming(type="Conv", metadata=folded, parameters=weights)) == ["0"]
    assert paths(Naming(type="Conv", metadata=folded, parameters=("w",))) == ["1"]
    assert paths(Naming(type="Conv", metadata=meta, parameters=weights)) == ["1"]


@pytest.mark.parametrize(
    ("norm", "weight", "path"),
    [
        ("['', '4', 'bn']", "0.weight", ""),
        ("['', 'b', 'b.bn', 'bn']", "a.conv.weight", "b/conv"),
        ("['', 'b', 'b.bn', 'bn']", "conv.weight", "b"),
    ],
)
def test_a_folded_norm_beside_weights_that_another_layer_shares(norm, weight, path):
    """Equal weights are kept once, under one of their names."""
    kinds = str(["Net"] * norm.count(","))[:-1] + ", 'aten.batch_norm']"
    meta = {
        "pkg.torch.onnx.name_scopes": norm,
        "pkg.torch.onnx.class_hierarchy": kinds,
        "pkg.onnxscript.rewriter.rule_name": "FuseBatchNormIntoConv",
    }
    first = Naming(type="Conv", metadata=TORCH, parameters=(weight,))
    assert paths(first, Naming(type="Conv", metadata=meta, parameters=(weight,)))[1] == path


def test_a_norm_that_left_its_name_on_a_convolution():
    """Early tf2onnx names it after the norm, and its weights after the convolution."""
    weights = ("net/conv1/Conv2D_weights_fused_bn__7", "net/conv1/Conv2D_bias_fused_bn__8")
    name = "net/bn1/FusedBatchNormV3"
    assert paths(Naming(name=name, type="Conv", parameters=weights)) == ["net/conv1"]
    assert paths(Naming(name=name, type="Mul", parameters=weights)) == ["net/bn1"]


def test_equal_vectors_of_two_layers_do_not_join_them():
    """A model that was never trained has the same scales and shifts everywhere."""
    ones = ("a.bn.weight", "a.bn.bias")
    namings = [
        Naming(type="Conv", parameters=("a.conv.weight",)),
        Naming(type="BatchNormalization", parameters=ones, sources=(0,)),
        Naming(type="Conv", parameters=("b.conv.weight", "a.bn.bias"), sources=(1,)),
        Naming(type="BatchNormalization", parameters=ones, sources=(2,)),
    ]
    assert paths(*namings) == ["a/conv", "a/bn", "b/conv", "b"]


def test_a_matrix_that_is_read_again_is_a_layer_used_again():
    shared = ("group.0.query.weight", "group.0.query.bias")
    namings = [Naming(type="Gemm", parameters=shared), Naming(type="Gemm", parameters=shared)]
    assert paths(*namings) == ["group/0/query"] * 2


def test_metadata_that_name_no_layer_leave_it_to_parameters():
    """Keras on PyTorch writes no scopes; its parameters have paths."""
    meta = {
        "pkg.torch.onnx.name_scopes": "['', 'conv2d']",
        "pkg.torch.onnx.class_hierarchy": "['Functional', 'aten.conv2d']",
    }
    weights = ("_torch_params.block1/conv/kernel",)
    assert paths(Naming(type="Conv", metadata=meta, parameters=weights)) == ["block1/conv"]


@pytest.mark.parametrize(
    ("parameter", "path"),
    [
        ("conv2d_12.w_0", "conv2d_12"),
        ("layer1.0.conv1.weight", "layer1/0/conv1"),
        ("onnx::Conv_123", ""),
        ("helper.constant.12", ""),
        ("p2o.pd_op.reshape.0.0", ""),
        ("auto.cast.2", ""),
        ("net/conv1/Conv2D/ReadVariableOp:0", "net/conv1"),
        ("StatefulPartitionedCall/net/fc/MatMul/ReadVariableOp:0", "net/fc"),
        ("layer1.0.conv1.weight_quantized", "layer1/0/conv1"),
    ],
)
def test_names_of_parameters(parameter, path):
    assert paths(Naming(type="Conv", parameters=(parameter,))) == [path]


def test_a_dequantised_weight_is_in_the_layer_of_its_reader():
    namings = [
        Naming(name="w1", type="DequantizeLinear"),
        Naming(name="w2", type="DequantizeLinear"),
        Naming(name="/a/Conv", type="Conv", sources=(0,)),
        Naming(name="/b/Conv", type="Conv", sources=(1, 2)),
        Naming(name="/c/Conv", type="Conv", sources=(1, 3)),
    ]
    assert paths(*namings) == ["a", "", "a", "b", "c"]


def test_what_follows_a_call_belongs_to_the_caller():
    block = (("b1", "Block"),)
    namings = [
        Naming(name="mm", calls=block),
        Naming(name="relu", calls=block, sources=(0,)),
        Naming(name="head", sources=(1,)),
        Naming(name="tail", sources=(2,)),
    ]
    assert paths(*namings) == ["b1", "b1", "", ""]


def test_repeated_scopes_are_one_layer():
    layers, found = layer_tree([Naming(name=f"/a/b/Op_{i}") for i in range(5)])
    assert [layer.path for layer in layers] == ["", "a", "a/b"]
    assert found == [2] * 5


def test_names_of_parameters_when_nodes_have_none():
    namings = [
        Naming(name="Conv_0", parameters=("layer1.0.conv1.weight", "layer1.0.conv1.bias")),
        Naming(name="Relu_1", sources=(0,)),
        Naming(name="Conv_2", parameters=("layer1.0.conv2.weight",), sources=(1,)),
        Naming(name="Add_3", sources=(2, 1)),
    ]
    assert paths(*namings) == ["layer1/0/conv1", "layer1/0", "layer1/0/conv2", "layer1/0"]


def test_names_of_outputs_when_there_is_nothing_else():
    assert paths(Naming(outputs=("net/block/out:0",)), Naming(outputs=("y",))) == [
        "net/block",
        "",
    ]


def test_no_names_make_one_layer():
    layers, found = layer_tree([Naming(name="a"), Naming()])
    assert (len(layers), found) == (1, [0, 0])


@given(
    st.lists(st.builds(Naming, name=st.text(max_size=30), outputs=st.tuples(st.text())), max_size=8)
)
def test_a_tree_whatever_the_names(namings):
    layers, found = layer_tree(namings)
    assert len(found) == len(namings)
    assert (layers[0].parent, layers[0].path) == (-1, "")
    assert len({layer.path for layer in layers}) == len(layers)
    for index, layer in enumerate(layers[1:], 1):
        assert layer.name
        assert 0 <= layer.parent < index


def test_a_name_with_thousands_of_parts_is_no_tower():
    layers, _ = layer_tree([Naming(name="/a" * 5000 + "/Conv")])
    assert len(layers) == 33


def test_layers_of_a_model(tmp_path):
    proto = parse("net (float[1] x) => (y) { [conv] h = Abs(x) [act] y = Relu(h) }")
    for node, scope in zip(proto.graph.node, ("a", "b"), strict=True):
        node.metadata_props.add(
            key="namespace", value=f": m.Net/{scope}: m.{scope.upper()}/op: aten"
        )
    model = loaded(tmp_path, proto)
    assert [(layer.path, layer.type) for layer in model.layers] == [
        ("", ""),
        ("a", "A"),
        ("b", "B"),
    ]
    assert [operator.layer for operator in model.operators] == [1, 2]
