"""Costs of attention as a single operator."""

from __future__ import annotations

from math import prod

from gallery.costs.registry import Cost, UnknownError, View, contraction, costs


def attend(queries: int, keys: int, inner: int, values: int) -> Cost:
    """Scaled dot-product attention: two products, a scale and a Softmax (5) per pair.

    softmax(Q·Kᵀ / √d)·V, equation 1 of https://arxiv.org/abs/1706.03762.

    Args:
        queries: Query positions times batch times heads.
        keys: Key positions, including cached ones.
        inner: Size of a head of Q and K.
        values: Size of a head of V.
    """
    pairs = queries * keys
    return contraction(pairs * (inner + values), 6 * pairs)


@costs("Attention")
@costs("FlexAttention", domain="ai.onnx.preview")
def attention(view: View) -> Cost:
    """ONNX's Attention: (batch, heads, length, size), or (batch, length, hidden) with heads given.

    A causal mask saves nothing: the operator is defined on all pairs. What the graphs of a
    FlexAttention do to scores is not counted.
    """
    q, k, v = view.shape(0), view.shape(1), view.shape(2)
    past = view.shape(4)[-2] if view.has(4) else 0
    if len(q) == 4:
        return attend(prod(q[:-1]), k[-2] + past, q[-1], v[-1])
    heads, kv_heads = int(view.get("q_num_heads", 0)), int(view.get("kv_num_heads", 0))
    if len(q) != 3 or heads < 1 or kv_heads < 1:
        raise UnknownError("heads")
    return attend(q[0] * q[1] * heads, k[1] + past, q[2] // heads, v[2] // kv_heads)


@costs("LinearAttention")
@costs("LinearAttention", domain="com.microsoft")
def linear_attention(view: View) -> Cost:
    """For each token and head, the state adds k·vᵀ and is read with q; delta rules read with k too.

    Inputs are (batch, length, heads × size). A decay costs one operation per element of the state.
    ONNX Runtime also takes more heads of keys and values than of queries, which they share then.
    """
    q, k, v = view.shape(0), view.shape(1), view.shape(2)
    heads, kv_heads = int(view.get("q_num_heads", 0)), int(view.get("kv_num_heads", 0))
    if heads < 1 or kv_heads < 1:
        raise UnknownError("heads")
    rule = str(view.get("update_rule", "gated_delta"))
    tokens, inner = q[0] * q[1], q[2] // heads
    state = kv_heads * (k[2] // kv_heads) * (v[2] // kv_heads)
    reads = max(heads, kv_heads) * inner * (v[2] // kv_heads)
    taken = state * (2 if "delta" in rule else 1)
    return contraction(tokens * (taken + reads), tokens * state * ("gated" in rule))
