"""How often Python looks for garbage, which this program hardly makes.

Python looks at each new object once, and at those that stay again and again: in vain where a build
makes what it keeps. That took a fifteenth of the time of a build after one changed model. Pages do
leave garbage, as templates refer to themselves.
"""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager

_OBJECTS = 50_000
"""How many new objects make Python look for garbage, by default 700."""


def look_rarely() -> None:
    """Let Python look for garbage in this process seldom.

    A process keeps nearly all that it makes: modules, kernels, what it knows of the models. To look
    at all of that again and again takes an eighth of the time of a build that changes nothing, and
    a fiftieth of the processor time of a worker that makes three models. Nor does Python look at
    its end, for which it takes a thirtieth of the time of a build after one changed model.
    """
    gc.set_threshold(_OBJECTS)
    atexit.register(gc.freeze)


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
