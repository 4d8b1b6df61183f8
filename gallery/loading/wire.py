"""Reads an ONNX file at the level of protobuf's wire format and leaves the weights on disk.

The file's messages are rebuilt without payloads longer than `SMALL`, but for tensors that may be
tables looked up in advance (`gallery.loading.looked_up`); a tensor that lost its payload is marked
as external, so that nothing tries to read it. Messages that are small as a whole are
copied unchanged, so the work is in the large ones and the operators.

Source of the format: https://protobuf.dev/programming-guides/encoding/ and onnx.proto.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from gallery.errors import LoadError
from gallery.files import read_at
from gallery.loading.looked_up import LARGEST, may_be_looked_up
from gallery.model import WHOLE

SMALL = 4096
"""Largest payload of a tensor that is kept, in bytes (shapes, indices, scales)."""

LARGE_ATTRIBUTE = 65_536
"""Bytes of an attribute above which its numbers and strings count as weights."""

LARGE_TEXT = 1 << 20
"""Largest other field that is kept, in bytes."""

LARGE_GRAPH = 256 << 20
"""Most bytes that are kept of a file; a file with more is refused."""

DEEPEST = 32
"""How deep graphs may be nested in operators; protobuf itself stops at 100 nested messages."""

_WINDOW = 16_384
_EXTERNAL = b"\x70\x01"  # TensorProto.data_location = EXTERNAL

_CHILDREN: Mapping[str, Mapping[int, str]] = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
_TENSOR_DATA = frozenset({4, 5, 6, 7, 9, 10, 11})
_ATTRIBUTE_DATA = frozenset({4, 7, 8, 9})
_MODEL_FIELDS = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26})
_TRAINING = 20


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


class SlowError(Exception):
    """Reading the file took longer than it may."""


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


@dataclass(slots=True)
class Slim:
    """What is kept of a file, and the sizes of what is dropped.

    Attributes:
        content: A serialised ModelProto.
        digest: SHA-256 in hexadecimal: of the file if it has at most `WHOLE` bytes; otherwise of
            its size, `content` and `dropped`.
        dropped: Size of each dropped payload in bytes, in file order.
        training: Whether the file holds training information, which is dropped.
    """

    content: bytes = b""
    digest: str = ""
    dropped: list[int] = field(default_factory=list)
    training: bool = False


def slim(descriptor: int, size: int, seconds: float = math.inf) -> Slim:
    """Read a model file of `size` bytes without its large payloads.

    Args:
        descriptor: Of the open file.
        size: Of the file in bytes.
        seconds: How long it may take.

    Raises:
        BrokenError: The file is not a protobuf message, or is cut short.
        LoadError: Its graphs are nested too deep, or the operators alone are too large.
        SlowError: It takes too long.
    """
    whole = read_at(descriptor, size, 0) if size <= WHOLE else b""
    reader = Reader(descriptor, window=whole)
    first = next(reader.fields(0, size), None)
    if first is not None and first.number not in _MODEL_FIELDS:
        raise BrokenError(first.head, False)
    result = Slim()
    walker = _Walker(reader, result, until=time.monotonic() + seconds)
    result.content = walker.message("model", 0, size, 0)
    result.digest = _digest(size, whole, result)
    return result


def model_digest(descriptor: int, size: int, seconds: float = math.inf) -> str:
    """The digest of a file that should be a model: `Slim.digest` without the rest.

    A file that `slim` refuses has one as well, of all that the error can depend on.

    Args:
        descriptor: Of the open file.
        size: Of the file in bytes.
        seconds: How long it may take.

    Raises:
        SlowError: It takes too long.
    """
    if size <= WHOLE:
        return hashlib.sha256(read_at(descriptor, size, 0)).hexdigest()
    try:
        return slim(descriptor, size, seconds).digest
    except BrokenError as error:
        seen = [size, read_at(descriptor, 4096, 0), error.at, error.truncated]
    except LoadError as error:
        seen = [error.found, error.hint]
    return hashlib.sha256(repr(seen).encode()).hexdigest()


def _digest(size: int, whole: bytes, kept: Slim) -> str:
    if whole:
        return hashlib.sha256(whole).hexdigest()
    digest = hashlib.sha256(f"{size} {kept.dropped} ".encode())
    digest.update(kept.content)
    return digest.hexdigest()


def check_nesting(descriptor: int, size: int) -> None:
    """Check every message of a file, even the small ones, for graphs nested too deep.

    Raises:
        LoadError: Graphs are nested too deep.
    """
    _Walker(Reader(descriptor), Slim(), small=-1).message("model", 0, size, 0)


@dataclass(slots=True)
class _Walker:
    reader: Reader
    result: Slim
    small: int = SMALL
    until: float = math.inf
    kept: int = 0

    def message(self, kind: str, start: int, stop: int, depth: int) -> bytes:
        if kind == "tensor":
            return self._tensor(start, stop)
        depth += kind == "graph"
        if depth > DEEPEST + 1:
            raise nested_too_deep()
        children = _CHILDREN[kind]
        large = kind == "attribute" and stop - start > LARGE_ATTRIBUTE
        chunks = []
        for part in self.reader.fields(start, stop):
            self._check_time()
            length = part.stop - part.start
            child = children.get(part.number) if part.wire == 2 else None
            if child is not None and (length > self.small or kind == "model"):
                body = self.message(child, part.start, part.stop, depth)
                chunks.append(varint(part.number << 3 | 2) + varint(len(body)) + body)
            elif kind == "model" and part.number == _TRAINING:
                self.result.training = True
            elif (large and part.number in _ATTRIBUTE_DATA) or length > LARGE_TEXT:
                self.result.dropped.append(length)
            else:
                chunks.append(self._keep(part))
        return b"".join(chunks)

    def _tensor(self, start: int, stop: int) -> bytes:
        chunks, payload = [], []
        held = 0
        for part in self.reader.fields(start, stop):
            self._check_time()
            if part.number in _TENSOR_DATA:
                held += part.stop - part.start
                if held <= LARGEST:
                    payload.append(part)
            elif part.stop - part.start <= LARGE_TEXT and part.head != part.stop:
                chunks.append(self._keep(part))
        if held <= SMALL or (held <= LARGEST and _may_be_looked_up(b"".join(chunks))):
            return b"".join(chunks + [self._keep(part) for part in payload])
        self.result.dropped.append(held)
        return b"".join(chunks) + _EXTERNAL

    def _check_time(self) -> None:
        if time.monotonic() > self.until:
            raise SlowError

    def _keep(self, part: Field) -> bytes:
        self.kept += part.stop - part.head
        if self.kept > LARGE_GRAPH:
            found = f"the operators alone take more than {LARGE_GRAPH >> 20} MiB"
            raise LoadError(found, hint="split or simplify the model")
        return self.reader.read(part.head, part.stop)


def _may_be_looked_up(head: bytes) -> bool:
    """Whether a tensor with these fields has the shape of a table that was looked up."""
    tensor = onnx.TensorProto()
    try:
        tensor.ParseFromString(head)
    except DecodeError:
        return False
    return may_be_looked_up(tensor)


def nested_too_deep() -> LoadError:
    """The error for graphs that are nested too deep in operators."""
    found = f"subgraphs are nested more than {DEEPEST} deep"
    return LoadError(found, hint="flatten the control flow before the export")


def varint(value: int) -> bytes:
    r"""A number as a protobuf varint.

    >>> varint(300)
    b'\xac\x02'
    """
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
