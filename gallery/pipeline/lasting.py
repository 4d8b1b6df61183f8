"""Python looks for garbage among new objects: in vain where a build makes what it keeps.

It looks at each new object once, and at those that stay again and again; that took a fifteenth of
the time of a build after one changed model. Pages do leave garbage, as templates refer to
themselves.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def lasting() -> Iterator[None]:
    """A block whose objects stay: nobody looks for garbage during it, nor later among them."""
    looking = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        # It also lets Python forget how many there are, or it would look at once.
        gc.freeze()
        if looking:
            gc.enable()


@contextmanager
def until_the_end() -> Iterator[None]:
    """A block after which what was lasting in it is like all else."""
    try:
        yield
    finally:
        gc.unfreeze()
