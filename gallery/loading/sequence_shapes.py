"""Types of ONNX Runtime's own operators on text, sequences and sets.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import onnx

from gallery.contrib.stand_ins import MICROSOFT
from gallery.loading.flat import FlatNode, Value
from gallery.loading.shape_rules import at, element_at, like, one_number, shape_at, size
from gallery.loading.stand_in_types import Kinds, Rule
from gallery.loading.types import tensor_type
from gallery.model import Dimension

_INT32, _INT64 = onnx.TensorProto.INT32, onnx.TensorProto.INT64
_UINT32, _STRING = onnx.TensorProto.UINT32, onnx.TensorProto.STRING
_LARGEST = 2**40


def _recurrent(rows: int, units: int) -> Rule:
    """A rule: Y, Y_h and Y_c of an LSTM.

    Args:
        rows: Dimension of R that counts gates and units.
        units: Dimension of R that counts units.
    """
    assert {rows, units} == {1, 2}

    def rule(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
        sequence, weights = shape_at(fed, 0), shape_at(fed, 2)
        if sequence is None or len(sequence) != 3:
            return None
        hidden: Dimension = int(step.attributes.get("hidden_size", 0)) or None
        directions: Dimension = 2 if step.attributes.get("direction") == "bidirectional" else 1
        if weights is not None and len(weights) == 3:
            directions, hidden = size(weights[0]) or directions, hidden or weights[units]
        state = (directions, sequence[1], hidden)
        element = element_at(fed, 0)
        made = {1: tensor_type(element, state), 2: tensor_type(element, state)}
        return {0: tensor_type(element, (sequence[0], directions, sequence[1], hidden)), **made}

    return rule


def _hash(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    return like(0, (0,), _UINT32 if step.attributes.get("positive", 1) else _INT32)(step, fed)


def _unique(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    return {
        0: tensor_type(element_at(fed, 0), (None,)),
        1: tensor_type(_INT64, shape_at(fed, 0)),
        2: tensor_type(_INT64, (None,)),
    }


def _tokens(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    shape = shape_at(fed, 0)
    return {0: tensor_type(_STRING, None if shape is None else (*shape, None))}


def _words(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    words, filters = shape_at(fed, 0), shape_at(fed, 1)
    if not words or not filters:
        return None
    return {0: tensor_type(element_at(fed, 1), (*words[:-1], filters[0]))}


def _path(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    return {0: tensor_type(_INT32, (2, None))}


def _bifurcation(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    return {0: tensor_type(_INT64, (None,)), 1: tensor_type(_INT64, ())}


def _sequences(ranks: Mapping[int, int]) -> Rule:
    """A rule for text generation: sequences of at most the length of input 1.

    Args:
        ranks: 1 for each output that has the sequences of the batch in one dimension, 2 for one
            that has those of each prompt in a dimension of their own.
    """

    def rule(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
        prompts = shape_at(fed, 0)
        if not prompts:
            return None
        longest, each = one_number(fed, 1), one_number(fed, 4)
        made = {1: (prompts[0], longest), 2: (prompts[0], each, longest)}
        return {slot: tensor_type(_INT32, made[rank]) for slot, rank in ranks.items()}

    return rule


def _range(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    values = [one.value if (one := at(fed, slot)) else None for slot in range(3)]
    start, limit, delta = values
    if start is None or limit is None or (delta is None and at(fed, 2) is not None):
        return {0: tensor_type(element_at(fed, 0), (None,))}
    by = float(delta.reshape(-1)[0]) if delta is not None else 1.0
    length = max(-int(-(float(limit.reshape(-1)[0]) - float(start.reshape(-1)[0])) // by), 0)
    return {0: tensor_type(element_at(fed, 0), (length if length <= _LARGEST else None,))}


RULES: Mapping[tuple[str, str], Rule] = {
    (MICROSOFT, "AttnLSTM"): _recurrent(1, 2),
    (MICROSOFT, "BeamSearch"): _sequences({0: 2}),
    (MICROSOFT, "BifurcationDetector"): _bifurcation,
    (MICROSOFT, "DynamicQuantizeLSTM"): _recurrent(2, 1),
    (MICROSOFT, "DynamicTimeWarping"): _path,
    (MICROSOFT, "GreedySearch"): _sequences({0: 1}),
    (MICROSOFT, "MurmurHash3"): _hash,
    (MICROSOFT, "NGramRepeatBlock"): like(1),
    (MICROSOFT, "Range"): _range,
    (MICROSOFT, "Sampling"): _sequences({0: 1}),
    (MICROSOFT, "Tokenizer"): _tokens,
    (MICROSOFT, "Unique"): _unique,
    (MICROSOFT, "WhisperBeamSearch"): _sequences({0: 2}),
    (MICROSOFT, "WordConvEmbedding"): _words,
}
"""The rules, by domain and operator type."""
