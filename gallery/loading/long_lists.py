"""The long lists of an attribute, such as the nodes of an ensemble of trees: what is kept of them.

Numbers that are real count as weights and stay on disk. Whole numbers, which tell how the trees
hang together, and texts of which there are few, such as the modes of nodes, are kept in a compact
form. Whatever is dropped is counted. The list travels as a tensor in the attribute's field `t`,
which no list uses: without a payload if only its length is known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from gallery.model import Unread, freeze

CHUNK = 1 << 20
"""Most bytes that are read at a time."""

FIRST = 256
"""Bytes that are read at first, where elements of other fields may follow soon."""

MOST_TEXTS = 16
"""Most different texts of a list that is kept."""

_LONGEST_TEXT = 64
_LARGEST = 2**40
_FLOATS, _INTS, _STRINGS = 7, 8, 9
LIST_FIELDS = frozenset({_FLOATS, _INTS, _STRINGS})
"""Fields of AttributeProto that are lists of numbers or texts."""

Read = Callable[[int, int], bytes]


@dataclass(slots=True)
class LongList:
    """A list while its elements are being read.

    Attributes:
        room: Bytes that may be kept.
        count: Number of elements.
        numbers: The whole numbers, chunk by chunk.
        texts: The different texts, in the order of their first appearance.
        codes: Which of them each element is.
        kept: Whether all elements so far are kept.
    """

    room: int
    count: int = 0
    numbers: list[npt.NDArray[np.int64]] = field(default_factory=list)
    texts: dict[bytes, int] = field(default_factory=dict)
    codes: bytearray = field(default_factory=bytearray)
    kept: bool = True

    def take(self, raw: bytes, number: int) -> int:
        """Take the elements of a field that follow one another.

        Args:
            raw: Bytes from the first element's key on.
            number: Number of the field, one of `LIST_FIELDS`.

        Returns:
            How many bytes they are; 0 if there is no whole element, or its key is odd.
        """
        if number == _FLOATS:
            return self._floats(np.frombuffer(raw, np.uint8))
        if number == _INTS:
            return self._ints(np.frombuffer(raw, np.uint8))
        return self._strings(raw)

    def take_packed(self, read: Read, number: int, start: int, stop: int) -> None:
        """Take the elements of a packed field between two offsets."""
        if number == _FLOATS:
            self.count += (stop - start) // 4
            return
        while start < stop:
            raw = np.frombuffer(read(start, min(start + CHUNK, stop)), np.uint8)
            ends = np.flatnonzero(raw < 0x80)
            if not len(ends):
                return
            self._add(_varints(raw, np.concatenate(([0], ends[:-1] + 1)), ends + 1))
            start += int(ends[-1]) + 1

    def _floats(self, raw: npt.NDArray[np.uint8]) -> int:
        tags = raw[: len(raw) // 5 * 5 : 5] == (_FLOATS << 3 | 5)
        count = _leading(tags)
        self.count += count
        return 5 * count

    def _ints(self, raw: npt.NDArray[np.uint8]) -> int:
        ends = np.flatnonzero(raw < 0x80)[1::2] + 1
        heads = np.concatenate(([0], ends[:-1])).astype(np.int64)[: len(ends)]
        count = _leading(raw[heads] == _INTS << 3)
        if not count:
            return 0
        self._add(_varints(raw, heads[:count] + 1, ends[:count]))
        return int(ends[count - 1])

    def _add(self, numbers: npt.NDArray[np.int64]) -> None:
        self.count += len(numbers)
        self.kept = self.kept and 4 * self.count <= self.room
        if self.kept:
            self.numbers.append(numbers)

    def _strings(self, raw: bytes) -> int:
        tag, at, end = _STRINGS << 3 | 2, 0, len(raw)
        while at + 1 < end and raw[at] == tag and raw[at + 1] < 0x80:
            after = at + 2 + raw[at + 1]
            if after > end:
                break
            self.count += 1
            if self.kept:
                self._text(raw[at + 2 : after])
            at = after
        return at

    def _text(self, text: bytes) -> None:
        code = self.texts.setdefault(text, len(self.texts))
        if code >= MOST_TEXTS or len(text) > _LONGEST_TEXT or self.count > self.room:
            self.kept = False
        else:
            self.codes.append(code)

    def skip(self) -> None:
        """Count one element that is not kept."""
        self.count += 1
        self.kept = False

    def message(self) -> onnx.AttributeProto:
        """What stands for the list in the attribute; its size in bytes is at most `room`."""
        found = onnx.AttributeProto()
        found.t.dims.append(self.count)
        if self.kept and len(self.codes) == self.count:
            found.strings.extend(self.texts)
            found.t.data_type = onnx.TensorProto.UINT8
            found.t.raw_data = bytes(self.codes)
        elif self.kept and sum(map(len, self.numbers)) == self.count:
            numbers = np.concatenate(self.numbers)
            found.t.CopyFrom(numpy_helper.from_array(numbers.astype(_smallest(numbers))))
        else:
            found.t.data_location = onnx.TensorProto.EXTERNAL
        return found


def long_list(attribute: onnx.AttributeProto) -> Any:
    """The value of an attribute that holds a list as `LongList.message` writes it.

    Returns:
        A read-only array of whole numbers, a tuple of texts, or an `Unread`.
    """
    tensor = attribute.t
    count = tensor.dims[0] if len(tensor.dims) == 1 else -1
    if not 0 <= count <= _LARGEST:
        return None
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        return Unread(count)
    try:
        numbers = numpy_helper.to_array(tensor).reshape(count)
    except (ValueError, TypeError, KeyError):
        return None
    if not attribute.strings:
        return freeze(numbers.copy())
    texts = [text.decode("utf-8", errors="replace") for text in attribute.strings]
    codes = numbers.tolist()
    if numbers.dtype != np.uint8 or max(codes, default=0) >= len(texts):
        return None
    return tuple(texts[code] for code in codes)


def _leading(marks: npt.NDArray[np.bool_]) -> int:
    """Number of marks before the first that is not set."""
    return len(marks) if marks.all() else int(np.argmin(marks))


def _smallest(numbers: npt.NDArray[np.int64]) -> type[np.signedinteger[Any]]:
    """The narrowest type that holds all numbers."""
    for dtype in (np.int8, np.int16, np.int32):
        limits = np.iinfo(dtype)
        if limits.min <= numbers.min() and numbers.max() <= limits.max:
            return dtype
    return np.int64


def _varints(
    raw: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], stops: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """The varints between these places of some bytes: int64; negative ones take ten bytes."""
    numbers = np.zeros(len(starts), np.uint64)
    lengths = stops - starts
    for place in range(min(int(lengths.max(initial=0)), 10)):
        at = np.flatnonzero(lengths > place)
        digits = (raw[starts[at] + place] & 0x7F).astype(np.uint64)
        numbers[at] |= digits << np.uint64(7 * place)
    return numbers.view(np.int64)
