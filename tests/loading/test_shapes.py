"""Shapes: binding of symbolic dimensions, inference, values that shapes are computed from."""

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.loading.load import load
from gallery.loading.sizes.symbols import evaluate, names
from gallery.loading.types import dims_of
from tests.onnx_text import HEADER, loaded, parse, shape_of, tensor_names, write


def test_symbolic_dimensions_are_bound_by_name_or_default(tmp_path):
    text = "net (float[batch,3,side,side] x, float[?,4] z) => (y) { y = Relu(x) w = Relu(z) }"
    model = loaded(tmp_path, text, side=64)
    assert model.bindings == {"batch": 1, "side": 64, "z[0]": 1}
    assert shape_of(model, "y") == (1, 3, 64, 64)
    model = load(write(tmp_path, text), dims={"z[0]": 9, "unheard": 5}, default_dim=7)
    assert model.bindings == {"batch": 7, "side": 7, "z[0]": 9}
    assert shape_of(model, "w") == (9, 4)


def test_sizes_of_zero_and_less_are_bound_as_well(tmp_path):
    proto = parse("net (float[2,3] x) => (y) { y = Relu(x) }")
    proto.graph.input[0].type.tensor_type.shape.dim[0].dim_value = -1
    proto.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 0
    model = loaded(tmp_path, proto)
    assert model.bindings == {"x[0]": 1, "x[1]": 1}


def test_a_name_that_inference_made_up_is_none():
    kind = onnx.helper.make_tensor_type_proto(onnx.TensorProto.FLOAT, ["unk__0", "n", 3])
    assert dims_of(kind) == (None, "n", 3)


def test_dimensions_that_are_expressions(tmp_path):
    proto = parse("net (float[past,2] a, float[p2,2] b) => (y) { y = Concat<axis=0>(a, b) }")
    proto.graph.input[1].type.tensor_type.shape.dim[0].dim_param = "past + 2*new"
    model = loaded(tmp_path, proto, past=5, new=4)
    assert model.bindings == {"past": 5, "new": 4}
    assert shape_of(model, "b") == (13, 2)
    assert shape_of(model, "y") == (18, 2)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("n", 6),
        ("n*m", 24),
        ("n // m", 1),
        ("(n + 1)*2", 14),
        ("n - m", 2),
        ("k", None),
        ("n**9**9", None),
        ("n if n else m", None),
        ("__import__('os')", None),
        ("1n", None),
        ("n // (n - n)", None),
        ("9" * 50 + "*n", None),
        ("(" * 150 + "n" + ")" * 150, None),
        ("n" * 1000, None),
        ("", None),
        ("n;m", None),
    ],
)
def test_expressions(text, size):
    assert evaluate(text, {"n": 6, "m": 4}) == size


@pytest.mark.parametrize(
    ("text", "made_of"),
    [("n", ("n",)), ("2*n + m//n", ("n", "m")), ("3", ("3",)), ("n;m", ("n;m",)), ("n(", ("n(",))],
)
def test_names_in_expressions(text, made_of):
    assert names(text) == made_of


@given(st.text(max_size=40))
def test_no_expression_does_harm(text):
    for name in names(text):
        assert name in text
    evaluate(text, {"n": 3})


def test_stale_declared_shapes_do_not_stop_the_binding(tmp_path):
    model = loaded(
        tmp_path,
        """net (float[n,4] x) => (float[n,8] y) <float[s7,4] h, float[77,2] k> {
            h = Relu(x) y = Concat<axis = 1>(h, h) k = my.Op(x) }""".replace("my.Op", "Abs"),
        n=3,
    )
    assert shape_of(model, "h") == (3, 4)
    assert shape_of(model, "y") == (3, 8)
    assert shape_of(model, "k") == (3, 4)


def test_declared_shapes_fill_the_gaps_of_inference(tmp_path):
    model = loaded(
        tmp_path,
        """<ir_version: 9, opset_import: ["": 18, "me": 1]>
        net (float[n,4] x) => (float[n,5] y) <float[n,6] h> {
            h = me.Secret(x) y = me.Secret(h) k = me.Secret(y) }""",
        n=2,
    )
    assert (shape_of(model, "h"), shape_of(model, "y"), shape_of(model, "k")) == (
        (2, 6),
        (2, 5),
        None,
    )
    assert model.warnings == ("the output shapes of 1 of 3 operators are not known: 'Secret_2'",)


def test_shapes_that_are_computed_from_shapes(tmp_path):
    """As exporters of transformers write a split into heads."""
    model = loaded(
        tmp_path,
        """net (float[batch,length,12] x) => (z) {
            s = Shape(x)
            i0 = Constant<value_int = 0>() i1 = Constant<value_int = 1>()
            b = Gather(s, i0) l = Gather(s, i1)
            ax = Constant<value_ints = [0]>()
            bu = Unsqueeze(b, ax) lu = Unsqueeze(l, ax)
            heads = Constant<value_ints = [3]>() four = Constant<value_int = 4>()
            twelve = Constant<value_int = 12>() q = Div(twelve, four)
            rest = Constant<value_ints = [-1]>()
            shape = Concat<axis = 0>(bu, lu, heads, rest)
            y = Reshape(x, shape)
            t = Transpose<perm = [0, 2, 1, 3]>(y)
            half = Div(l, q) hu = Unsqueeze(half, ax) axes = Constant<value_ints = [2]>()
            z = Slice(t, ax, hu, axes)
        }""",
        batch=2,
        length=9,
    )
    assert shape_of(model, "y") == (2, 9, 3, 4)
    assert shape_of(model, "z") == (2, 3, 3, 4)
    values = {t.name: t.value.tolist() for t in model.tensors if t.value is not None}
    assert values["shape"] == [2, 9, 3, -1]
    assert values["half"] == 3
    assert model.warnings == ()


def test_a_long_chain_of_computed_shapes_is_found_in_one_walk(tmp_path):
    steps = "".join(
        f"s{i} = Shape(x{i}) r{i} = ReduceProd(s{i}) t{i} = Concat<axis = 0>(r{i}, one) "
        f"y{i} = Reshape(x{i}, t{i}) x{i + 1} = Transpose<perm = [1, 0]>(y{i}) "
        for i in range(60)
    )
    model = loaded(
        tmp_path,
        f"net (float[n,2] x0) => (x60) {{ one = Constant<value_ints = [1]>() {steps} }}",
        n=4,
    )
    assert shape_of(model, "x60") == (1, 8)


def test_values_of_computed_shapes_are_small(tmp_path):
    model = loaded(
        tmp_path,
        """net (x) => (y) { s = Constant<value_ints = [100, 100]>() y = ConstantOfShape(s) }""",
    )
    assert shape_of(model, "y") == (100, 100)
    assert [t.value is not None for t in model.tensors] == [False, True, False]


def test_what_depends_on_data_is_left_open_and_said(tmp_path):
    model = loaded(tmp_path, "net (float[4,5] x) => (y) { y = NonZero(x) }")
    assert shape_of(model, "y") == (2, None)
    assert model.warnings == ("the output shapes of 1 of 1 operators are not known: 'NonZero_0'",)


def test_inference_that_fails_is_said_and_the_model_loads(tmp_path):
    model = loaded(
        tmp_path,
        "net (float[2,3] a, float[4,5] b) => (y) { y = MatMul(a, b) z = Relu(a) }",
    )
    assert shape_of(model, "z") == (2, 3)
    assert model.warnings[0] == (
        "the sizes in the file contradict each other at MatMul 'MatMul_0': sizes of 3 and 4 should "
        "be equal"
    )


def test_reasons_why_inference_failed_are_in_order(tmp_path):
    model = loaded(
        tmp_path,
        """net (float[2,3] a, float[4,5] b) => (y) {
            y = Split<axis=1>(a) z = Einsum(a) g = Cast(b) }""",
    )
    failed = [text.split(":")[0] for text in model.warnings if text.startswith("shape inference")]
    assert failed == [f"shape inference failed for {kind}" for kind in ("Cast", "Einsum", "Split")]


def test_quantised_operators(tmp_path):
    model = loaded(
        tmp_path,
        """net (float[1,3,8,8] x) => (y)
        <float s = {0.1}, uint8 z = {0}, int8 wz = {0}, int32[4] b = {0,0,0,0}> {
            q = QuantizeLinear(x, s, z)
            w = Constant<value = int8[4,3,1,1] {0,0,0,0,0,0,0,0,0,0,0,0}>()
            c = QLinearConv(q, s, z, w, s, wz, s, z, b)
            y = DequantizeLinear(c, s, z)
        }""",
    )
    assert shape_of(model, "y") == (1, 4, 8, 8)
    assert [t.dtype for t in model.tensors if t.name in ("q", "c", "y")] == [
        "uint8",
        "uint8",
        "float",
    ]


def test_inputs_of_unknown_rank(tmp_path):
    proto = parse("net (float[2] x) => (y) { y = Relu(x) }")
    proto.graph.input[0].type.tensor_type.ClearField("shape")
    model = loaded(tmp_path, proto)
    assert shape_of(model, "x") is None
    assert tensor_names(model, model.inputs) == ["x"]
    assert model.tensors[0].dtype == "float"


def test_a_declared_size_fills_the_gap_of_one_dimension(tmp_path):
    text = "net (float[4,5] x) => (y) <int64[2,7] h> { h = NonZero(x) y = Neg(h) }"
    model = loaded(tmp_path, text)
    assert (shape_of(model, "h"), shape_of(model, "y")) == ((2, 7), (2, 7))


def test_a_spectrum_of_one_side(tmp_path):
    text = """net (float[1,128,1] x) => (y) {
        hop = Constant<value_int = 8>() length = Constant<value_int = 16>()
        y = STFT(x, hop, , length) }"""
    assert shape_of(loaded(tmp_path, text), "y") == (1, 15, 9, 2)


CONTRIB = [
    (
        "com.microsoft.MatMulNBits<K = 8, N = 32>(x, w)",
        "float[2,5,8] x, uint8[32,1,4] w",
        (2, 5, 32),
    ),
    ("com.microsoft.FastGelu(x)", "float[2,5] x", (2, 5)),
    ("com.microsoft.BiasSplitGelu(x, w)", "float[2,5,8] x, float[8] w", (2, 5, 4)),
    ("SimplifiedLayerNormalization(x, w)", "float[2,8] x, float[8] w", (2, 8)),
    ("ai.onnx.ml.Scaler<offset = [0.0], scale = [1.0]>(x)", "int64[5,3] x", (5, 3)),
    ("ai.onnx.ml.Normalizer(x)", "double[5,3] x", (5, 3)),
    ("ai.onnx.ml.Imputer(x)", "float[5,3] x", (5, 3)),
    ("ai.onnx.ml.FeatureVectorizer(x, w)", "float[5,3] x, float[5,2,2] w", (5, 7)),
    ("ai.onnx.ml.FeatureVectorizer(x, w)", "float[3] x, float[2] w", (1, 5)),
    ("ai.onnx.ml.LinearRegressor<targets = 4>(x)", "float[5,3] x", (5, 4)),
    ("ai.onnx.ml.LinearRegressor(x)", "float[3] x", (1, 1)),
    ("ai.onnx.ml.SVMRegressor<n_supports = 7>(x)", "float[5,3] x", (5, 1)),
    ("ai.onnx.ml.TreeEnsembleRegressor<n_targets = 2>(x)", "float[5,3] x", (5, 2)),
]


@pytest.mark.parametrize(("call", "inputs", "shape"), CONTRIB)
def test_types_that_onnx_does_not_infer(tmp_path, call, inputs, shape):
    opsets = '["": 18, "com.microsoft": 1, "ai.onnx.ml": 1]'
    text = f"<ir_version: 9, opset_import: {opsets}> net ({inputs}) => (y) {{ y = {call} }}"
    model = loaded(tmp_path, text)
    assert shape_of(model, "y") == shape
    assert next(one.dtype for one in model.tensors if one.name == "y") == "float"


@pytest.mark.parametrize("kind", ["SkipLayerNormalization", "SkipSimplifiedLayerNormalization"])
def test_the_sum_that_a_fused_normalisation_hands_on_has_a_shape(tmp_path, kind):
    text = f"""<ir_version: 9, opset_import: ["": 18, "com.microsoft": 1]>
    net (float[2,5,8] x, float[2,5,8] skip, float[8] w) => (y, z) {{
        y, mean, scale, z = com.microsoft.{kind}(x, skip, w)
    }}"""
    model = loaded(tmp_path, text)
    assert shape_of(model, "y") == shape_of(model, "z") == (2, 5, 8)


@pytest.mark.parametrize(
    ("opset", "dtype"), [(7, "float"), (9, "float"), (10, "bool"), (11, "bool")]
)
def test_the_mask_of_an_early_dropout_has_a_shape(tmp_path, opset, dtype):
    """onnx 1.23 infers none for it; ONNX Runtime 1.32 makes one as large as the input."""
    text = HEADER.replace("20", str(opset)) + "net (float[2,3] x) => (y, m) { y, m = Dropout(x) }"
    model = loaded(tmp_path, parse(text))
    mask = model.tensors[model.outputs[1]]
    assert (mask.shape, mask.dtype) == ((2, 3), dtype)


def test_operators_whose_version_has_no_bfloat16_are_typed(tmp_path):
    """torch 2.13.0 exports bfloat16 networks at opset 20, whose Conv does not take bfloat16.

    Also for what has no declared types, since optimisers drop those.
    """
    model = parse(
        """<ir_version: 9, opset_import: ["" : 20]>
        net (bfloat16[1,3,8,8] x, bfloat16[4,3,3,3] w, bfloat16[5,36] v) => (y, s) {
            c = Conv(x, w) r = Relu(c) p = MaxPool<kernel_shape = [2,2], strides = [2,2]>(r)
            f = Flatten(p) y = Gemm<transB = 1>(f, v) s = Shape(c) }"""
    )
    net = loaded(tmp_path, model)
    sizes = {t.name: (t.shape, t.dtype) for t in net.tensors}
    assert sizes["c"] == ((1, 4, 6, 6), "bfloat16")
    assert sizes["p"] == ((1, 4, 3, 3), "bfloat16")
    assert sizes["y"] == ((1, 5), "bfloat16")
    assert sizes["s"] == ((4,), "int64")
    assert net.warnings == ()
