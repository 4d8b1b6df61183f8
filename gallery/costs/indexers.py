"""Costs of what chooses keys for ONNX Runtime's sparse attentions.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from math import prod

from gallery.contrib.indexer_sizes import indexer_sizes
from gallery.costs.fused_attention import given
from gallery.costs.registry import Cost, UnknownError, View, contraction, costs, plain

_PREPARED = 7
"""Operations for each element by its root mean square (4) and rotated (3)."""


@costs("SparseAttentionIndexer", "PackedSparseAttentionIndexer", domain="com.microsoft")
def indexer(view: View) -> Cost:
    """The product of each head of a query with each entry, or with the most that there may be.

    A score takes the greater of it and 0, a sum over heads and a comparison; entries that are made
    take an addition per token, or a Softmax (5) and a product for the tokens of two entries.
    """
    sizes = indexer_sizes(given(view))
    heads, size, entries, made = sizes.heads, sizes.size, sizes.entries, sizes.made
    if heads is None or size is None or entries is None or made is None:
        raise UnknownError("sizes")
    rows = prod(view.shape(0)[:-1])
    batch = 1 if view.operator.type.startswith("Packed") else view.shape(0)[0]
    pairs = rows * entries
    pooled = 2 * sizes.ratio * 7 if sizes.compressed else sizes.ratio
    extra = pairs * (heads * (2 + sizes.compressed) + 1) + rows * heads * size * _PREPARED
    return contraction(pairs * heads * size, extra + batch * made * size * (pooled + _PREPARED))


@costs("PackedSparseAttentionIndexerMerge", domain="com.microsoft")
def merged(view: View) -> Cost:
    """Nothing: positions are moved."""
    return plain(0)
