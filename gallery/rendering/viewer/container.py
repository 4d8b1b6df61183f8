"""The byte format of the viewer's data: numbers encoded so that deflate compresses them well.

A container is a JSON head and sections of bytes, in one zlib stream:

    b"GNV1" | zlib( uint32 length of the head | head | section | section | ... )

The head's "sections" gives the length of each section by name, in the order of the bytes. Varints
are those of Protocol Buffers (https://protobuf.dev/programming-guides/encoding/): seven bits per
byte, low ones first.

Members of the head and sections that belong together are a `Part`, and each part is deflated by
itself, so that one that does not change can be kept as it is. As the codes of each then fit it, a
stream of parts is 1 % shorter than if all were deflated together.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

MAGIC = b"GNV1"
_LEVEL = 7
"""Level 9 takes 2.4 times as long and saves 1 % of the bytes."""
_ZLIB_HEADER = b"\x78\xda"
"""Deflate with a window of 32 KiB, compressed at level 7 or higher (RFC 1950, section 2.2)."""
_LAST_BLOCK = b"\x03\x00"
"""An empty block of fixed codes that is the last one (RFC 1951, section 3.2.3)."""
_ADLER = 65_521
"""The modulus of Adler-32."""
_SMALL = 1 << 28
_RATIO = 32
"""Bytes per deflated byte that are too many to be a graph's; smaller data may have them."""
_BITS = 7


def varints(values: npt.ArrayLike) -> bytes:
    """Numbers from 0 to 2**63 - 1 as varints.

    >>> varints([1, 300]).hex()
    '01ac02'
    """
    rest = np.asarray(values, np.int64).astype(np.uint64)
    length = np.ones(len(rest), np.int64)
    for shift in range(_BITS, 64, _BITS):
        more = rest >> np.uint64(shift) > 0
        if not more.any():
            break
        length += more
    place = np.cumsum(length) - length
    out = np.empty(int(length.sum()), np.uint8)
    for byte in range(int(length.max(initial=0))):
        has = length > byte
        seven = (rest[has] >> np.uint64(_BITS * byte)) & np.uint64(127)
        out[place[has] + byte] = seven | (length[has] > byte + 1).astype(np.uint64) << np.uint64(7)
    return out.tobytes()


def zigzag(values: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Signed numbers as unsigned ones, small to small: 0, -1, 1, -2 become 0, 1, 2, 3."""
    signed = np.asarray(values, np.int64)
    return (signed << 1) ^ (signed >> 63)


def steps(values: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """The first number, then each number's difference from the previous one: int64 (n,)."""
    numbers = np.asarray(values, np.int64)
    return np.concatenate([numbers[:1], numbers[1:] - numbers[:-1]])


def planes(values: npt.ArrayLike) -> bytes:
    """Numbers below 65,536 as all low bytes, then all high bytes."""
    pairs = np.asarray(values).astype("<u2")
    return pairs.view(np.uint8).reshape(-1, 2).T.tobytes()


def smooth(values: npt.ArrayLike) -> bytes:
    """Slowly changing numbers below 65,536, as byte planes of their steps."""
    return planes(zigzag(steps(values).astype(np.int16)) & 0xFFFF)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A stretch of a zlib stream that refers to nothing before it.

    Attributes:
        deflated: Blocks of deflate that end with a whole byte, none of them the last one.
        size: How many bytes they stand for.
        adler: The Adler-32 of these.
    """

    deflated: bytes
    size: int
    adler: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Members of the head and sections that were deflated by themselves.

    Attributes:
        members: JSON as UTF-8, `"name":value,` one after the other.
        sections: The sections, one after the other.
        sizes: Bytes of each section, in this order.
    """

    members: Stretch
    sections: Stretch
    sizes: Mapping[str, int]


def part_of(head: Mapping[str, Any], sections: Mapping[str, bytes]) -> Part:
    """Members of the head and sections as a part of a container."""
    return Part(
        members=_stretch(_members(head)),
        sections=_stretch(b"".join(sections.values())),
        sizes={name: len(data) for name, data in sections.items()},
    )


def pack(head: Mapping[str, Any], sections: Mapping[str, bytes]) -> bytes:
    """The container of a head and sections; same values, same bytes."""
    return joined([part_of(head, sections)])


def joined(parts: Sequence[Part]) -> bytes:
    """The container of some parts, which have different names; same values, same bytes."""
    sizes = {name: size for one in parts for name, size in one.sizes.items()}
    last = _members({"sections": sizes}).removesuffix(b",") + b"}"
    length = 1 + sum(one.members.size for one in parts) + len(last)
    first = _stretch(struct.pack("<I", length) + b"{")
    members, sections = (one.members for one in parts), (one.sections for one in parts)
    return MAGIC + _stream([first, *members, _stretch(last), *sections])


def _members(head: Mapping[str, Any]) -> bytes:
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return (text[1:-1] + "," if head else "").encode("utf-8", "replace")


def _stretch(data: bytes) -> Stretch:
    stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    deflated = stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH)
    return Stretch(deflated=deflated, size=len(data), adler=zlib.adler32(data))


def _stream(stretches: Iterable[Stretch]) -> bytes:
    """The zlib stream of all stretches.

    Adler-32 is the sum of all bytes, plus one, and the sum of these sums (RFC 1950, section 8.2):
    each byte of a stretch is added to what came before it.
    """
    parts, low, high = [_ZLIB_HEADER], 1, 0
    for one in stretches:
        high += (one.adler >> 16) + one.size * (low - 1)
        low += (one.adler & 0xFFFF) - 1
        parts.append(one.deflated)
    check = struct.pack(">HH", high % _ADLER, low % _ADLER)
    return b"".join([*parts, _LAST_BLOCK, check])


def unpack(data: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Head and sections of a container.

    Raises:
        ValueError: The bytes are not a container.
    """
    if data[:4] != MAGIC:
        raise ValueError(f"viewer data starts with {data[:4]!r}, not {MAGIC!r}")
    try:
        raw = inflated(data[4:])
        (length,) = struct.unpack_from("<I", raw)
        head = json.loads(raw[4 : 4 + length])
        sizes = dict(head["sections"])
        if 4 + length + sum(sizes.values()) != len(raw) or min(sizes.values(), default=0) < 0:
            raise ValueError("viewer data has other sections than its head says")
        sections, place = {}, 4 + length
        for name, size in sizes.items():
            sections[name] = raw[place : place + size]
            place += size
    except (struct.error, zlib.error, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"viewer data is damaged: {error}") from error
    return head, sections


def inflated(data: bytes) -> bytes:
    """All that was deflated, if it is not out of proportion.

    Raises:
        ValueError: It is, or the data are cut off.
        zlib.error: They are not deflated.
    """
    stream, most = zlib.decompressobj(), max(_SMALL, _RATIO * len(data))
    raw = stream.decompress(data, most)
    if not stream.eof:
        raise ValueError(f"viewer data is cut off, or has more than {most:,} bytes")
    return raw
