"""Cost formulas against slow counters, closed forms and the list of ONNX's operators."""

import itertools
import math
from math import prod

import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from gallery.costs import FORMULAS, cost
from gallery.costs.registry import Cost, costs
from gallery.loading.load import load
from tests.costs.one_operator import of
from tests.onnx_text import loaded, write


def conv_by_counting(x, w, strides, pads, dilations, group) -> tuple[int, tuple[int, ...]]:
    """Walk over all places of a convolution, one multiplication at a time."""
    spatial = range(len(x) - 2)
    out = [
        (x[2 + d] + pads[d] + pads[d + len(spatial)] - dilations[d] * (w[2 + d] - 1) - 1)
        // strides[d]
        + 1
        for d in spatial
    ]
    count = 0
    for _ in itertools.product(range(x[0]), range(w[0]), *(range(n) for n in out)):
        for _ in itertools.product(range(x[1] // group), *(range(n) for n in w[2:])):
            count += 1
    return count, (x[0], w[0], *out)


one_axis = st.tuples(st.integers(3, 5), st.integers(1, 3), st.integers(1, 2))


@settings(max_examples=30, deadline=None)
@given(
    st.tuples(st.integers(1, 2), st.integers(1, 2), st.integers(1, 2), st.integers(1, 2)),
    st.lists(
        st.tuples(st.integers(3, 5), st.integers(1, 3), st.integers(1, 2)), min_size=1, max_size=2
    ),
    st.booleans(),
)
def test_conv(channels, axes, bias):
    batch, group, inner, outer = channels
    rank = len(axes)
    x = (batch, group * inner, *(size for size, _, _ in axes))
    w = (group * outer, inner, *(kernel for _, kernel, _ in axes))
    strides = tuple(stride for _, _, stride in axes)
    count, out = conv_by_counting(x, w, strides, [1] * 2 * rank, [1] * rank, group)
    found = of(
        [x, w, (w[0],) if bias else None], [out], "Conv", strides=tuple(strides), group=group
    )
    assert found == Cost(macs=count, flops=2 * count + (prod(out) if bias else 0))


def test_conv_transpose_does_the_work_of_the_conv_that_it_reverses():
    x, w, out = (2, 4, 5, 5), (4, 3, 3, 3), (2, 6, 11, 11)
    reverse = of([out, (4, 3, 3, 3)], [x], "Conv", group=2)
    assert of([x, w], [out], "ConvTranspose", group=2) == reverse
    biased = of([x, w, (6,)], [out], "ConvTranspose", group=2)
    assert biased is not None
    assert reverse is not None
    assert biased.flops - reverse.flops == prod(out)


@pytest.mark.parametrize(
    ("a", "b", "out", "macs"),
    [
        ((3, 4), (4, 5), (3, 5), 60),
        ((7, 3, 4), (4, 5), (7, 3, 5), 420),
        ((2, 1, 3, 4), (7, 4, 5), (2, 7, 3, 5), 840),
        ((4,), (4,), (), 4),
        ((4,), (2, 4, 5), (2, 5), 40),
    ],
)
def test_matmul(a, b, out, macs):
    assert of([a, b], [out], "MatMul") == Cost(macs=macs, flops=2 * macs)


def test_gemm():
    assert of([(3, 4), (4, 5), (5,)], [(3, 5)], "Gemm") == Cost(macs=60, flops=135)
    assert of([(4, 3), (4, 5)], [(3, 5)], "Gemm", transA=1) == Cost(macs=60, flops=120)


@settings(max_examples=50, deadline=None)
def fewest(terms: list[set[str]], out: set[str], sizes: dict[str, int]) -> int:
    """The obvious way: try every pair first, and go on with what is left of it."""
    if len(terms) == 1:
        return 0
    found = []
    for one, other in itertools.combinations(range(len(terms)), 2):
        rest = [term for place, term in enumerate(terms) if place not in (one, other)]
        both = terms[one] | terms[other]
        left = both & out.union(*rest)
        price = math.prod(sizes[letter] for letter in both)
        found.append(price + fewest([*rest, left], out, sizes))
    return min(found)


@given(st.data())
def test_einsum_multiplies_in_the_best_order_of_pairs(data):
    letters = "abcd"
    sizes = {letter: data.draw(st.integers(1, 4)) for letter in letters}
    terms = data.draw(st.lists(st.text(letters, min_size=1, max_size=3), min_size=2, max_size=5))
    used = sorted(set("".join(terms)))
    out = "".join(used[: len(used) // 2])
    found = of(
        [tuple(sizes[x] for x in term) for term in terms],
        [tuple(sizes[x] for x in out)],
        "Einsum",
        equation=f"{','.join(terms)}->{out}",
    )
    wanted = fewest([set(term) for term in terms], set(out), sizes)
    assert found == Cost(macs=wanted, flops=2 * wanted)


def test_einsum_of_heads_and_dots():
    heads = of([(2, 3, 5, 4), (2, 3, 7, 4)], [(2, 3, 5, 7)], "Einsum", equation="bhid,bhjd->bhij")
    assert heads == Cost(macs=2 * 3 * 5 * 7 * 4, flops=2 * 2 * 3 * 5 * 7 * 4)
    dots = of([(6, 2, 3), (3, 4)], [(6, 2, 4)], "Einsum", equation="...ij, jk -> ...ik")
    assert dots == Cost(macs=144, flops=288)
    assert of([(3, 4)], [(4, 3)], "Einsum", equation="ij->ji") == Cost(macs=0, flops=0)
    assert of([(3, 4)], [(3,)], "Einsum", equation="ij->i") == Cost(macs=0, flops=12)
    assert of([(3, 4)], [(3,)], "Einsum", equation="ijk->i") is None


@pytest.mark.parametrize(
    ("kind", "gates", "pointwise"), [("RNN", 1, 1), ("LSTM", 4, 9), ("GRU", 3, 9)]
)
def test_recurrent(kind, gates, pointwise):
    steps, batch, size, hidden, ways = 5, 2, 3, 4, 2
    x, w = (steps, batch, size), (ways, gates * hidden, size)
    r, b = (ways, gates * hidden, hidden), (ways, 2 * gates * hidden)
    macs = adds = 0
    for _ in itertools.product(range(steps), range(batch), range(ways), range(hidden)):
        for _ in range(gates):
            macs += size + hidden  # both products of a gate
            adds += 2  # their sum, and the bias
        adds += pointwise
    out = (steps, ways, batch, hidden)
    assert of([x, w, r, b], [out], kind) == Cost(macs=macs, flops=2 * macs + adds)
    plain = of([x, w, r], [out], kind)
    assert plain is not None
    assert plain.flops == 2 * macs + adds - steps * batch * ways * hidden * gates


def test_attention_is_its_two_products():
    shapes = [(2, 8, 10, 16), (2, 4, 12, 16), (2, 4, 12, 32)]
    macs = 2 * 8 * 10 * 12 * (16 + 32)
    assert of(shapes, [(2, 8, 10, 32)], "Attention") == Cost(
        macs=macs, flops=2 * macs + 6 * 2 * 8 * 10 * 12
    )
    flat = [(2, 10, 8 * 16), (2, 12, 4 * 16), (2, 12, 4 * 32)]
    attributes = {"q_num_heads": 8, "kv_num_heads": 4}
    assert of(flat, [(2, 10, 8 * 32)], "Attention", **attributes) == of(
        shapes, [(2, 8, 10, 32)], "Attention"
    )
    past = [*shapes, None, (2, 4, 5, 16), (2, 4, 5, 32)]
    assert of(past, [(2, 8, 10, 32)], "Attention") == Cost(
        macs=macs * 17 // 12, flops=(2 * macs + 6 * 2 * 8 * 10 * 12) * 17 // 12
    )
    assert of(flat, [(2, 10, 256)], "Attention") is None


X = (2, 3, 4, 4)
SIMPLE = [
    ("Relu", [X], [X], {}, 96),
    ("Add", [X, (4,)], [X], {}, 96),
    ("Add", [(3, 1), (4,)], [(3, 4)], {}, 12),
    ("Sum", [X, X, X], [X], {}, 192),
    ("Mean", [X, X, X], [X], {}, 288),
    ("Sigmoid", [X], [X], {}, 384),
    ("Gelu", [X], [X], {}, 480),
    ("BatchNormalization", [X, (3,), (3,), (3,), (3,)], [X], {}, 192),
    ("BatchNormalization", [X, (3,), (3,), (3,), (3,)], [X], {"training_mode": 1}, 672),
    ("LayerNormalization", [X, (4,)], [X], {}, 672),
    ("RMSNormalization", [X, (4,)], [X], {}, 384),
    ("Softmax", [X], [X], {}, 480),
    ("ReduceSum", [X], [(2, 3)], {}, 96),
    ("ReduceMean", [X], [(2, 3)], {}, 102),
    ("GlobalAveragePool", [X], [(2, 3, 1, 1)], {}, 96),
    ("MaxPool", [X], [(2, 3, 2, 2)], {"kernel_shape": (2, 2)}, 96),
    ("AveragePool", [X], [(2, 3, 3, 3)], {"kernel_shape": (2, 2)}, 216),
    ("LpPool", [X], [(2, 3, 2, 2)], {"kernel_shape": (2, 2)}, 216),
    ("LRN", [X], [X], {"size": 5}, 960),
    ("Resize", [X], [(2, 3, 8, 8)], {"mode": "nearest"}, 0),
    ("Resize", [X], [(2, 3, 8, 8)], {"mode": "linear"}, 384 * 7),
    ("Resize", [X], [(2, 3, 4, 8)], {"mode": "cubic"}, 192 * 7),
    ("Transpose", [X], [X], {}, 0),
    ("Reshape", [X, (2,)], [None], {}, 0),
    ("Gather", [X, (5,)], [None], {}, 0),
    ("Loop", [(), ()], [], {}, 0),
    ("QuantizeLinear", [X, (), ()], [X], {}, 288),
    ("DequantizeLinear", [X, (), ()], [X], {}, 192),
    ("ScatterND", [X, (1, 4), (1,)], [X], {}, 0),
    ("ScatterND", [X, (6, 4), (6,)], [X], {"reduction": "add"}, 6),
    ("RotaryEmbedding", [X], [X], {}, 288),
]


@pytest.mark.parametrize(("kind", "inputs", "outputs", "attributes", "flops"), SIMPLE)
def test_operators_that_are_no_contraction(kind, inputs, outputs, attributes, flops):
    assert of(inputs, outputs, kind, **attributes) == Cost(macs=0, flops=flops)


QUANTISED = [
    (
        "QLinearConv",
        "",
        [(1, 3, 8, 8), (), (), (4, 3, 1, 1), (), (), (), ()],
        (1, 4, 8, 8),
        768,
        768,
    ),
    ("QLinearMatMul", "", [(3, 4), (), (), (4, 5), (), (), (), ()], (3, 5), 60, 45),
    ("MatMulInteger", "", [(3, 4), (4, 5)], (3, 5), 60, 0),
    ("ConvInteger", "", [(1, 3, 8, 8), (4, 3, 1, 1), (), ()], (1, 4, 8, 8), 768, 0),
    ("DynamicQuantizeMatMul", "com.microsoft", [(3, 4), (4, 5)], (3, 5), 60, 15),
    ("FusedConv", "com.microsoft", [(1, 3, 8, 8), (4, 3, 1, 1)], (1, 4, 8, 8), 768, 0),
]


@pytest.mark.parametrize(("kind", "domain", "inputs", "out", "macs", "extra"), QUANTISED)
def test_quantised_and_fused_contractions(kind, domain, inputs, out, macs, extra):
    found = of(inputs, [out], kind, domain)
    assert found == Cost(macs=macs, flops=2 * macs + extra)


def test_matmul_on_packed_weights():
    found = of([(2, 7, 64), (32, 4, 8)], [(2, 7, 32)], "MatMulNBits", "com.microsoft", K=64, N=32)
    assert found == Cost(macs=14 * 64 * 32, flops=2 * 14 * 64 * 32 + 2 * 64 * 32)


def test_fused_attention_makes_its_queries_keys_and_values():
    whole = of(
        [(2, 10, 64), (64, 192), (192,)], [(2, 10, 64)], "Attention", "com.microsoft", num_heads=4
    )
    core = of([(2, 10, 64)] * 3, [(2, 10, 64)], "Attention", q_num_heads=4, kv_num_heads=4)
    assert whole is not None
    assert core is not None
    assert whole.macs == core.macs + 2 * 10 * 64 * 192


@pytest.mark.parametrize("size", range(5))
def test_a_determinant_is_an_elimination(size):
    flops = max(size - 1, 0)  # the product of the diagonal
    for step in range(size):
        for _ in range(step + 1, size):
            flops += 1  # the quotient of the row
            flops += 2 * len(range(step + 1, size))
    assert of([(2, size, size)], [(2,)], "Det") == Cost(macs=0, flops=2 * flops)
    assert of([(2, size, size + 1)], [(2,)], "Det") is None


def test_regions_and_boxes():
    pooled = of([(1, 8, 6, 6), (3, 5)], [(3, 8, 2, 2)], "MaxRoiPool", pooled_shape=(2, 2))
    assert pooled == Cost(macs=0, flops=3 * 8 * 36)
    shapes = [(2, 100, 4), (2, 3, 100), ()]
    kept = of(shapes, [(None, 3)], "NonMaxSuppression", values={2: 10})
    assert kept == Cost(macs=0, flops=2 * 3 * 100 * (1 + 11 * 10))
    every = of(shapes, [(None, 3)], "NonMaxSuppression", values={2: 1000})
    assert every == Cost(macs=0, flops=2 * 3 * 100 * (1 + 11 * 100))
    for nothing in (shapes[:2], shapes):
        found = of(nothing, [(0, 3)], "NonMaxSuppression", values={2: 0} if nothing[2:] else {})
        assert found == Cost(macs=0, flops=0)
    assert of(shapes, [(None, 3)], "NonMaxSuppression") is None


def test_filter_banks_are_made_up_and_names_of_one_norm_cost_the_same():
    assert of([()] * 5, [(9, 8)], "MelWeightMatrix") == Cost(macs=0, flops=0)
    found = of([X, (4,)], [X], "SimplifiedLayerNormalization")
    assert found == of([X, (4,)], [X], "RMSNormalization") == Cost(macs=0, flops=384)


def test_what_is_not_known_is_none_and_never_zero():
    assert of([(1, None), (4, 5)], [(1, 5)], "Relu", version=1) is not None
    assert of([(1, None)], [(1, None)], "Relu") is None
    assert of([None], [None], "MatMul") is None
    assert of([(2, 2)], [(2, 2)], "Secret", "me") is None
    assert of([(2, 2)], [(2, 2)], "MaxPool") is None
    assert of([(2, 2)], [(2, 2)], "Relu", "me") is None


@pytest.mark.parametrize(
    "attributes", [{"kernel_shape": "no"}, {"kernel_shape": 7}, {"kernel_shape": ()}]
)
def test_attributes_of_the_wrong_type(attributes):
    assert of([(1, 1, 4)], [(1, 1, 2)], "MaxPool", **attributes) is None


def test_a_fourier_transform(tmp_path):
    model = loaded(tmp_path, "net (float[2,16,1] x) => (y) { y = DFT(x) }")
    assert cost(model, model.operators[0]) == Cost(macs=0, flops=2 * 5 * 16 * 4)


def test_every_formula_is_documented_and_each_type_has_one():
    assert len(FORMULAS) > 200
    for formula in FORMULAS.values():
        assert len(formula.__doc__ or "") > 10


def test_a_second_formula_for_a_type_is_refused():
    with pytest.raises(ValueError, match=r"ai\.onnx Conv has two cost formulas"):
        costs("Conv")(lambda view: Cost(macs=0, flops=0))


def test_all_of_onnx_is_covered():
    first: dict[str, int] = {}
    for schema in onnx.defs.get_all_schemas_with_history():
        if not schema.domain:
            version = first.get(schema.name, schema.since_version)
            first[schema.name] = min(version, schema.since_version)
    known = {kind for kind, version in first.items() if version <= 26}
    assert {kind for kind in known if ("", kind) not in FORMULAS} == set()


def test_the_cost_of_a_model_is_the_sum_of_its_operators(tmp_path):
    shapes = {"x": [4, 6], "w": [6, 8]}
    given_ = [helper.make_tensor_value_info(k, TensorProto.FLOAT, v) for k, v in shapes.items()]
    nodes = [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Relu", ["h"], ["y"])]
    model = load(write(tmp_path, helper.make_model(helper.make_graph(nodes, "g", given_, []))))
    assert [cost(model, operator) for operator in model.operators] == [
        Cost(macs=192, flops=384),
        Cost(macs=0, flops=32),
    ]
