"""Types of products and lookups whose weights are packed: a few bits each, in blocks.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import onnx

from gallery.contrib.stand_ins import MICROSOFT, packing
from gallery.loading.flat import FlatNode, Value
from gallery.loading.shape_rules import element_at, numbers, shape_at, size
from gallery.loading.stand_in_types import Kinds, Rule
from gallery.loading.types import tensor_type
from gallery.model import Dimension

_UINT8, _BFLOAT16 = onnx.TensorProto.UINT8, onnx.TensorProto.BFLOAT16


def _columns(names: Mapping[int, str], sums: Sequence[int] = ()) -> Rule:
    """A rule: the shape of the first input, whose last dimension an attribute gives.

    Args:
        names: Name of that attribute for each output.
        sums: Outputs of the type of the first input itself.
    """

    def rule(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
        shape = shape_at(fed, 0)
        if not shape:
            return None
        made: dict[int, Dimension] = {
            slot: int(step.attributes.get(name, 0)) for slot, name in names.items()
        }
        if any(isinstance(one, int) and one < 1 for one in made.values()):
            return None
        made |= dict.fromkeys(sums, shape[-1])
        element = element_at(fed, 0)
        return {slot: tensor_type(element, (*shape[:-1], last)) for slot, last in made.items()}

    return rule


def _either_way(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    return _columns({0: "N" if step.attributes.get("transB", 1) else "K"})(step, fed)


def _rows_of_weights(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    shape, weights = shape_at(fed, 0), shape_at(fed, 1)
    if not shape or not weights:
        return None
    return {0: tensor_type(element_at(fed, 0), (*shape[:-1], weights[0]))}


def _described(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    # The third input is the shape of the weights.
    shape, weights = shape_at(fed, 0), numbers(fed, 2)
    if not shape:
        return None
    columns = weights[-1] if weights else None
    return {0: tensor_type(element_at(fed, 0), (*shape[:-1], columns))}


def _looked_up(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    data, indices = shape_at(fed, 0), shape_at(fed, 1)
    if not data or indices is None:
        return None
    rows = list(data)
    per = packing(element_at(fed, 0) == _UINT8, step.attributes.get("bits", 4))
    last = size(rows[-1])
    rows[-1] = None if last is None else last * per
    axis = int(step.attributes.get("gather_axis", 0)) % len(rows)
    return {0: tensor_type(element_at(fed, 2), (*rows[:axis], *indices, *rows[axis + 1 :]))}


def _looked_up_row(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    indices, width = shape_at(fed, 1), int(step.attributes.get("K", 0))
    if indices is None or width < 1:
        return None
    element = int(step.attributes.get("output_dtype", _BFLOAT16))
    return {0: tensor_type(element, (*indices, width))}


RULES: Mapping[tuple[str, str], Rule] = {
    (MICROSOFT, "GatherBlockQuantized"): _looked_up,
    (MICROSOFT, "GatherPacked"): _looked_up_row,
    (MICROSOFT, "MatMulBlockQuantizedFp4Weight"): _rows_of_weights,
    (MICROSOFT, "MatMulBlockQuantizedFp8Weight"): _rows_of_weights,
    (MICROSOFT, "MatMulBnb4"): _either_way,
    (MICROSOFT, "MatMulFpQ4"): _described,
    (MICROSOFT, "MatMulNBits"): _columns({0: "N"}),
    (MICROSOFT, "MatMulNBitsMlp"): _columns({0: "N"}, (1,)),
    (MICROSOFT, "MatMulNBitsQLoRA"): _columns({0: "N"}),
    (MICROSOFT, "MatMulNBitsQkv"): _columns({0: "Nq", 1: "Nkv", 2: "Nkv"}, (3,)),
    (MICROSOFT, "MatMulPacked"): _columns({0: "N"}),
}
"""The rules, by domain and operator type."""
