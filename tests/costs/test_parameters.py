"""Parameters are what training changes, whichever way the file holds them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from gallery.costs.facts import facts
from gallery.loading.load import load
from tests.onnx_text import loaded

F, I4, I8, U8, I32, I64 = np.float32, ml_dtypes.int4, np.int8, np.uint8, np.int32, np.int64
S, Z, ZU = np.ones((), F), np.zeros((), I8), np.zeros((), U8)
QUANTISED = {"s": S, "z": Z, "u": ZU}
HEADS = {"wq": np.ones((8, 8), F), "wk": np.ones((8, 8), F)}
ATTENTION = (
    "(float[1,2,6,8] x) => (y) {{ q = MatMul(x, wq) k = MatMul(x, wk) t = Transpose"
    "<perm=[0,1,3,2]>(k) e = MatMul(q, t) {} p = Softmax(f) y = MatMul(p, x) }}"
)

# fmt: off
CASES: dict[str, tuple[str, dict[str, np.ndarray], int]] = {
    "running statistics": (
        "(float[1,3,4,4] x) => (y) { y = BatchNormalization(x, g, b, m, v) }",
        {name: np.ones(3, F) for name in "gbmv"}, 6),
    "initial states": (
        "(float[5,1,4] x) => (y) { y = LSTM<hidden_size=6>(x, w, r, b, , h, c) }",
        {"w": np.ones((1, 24, 4), F), "r": np.ones((1, 24, 6), F), "b": np.ones((1, 48), F),
         "h": np.zeros((1, 1, 6), F), "c": np.zeros((1, 1, 6), F)}, 24 * 4 + 24 * 6 + 48),
    "a quantised convolution": (
        "(uint8[1,3,8,8] x) => (y) { y = QLinearConv(x, s, u, w, s, z, s, u, b) }",
        {**QUANTISED, "w": np.ones((16, 3, 3, 3), I8), "b": np.ones(16, I32)}, 432 + 16),
    "a convolution of dequantised weights": (
        "(float[1,3,8,8] x) => (y) { k = DequantizeLinear(w, s, z) a = DequantizeLinear(b, s) "
        "y = Conv(x, k, a) }",
        {**QUANTISED, "w": np.ones((16, 3, 3, 3), I8), "b": np.ones(16, I32)}, 432 + 16),
    "sizes as 32-bit integers": (
        "(float[8] x) => (y) { l = Cast<to=7>(n) y = Reshape(x, l) }",
        {"n": np.array([2, 4], I32)}, 0),
    "scales of Resize": (
        "(float[1,1,4,4] x) => (y) { y = Resize(x, , n) }", {"n": np.ones(4, F)}, 0),
    "packed weights": (
        "(float[2,256] x) => (y) { y = com.microsoft.MatMulNBits<K=256, N=64, bits=4, "
        "block_size=32>(x, q, n) }",
        {"q": np.ones((64, 8, 16), U8), "n": np.ones(512, F)}, 256 * 64),
    "tables of rotations": (
        "(float[1,16,8] x) => (y) { y = RotaryEmbedding<num_heads=1>(x, c, s) }",
        {name: np.ones((1, 16, 4), F) for name in "cs"}, 0),
    "tables of ONNX Runtime's rotations": (
        "(float[1,16,8] x, int64[1] i) => (y) { y = com.microsoft.RotaryEmbedding(x, i, c, s) }",
        {name: np.ones((16, 4), F) for name in "cs"}, 0),
    "a quantised projection": (
        "(uint8[2,5,6] x, float[2,2,2,3,4] p) => (y) { y = com.microsoft.QAttention<num_heads=2>"
        "(x, w, b, s, s, , u, z, p) }",
        {**QUANTISED, "w": np.ones((6, 24), I8), "b": np.ones(24, F)}, 6 * 24 + 24),
    "caches": (
        "(float[2,1,8] x) => (y) { y = com.microsoft.MultiHeadAttention<num_heads=2>"
        "(x, x, x, b, , , k, v) }",
        {"b": np.ones(24, F), "k": np.ones((2, 2, 3, 4), F), "v": np.ones((2, 2, 3, 4), F)}, 24),
    "experts of 4 bits": (
        "(float[6,32] x, float[6,4] r) => (y) { y = com.microsoft.QMoE<k=2, expert_weight_bits=4>"
        "(x, r, v, n, , w, n) }",
        {"v": np.ones((4, 64, 16), U8), "w": np.ones((4, 32, 32), U8), "n": np.ones((4, 64), F)},
        4 * 64 * 32 * 2),
    "embeddings of bytes": (
        "(int32[2,5] i) => (y, m) { y, m = com.microsoft.QEmbedLayerNormalization"
        "(i, , w, p, , g, b, , s, s, , s, s, u, u, , u, u) }",
        {**QUANTISED, "w": np.ones((10, 8), U8), "p": np.ones((6, 8), U8), "g": np.ones(8, U8),
         "b": np.ones(8, U8)}, 8 * 18),
    "a quantised number of a formula": (
        "(float[2,4] x) => (y) { h = DequantizeLinear(c, s, z) m = Mul(x, h) y = MatMul(m, w) }",
        {**QUANTISED, "c": np.ones(1, I8), "w": np.ones((4, 5), F)}, 20),
    "what nothing reads": (
        "(float[4] x) => (y) { y = Add(x, b) }", {"b": np.ones(4, F), "w": np.ones(99, F)}, 4),
    "scales that something else reads as well": (
        "(int8[4] x) => (y, k) { y = DequantizeLinear(x, n) k = Neg(n) }",
        {"n": np.ones((), F)}, 1),
    "a mask beside scores": (
        ATTENTION.format("f = Add(e, m)"), {**HEADS, "m": np.zeros((1, 1, 6, 6), F)}, 128),
    "a mask of integers, cut and converted": (
        ATTENTION.format("n = Slice(m, o, l, a) c = Cast<to=9>(n) f = Where(c, e, low)"),
        {**HEADS, "m": np.ones((64, 64), U8), "o": np.zeros(2, I64), "l": np.full(2, 6), "a":
         np.arange(2), "low": np.full((), -1e9, F)}, 128),
    "a mask that is made of a matrix of ones and zeros": (
        ATTENTION.format("n = Sub(one, m) s = Mul(n, low) f = Add(e, s)"),
        {**HEADS, "m": np.ones((6, 6), F), "one": S, "low": np.full((), -1e4, F)}, 128),
    "the mask of ONNX's Attention": (
        "(float[1,2,6,8] x) => (y) { y = Attention(x, x, x, m) }", {"m": np.zeros((6, 6), F)}, 0),
    "masks of shifted windows": (
        ATTENTION.format("r = Unsqueeze(e, o) g = Add(r, m) f = Squeeze(g, o)"),
        {**HEADS, "m": np.zeros((1, 1, 1, 6, 6), F), "o": np.zeros(1, I64)}, 128),
    "biases of scores by head": (
        ATTENTION.format("f = Add(e, m)"), {**HEADS, "m": np.ones((1, 2, 6, 6), F)}, 128 + 72),
    "a table of relative biases": (
        ATTENTION.format("g = Gather<axis=1>(m, i) f = Add(e, g)"),
        {**HEADS, "m": np.ones((2, 11), F), "i": np.zeros((6, 6), I64)}, 128 + 22),
    "temperatures of heads": (
        ATTENTION.format("f = Mul(e, m)"), {**HEADS, "m": np.ones((2, 1, 1), F)}, 128 + 2),
    "a bias before a softmax over classes": (
        "(float[1,4] x) => (y) { h = MatMul(x, w) a = Add(h, b) y = Softmax(a) }",
        {"w": np.ones((4, 3), F), "b": np.ones(3, F)}, 15),
    "rotary tables of halves": (
        "(float[1,2,6,8] x) => (y) { q = MatMul(x, w) a, b = Split<axis=3>(q, h) n = Neg(b) "
        "r = Concat<axis=3>(n, a) c = Mul(q, k) t = Mul(r, s) y = Add(c, t) }",
        {"w": np.ones((8, 8), F), "k": np.ones((6, 8), F), "s": np.ones((6, 8), F),
         "h": np.full(2, 4)}, 64),
    "rotary tables of pairs, looked up": (
        "(float[1,6,8] x, int64[6] p) => (y) { q = MatMul(x, w) a, b = Split<axis=2>(q, h) "
        "k = Gather(kk, p) s = Gather(ss, p) ak = Mul(a, k) bs = Mul(b, s) u = Sub(ak, bs) "
        "as = Mul(a, s) bk = Mul(b, k) v = Add(as, bk) y = Concat<axis=2>(u, v) }",
        {"w": np.ones((8, 8), F), "kk": np.ones((99, 4), F), "ss": np.ones((99, 4), F),
         "h": np.full(2, 4)}, 64),
    "frequencies of angles": (
        "(float[6] t, float[6,8] x) => (y) { u = Unsqueeze(t, one) p = Mul(u, f) s = Sin(p) "
        "c = Cos(p) e = Concat<axis=1>(s, c) h = Mul(x, e) y = MatMul(h, w) }",
        {"w": np.ones((8, 8), F), "f": np.ones(4, F), "one": np.ones(1, I64)}, 64),
    "learned positions": (
        "(float[1,6,8] x) => (y) { p = Add(x, b) y = MatMul(p, w) }",
        {"b": np.ones((1, 6, 8), F), "w": np.ones((8, 8), F)}, 48 + 64),
    "the mean and deviation of images": (
        "(float[1,3,4,4] x) => (y) { c = Sub(x, m) n = Mul(c, d) y = Conv(n, w) }",
        {"m": np.ones((1, 3, 1, 1), F), "d": np.ones((1, 3, 1, 1), F),
         "w": np.ones((2, 3, 1, 1), F)}, 6),
    "a dense layer of one unit": (
        "(float[2,8] x) => (y) { h = MatMul(x, w) y = Add(b, h) }",
        {"w": np.ones((8, 1), F), "b": np.ones(1, F)}, 9),
    "limits of frequencies": (
        "(float[2,9] x) => (y) { m = MelWeightMatrix(n, d, r, l, h) y = MatMul(x, m) }",
        {"n": np.array(4), "d": np.array(16), "r": np.array(100), "l": S, "h": S * 50}, 0),
    "where gradients start": (
        "(float[2,8] x, int64[2] t, float[2,8] p) => (y) "
        "{ y = com.microsoft.SoftmaxCrossEntropyLossGrad(g, p, t) }",
        {"g": S}, 0),
    "single numbers of formulas": (
        "(float[4] x) => (y) { a = Mul(x, s) b = Add(a, t) c = Pow(b, t) y = Div(c, s) }",
        {"s": S, "t": np.ones(1, F)}, 0),
    "a learned number in its range": (
        "(float[4] x) => (y) { e = Exp(s) y = Mul(x, e) }", {"s": S}, 1),
    "weights in four bits": (
        "(float[4,64] x) => (y) { k = DequantizeLinear<axis=0>(w, n) y = MatMul(x, k) }",
        {"w": np.ones((64, 32), I4), "n": np.ones(64, F)}, 2048),
    "two weights in a byte, taken apart": (
        "(float[2,8] x) => (y) { l = BitwiseAnd(w, m) h = BitShift<direction=\"RIGHT\">(w, r) "
        "b = Concat<axis=1>(l, h) c = Cast<to=1>(b) d = Sub(c, o) e = Mul(d, n) y = Gemm"
        "<transB=1>(x, e) }",
        {"w": np.ones((3, 4), U8), "m": np.full((), 15, U8), "r": np.full((), 4, U8),
         "o": np.full((), 8, F), "n": np.ones((3, 1), F)}, 24),
    "a quantised table of embeddings": (
        "(int64[5] i) => (y) { r = Gather(w, i) y = DequantizeLinear(r, s, z) }",
        {**QUANTISED, "w": np.ones((9, 4), I8)}, 36),
    "a learned first token": (
        "(float[1,6,8] x) => (y) { c = Concat<axis=1>(t, x) y = MatMul(c, w) }",
        {"t": np.zeros((1, 1, 8), F), "w": np.ones((8, 8), F)}, 8 + 64),
    "a scanned state": (
        "(float[5,4] x) => (y) { e, y = Scan<num_scan_inputs=1, body = b (float[4] a, float[4] n) "
        "=> (float[4] ao, float[4] o) { ao = Add(a, n) o = Mul(ao, w) }>(z, x) }",
        {"z": np.zeros(4, F), "w": np.ones(4, F)}, 4),
}
# fmt: on


@pytest.mark.parametrize(
    "text", ["y = MatMul(x)", "y = Add()", "y = Add(x)", "a = MatMul() y = Add(a, x)"]
)
def test_operators_without_their_inputs_have_no_parameters(text: str, tmp_path: Path) -> None:
    model = loaded(tmp_path, f"net (float[2, 3] x) => (y) {{ {text} }}")
    assert facts(model, 0).parameters == 0


@pytest.mark.parametrize("name", CASES)
def test_parameters(tmp_path: Path, name: str) -> None:
    assert facts(loaded(tmp_path, _model(name)), 0).parameters == CASES[name][2]


@pytest.mark.parametrize("name", [n for n in CASES if n != "a learned number in its range"])
def test_constants_count_like_initializers(tmp_path: Path, name: str) -> None:
    """As Paddle2ONNX and others write weights; a Constant of equal elements is no bias or scale."""
    model = _model(name, different=True)
    for tensor in model.graph.initializer:
        model.graph.node.insert(0, helper.make_node("Constant", [], [tensor.name], value=tensor))
    del model.graph.initializer[:]
    assert facts(loaded(tmp_path, model), 0).parameters == CASES[name][2]


def test_a_constant_of_equal_elements_beside_data_is_no_parameter(tmp_path: Path) -> None:
    text = "<ir_version: 8, opset_import: ['' : 17]> g (float[4] x) => (y) { c = Constant<value = "
    text = text.replace("'", '"') + "float[4] {1,1,1,1}>() y = Add(x, c) }"
    assert facts(loaded(tmp_path, onnx.parser.parse_model(text)), 0).parameters == 0


def test_weights_that_were_left_out_count_where_operators_read_them_as_weights(
    tmp_path: Path,
) -> None:
    """As in ONNX's own light models; what is merely full of one value is none."""
    text = """<ir_version: 8, opset_import: ["": 17]>
        g (float[2,8] x) => (y, m) <int64[2] s = {8,4}> {
        k = Constant<value_ints = [2,4]>() w = ConstantOfShape(s) p = MatMul(x, w)
        ones = ConstantOfShape(k) y = Add(p, ones) m = ConstantOfShape(s)
        n = Shape(x) z = ConstantOfShape(n) unread = Add(x, z) }"""
    assert facts(loaded(tmp_path, text), 0).parameters == 32


def test_a_dotted_name_is_that_of_a_learned_number(tmp_path: Path) -> None:
    for name, wanted in (("gate.alpha", 1), ("val_3", 0)):
        node = helper.make_node("Mul", ["x", name], ["y"])
        x = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [4])
        graph = helper.make_graph([node], "g", [x], [], [numpy_helper.from_array(S, name)])
        assert facts(loaded(tmp_path, helper.make_model(graph)), 0).parameters == wanted


NONE = {
    # torch 2.14 writes GroupNorm as Reshape, InstanceNormalization, Reshape, Mul and Add.
    "what a norm leaves out": (
        "(float[1,4,6] x) => (y) { n = InstanceNormalization(x, o, z) y = Mul(n, w) }",
        {"o": np.ones(4, F), "z": np.zeros(4, F), "w": np.full((4, 1), 2, F)}, 4),
    "zeros to scatter into": (
        "(float[2,4] x, int64[2,4] i) => (y) { s = ScatterElements(z, i, x) y = MatMul(s, w) }",
        {"z": np.zeros((2, 4), F), "w": np.full((4, 5), 2, F)}, 20),
    "an identity beside data": (
        "(float[3,3] x) => (y) { a = Add(x, e) y = MatMul(a, w) }",
        {"e": np.eye(3, dtype=F), "w": np.full((3, 5), 2, F)}, 15),
    # As tf2onnx 1.17 and Keras on PyTorch write BatchNormalization where they do not fold it.
    "the mean of a norm taken apart": (
        "(float[2,4] x) => (y) { m = MatMul(x, w) d = Sub(m, a) s = Mul(d, g) y = Add(s, b) }",
        {"w": np.full((4, 5), 2, F), **{name: np.arange(5, dtype=F) for name in "agb"}}, 30),
    "raised frequencies": (
        "(float[2,1] t) => (y) { r = Exp(f) p = Mul(t, r) s = Sin(p) c = Cos(p) "
        "e = Concat<axis=1>(s, c) y = MatMul(e, w) }",
        {"f": np.arange(4, dtype=F)[None], "w": np.full((8, 5), 2, F)}, 40),
    # As detectors of torchvision 0.29 place their anchors, which are buffers.
    "anchors on a grid of places": (
        "(float[8,4] x) => (y) { s = Shape(x) n = Gather(s, o) r = Range(o, n, t) "
        "f = Cast<to=1>(r) u = Unsqueeze(f, a) g = Add(u, b) d = MatMul(x, w) y = Add(d, g) }",
        {"o": np.zeros((), I64), "t": np.ones((), I64), "a": np.ones(1, I64),
         "b": np.arange(4, dtype=F)[None], "w": np.full((4, 4), 2, F)}, 16),
    "sizes of anchors beside their places": (
        "(float[8,4] x) => (y) { s = Shape(x) n = Gather(s, o) r = Range(o, n, t) "
        "f = Cast<to=1>(r) u = Unsqueeze(f, a) e = Expand(b, c) g = Concat<axis=1>(u, e) "
        "d = MatMul(x, w) y = Mul(d, g) }",
        {"o": np.zeros((), I64), "t": np.ones((), I64), "a": np.ones(1, I64),
         "c": np.array([8, 3]), "b": np.arange(3, dtype=F)[None], "w": np.full((4, 4), 2, F)}, 16),
    "a table that places are looked up in": (
        "(float[8,4] x) => (y) { s = Shape(x) n = Gather(s, o) r = Range(o, n, t) "
        "g = Gather(b, r) y = Add(x, g) }",
        {"o": np.zeros((), I64), "t": np.ones((), I64),
         "b": np.arange(64, dtype=F).reshape(16, 4)}, 64),
    "a term of what places are looked up in": (
        "(float[8,4] x) => (y) { s = Shape(x) n = Gather(s, o) r = Range(o, n, t) "
        "g = Gather(b, r) h = Add(g, c) y = Mul(x, h) }",
        {"o": np.zeros((), I64), "t": np.ones((), I64), "c": np.arange(4, dtype=F),
         "b": np.arange(64, dtype=F).reshape(16, 4)}, 68),
    "biases of 32 bits that ONNX Runtime dequantises": (
        "(float[1,3,8,8] x, float[16,3,3,3] k) => (y) "
        "{ a = com.microsoft.DequantizeLinear(b, s) y = Conv(x, k, a) }",
        {"b": np.arange(16, dtype=I32), "s": S}, 16),
}  # fmt: skip


@pytest.mark.parametrize("name", NONE)
def test_what_exporters_write_beside_parameters(tmp_path: Path, name: str) -> None:
    body, arrays, wanted = NONE[name]
    assert facts(loaded(tmp_path, _parsed(body, arrays)), 0).parameters == wanted


@pytest.mark.parametrize(
    "name", ["/layer.0/Constant_output_0", "helper.constant.1", "auto.cast.2", "p2o.pd_op.full.0"]
)
def test_a_number_with_a_name_that_is_made_up_is_no_parameter(tmp_path: Path, name: str) -> None:
    model = _parsed("(float[2,4] x) => (y) { y = Mul(x, n) }", {"n": S})
    model.graph.initializer[0].name = model.graph.node[0].input[1] = name
    assert facts(loaded(tmp_path, model), 0).parameters == 0


@pytest.mark.parametrize("name", ["zeros", "zeros_like_3", "new_zeros_1", "new_full", "ones_2"])
@pytest.mark.parametrize("external", [False, True])
def test_what_a_function_of_pytorch_filled_is_no_parameter(
    tmp_path: Path, name: str, external: bool
) -> None:
    """As PyTorch 2.13 exports with dynamo=True and fixed sizes: folded, with the function's name.

    Weights that are folded with what turns them have such names too ("slice_1", "val_5"), and
    attributes of the whole model no dots ("pos"): these are learned.
    """
    body = (
        "(float[1,64,64] x, int64[1,64,64] i) => (y) { e = Add(x, pos) s = ScatterElements<axis=2>"
        "(z, i, e) m = Max(s, z) c = Concat<axis=1>(m, z) p = Add(c, slice_1) "
        "y = MatMul(p, val_5) }"
    )
    made = np.full((1, 64, 64), 0.5, F)
    arrays = {name: made, "pos": made, "slice_1": made[:, :1], "val_5": made[0]}
    model = _parsed(body.replace("z", name), arrays)
    path = tmp_path / "net.onnx"
    onnx.save(model, path, save_as_external_data=external, location="net.data", size_threshold=0)
    assert facts(load(path), 0).parameters == 64 * 64 * 2 + 64


def test_the_scale_of_a_product_quantised_as_it_comes_is_no_parameter(tmp_path: Path) -> None:
    """As quantize_dynamic of ONNX Runtime 1.32 writes it: a factor of the scale of a run's data."""
    body = (
        "(float[2,4] x) => (y) { q, a, o = DynamicQuantizeLinear(x) i = MatMulInteger(q, w, o, z) "
        "f = Cast<to=1>(i) s = Mul(a, n) y = Mul(f, s) }"
    )
    model = _parsed(body, {"w": np.ones((4, 5), I8), "z": np.zeros((), I8), "n": S})
    model.graph.initializer[2].name = model.graph.node[3].input[1] = "fc.weight_scale"
    assert facts(loaded(tmp_path, model), 0).parameters == 20


def test_biases_of_windows_that_were_looked_up_count_as_their_table(tmp_path: Path) -> None:
    """torch 2.14 and its exporter before fold the look-up in Swin: 49 x 49 x heads for 169 x heads.

    Swin-T has 28,288,354 parameters in torchvision.
    """
    at = np.arange(7)
    pairs = np.stack(np.meshgrid(at, at, indexing="ij"), -1).reshape(-1, 2)
    apart = (pairs[:, None] - pairs[None] + 6) @ np.array([13, 1])
    table = np.random.default_rng(1).standard_normal((169, 3)).astype(F)
    body = ATTENTION.format("{} f = Add(e, b)").replace("[1,2,6,8]", "[1,3,49,8]")
    for before, array in (
        ("", np.moveaxis(table[apart], -1, 0)[None]),
        ("s = Reshape(m, n) u = Transpose<perm=[2,0,1]>(s) b = Unsqueeze(u, o)", table[apart]),
        ("s = Reshape(m, n) u = Transpose<perm=[2,0,1]>(s) b = Unsqueeze(u, o)",
         table[apart].reshape(-1, 3)),
    ):  # fmt: skip
        arrays = {**HEADS, "m" if before else "b": np.ascontiguousarray(array)}
        arrays |= {"n": np.array([49, 49, 3]), "o": np.zeros(1, I64)}
        model = _parsed(body.replace("{}", before), arrays)
        assert facts(loaded(tmp_path, model), 0).parameters == 128 + 169 * 3


def _model(name: str, different: bool = False) -> onnx.ModelProto:
    body, arrays, _ = CASES[name]
    if different:
        arrays = {
            key: one + np.arange(one.size, dtype=F).reshape(one.shape) if one.dtype == F else one
            for key, one in arrays.items()
        }
    return _parsed(body, arrays)


def _parsed(body: str, arrays: Mapping[str, np.ndarray]) -> onnx.ModelProto:
    header = '<ir_version: 11, opset_import: ["" : 23, "com.microsoft" : 1]> g '
    model = onnx.parser.parse_model(header + body)
    model.graph.initializer.extend(numpy_helper.from_array(a, n) for n, a in arrays.items())
    return model
