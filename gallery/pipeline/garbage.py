"""How often Python looks for garbage, which this program hardly makes."""

from __future__ import annotations

import gc

_OBJECTS = 50_000
"""How many new objects make Python look for garbage, by default 700."""


def look_rarely() -> None:
    """Let Python look for garbage in this process seldom.

    A process keeps nearly all that it makes: modules, kernels, what it knows of the models. To look
    at all of that again and again takes an eighth of the time of a build that changes nothing, and
    a fiftieth of the processor time of a worker that makes three models.
    """
    gc.set_threshold(_OBJECTS)
