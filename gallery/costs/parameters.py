"""What counts as a parameter of a model: what training changes, by the roles of its tensors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set

from gallery.contrib.stand_ins import CHANNELS_LAST
from gallery.costs.packed_weights import packed_weights
from gallery.costs.roles import Role, roles
from gallery.costs.uses import MOVES
from gallery.model import Model

_FLOATS = ("float", "double", "bfloat16", "complex")
_INTEGERS = ("int2", "int4", "int8", "int16")
"""Beginnings of the element types of weights, and of quantised weights."""

_RAISES = frozenset(("Exp", "Sigmoid", "Softplus", "Tanh"))

_MICROSOFT = "com.microsoft"

_APART: Mapping[tuple[str, str], tuple[int, ...]] = {
    ("", "Attention"): (4, 5, 6),
    ("", "BatchNormalization"): (3, 4),
    ("", "CausalConvWithState"): (3,),
    ("", "ConvInteger"): (2, 3),
    ("", "DequantizeLinear"): (1, 2),
    ("", "GRU"): (5,),
    ("", "LSTM"): (5, 6),
    ("", "LinearAttention"): (3,),
    ("", "MatMulInteger"): (2, 3),
    ("", "MelWeightMatrix"): (0, 1, 2, 3, 4),
    ("", "QLinearConv"): (1, 2, 4, 5, 6, 7),
    ("", "QLinearMatMul"): (1, 2, 4, 5, 6, 7),
    ("", "QuantizeLinear"): (1, 2),
    ("", "NegativeLogLikelihoodLoss"): (2,),
    ("", "RNN"): (5,),
    ("", "Resize"): (1, 2, 3),
    ("", "RotaryEmbedding"): (1, 2, 3),
    ("", "SoftmaxCrossEntropyLoss"): (2,),
    ("", "Upsample"): (1,),
    (CHANNELS_LAST, "BatchNormalization"): (3, 4),
    (CHANNELS_LAST, "QLinearAveragePool"): (1, 2, 3, 4),
    (CHANNELS_LAST, "QLinearConv"): (1, 2, 4, 5, 6, 7),
    (CHANNELS_LAST, "QLinearConvTranspose"): (1, 2, 4, 5, 6, 7),
    (CHANNELS_LAST, "Resize"): (1, 2, 3),
    (_MICROSOFT, "AttnLSTM"): (5, 6),
    (_MICROSOFT, "Attention"): (3, 4, 5),
    (_MICROSOFT, "CausalConvWithState"): (3,),
    (_MICROSOFT, "DecoderAttention"): (6, 7),
    (_MICROSOFT, "DecoderMaskedMultiHeadAttention"): (3, 4, 5, 6),
    (_MICROSOFT, "DecoderMaskedSelfAttention"): (3, 4, 5),
    (_MICROSOFT, "DequantizeLinear"): (1, 2),
    (_MICROSOFT, "DynamicSparseAttention"): (*range(3, 14), 17, 18, 19),
    (_MICROSOFT, "DequantizeWithOrder"): (1,),
    (_MICROSOFT, "DynamicQuantizeLSTM"): (5, 6, 8, 9, 10, 11),
    (_MICROSOFT, "DynamicQuantizeMatMul"): (2, 3),
    (_MICROSOFT, "GatherBlockQuantized"): (2, 3),
    (_MICROSOFT, "GemmFloat8"): (3, 4, 5),
    (_MICROSOFT, "GroupQueryAttention"): (3, 4, 5, 6, 7, 8, 9, 10, 12, 13),
    (_MICROSOFT, "MatMulBlockQuantizedFp4Weight"): (2, 3, 4),
    (_MICROSOFT, "MatMulBlockQuantizedFp8Weight"): (2, 3),
    (_MICROSOFT, "MatMulBnb4"): (2,),
    (_MICROSOFT, "MatMulIntegerToFloat"): (2, 3, 4, 5),
    (_MICROSOFT, "MatMulNBits"): (2, 3, 4),
    (_MICROSOFT, "MatMulNBitsMlp"): (4, 7),
    (_MICROSOFT, "MatMulNBitsQLoRA"): (2, 4, 6),
    (_MICROSOFT, "MatMulNBitsQkv"): (4, 7, 10),
    (_MICROSOFT, "MatMulPacked"): (2,),
    (_MICROSOFT, "MRotaryEmbedding"): (1, 2, 3),
    (_MICROSOFT, "MulInteger"): (1, 3),
    (_MICROSOFT, "GemmaRotaryEmbedding"): (0,),
    (_MICROSOFT, "LinearAttention"): (3,),
    (_MICROSOFT, "LongformerAttention"): (3,),
    (_MICROSOFT, "MultiHeadAttention"): (4, 5, 6, 7, 8, 9),
    (_MICROSOFT, "PackedSparseAttentionIndexer"): (*range(4, 8), *range(11, 22)),
    (_MICROSOFT, "PagedAttention"): (3, 4, 8, 9, 14, 15),
    (_MICROSOFT, "QAttention"): (3, 4, 5, 6, 7, 8),
    (_MICROSOFT, "QEmbedLayerNormalization"): tuple(range(8, 18)),
    (_MICROSOFT, "QGemm"): (1, 2, 4, 5, 7, 8),
    (_MICROSOFT, "QLinearAdd"): (1, 2, 4, 5, 6, 7),
    (_MICROSOFT, "QLinearAveragePool"): (1, 2, 3, 4),
    (_MICROSOFT, "QLinearConv"): (1, 2, 4, 5, 6, 7),
    (_MICROSOFT, "QLinearGlobalAveragePool"): (1, 2, 3, 4),
    (_MICROSOFT, "QLinearLeakyRelu"): (1, 2, 3, 4),
    (_MICROSOFT, "QLinearMul"): (1, 2, 4, 5, 6, 7),
    (_MICROSOFT, "QLinearReduceMean"): (1, 2, 3, 4),
    (_MICROSOFT, "QLinearSigmoid"): (1, 2, 3, 4),
    (_MICROSOFT, "QLinearSoftmax"): (1, 2, 3, 4),
    (_MICROSOFT, "QLinearWhere"): (2, 3, 5, 6, 7, 8),
    (_MICROSOFT, "QOrderedAttention"): (1, 2, 3, 4, 8, 9, 10, *range(14, 20)),
    (_MICROSOFT, "QOrderedGelu"): (1, 2),
    (_MICROSOFT, "QOrderedLayerNormalization"): (1, 4),
    (_MICROSOFT, "QOrderedLongformerAttention"): (1, 3, 5, 6, 7, 9, 11, 12, 13),
    (_MICROSOFT, "QOrderedMatMul"): (1, 3, 4, 7),
    (_MICROSOFT, "QuantizeLinear"): (1, 2),
    (_MICROSOFT, "QuantizeWithOrder"): (1,),
    (_MICROSOFT, "QMoE"): (3, 6, 9, *range(11, 14), *range(15, 21)),
    (_MICROSOFT, "RMSNormRotary"): (2, 3, 4, 5),
    (_MICROSOFT, "RotaryEmbedding"): (1, 2, 3),
    (_MICROSOFT, "SoftmaxCrossEntropyLossGrad"): (0, 3),
    (_MICROSOFT, "SoftmaxCrossEntropyLossInternalGrad"): (0, 3),
    (_MICROSOFT, "SparseAttention"): (3, 4, 9, 10),
    (_MICROSOFT, "SparseAttentionIndexer"): (4, 5, 6, 7, 11, 12, 13),
    (_MICROSOFT, "SparsePagedAttention"): (*range(3, 16), *range(19, 22)),
}
"""Inputs by operator type that training does not change: running statistics, scales and zero points
of quantisation, initial states and caches, tables of sines and cosines, sizes, and the number from
which gradients start."""

_BIASES: Mapping[tuple[str, str], tuple[int, ...]] = {
    ("", "DequantizeLinear"): (0,),
    (_MICROSOFT, "DequantizeLinear"): (0,),
    ("", "QLinearConv"): (8,),
    (CHANNELS_LAST, "QLinearConv"): (8,),
    (CHANNELS_LAST, "QLinearConvTranspose"): (8,),
    (_MICROSOFT, "QGemm"): (6,),
    (_MICROSOFT, "QLinearConv"): (8,),
}
"""Inputs by operator type that are weights or biases even as 32-bit integers."""


def parameters(model: Model) -> dict[int, int]:
    """Number of elements of each parameter, by tensor.

    Parameters are the initializers and the outputs of Constant operators that are weights where
    operators read them (`gallery.costs.roles`). As terms and factors beside data (biases, scales,
    learned positions), a single number counts only if it is the bias of a dense layer of one unit,
    or an initializer with the name of a module's attribute or one that goes through a function such
    as Exp, and a Constant only if its elements differ. Weights that a ConstantOfShape makes, as in
    files whose weights were left out, count. Integers count as weights if they are dequantised, or
    by an operator on quantised tensors. What no training changes does not count: running means and
    variances, scales and zero points, initial states, masks, tables of sines and cosines, constants
    with the name of the function that filled them. Nor does what nothing reads. Packed weights
    count as weights, not as bytes, and a table of biases that was looked up in advance as the
    table.
    """
    found = roles(model, _apart(model))
    biases = _read_as(model, _BIASES)
    made = {i for o in model.operators if o.type == "Constant" for i in o.outputs if i >= 0}
    held = made | {index for index, tensor in enumerate(model.tensors) if tensor.is_parameter}
    filled = _filled(model, held)
    held |= filled
    packed = {**_by_bits(model, held), **packed_weights(model)}
    raised = {i for o in model.operators if o.type in _RAISES for i in o.inputs}
    units = _biases_of_one(model, held)

    def counts(index: int) -> bool:
        tensor, role = model.tensors[index], found[index]
        if _MADE_BY_CODE.fullmatch(tensor.name):
            return False
        if not tensor.dtype.startswith(_FLOATS):
            narrow = tensor.dtype.removeprefix("u").startswith(_INTEGERS)
            whole = index in biases or index in packed
            return role is Role.WEIGHT and (narrow or whole)
        if role in (Role.NONE, Role.WEIGHT):
            return role is Role.WEIGHT
        if index in filled:
            return False
        if tensor.elements == 1:
            learned = _is_attribute(tensor.name) or index in raised
            return index in units or (tensor.is_parameter and learned)
        value = tensor.value if index in made else None
        return value is None or bool((value != value.reshape(-1)[:1]).any())

    def number(index: int) -> int:
        tensor = model.tensors[index]
        if found[index] is Role.BIAS_OF_SCORES and tensor.behind is not None:
            return tensor.behind
        return packed.get(index, tensor.elements or 0)

    return {index: number(index) for index in sorted(held) if counts(index)}


def _filled(model: Model, held: Set[int]) -> set[int]:
    """Tensors of one value and of a fixed shape that operators read."""
    read = {index for operator in model.operators for index in operator.inputs}
    return {
        index
        for operator in model.operators
        if operator.type == "ConstantOfShape" and held >= set(operator.inputs)
        for index in operator.outputs
        if index in read
    }


def _biases_of_one(model: Model, held: Set[int]) -> set[int]:
    """What is added to a product with a weight of one column."""

    def is_column(index: int) -> bool:
        sizes = model.tensors[index].sizes
        return index in held and sizes is not None and len(sizes) > 1 and sizes[-1] == 1

    pairs = [o for o in model.operators if len(o.inputs) == 2 and o.outputs]
    products = {o.outputs[0] for o in pairs if o.type == "MatMul" and is_column(o.inputs[1])}
    sums = [o.inputs for o in pairs if o.type == "Add"]
    return {bias for a, b in sums for bias, x in ((a, b), (b, a)) if x in products}


def _is_attribute(name: str) -> bool:
    """Whether a name is that of a module's attribute, and not one that an exporter makes up."""
    return "." in name and "/" not in name and not _MADE_UP.search(name)


_MADE_UP = re.compile(r"constant|^auto\.cast\.|^p2o\.", re.IGNORECASE)


_MADE_BY_CODE = re.compile(
    r"(?:(?:new_)?(?:zeros|ones|full|empty)|(?:zeros|ones|full|empty)_like|arange|eye|linspace"
    r"|lifted_tensor)(?:_\d+)?"
)
"""Names of constants that PyTorch's exporter by torch.export folds: that of the function which made
them, such as the zeros that a recurrence starts with or that are scattered into."""


def _apart(model: Model) -> Mapping[tuple[str, str], tuple[int, ...]]:
    """The inputs that training does not change, of operators with any number of inputs as well."""
    longest = max((len(o.inputs) for o in model.operators if o.type == "QLinearConcat"), default=0)
    # Scale and zero point of the result, then operands with theirs.
    slots = tuple(slot for slot in range(longest) if slot < 2 or (slot - 2) % 3)
    return {**_APART, (_MICROSOFT, "QLinearConcat"): slots}


def _read_as(model: Model, named: Mapping[tuple[str, str], tuple[int, ...]]) -> set[int]:
    """Tensors that operators read at these positions."""
    return {
        operator.inputs[slot]
        for operator in model.operators
        for slot in named.get((operator.domain, operator.type), ())
        if slot < len(operator.inputs)
    }


def _by_bits(model: Model, held: Set[int]) -> dict[int, int]:
    """Number of weights in each of these constants whose bits operators take apart."""
    found: dict[int, int] = {}
    behind: dict[int, int] = {}
    for operator in model.operators:
        fed = [behind.get(index, index) for index in operator.inputs[:1]]
        if not fed or fed[0] not in held:
            continue
        if operator.type in MOVES:
            behind.update(dict.fromkeys(operator.outputs, fed[0]))
        elif operator.type in ("BitShift", "BitwiseAnd"):
            made = model.tensors[operator.outputs[0]].elements or 0
            found[fed[0]] = found.get(fed[0], 0) + made
    return found
