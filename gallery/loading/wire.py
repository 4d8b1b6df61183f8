"""Reads an ONNX file at the level of protobuf's wire format and leaves the weights on disk.

The file's messages are rebuilt without payloads longer than `SMALL`, but for tensors that may be
tables looked up in advance (`gallery.loading.looked_up`); a tensor that lost its payload is marked
as external, so that nothing tries to read it. Of long lists of attributes more is kept
(`gallery.loading.long_lists`). Messages that are small as a whole are copied unchanged, so the work
is in the large ones and the operators.

Source of the format: https://protobuf.dev/programming-guides/encoding/ and onnx.proto.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from gallery.errors import LoadError
from gallery.files import read_at
from gallery.loading.fields import BrokenError, Field, Reader
from gallery.loading.looked_up import LARGEST, may_be_looked_up
from gallery.model import WHOLE

if TYPE_CHECKING:
    from gallery.loading.long_lists import LongList

SMALL = 4096
"""Largest payload of a tensor that is kept, in bytes (shapes, indices, scales)."""

LARGE_ATTRIBUTE = 65_536
"""Bytes of an attribute above which its text counts as weights and its list as a long one."""

LARGE_LISTS = 64 << 20
"""Most bytes that are kept of the whole numbers and texts of all large attributes together."""

LARGE_TEXT = 1 << 20
"""Largest other field that is kept, in bytes."""

LARGE_GRAPH = 256 << 20
"""Most bytes that are kept of a file; a file with more is refused."""

DEEPEST = 32
"""How deep graphs may be nested in operators; protobuf itself stops at 100 nested messages."""

TAIL = 1 << 16
"""Bytes at the end of a file that tell what it is if it is not a model."""

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
_ATTRIBUTE_TEXT = 4
_MODEL_FIELDS = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26})
_TRAINING = 20
_STRINGS = 9
_LENGTH = 2  # the wire type of what has a length

_SHORT_RUNS = 64
"""How many short runs of elements are taken at once; lists as programs write them have one run."""


class SlowError(Exception):
    """Reading the file took longer than it may."""


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
        LoadError: Its graphs are nested too deeply, or the operators alone are too large.
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
        ends = read_at(descriptor, 4096, 0), read_at(descriptor, TAIL, max(size - TAIL, 0))
        seen = [size, *ends, error.at, error.truncated]
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
    """Check every message of a file, even the small ones, for graphs nested too deeply.

    Raises:
        LoadError: Graphs are nested too deeply.
    """
    _Walker(Reader(descriptor), Slim(), small=-1).message("model", 0, size, 0)


@dataclass(slots=True)
class _Walker:
    reader: Reader
    result: Slim
    small: int = SMALL
    until: float = math.inf
    kept: int = 0
    listed: int = 0

    def message(self, kind: str, start: int, stop: int, depth: int) -> bytes:
        if kind == "tensor":
            return self._tensor(start, stop)
        depth += kind == "graph"
        if depth > DEEPEST + 1:
            raise nested_too_deep()
        children = _CHILDREN[kind]
        large = kind == "attribute" and stop - start > LARGE_ATTRIBUTE
        chunks: list[bytes] = []
        for part in self._lists(start, stop, chunks) if large else self.reader.fields(start, stop):
            self._check_time()
            length = part.stop - part.start
            child = children.get(part.number) if part.wire == 2 else None
            if child is not None and (length > self.small or kind == "model"):
                body = self.message(child, part.start, part.stop, depth)
                chunks.append(varint(part.number << 3 | 2) + varint(len(body)) + body)
            elif kind == "model" and part.number == _TRAINING:
                self.result.training = True
            elif (large and part.number == _ATTRIBUTE_TEXT) or length > LARGE_TEXT:
                self.result.dropped.append(length)
            else:
                chunks.append(self._keep(part))
        return b"".join(chunks)

    def _lists(self, start: int, stop: int, chunks: list[bytes]) -> Iterator[Field]:
        """The fields of a large attribute that are not lists, and what is kept of the lists.

        Args:
            start: Offset of the attribute.
            stop: Offset of its end.
            chunks: Where to add what stands for the list.
        """
        # What only digests files must not wait for ONNX, which long lists need.
        from gallery.loading.long_lists import CHUNK, FIRST, LIST_FIELDS, LongList  # noqa: PLC0415

        found, at, held = LongList(LARGE_LISTS - self.listed), start, 0
        size, tries = FIRST, _SHORT_RUNS
        while at < stop:
            self._check_time()
            part = next(self.reader.fields(at, stop))
            at = part.stop
            if part.number not in LIST_FIELDS:
                yield part
                continue
            packed = part.wire == _LENGTH and part.number != _STRINGS
            if packed and (tries or part.stop - part.start > SMALL):
                tries -= part.stop - part.start <= SMALL
                found.take_packed(self.reader.read, part.number, part.start, part.stop)
            elif tries and (taken := self._run(found, part, min(part.head + size, stop))):
                at = part.head + taken
                whole = 2 * taken > min(size, stop - part.head)
                size, tries = (min(4 * size, CHUNK), tries) if whole else (FIRST, tries - 1)
            else:
                found.skip()
                tries -= tries > 0
            held += at - part.head
        if found.count:
            self.result.dropped.append(held)
            message = found.message()
            self.listed += message.t.ByteSize()
            chunks.append(message.SerializeToString())

    def _run(self, found: LongList, part: Field, stop: int) -> int:
        """Add a field's element and those that follow it to a list; the bytes that they take."""
        return found.take(self.reader.read(part.head, stop), part.number)

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
    # A digest needs no model, and a build computes one for each.
    from onnx import TensorProto  # noqa: PLC0415

    tensor = TensorProto()
    try:
        tensor.ParseFromString(head)
    except DecodeError:
        return False
    return may_be_looked_up(tensor)


def nested_too_deep() -> LoadError:
    """The error for graphs that are nested too deeply in operators."""
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
