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


def orders() -> Iterator[Any]:
    """An iterator of orders as they arrive; it never ends, the process does.

    Only the parent process holds the other end of the pipe. When it is gone, for whatever reason,
    nobody waits for results any more: the worker ends at once, even in the middle of a job, with
    all its child processes.
    """
    # A descriptor of our own: child processes must not read orders from their standard input.
    stream = os.fdopen(os.dup(0), "rb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    received: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(stream, received), daemon=True).start()
    return iter(received.get, None)


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
