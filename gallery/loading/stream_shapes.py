"""Types of ONNX Runtime's operators on residual streams, hashed n-grams and recurrent states.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import onnx

from gallery.contrib.stand_ins import MICROSOFT
from gallery.loading.flat import FlatNode, Value
from gallery.loading.shape_rules import at, element_at, like, shape_at, size
from gallery.loading.stand_in_types import Kinds, Rule
from gallery.loading.types import tensor_type
from gallery.model import Dimension

_INT32, _FLOAT = onnx.TensorProto.INT32, onnx.TensorProto.FLOAT


def _several(*rules: Rule) -> Rule:
    """A rule: the outputs of several others together."""

    def rule(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
        made: Kinds = {}
        for one in rules:
            made |= one(step, fed) or {}
        return made or None

    return rule


def _reduced(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    # Streams have a dimension of their own, or share the last one.
    shape, branches = shape_at(fed, 0), int(step.attributes.get("num_branches", 0))
    if not shape or (len(shape) < 2 and branches < 1):
        return None
    last = size(shape[-1])
    if branches < 1:
        return {0: tensor_type(element_at(fed, 0), (*shape[:-2], last))}
    each = None if last is None else last // branches
    return {0: tensor_type(element_at(fed, 0), (*shape[:-1], each))}


def _gates(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    shape, branches = shape_at(fed, 0), int(step.attributes.get("num_branches", 0))
    if not shape or branches < 1:
        return None
    return {1: tensor_type(element_at(fed, 0), (*shape[:-1], branches))}


def _hashes(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    tokens, longest = shape_at(fed, 0), int(step.attributes.get("max_ngram_size", 0))
    heads = (longest - 1) * int(step.attributes.get("n_head_per_ngram", 0))
    if not tokens or heads < 1:
        return None
    element = element_at(fed, 0)
    packed = step.type.startswith("Varlen")
    batch = _sequences(fed, 3) if packed else tokens[0]
    kinds = {
        0: tensor_type(element, (*tokens, heads)),
        1: tensor_type(element, (batch, longest - 1)),
    }
    if packed:
        captured = int(step.attributes.get("state_update_capacity", 0))
        kinds[2] = tensor_type(_INT32, (batch, longest - 1))
        kinds[3] = tensor_type(element, (batch, captured, longest - 1))
    return kinds


def _sequences(fed: Sequence[Value | None], slot: int) -> Dimension:
    """Number of sequences, from the input that tells where each begins."""
    bounds = shape_at(fed, slot)
    ends = size(bounds[0]) if bounds else None
    return None if ends is None else max(ends - 1, 0)


def _captured(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    tokens, slots = shape_at(fed, 0), int(step.attributes.get("state_update_capacity", 0))
    if not tokens or at(fed, 2) is None:
        return None
    return {2: tensor_type(element_at(fed, 0), (_sequences(fed, 2), slots, tokens[-1]))}


def _recurrent(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    """GatedDeltaNet: [..., heads, size] of the values, or from the state if all are packed."""
    values, state, tokens = shape_at(fed, 2), shape_at(fed, 6), shape_at(fed, 0)
    kinds = {1: tensor_type(_FLOAT, state)}
    if values:
        kinds[0] = tensor_type(element_at(fed, 0), values)
    elif tokens and state and len(state) == 4:
        kinds[0] = tensor_type(element_at(fed, 0), (*tokens[:-1], state[1], state[2]))
    return kinds


def _verified(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    rows, channels = shape_at(fed, 0), shape_at(fed, 3)
    width = int(step.attributes.get("heads", 0)) * int(step.attributes.get("head_dim", 64))
    if not rows or width < 1:
        return None
    element = element_at(fed, 0)
    made = {0: tensor_type(element, (rows[0], width)), 4: tensor_type(_FLOAT, (rows[0], width))}
    if channels:
        made[3] = tensor_type(element, (rows[0], channels[0]))
    return made


def _committed(step: FlatNode, fed: Sequence[Value | None]) -> Kinds | None:
    tokens = shape_at(fed, 0)
    if not tokens:
        return None
    return {0: tensor_type(_INT32, (tokens[0] if len(tokens) > 1 else 1,))}


RULES: Mapping[tuple[str, str], Rule] = {
    (MICROSOFT, "ConvStateReplay"): like(2),
    (MICROSOFT, "EngramGate"): like(1, (0, 1)),
    (MICROSOFT, "GatedAdd"): like(),
    (MICROSOFT, "GatedDeltaNet"): _recurrent,
    (MICROSOFT, "GatedDeltaNetStateReplay"): like(2),
    (MICROSOFT, "HyperConnectionLowRankMix"): _several(_reduced, _gates, like(0, (2,))),
    (MICROSOFT, "HyperConnectionPostMix"): like(),
    (MICROSOFT, "HyperConnectionPreMix"): _reduced,
    (MICROSOFT, "LinearAttentionGate"): _several(like(), like(3, (1,))),
    (MICROSOFT, "Mamba2Verify"): _several(_verified, like(1, (1,)), like(2, (2,))),
    (MICROSOFT, "NGramHashMapping"): _hashes,
    (MICROSOFT, "SpeculativePrefixCommit"): _several(_committed, like(3, (1,)), like(4, (2,))),
    (MICROSOFT, "VarlenCausalConvWithState"): _several(like(), like(4, (1,)), _captured),
    (MICROSOFT, "VarlenNGramHashMapping"): _hashes,
}
"""The rules, by domain and operator type."""
