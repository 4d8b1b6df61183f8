"""Types of the outputs of what chooses keys for ONNX Runtime's sparse attentions.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from collections.abc import Mapping

import onnx

from gallery.contrib.indexer_sizes import indexer_sizes
from gallery.contrib.known_inputs import Size, times
from gallery.loading.contrib_attention import Fed, given, typed
from gallery.loading.flat import FlatNode
from gallery.loading.stand_in_types import Kinds, Rule
from gallery.loading.types import tensor_type

_INT32 = onnx.TensorProto.INT32
_LARGEST = 2**31


def _dense(step: FlatNode, fed: Fed) -> Kinds | None:
    """Positions of chosen keys, all keys, and tokens that wait for their entry to be complete."""
    known = given(step, fed)
    sizes, (batch, length, _) = indexer_sizes(known), known.sized(0, 3)
    return {
        0: tensor_type(_INT32, (batch, length, sizes.columns)),
        1: typed(fed, 7, (batch, sizes.stored, sizes.size)),
        2: typed(fed, 0, (2, batch, sizes.kept, times(2, sizes.size))),
    }


def _packed(step: FlatNode, fed: Fed) -> Kinds | None:
    """As `_dense` with the number of those chosen; states keep their sizes.

    Where choices of another layer are taken over, their rows may be others than those of tokens.
    """
    known = given(step, fed)
    sizes = indexer_sizes(known)
    tokens, columns = known.sized(0, 2)[0], sizes.columns
    if known.shape(19) is not None:
        tokens, columns = None, known.count("max_output_entries")
    updates = int(step.attributes.get("state_update_capacity", 0))
    batch = known.sized(12, 3)[0]
    if not 0 <= updates < _LARGEST or columns >= _LARGEST:
        return None
    made = {
        0: tensor_type(_INT32, (tokens, columns)),
        1: tensor_type(_INT32, (tokens,)),
        6: typed(fed, 0, (batch, updates, sizes.size)),
        7: tensor_type(_INT32, (tokens,)),
        8: tensor_type(_INT32, (batch,)),
    }
    for output, slot in ((2, 12), (3, 13), (4, 14), (5, 15)):
        shape = known.shape(slot)
        if shape is not None:
            made[output] = typed(fed, slot, shape)
    return made


def _merged(step: FlatNode, fed: Fed) -> Kinds | None:
    known = given(step, fed)
    rows: Size = known.sized(2, 1)[0]
    columns = known.count("max_output_entries")
    if columns >= _LARGEST:
        return None
    row = tensor_type(_INT32, (rows,))
    return {0: tensor_type(_INT32, (rows, columns)), 1: row, 2: row}


RULES: Mapping[str, Rule] = {
    "PackedSparseAttentionIndexer": _packed,
    "PackedSparseAttentionIndexerMerge": _merged,
    "SparseAttentionIndexer": _dense,
}
"""The rules, by operator type of the domain com.microsoft."""
