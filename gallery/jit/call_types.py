"""Finds out once what a built-in function makes of given types, not for each call.

For each sum, comparison or access to an array, numba tries all that it knows of that function, of
strings, lists, sets and dates too, until something takes arguments of the types at hand. And what
it has to compile for that, it compiles once for each kind of kernel: parallel, inner, or neither.
Both take a fifth of the time that a kernel takes to be compiled. Here it is remembered. That holds
for what `gallery.jit` compiles; others see numba as it is.
"""

from __future__ import annotations

from typing import Any

from numba.core.targetconfig import ConfigStack
from numba.core.types.functions import BaseFunction

from gallery.jit.compiling import Compiling


def remember_calls(compiling: Compiling) -> None:
    """Let numba do so from now on.

    Args:
        compiling: Whether a kernel is being compiled.
    """
    known: dict[Any, Any] = {}
    find = BaseFunction.get_call_type

    def get_call_type(function: BaseFunction, context: Any, args: Any, kws: Any) -> Any:
        options = ConfigStack.top_or_none()
        # A type that is not known in full yet may be so when its function is asked again.
        if not compiling or options is None or kws or not all(one.is_precise() for one in args):
            return find(function, context, args, kws)
        key = function, context, tuple(args), _inherited(options)
        if key not in known:
            known[key] = find(function, context, args, kws)
        return known[key]

    BaseFunction.get_call_type = get_call_type  # type: ignore[assignment,method-assign]


def _inherited(options: Any) -> tuple[Any, ...]:
    """The options that hold also for what a function calls."""
    return (
        options.nrt,
        options.error_model,
        options.forceinline,
        frozenset(options.fastmath.flags),
    )
