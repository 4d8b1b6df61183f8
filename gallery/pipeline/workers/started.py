"""A worker process: how it is started, and how it ends."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from gallery.pipeline.workers.processes import end, own_group

WORKER = "gallery.pipeline.workers.worker"
"""The module that makes the results of a model."""

_PIPE_TIMEOUT = 1.0
"""Seconds to wait for the end of a worker's output, which a stray process may hold open."""

Output = queue.SimpleQueue[tuple[subprocess.Popen[bytes], bytes]]
"""Lines from all workers, in the order in which they arrive."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Worker:
    """A process that waits for jobs or runs one."""

    module: str
    process: subprocess.Popen[bytes]
    orders: IO[bytes]
    reader: threading.Thread
    log: IO[bytes]

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.process.poll() is None

    def kill(self) -> None:
        """End it and its descendants; afterwards all its output has been read."""
        end(self.process)
        self.reader.join(_PIPE_TIMEOUT)

    def end(self) -> None:
        """Kill it and close its files."""
        self.kill()
        with suppress(OSError):
            self.orders.close()
        self.log.close()


class Ahead:
    """A worker that was started before it is known whether there is a job for it.

    The first line that it writes says that it is ready.
    """

    def __init__(self, environment: Mapping[str, str], module: str = WORKER) -> None:
        """Start it.

        Args:
            environment: Added to this process's environment.
            module: What it runs.
        """
        self.output: Output = queue.SimpleQueue()
        # This process removes what the worker leaves there, which may be killed at any time.
        self._folder = tempfile.TemporaryDirectory(prefix="gallery-", ignore_cleanup_errors=True)
        arguments = "ahead", self._folder.name
        self._worker: Worker | None = start(module, environment, self.output, *arguments)

    def take(self) -> list[Worker]:
        """The worker, if it still runs and nobody has it; whoever takes it ends it."""
        worker, self._worker = self._worker, None
        if worker is None or worker.alive:
            return [worker] if worker else []
        worker.end()
        return []

    def close(self) -> None:
        """End it, unless it was taken; then whoever did so has ended it."""
        for worker in self.take():
            worker.end()
        self._folder.cleanup()


def start(module: str, environment: Mapping[str, str], output: Output, *arguments: str) -> Worker:
    """Start a worker.

    Args:
        module: What it runs.
        environment: Added to this process's environment.
        output: Gets the lines that it writes, and an empty one when it has ended.
        *arguments: Of its command line.
    """
    # The child must find this package even if it is not installed (build.py in a checkout).
    root = str(Path(__file__).resolve().parents[3])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {**os.environ, **environment, "PYTHONPATH": os.pathsep.join(paths)}
    # Append mode: the worker's writes must not follow this process's reading position. (On Windows
    # both share one, but this process reads to the end, and only while the worker is silent.)
    log = tempfile.TemporaryFile("a+b")  # noqa: SIM115 - closed when the worker ends
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env=env,
        **own_group(),
    )
    assert process.stdin is not None
    # A thread, because Windows can wait for many sockets at once, but not for many pipes.
    reader = threading.Thread(target=_read, args=(process, output), daemon=True)
    reader.start()
    return Worker(module=module, process=process, orders=process.stdin, reader=reader, log=log)


def _read(process: subprocess.Popen[bytes], output: Output) -> None:
    """Pass on each line of a worker, and an empty one at the end."""
    assert process.stdout is not None
    with process.stdout as lines:
        for line in lines:
            output.put((process, line))
    output.put((process, b""))
