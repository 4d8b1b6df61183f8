"""Remembers the last result of a function of arrays.

All scans of a model have one form, whatever their budget and their passes (see `form`): what they
share is worked out once, if they follow one another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import wraps
from hashlib import blake2b
from typing import Any, ParamSpec, TypeVar

import numpy as np

Given = ParamSpec("Given")
Result = TypeVar("Result")


def remembered(
    function: Callable[Given, Result], given: Callable[Given, object] | None = None
) -> Callable[Given, Result]:
    """The function, which returns the same object again where it is given the same.

    Args:
        function: Whose result follows from what it is given, and is not changed by anyone.
        given: Returns what the result follows from, if that is not all arguments.
    """
    last: list[tuple[bytes, Result]] = []

    @wraps(function)
    def again(*values: Given.args, **named: Given.kwargs) -> Result:
        told = given(*values, **named) if given else (values, tuple(sorted(named.items())))
        key = _digest(told)
        for known, result in last:
            if known == key:
                return result
        last.clear()  # Before the next one takes memory too.
        found = function(*values, **named)
        last[:] = [(key, found)]
        return found

    return again


def _digest(told: object) -> bytes:
    state = blake2b(digest_size=32)
    _tell(state, told)
    return state.digest()


def _tell(state: Any, told: object) -> None:
    # Each value begins with its kind and length, so that no two tell the same bytes.
    if isinstance(told, np.ndarray):
        state.update(f"{told.dtype.str}{told.shape}".encode())
        state.update(np.ascontiguousarray(told))
    elif isinstance(told, tuple):
        state.update(f"tuple {len(told)} ".encode())
        for one in told:
            _tell(state, one)
    elif is_dataclass(told) and not isinstance(told, type):
        kind = type(told)
        state.update(f"{kind.__module__}.{kind.__qualname__} ".encode())
        _tell(state, tuple(getattr(told, one.name) for one in fields(told)))
    elif told is None or isinstance(told, str | int | float):
        text = repr(told).encode()
        state.update(f"{type(told).__name__} {len(text)} ".encode() + text)
    else:
        raise TypeError(f"what was given holds {type(told).__name__}, which has no digest")
