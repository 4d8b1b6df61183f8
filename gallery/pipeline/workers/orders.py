"""A worker's orders, which it reads from standard input; the worker ends when that closes."""

from __future__ import annotations

import os
import pickle
import queue
import threading
import traceback
from collections.abc import Iterator
from typing import IO, Any

from gallery.pipeline.workers.processes import end_children


class Orders:
    """Orders as they arrive; going through them never ends, the process does.

    Only the parent process holds the other end of the pipe. When it is gone, for whatever reason,
    nobody waits for results any more: the worker ends at once, even in the middle of a job, with
    all its child processes.
    """

    def __init__(self) -> None:
        """Read them from standard input, which nothing else can read afterwards."""
        # A descriptor of our own: child processes must not read orders from their standard input.
        stream = os.fdopen(os.dup(0), "rb")
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        self._received: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=_read, args=(stream, self._received), daemon=True).start()

    def __iter__(self) -> Iterator[Any]:
        """Each order, once it is there."""
        while True:
            yield self._received.get()

    def waiting(self) -> bool:
        """Whether an order is there that nobody has taken."""
        return not self._received.empty()


def _read(stream: IO[bytes], received: queue.SimpleQueue[Any]) -> None:
    try:
        while True:
            received.put(pickle.load(stream))  # noqa: S301 - from our own parent
    except EOFError:
        pass
    except Exception:  # the supervisor takes the end of the process for a crash and shows its log
        traceback.print_exc()
    end_children()
    # All results are in the cache, and unloading numba's compiled code would take 0.6 s.
    os._exit(1)
