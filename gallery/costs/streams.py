"""Costs of ONNX Runtime's operators on residual streams, hashed n-grams and recurrent states.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from math import prod

from gallery.contrib.stand_ins import MICROSOFT
from gallery.costs.registry import Cost, UnknownError, View, contraction, costs, plain

_SIGMOID, _SOFTPLUS, _SILU = 4, 3, 5


@costs("GatedAdd", domain=MICROSOFT)
def gated_add(view: View) -> Cost:
    """A product and a sum; a gate that is projected takes a product of its row and a sigmoid."""
    made = 2 * view.made()
    if not view.has(3):
        return plain(made)
    rows = prod(view.shape(2)[:-1])
    return contraction(view.read(2), made + _SIGMOID * rows)


@costs("LinearAttentionGate", domain=MICROSOFT)
def decay_and_rate(view: View) -> Cost:
    """A sum, a softplus and a product for a decay; a sigmoid for a rate."""
    rate = _SIGMOID * view.read(3) if view.has(3) else 0
    return plain((1 + _SOFTPLUS + 1) * view.read() + rate)


@costs("EngramGate", domain=MICROSOFT)
def engram_gate(view: View) -> Cost:
    """Two normalisations (4), their product (2), and the gate times the value; another one (4)."""
    return plain((11 + 4 * view.has(5)) * view.read(1))


@costs("HyperConnectionPreMix", domain=MICROSOFT)
def pre_mix(view: View) -> Cost:
    """A product and a sum for each element of all streams."""
    return plain(2 * view.read())


@costs("HyperConnectionPostMix", domain=MICROSOFT)
def post_mix(view: View) -> Cost:
    """A sum and a product for each element, and the product with a matrix if there is one."""
    if not view.has(3):
        return plain(2 * view.read())
    return contraction(view.read() * view.shape(3)[-1], 2 * view.read())


@costs("HyperConnectionLowRankMix", domain=MICROSOFT)
def low_rank_mix(view: View) -> Cost:
    """Three products of each row, normalisation (4), gate (6), and what is added before (2)."""
    rows = prod(view.shape(0)[:-1])
    macs = rows * (view.read(2) + view.read(3) + view.read(4))
    each = 4 + _SIGMOID + 2 + 2 * view.has(5)
    thin = rows * (view.shape(2)[1] * _SILU + view.shape(4)[1] * _SIGMOID)
    return contraction(macs, each * view.read() + thin)


@costs("NGramHashMapping", "VarlenNGramHashMapping", domain=MICROSOFT)
def hashed_ngrams(view: View) -> Cost:
    """A product for each token of the longest n-gram, a sum for all but one; a rest for a head."""
    longest = int(view.get("max_ngram_size", 0))
    if longest < 2:
        raise UnknownError("max_ngram_size")
    offset = view.has(5 if view.operator.type.startswith("Varlen") else 4)
    return plain((2 * longest - 1) * view.read() + (1 + offset) * prod(view.out()))


@costs("GatedDeltaNet", domain=MICROSOFT)
def delta_network(view: View) -> Cost:
    """As LinearAttention: each token changes the state of a head and reads it.

    A delta rule reads it once more; a decay costs one operation for each of its elements.
    """
    state = prod(view.shape(6)[1:]) if view.has(6) else 0
    if not state:
        values, keys = view.shape(2), view.shape(1)
        state = values[-2] * values[-1] * keys[-1]
    tokens = prod(view.out()[:-2])
    rule = str(view.get("update_rule", "gated_delta"))
    reads = 2 + ("delta" in rule)
    return contraction(tokens * state * reads, tokens * state * ("gated" in rule))


@costs("VarlenCausalConvWithState", domain=MICROSOFT)
def causal_conv(view: View) -> Cost:
    """Output elements times the kernel length, plus a bias, and 5 for an activation."""
    made = view.made()
    active = _SILU if view.get("activation", "none") not in ("", "none") else 0
    return contraction(made * view.shape(1)[-1], made * (active + view.has(3)))


@costs(
    "GatedDeltaNetStateReplay", "Mamba2Verify", "SpeculativePrefixCommit", domain=MICROSOFT
)  # fmt: skip
def by_state(view: View) -> Cost:
    """Not known: it depends on how many tokens are kept, which a state tells."""
    raise UnknownError(view.operator.type)
