"""How ONNX Runtime's choosers of keys lay out their inputs, and which sizes follow.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from dataclasses import dataclass

from gallery.contrib.known_inputs import Inputs, Size, over, plus

_LARGEST = 2**31


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexerSizes:
    """Sizes of a chooser of keys.

    Attributes:
        compressed: Whether it chooses among entries that stand for several tokens each (policy
            "csa") or tokens (policy "qsa").
        heads: Number of heads of the queries.
        size: Size of a head.
        ratio: Tokens of an entry.
        columns: Most positions that are chosen for a query.
        entries: Entries that queries are compared with, or the most that there may be.
        made: Entries that are new, or the most that there may be.
        stored: Length of the keys that are handed on.
        past: Length of the keys that are given and filled, None if a run tells.
        kept: Tokens that are handed on as they wait for their entry to be complete.
    """

    compressed: bool
    heads: Size
    size: Size
    ratio: int
    columns: int
    entries: Size
    made: Size
    stored: Size
    past: Size
    kept: Size


def indexer_sizes(inputs: Inputs) -> IndexerSizes:
    """The sizes of a SparseAttentionIndexer or PackedSparseAttentionIndexer.

    Raises:
        ValueError: Shapes or attributes contradict each other, or a rank is not known.
    """
    mode = inputs.attributes.get("policy_mode")
    if mode not in ("csa", "qsa"):
        raise ValueError(f"policy_mode of {inputs.type} is {mode}, not csa or qsa")
    packed = inputs.type == "PackedSparseAttentionIndexer"
    ratio, compressed = inputs.count("compress_ratio"), mode == "csa"
    query = inputs.sized(0, 2 if packed else 3)
    (size,) = inputs.sized(2, 1)
    heads = None if size is None else over(query[-1], size)
    if heads is not None and inputs.shape(1) is None:
        heads -= 1
    columns = inputs.count("index_topk" if compressed else "token_budget")
    columns += 0 if compressed else ratio - 1
    if max(ratio, columns) >= _LARGEST:
        raise ValueError(f"{columns} positions, {ratio} tokens of an entry")
    past: Size
    kept: Size
    if packed:
        stored = inputs.sized(12, 3)[1]
        past, kept = None, 2 * ratio - 1
        made = entries = stored
    elif compressed:
        past, stored, made, kept = _windows(inputs, ratio, query[1])
        entries = stored if past is None else plus(past, made)
    else:
        past, stored = _pasts(inputs, query[1])
        total = stored if past is None else plus(past, query[1])
        made = entries = None if total is None else total // ratio
        kept = 0
    return IndexerSizes(
        compressed=compressed,
        heads=heads,
        size=size,
        ratio=ratio,
        columns=columns,
        entries=entries,
        made=made,
        stored=stored,
        past=past,
        kept=kept,
    )


def _pasts(inputs: Inputs, new: Size) -> tuple[Size, Size]:
    """Filled length of the keys that are given, and the length of those that are handed on."""
    held = inputs.sized(7, 3)[1]
    if inputs.shape(12) is None:
        return held, plus(held, new)
    number = inputs.number(12)
    if number is None or held is None:
        return None, held
    return min(max(number, 0), held), held


def _windows(inputs: Inputs, ratio: int, new: Size) -> tuple[Size, Size, Size, Size]:
    """As `_pasts`, how many entries are new, and how many tokens wait for the next.

    As long as a whole entry of tokens or more waits, the first ones of them are of the last entry.
    """
    waiting = inputs.sized(13, 4)[2] if inputs.shape(13) is not None else 0
    if waiting is None or new is None:
        return None, None, None, None
    before = ratio if waiting >= ratio else 0
    made, rest = divmod(waiting - before + new, ratio)
    past, stored = _pasts(inputs, made)
    return past, stored, made, rest + (ratio if before or made else 0)
