"""How the attentions of ONNX Runtime lay out queries, keys and values, and which sizes follow.

Shapes, costs and access relations all follow from these sizes.

Definitions: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gallery.contrib.known_inputs import Inputs, Size, over, plus


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """Positions of the inputs that several types have; -1 for one that a type does not have.

    Attributes:
        bias: What is added to queries, keys and values side by side.
        mask: The mask of keys.
        added: What is added to the scores.
        past: The cached keys, or keys and values.
        past_values: The cached values; as `past` if one tensor holds both.
        filled: How much of the cache is filled, in a type whose cache may be longer.
        beams: The beam that each cached key comes from.
    """

    bias: int = -1
    mask: int = -1
    added: int = -1
    past: int = -1
    past_values: int = -1
    filled: int = -1
    beams: int = -1


SLOTS: Mapping[str, Slots] = {
    "Attention": Slots(bias=2, mask=3, added=5, past=4, past_values=4, filled=6),
    "DecoderMaskedMultiHeadAttention": Slots(
        bias=10, mask=3, added=4, past=5, past_values=6, filled=7, beams=9
    ),
    "DecoderMaskedSelfAttention": Slots(
        bias=2, mask=3, added=5, past=4, past_values=4, filled=6, beams=8
    ),
    "DynamicSparseAttention": Slots(past=3, past_values=4, filled=10),
    "GroupQueryAttention": Slots(added=10, past=3, past_values=4, filled=6),
    "MultiHeadAttention": Slots(bias=3, mask=4, added=5, past=6, past_values=7, filled=8, beams=9),
    "PackedAttention": Slots(bias=2, added=5),
    "PackedMultiHeadAttention": Slots(bias=3, added=6),
    "QAttention": Slots(bias=2, mask=5, past=8, past_values=8),
    "QOrderedAttention": Slots(mask=17, added=19),
    "SparseAttention": Slots(past=3, past_values=4, filled=7),
}
"""By operator type of the domain com.microsoft."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSlots:
    """Positions of the inputs of an attention within a window.

    Attributes:
        weights: Of tokens that see those in their window, and of tokens that see all.
        biases: Of both.
        mask: What is added to the scores of each key.
        flags: Which tokens see all.
        scales: Scales of quantised tensors.
    """

    weights: tuple[int, int]
    biases: tuple[int, int]
    mask: int
    flags: int
    scales: tuple[int, ...] = ()


LOCAL: Mapping[str, LocalSlots] = {
    "LongformerAttention": LocalSlots(weights=(1, 4), biases=(2, 5), mask=3, flags=6),
    "QOrderedLongformerAttention": LocalSlots(
        weights=(2, 8), biases=(4, 10), mask=7, flags=12, scales=(1, 3, 5, 6, 9, 11, 13)
    ),
}
"""By operator type of the domain com.microsoft."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Sizes of an attention.

    Attributes:
        batch: Number of sequences; 1 for sequences that are packed one after another.
        heads: Number of heads of the queries.
        groups: Number of heads of keys and values.
        queries: Length of the queries.
        fresh: Length of the keys and values that are not cached.
        past: Length of those that are, or the most that it may be.
        stored: Length of the cache that the operator makes.
        depth: Size of a query and a key.
        width: Size of a value.
    """

    batch: Size
    heads: int
    groups: int
    queries: Size
    fresh: Size
    past: Size = 0
    stored: Size = None
    depth: Size
    width: Size

    @property
    def keys(self) -> Size:
        """Length of all keys that queries may see."""
        return plus(self.past, self.fresh)


def attention_sizes(inputs: Inputs) -> Sizes:
    """The sizes of an attention of one of the types in `SLOTS`.

    Raises:
        ValueError: Shapes or attributes contradict each other, or a rank is not known.
    """
    if inputs.type in _PROJECTING:
        return _projecting(inputs)
    if inputs.type == "PackedMultiHeadAttention":
        return _packed_tokens(inputs)
    if inputs.type in _GROUPED:
        return _grouped(inputs)
    return _separate(inputs)


_PROJECTING = (
    "Attention", "DecoderMaskedSelfAttention", "PackedAttention", "QAttention",
)  # fmt: skip


_GROUPED = ("DynamicSparseAttention", "GroupQueryAttention", "SparseAttention")


def projected(inputs: Inputs) -> tuple[Size, Size, Size]:
    """Columns of the weights that make queries, keys and values.

    Raises:
        ValueError: They do not add up to the columns that there are.
    """
    columns = inputs.sized(1, 2)[1]
    sizes = inputs.attributes.get("qkv_hidden_sizes")
    if not sizes:
        third = over(columns, 3)
        return third, third, third
    query, key, value = (int(size) for size in sizes)
    if min(query, key, value) < 1 or columns not in (None, query + key + value):
        raise ValueError(f"qkv_hidden_sizes are {sizes} for {columns} columns")
    return query, key, value


def _projecting(inputs: Inputs) -> Sizes:
    """One input that the operator itself projects to queries, keys and values."""
    packed = inputs.type == "PackedAttention"
    given = inputs.sized(0, 2) if packed else inputs.sized(0, 3)
    batch, length = (1, given[0]) if packed else given[:2]
    heads = inputs.count("num_heads")
    query, _, value = projected(inputs)
    past, stored = _cached(inputs, length)
    return Sizes(
        batch=batch,
        heads=heads,
        groups=heads,
        queries=length,
        fresh=length,
        past=past,
        stored=stored,
        depth=over(query, heads),
        width=over(value, heads),
    )


def _separate(inputs: Inputs) -> Sizes:
    """Queries, keys and values in up to three inputs."""
    query, heads = inputs.sized(0, 3, 5), inputs.count("num_heads")
    batch, queries = query[:2]
    depth = query[4] if len(query) == 5 else None
    width, fresh = depth, queries
    key = None if len(query) == 5 else inputs.shape(1)
    if len(query) == 3 and key is None:
        # Queries, keys and values side by side: the cache, or thirds, tell where each begins.
        if inputs.type == "MultiHeadAttention":
            raise ValueError("MultiHeadAttention has no keys")
        past = inputs.shape(SLOTS[inputs.type].past)
        depth = past[3] if past is not None else over(query[2], 3 * heads)
        rest = None if query[2] is None or depth is None else query[2] - 2 * heads * depth
        width = over(rest, heads)
    elif len(query) == 3:
        key = inputs.sized(1, 3, 4, 5)
        depth, fresh = over(query[2], heads), key[2 if len(key) == 4 else 1]
        width = depth
        if len(key) < 5:
            value = inputs.sized(2, 3, 4)
            width = value[3] if len(value) == 4 else over(value[2], heads)
    across = key is not None and len(key) == 4
    past_length, stored = (0, fresh) if across else _cached(inputs, fresh)
    return Sizes(
        batch=batch,
        heads=heads,
        groups=heads,
        queries=queries,
        fresh=fresh,
        past=past_length,
        stored=stored,
        depth=depth,
        width=width,
    )


def _packed_tokens(inputs: Inputs) -> Sizes:
    """Sequences one after another without padding, in up to three inputs."""
    query, heads = inputs.sized(0, 2, 4), inputs.count("num_heads")
    depth = query[3] if len(query) == 4 else over(query[1], heads)
    width = depth if len(query) == 4 else over(inputs.sized(2, 2)[1], heads)
    tokens = query[0]
    return Sizes(
        batch=1,
        heads=heads,
        groups=heads,
        queries=tokens,
        fresh=tokens,
        stored=tokens,
        depth=depth,
        width=width,
    )


def _grouped(inputs: Inputs) -> Sizes:
    """Fewer heads of keys and values than of queries, in three inputs or side by side in one."""
    query = inputs.sized(0, 3)
    heads, groups = inputs.count("num_heads"), inputs.count("kv_num_heads")
    if heads % groups:
        raise ValueError(f"{heads} heads do not share {groups}")
    key = inputs.shape(1)
    if key is None:
        depth, fresh = over(query[2], heads + 2 * groups), query[1]
        width = depth
    else:
        depth, fresh = over(query[2], heads), inputs.sized(1, 3)[1]
        width = over(inputs.sized(2, 3)[2], groups)
    past, stored = _cached(inputs, fresh)
    return Sizes(
        batch=query[0],
        heads=heads,
        groups=groups,
        queries=query[1],
        fresh=fresh,
        past=past,
        stored=stored,
        depth=depth,
        width=width,
    )


def _cached(inputs: Inputs, fresh: Size) -> tuple[Size, Size]:
    """Length of the cache that is filled, and of the one that the operator makes."""
    slots = SLOTS[inputs.type]
    cache = inputs.shape(slots.past)
    if cache is None:
        return 0, fresh
    held = cache[-2]
    number = inputs.number(slots.filled)
    if inputs.type in _GROUPED:
        # The input is the length of old and new keys together.
        if inputs.attributes.get("sliding_window_cache"):
            return held, held
        if inputs.type != "GroupQueryAttention":
            room = _less(held, fresh)
            return room if number is None else _least(_less(number, fresh), room), held
        if number is None:
            made = inputs.made(1)
            stored = made[2] if made is not None and len(made) == 4 else None
            return (held if stored is None else _least(_less(stored, fresh), held)), stored
        return _least(_less(number, fresh), held), None if held is None else max(held, number)
    shared = bool(inputs.attributes.get("past_present_share_buffer"))
    if not shared and (inputs.type != "MultiHeadAttention" or not _given(inputs, slots.filled)):
        return held, plus(held, fresh)
    room = _less(held, fresh)
    return room if number is None else _least(number, room), held


def _given(inputs: Inputs, slot: int) -> bool:
    return inputs.shape(slot) is not None


def _less(size: Size, other: Size) -> Size:
    return None if size is None or other is None else max(size - other, 0)


def _least(size: Size, other: Size) -> Size:
    return None if size is None or other is None else max(min(size, other), 0)
