"""What counts as a parameter of a model: what training changes, by the roles of its tensors."""

from __future__ import annotations

from collections.abc import Mapping

from gallery.costs.packed_weights import packed_weights
from gallery.model import Model, Operator
from gallery.stand_ins import CHANNELS_LAST

_SMALL = 1024
"""Most elements of a Constant that is not taken for weights."""

_COUNTED = ("float", "double", "bfloat16", "complex", "int2", "int4", "int8", "int16")
"""Beginnings of the element types of weights, quantised ones included."""

_MICROSOFT = "com.microsoft"

_APART: Mapping[tuple[str, str], tuple[int, ...]] = {
    ("", "BatchNormalization"): (3, 4),
    ("", "ConvInteger"): (2, 3),
    ("", "DequantizeLinear"): (1, 2),
    ("", "GRU"): (5,),
    ("", "LSTM"): (5, 6),
    ("", "MatMulInteger"): (2, 3),
    ("", "QLinearConv"): (1, 2, 4, 5, 6, 7),
    ("", "QLinearMatMul"): (1, 2, 4, 5, 6, 7),
    ("", "QuantizeLinear"): (1, 2),
    ("", "RNN"): (5,),
    ("", "Resize"): (1, 2, 3),
    ("", "Upsample"): (1,),
    (CHANNELS_LAST, "BatchNormalization"): (3, 4),
    (CHANNELS_LAST, "QLinearAveragePool"): (1, 2, 3, 4),
    (CHANNELS_LAST, "QLinearConv"): (1, 2, 4, 5, 6, 7),
    (CHANNELS_LAST, "QLinearConvTranspose"): (1, 2, 4, 5, 6, 7),
    (CHANNELS_LAST, "Resize"): (1, 2, 3),
    (_MICROSOFT, "AttnLSTM"): (5, 6),
    (_MICROSOFT, "DequantizeLinear"): (1, 2),
    (_MICROSOFT, "DequantizeWithOrder"): (1,),
    (_MICROSOFT, "DynamicQuantizeLSTM"): (5, 6, 8, 9, 10, 11),
    (_MICROSOFT, "DynamicQuantizeMatMul"): (2, 3),
    (_MICROSOFT, "GatherBlockQuantized"): (2, 3),
    (_MICROSOFT, "GemmFloat8"): (3, 4, 5),
    (_MICROSOFT, "MatMulBlockQuantizedFp4Weight"): (2, 3, 4),
    (_MICROSOFT, "MatMulBlockQuantizedFp8Weight"): (2, 3),
    (_MICROSOFT, "MatMulBnb4"): (2,),
    (_MICROSOFT, "MatMulIntegerToFloat"): (2, 3, 4, 5),
    (_MICROSOFT, "MatMulNBits"): (2, 3, 4),
    (_MICROSOFT, "MatMulNBitsMlp"): (4, 7),
    (_MICROSOFT, "MatMulNBitsQLoRA"): (2, 4, 6),
    (_MICROSOFT, "MatMulNBitsQkv"): (4, 7, 10),
    (_MICROSOFT, "MatMulPacked"): (2,),
    (_MICROSOFT, "MulInteger"): (1, 3),
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
    (_MICROSOFT, "QOrderedGelu"): (1, 2),
    (_MICROSOFT, "QOrderedLayerNormalization"): (1, 4),
    (_MICROSOFT, "QOrderedMatMul"): (1, 3, 4, 7),
    (_MICROSOFT, "QuantizeLinear"): (1, 2),
    (_MICROSOFT, "QuantizeWithOrder"): (1,),
}
"""Inputs by operator type that training does not change: running statistics, scales and zero points
of quantisation, initial states, sizes."""

_BIASES: Mapping[tuple[str, str], tuple[int, ...]] = {
    ("", "DequantizeLinear"): (0,),
    ("", "QLinearConv"): (8,),
    (CHANNELS_LAST, "QLinearConv"): (8,),
    (CHANNELS_LAST, "QLinearConvTranspose"): (8,),
    (_MICROSOFT, "QGemm"): (6,),
    (_MICROSOFT, "QLinearConv"): (8,),
}
"""Inputs by operator type that are weights or biases even as 32-bit integers."""


def parameters(model: Model) -> dict[int, int]:
    """Number of elements of each parameter, by tensor.

    Parameters are initializers of a floating-point type, of the narrow integer types of quantised
    weights and, as quantised biases, of 32-bit integers; and the outputs of Constant operators of a
    type of weights with more than 1,024 elements, in which some exporters keep weights. What no
    training changes does not count unless other operators read it, as in published figures: running
    means and variances, scales and zero points, initial states. Nor does what nothing reads. Packed
    weights count as weights, not as bytes.
    """
    apart, biases = _read_only_as(model, _APART), _read_only_as(model, _BIASES)
    read = {index for operator in model.operators for index in operator.inputs}
    read |= {i for o in model.operators for body in o.bodies for i in body.outputs}
    read |= set(model.outputs)
    packed = packed_weights(model)
    constants = (
        index
        for operator in model.operators
        if operator.type == "Constant" and not operator.domain
        for index in operator.outputs
        if index >= 0 and (model.tensors[index].elements or 0) > _SMALL
    )
    held = [index for index, tensor in enumerate(model.tensors) if tensor.is_parameter]

    def counts(index: int) -> bool:
        dtype = model.tensors[index].dtype
        return dtype.removeprefix("u").startswith(_COUNTED) or (
            dtype == "int32" and index in biases
        )

    return {
        index: packed.get(index, model.tensors[index].elements or 0)
        for index in (*held, *constants)
        if index in read and index not in apart and counts(index)
    }


def _read_only_as(model: Model, roles: Mapping[tuple[str, str], tuple[int, ...]]) -> set[int]:
    """Tensors that operators read in these roles and in no other."""
    found: set[int] = set()
    others: set[int] = set()
    for operator in model.operators:
        slots = _slots(operator, roles)
        for slot, tensor in enumerate(operator.inputs):
            (found if slot in slots else others).add(tensor)
    return found - others


def _slots(operator: Operator, roles: Mapping[tuple[str, str], tuple[int, ...]]) -> set[int]:
    if roles is _APART and (operator.domain, operator.type) == (_MICROSOFT, "QLinearConcat"):
        # Scale and zero point of the result, then operands with theirs.
        return {slot for slot in range(len(operator.inputs)) if slot < 2 or (slot - 2) % 3}
    return set(roles.get((operator.domain, operator.type), ()))
