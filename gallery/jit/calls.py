"""How kernels are given arrays, and several threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numba
import numpy.typing as npt

Array = TypeVar("Array", bound=npt.NDArray[Any])
Found = TypeVar("Found")


def read_only(array: Array) -> Array:
    """A view of an array that cannot be written to.

    A kernel is compiled once more for arrays of another kind, such as those that can be, so
    those that can be given both are given views.
    """
    view = array.view()
    view.flags.writeable = False
    return view


def each(
    work: Callable[..., Found], items: Iterable[tuple[Any, ...]], *, alone: bool
) -> list[Found]:
    """What a function makes of each item, on as many threads as kernels use.

    For work within kernels that are not parallel themselves: they run without the GIL.

    Args:
        work: The function.
        items: Its arguments.
        alone: On this thread, as others are not worth their start.
    """
    threads = 1 if alone else numba.get_num_threads()
    if threads == 1:
        return [work(*item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        return [one.result() for one in [pool.submit(work, *item) for item in items]]
