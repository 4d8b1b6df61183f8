"""A worker's orders: they come on standard input, and the worker ends with it."""

from __future__ import annotations

import os
import pickle
import queue
import threading
import traceback
from collections.abc import Iterator
from typing import IO, Any

from gallery.pipeline.workers.processes import end_children


def orders() -> Iterator[Any]:
    """Orders as they come; the iterator never ends, the process does.

    Only the process that gives the orders holds the other end of the pipe. When that is gone,
    however it went, nobody waits for results: the worker ends at once, at work too, with all that
    it started.
    """
    # A descriptor of our own: what the worker starts must not find orders on its standard input.
    stream = os.fdopen(os.dup(0), "rb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    come: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(stream, come), daemon=True).start()
    while True:
        yield come.get()


def _read(stream: IO[bytes], come: queue.SimpleQueue[Any]) -> None:
    try:
        while True:
            come.put(pickle.load(stream))  # noqa: S301 - from our own parent
    except EOFError:
        pass
    except Exception:  # the supervisor takes the end of the process for a crash and shows its log
        traceback.print_exc()
    end_children()
    # All that was made is in the cache; to take numba's compiled code apart takes 0.6 s.
    os._exit(1)
