"""Cost formulas of single operators against counts by hand.

Sizes are small primes, so that a product, a sum or an input that is taken for another shows.
"""

from __future__ import annotations

import numpy as np
import pytest

from gallery.costs.registry import FORMULAS, Cost
from tests.costs.test_costs import of

MICROSOFT = "com.microsoft"
X = (2, 3, 5, 7)
READ = 210
"""Elements of `X`."""


def worked(kind, inputs, out, macs, extra, **how):
    """A case: the operator, and its multiply-accumulates and other operations by hand."""
    expected = Cost(macs=macs, flops=2 * macs + extra)
    label = f"{'ms.' if 'domain' in how else ''}{kind}"
    return pytest.param(lambda: of(inputs, [out], kind, **how), expected, id=label)


CONTRACTIONS = [
    worked("ConvInteger", [X, (11, 3, 1, 1), (), ()], (2, 11, 5, 7), 2310, 0),
    worked("QLinearConv", [X, (), (), (11, 3, 1, 1), *[()] * 4], (2, 11, 5, 7), 2310, 3 * 770),
    worked(
        "QLinearConv", [X, (), (), (11, 3, 1, 1), *[()] * 4, (11,)], (2, 11, 5, 7), 2310, 4 * 770
    ),
    worked("CausalConvWithState", [(2, 3, 7), (3, 1, 5)], (2, 3, 7), 210, 0),
    worked("CausalConvWithState", [(2, 3, 7), (3, 1, 5), (3,)], (2, 3, 7), 210, 42),
    worked(
        "CausalConvWithState", [(2, 3, 7), (3, 1, 5)], (2, 3, 7), 210, 5 * 42, activation="silu"
    ),
    worked("CausalConvWithState", [(2, 3, 7), (3, 1, 5)], (2, 3, 7), 210, 0, activation="none"),
    # 2 groups of 2 channels, 3 × 5 kernels on 5 × 7 places, 6 channels made of them.
    worked("DeformConv", [(1, 4, 9, 9), (6, 2, 3, 5), ()], (1, 6, 5, 7), 6300, 35 * 4 * 15 * 7),
    worked(
        "DeformConv",
        [(1, 4, 9, 9), (6, 2, 3, 5), (), (6,), ()],
        (1, 6, 5, 7),
        6300,
        35 * 4 * 15 * 8 + 210,
    ),
    worked("DeformConv", [(1, 2, 9, 9), (1, 2, 3, 5), ()], (1, 1, 5, 7), 1050, 35 * 2 * 15 * 7),
    worked("Gemm", [(3, 5), (5, 7), (7,)], (3, 7), 105, 21),
    worked("Gemm", [(5, 3), (5, 7)], (3, 7), 105, 0, transA=1),
    worked("QLinearMatMul", [(3, 5), (), (), (5, 7), (), (), (), ()], (3, 7), 105, 3 * 21),
    worked("Einsum", [(5, 1, 3), (7, 3)], (5, 7), 105, 0, equation="...i,...i->..."),
    worked("Einsum", [(2, 3, 5), (3, 5)], (2, 3), 30, 0, equation="...i,...i->..."),
    worked("Einsum", [(3, 5), (5, 7), (7, 2)], (3, 2), 70 + 30, 0, equation="ij,jk,kl->il"),
    worked("Einsum", [(0, 5), (5, 7)], (0, 7), 0, 0, equation="ij,jk->ik"),
    worked("Einsum", [(3, 5)], (), 0, 15, equation="ij->"),
    worked(
        "FusedConv",
        [X, (11, 3, 1, 1)],
        (2, 11, 5, 7),
        2310,
        770,
        domain=MICROSOFT,
        activation="Relu",
    ),
    worked("NhwcConv", [X, (11, 3, 1, 1), (11,)], (2, 11, 5, 7), 2310, 770, domain=MICROSOFT),
    worked("FusedMatMul", [(2, 3, 5), (5, 7)], (2, 3, 7), 210, 42, domain=MICROSOFT),
    worked("FusedMatMul", [(2, 5, 3), (5, 7)], (2, 3, 7), 210, 42, domain=MICROSOFT, transA=1),
    worked("FusedMatMul", [(5, 3), (5, 7)], (3, 7), 105, 21, domain=MICROSOFT, transA=1),
    worked("FusedMatMul", [(5,), (5, 7)], (7,), 35, 7, domain=MICROSOFT, transA=1),
    worked("MatMulNBits", [(2, 3, 5), (7,)], (2, 3, 7), 210, 2 * 35, domain=MICROSOFT, K=5, N=7),
    worked("MatMulNBits", [(2, 3, 1), (7,)], (2, 3, 1), 6, 2, domain=MICROSOFT, K=1, N=1),
    worked("RNN", [(2, 3, 5), (1, 7, 5), (1, 7, 7)], (2, 1, 3, 7), 6 * 7 * 12, 6 * (7 + 7)),
]

ATTENTION = [
    worked("Attention", [(2, 5, 7)] * 3, (2, 5, 7), 700, 300, q_num_heads=1, kv_num_heads=1),
    worked("Attention", [(2, 5, 11), (11, 21)], (2, 5, 7), 700 + 2310, 300 + 210, num_heads=1,
           domain=MICROSOFT),
    worked("LinearAttention", [(3, 5, 7), (3, 5, 7), (3, 5, 11)], (3, 5, 11), 15 * 231,
           15 * 77, q_num_heads=1, kv_num_heads=1),
    worked("MultiHeadAttention", [(2, 5, 7), (2, 5, 7)], (2, 5, 7), 700, 300, num_heads=1,
           domain=MICROSOFT),
    worked("GroupQueryAttention", [(2, 5, 7), (2, 5, 7)], (2, 5, 7), 700, 300, num_heads=1,
           domain=MICROSOFT),
    worked("Attention", [(2, 3, 5, 7), (2, 3, 11, 7), (2, 3, 11, 13)], (2, 3, 5, 13), 6600, 1980),
    worked(
        "Attention",
        [(2, 5, 21), (2, 11, 21), (2, 11, 39), None, (2, 3, 17, 7), (2, 3, 17, 13)],
        (2, 5, 39),
        840 * 20,
        6 * 840,
        q_num_heads=3,
        kv_num_heads=3,
    ),
    # 15 tokens, 2 states of 7 × 11, read by 4 heads.
    worked("LinearAttention", [(3, 5, 28), (3, 5, 14), (3, 5, 22)], (3, 5, 44), 15 * (154 + 308),
           0, q_num_heads=4, kv_num_heads=2, update_rule="linear"),
    worked("LinearAttention", [(3, 5, 28), (3, 5, 14), (3, 5, 22)], (3, 5, 44), 15 * (308 + 308),
           15 * 154, q_num_heads=4, kv_num_heads=2, update_rule="gated_delta"),
    worked("MultiHeadAttention", [(2, 5, 21), (2, 11, 21)], (2, 5, 21), 330 * 14, 6 * 330,
           domain=MICROSOFT, num_heads=3),
    worked("MultiHeadAttention", [(2, 5, 21), (2, 11, 21), (2, 11, 33)], (2, 5, 33), 330 * 18,
           6 * 330, domain=MICROSOFT, num_heads=3),
    worked("MultiHeadAttention", [(2, 5, 21), (2, 3, 11, 7)], (2, 5, 21), 330 * 14, 6 * 330,
           domain=MICROSOFT, num_heads=3),
    worked("GroupQueryAttention", [(2, 5, 28), (2, 11, 14)], (2, 5, 28), 440 * 14, 6 * 440,
           domain=MICROSOFT, num_heads=4),
    worked("GroupQueryAttention", [(2, 5, 28), (2, 11, 14), None, (2, 2, 13, 7)], (2, 5, 28),
           960 * 14, 6 * 960, domain=MICROSOFT, num_heads=4),
    worked("Attention", [(2, 5, 11), (11, 42)], (2, 5, 14), 100 * 14 + 110 * 42,
           6 * 100 + 420, domain=MICROSOFT, num_heads=2),
]  # fmt: skip

READERS = [
    worked("GlobalMaxPool", [X], (2, 3, 1, 1), 0, READ),
    worked("GlobalLpPool", [X], (2, 3, 1, 1), 0, 2 * READ + 6),
    worked("QLinearGlobalAveragePool", [X], (2, 3, 1, 1), 0, READ, domain=MICROSOFT),
    worked("QLinearAveragePool", [X, (), ()], (2, 3, 2, 3), 0, 36 * 10, domain=MICROSOFT,
           kernel_shape=(2, 5)),
    worked("MaxPool", [X], (2, 3, 2, 3), 0, 36 * 10, kernel_shape=(2, 5)),
    worked("LpPool", [X], (2, 3, 2, 3), 0, 36 * 21, kernel_shape=(2, 5)),
    worked("LRN", [X], X, 0, 6 * READ),
    worked("TopK", [X, (1,)], (2, 3, 5, 4), 0, 3 * READ),
    worked("TopK", [X, (1,)], (1,), 0, READ),
    worked("TopK", [X, (1,)], (7,), 0, READ),
    worked("TopK", [X, (1,)], (8,), 0, 2 * READ),
    worked("Bernoulli", [X], X, 0, READ),
    worked("Multinomial", [(2, 3)], (2, 11), 0, 6),
    worked("Max", [X, X, None, (7,)], X, 0, 2 * READ),
    worked("Mean", [X], X, 0, READ),
    worked("TensorScatter", [X, X], X, 0, 0),
    worked("Scatter", [X, (1, 4), (1, 11)], X, 0, 0),
    worked("ScatterElements", [X, (1, 4), (1, 11)], X, 0, 11, reduction="mul"),
    worked("ScatterND", [X, (1, 4), (1, 11)], X, 0, 0, reduction="none"),
    worked("Resize", [X], (2, 3, 11, 7), 0, 462 * 3, mode="linear"),
    worked("Resize", [X], (2, 3, 11, 13), 0, 858 * 31, mode="cubic"),
    worked("Upsample", [X], (2, 3, 11, 13), 0, 858 * 7, mode="bilinear"),
    worked("Resize", [X], X, 0, 0, mode="linear"),
    worked("GridSample", [X, (2, 3, 5, 2)], (2, 3, 3, 5), 0, 90 * 7),
    worked("GridSample", [X, (2, 3, 5, 2)], (2, 3, 3, 5), 0, 90 * 31, mode="bicubic"),
    worked("GridSample", [X, (2, 3, 5, 2)], (2, 3, 3, 5), 0, 90 * 7, mode="bilinear"),
    worked("GridSample", [X, (2, 3, 5, 2)], (2, 3, 3, 5), 0, 0, mode="nearest"),
    worked("GridSample", [(*X, 2), (2, 3, 5, 2, 3)], (2, 3, 3, 5, 2), 0, 180 * 15),
    worked("RoiAlign", [X], (11, 3, 2, 2), 0, 132 * 4 * 8),
    worked("RoiAlign", [X], (11, 3, 2, 2), 0, 132 * 9 * 8, sampling_ratio=3),
    worked("AffineGrid", [(2, 2, 3), (4,)], (2, 5, 7, 2), 0, 140 * 5),
    # Transforms of 16 points each take 5 · 16 · 4 operations.
    worked("DFT", [(3, 16, 1)], (3, 16, 2), 0, 3 * 320, version=17),
    worked("DFT", [(3, 16, 2)], (3, 16, 2), 0, 3 * 320, version=17),
    worked("DFT", [(3, 16, 5, 1)], (3, 16, 5, 2), 0, 15 * 320, version=19),
    worked("DFT", [(16, 3, 1)], (16, 3, 2), 0, 3 * 320, version=17, axis=0),
    worked("DFT", [(3, 5, 16, 1)], (3, 5, 16, 2), 0, 15 * 320),
    worked("DFT", [(3, 16, 5, 1), None, ()], (3, 16, 5, 2), 0, 15 * 320,
           values={2: np.array([1])}),
    worked("DFT", [(3, 5, 1), (), None], (3, 16, 2), 0, 3 * 320),
    worked("DFT", [(3, 1, 1)], (3, 1, 2), 0, 0),
    worked("DFT", [(3, 16, 0)], (3, 16, 2), 0, 0, version=17),
    worked("STFT", [(3, 99, 1), (), (16,)], (3, 7, 9, 2), 0, 21 * (320 + 16)),
    worked("STFT", [(3, 99, 1), (), None, ()], (3, 7, 9, 2), 0, 21 * 320,
           values={3: np.array([16])}),
    worked("STFT", [(3, 99, 1), (), (16,), ()], (3, 7, 9, 2), 0, 21 * (320 + 16),
           values={3: np.array(16)}),
]  # fmt: skip


@pytest.mark.parametrize(("counted", "expected"), [*CONTRACTIONS, *ATTENTION, *READERS])
def test_by_hand(counted, expected):
    assert counted() == expected


REDUCTIONS = {
    "ReduceSum": READ,
    "ReduceMax": READ,
    "ReduceMin": READ,
    "ReduceProd": READ,
    "ArgMax": READ,
    "ArgMin": READ,
    "ReduceMean": READ + 6,  # a quotient
    "ReduceL1": 2 * READ,  # absolute values
    "ReduceSumSquare": 2 * READ,
    "ReduceL2": 2 * READ + 6,  # squares; a root
    "ReduceLogSum": READ + 6,  # a logarithm
    "ReduceLogSumExp": 2 * READ + 6,
}


@pytest.mark.parametrize("kind", REDUCTIONS)
def test_reductions(kind):
    assert of([X], [(2, 3)], kind) == Cost(macs=0, flops=REDUCTIONS[kind])


DEFINITIONS = {
    "Abs Add Ceil Cos Div Erf Exp Log Max Mul Pow Relu Sqrt Tanh Where": "once",
    "Clip": "lower upper",
    "LeakyRelu PRelu": "compare times",
    "DequantizeLinear": "minus times",
    "QuantizeLinear": "divide round plus",
    "Softplus": "exp plus log",
    "Softsign": "abs plus divide",
    "Elu": "exp minus times",
    "Shrink": "compare compare plus",
    "Sigmoid": "negate exp plus divide",
    "HardSigmoid": "times plus lower upper",
    "Selu": "exp times minus times",
    "Celu": "divide exp minus times",
    "Gelu": "divide erf plus times half",
    "HardSwish": "times plus lower upper times",
    "Mish": "exp plus log tanh times",
    "Swish": "negate exp plus divide times",
    "CumSum CumProd NegativeLogLikelihoodLoss Unique": "once",
    "Hardmax": "maximum compare",
    "LpNormalization": "power sum divide",
    "RMSNormalization": "square sum times scale",
    "Softmax": "maximum minus exp sum divide",
    "LogSoftmax": "maximum minus exp sum minus",
    "MeanVarianceNormalization": "sum minus square sum divide",
    "DynamicQuantizeLinear": "minimum maximum divide round plus",
    "SoftmaxCrossEntropyLoss": "maximum minus exp sum minus pick",
    "LayerNormalization InstanceNormalization GroupNormalization":
        "sum minus square sum divide scale shift",
    "ms.BiasAdd": "bias residual",
    "ms.DequantizeLinear": "minus times",
    "ms.QuantizeLinear": "divide round plus",
    "ms.RotaryEmbedding RotaryEmbedding": "times times plus",
    "ms.SimplifiedLayerNormalization": "square sum times scale",
    "ms.Gelu": "divide erf plus times half",
    "ms.BiasGelu": "bias divide erf plus times half",
    "ms.QuickGelu": "alpha negate exp plus divide times",
    "ms.FastGelu": "square times plus times tanh plus times half",
    "ms.BiasSoftmax": "bias maximum minus exp sum divide",
    "ms.SkipSimplifiedLayerNormalization": "skip bias square sum times scale",
    "ms.LayerNormalization": "sum minus square sum divide scale shift",
    "ms.SkipLayerNormalization": "skip bias sum minus square sum divide scale shift",
    "ms.EmbedLayerNormalization": "segment position sum minus square sum divide scale shift",
    "ms.QLinearConcat": "",
    "ms.QLinearAdd ms.QLinearMul": "real real once divide round plus",
    "ms.QLinearLeakyRelu": "real compare times divide round plus",
    "ms.QLinearSigmoid": "real negate exp plus divide divide round plus",
    "ms.QLinearSoftmax": "real maximum minus exp sum divide divide round plus",
}  # fmt: skip
"""The operations of each definition for an element; "ms." stands before ONNX Runtime's own."""


@pytest.mark.parametrize(
    ("kind", "operations"),
    [(kind, words) for kinds, words in DEFINITIONS.items() for kind in kinds.split()],
)
def test_operations_of_the_definition_for_each_element(kind, operations):
    name, domain = kind.removeprefix("ms."), MICROSOFT if kind.startswith("ms.") else ""
    inputs = [X] * {"Max": 2, "BiasAdd": 3}.get(name, 1)
    flops = len(operations.split()) * READ
    assert of(inputs, [X], name, domain) == Cost(macs=0, flops=flops)


@pytest.mark.parametrize(
    ("kind", "inputs", "domain", "attributes"),
    [
        ("Attention", [(2, 5, 21)] * 3, "", {"q_num_heads": 3}),
        ("Attention", [(2, 5, 21)] * 3, "", {"kv_num_heads": 3}),
        ("Attention", [(2, 5, 21)] * 3, "", {"q_num_heads": 3, "kv_num_heads": 0}),
        ("Attention", [(5, 21)] * 3, "", {"q_num_heads": 3, "kv_num_heads": 3}),
        ("Attention", [(1, 2, 3, 5, 7)] * 3, "", {"q_num_heads": 3, "kv_num_heads": 3}),
        ("LinearAttention", [(2, 5, 21)] * 3, "", {"q_num_heads": 3}),
        ("LinearAttention", [(2, 5, 21)] * 3, "", {"kv_num_heads": 3}),
        ("MultiHeadAttention", [(2, 5, 21), (2, 5, 21)], MICROSOFT, {}),
        ("MultiHeadAttention", [(2, 5, 3, 3, 7)], MICROSOFT, {"num_heads": 3}),
        ("MultiHeadAttention", [(2, 5, 3, 7), (2, 5, 21)], MICROSOFT, {"num_heads": 3}),
        ("GroupQueryAttention", [(2, 5, 21), (2, 5, 21)], MICROSOFT, {}),
        ("GroupQueryAttention", [(2, 5, 21)], MICROSOFT, {"num_heads": 3}),
        ("Attention", [(2, 5, 11), (11, 42)], MICROSOFT, {}),
        ("Attention", [(2, 5, 11), (11, 43)], MICROSOFT, {"num_heads": 2}),
        ("MatMulNBits", [(2, 5), (7,)], MICROSOFT, {"N": 7}),
        ("MatMulNBits", [(2, 5), (7,)], MICROSOFT, {"K": 5}),
        ("MaxPool", [X], "", {}),
        ("LpPool", [X], "", {}),
        ("Einsum", [(3, 5), (5, 7)], "", {"equation": "ij,jkl->ik"}),
        ("Einsum", [(3,), (5, 7)], "", {"equation": "i...j,jk->ik"}),
        ("Einsum", [(3, 5), (5, 7)], "", {"equation": "i,jk->ik"}),
        ("STFT", [(3, 99, 1), (), None, ()], "", {}),
        ("STFT", [(3, 99, 1), ()], "", {}),
        ("DFT", [(3, 16, 1), None, ()], "", {}),
        ("DFT", [(3, 16, 1)], "", {"axis": 3}),
        ("DFT", [(3, 16, 1)], "", {"axis": -4}),
        ("DFT", [(3, 0, 1)], "", {}),
    ],
)
def test_what_cannot_be_counted_is_not_known(kind, inputs, domain, attributes):
    assert of(inputs, [(3, 7, 9, 2)], kind, domain, **attributes) is None


def test_the_first_output_that_is_given_counts():
    assert of([X], [..., (2, 3)], "Relu") == Cost(macs=0, flops=6)
    assert of([X], [...], "Relu") is None
    assert of([X, X], [], "Add") is None
    assert of([], [X], "Relu") == Cost(macs=0, flops=READ)


@pytest.mark.parametrize(("domain", "kind"), sorted(FORMULAS))
def test_odd_shapes_have_a_sound_count_or_none(domain, kind):
    """Whatever the shapes, a count is a whole number that is not negative, or is not known."""
    for inputs in ([], [None], [()], [(0,)], [(2,)], [(0, 0, 0)], [(2, 3)] * 9, [X] * 9):
        found = of(inputs, [X], kind, domain)
        if found is not None:
            assert isinstance(found.macs, int)
            assert isinstance(found.flops, int)
            assert found.flops >= 2 * found.macs >= 0, inputs
