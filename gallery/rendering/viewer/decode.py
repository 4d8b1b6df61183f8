"""Numbers read back from the sections of the viewer's data, as `container` encodes them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]

_LONGEST = 9
"""Bytes of the longest varint of a number below 2**63."""


def count_varints(data: bytes) -> int:
    """How many varints there are; -1 if the last is cut off or one is too long."""
    raw = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(raw < 128)
    if not len(raw):
        return 0
    if not len(ends) or ends[-1] != len(raw) - 1:
        return -1
    return -1 if int(np.diff(ends, prepend=-1).max()) > _LONGEST else len(ends)


def from_varints(data: bytes) -> Numbers:
    """Numbers from varints that are whole, see `count_varints`: int64.

    >>> from_varints(bytes.fromhex("01ac02")).tolist()
    [1, 300]
    """
    raw = np.frombuffer(data, np.uint8).astype(np.int64)
    if not len(raw):
        return raw
    last = np.flatnonzero(raw < 128)
    start = np.concatenate([[0], last[:-1] + 1])
    place = np.arange(len(raw)) - np.repeat(start, last - start + 1)
    return np.asarray(np.add.reduceat((raw & 127) << (7 * place), start), np.int64)


def signed(values: Numbers) -> Numbers:
    """Signed numbers from their zigzag encoding: 0, 1, 2, 3 stand for 0, -1, 1, -2."""
    return (values >> 1) ^ -(values & 1)


def from_planes(data: bytes) -> Numbers:
    """Numbers below 65,536 from all low bytes followed by all high bytes."""
    low, high = np.frombuffer(data, np.uint8).astype(np.int64).reshape(2, -1)
    return low | high << 8


def from_smooth(data: bytes) -> Numbers:
    """Numbers below 65,536 from byte planes of signed differences."""
    return np.cumsum(signed(from_planes(data))) & 0xFFFF
