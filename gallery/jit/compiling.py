"""Tells when a kernel is being compiled, for what is done in another way meanwhile."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

from numba.core import event


class Compiling(event.Listener):  # type: ignore[misc]
    """Whether a kernel of ours is being compiled, with all that it calls.

    Meanwhile nobody looks for garbage: there is little among the millions of objects that numba
    makes, and to look at them again and again takes an eighth of the time.
    """

    def __init__(self, is_ours: Callable[[Any], bool]) -> None:
        """Listen to numba.

        Args:
            is_ours: Whether a function of numba's (a dispatcher) is a kernel of `gallery.jit`.
        """
        self._is_ours = is_ours
        self._depth = 0
        self._collects = False
        event.register("numba:compile", self)

    def __bool__(self) -> bool:
        return self._depth > 0

    def on_start(self, told: Any) -> None:
        """A function begins to be compiled."""
        if self._depth == 0 and self._is_ours(told.data["dispatcher"]):
            self._collects = gc.isenabled()
            gc.disable()
        elif self._depth == 0:
            return
        self._depth += 1

    def on_end(self, told: Any) -> None:
        """It has been compiled, or has failed to be."""
        self._depth = max(self._depth - 1, 0)
        if self._depth == 0 and self._collects:
            self._collects = False
            gc.enable()
