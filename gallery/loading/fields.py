"""The fields of protobuf messages in a file, read in windows.

Source of the format: https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from gallery.files import read_at

_WINDOW = 16_384


class BrokenError(Exception):
    """The bytes do not follow the wire format.

    Attributes:
        at: Offset in the file.
        truncated: Whether the file ends too early, rather than being of another format.
    """

    def __init__(self, at: int, truncated: bool) -> None:
        super().__init__(at, truncated)
        self.at = at
        self.truncated = truncated


class Field(NamedTuple):
    """A field: its number and wire type; where it and its content begin, and where it ends."""

    number: int
    wire: int
    head: int
    start: int
    stop: int


@dataclass(slots=True)
class Reader:
    """Reads a file in windows, so that skipped payloads are never read."""

    descriptor: int
    base: int = 0
    window: bytes = b""

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from start up to stop; fewer if the file has shrunk."""
        if start < self.base or stop > self.base + len(self.window):
            if stop - start > _WINDOW:
                return read_at(self.descriptor, stop - start, start)
            self.base, self.window = start, read_at(self.descriptor, _WINDOW, start)
        return self.window[start - self.base : stop - self.base]

    def fields(self, start: int, stop: int) -> Iterator[Field]:
        """The fields of the message between two offsets.

        Raises:
            BrokenError: A field is invalid, or reaches beyond the message.
        """
        while start < stop:
            head = start
            key, start = self._varint(start, stop)
            number, wire = key >> 3, key & 7
            if wire == 2:
                length, start = self._varint(start, stop)
                end = start + length
            elif wire == 0:
                _, end = self._varint(start, stop)
            elif wire in (1, 5):
                end = start + (8 if wire == 1 else 4)
            else:
                raise BrokenError(head, False)
            if number == 0 or number >= 1 << 29:
                raise BrokenError(head, False)
            if end > stop:
                raise BrokenError(head, True)
            yield Field(number, wire, head, start, end)
            start = end

    def _varint(self, start: int, stop: int) -> tuple[int, int]:
        raw = self.read(start, min(start + 10, stop))
        value = 0
        for index, byte in enumerate(raw):
            value |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:
                return value, start + index + 1
        raise BrokenError(start, len(raw) < 10)
