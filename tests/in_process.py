"""Jobs without worker processes, each of which would load Python and the kernels for seconds.

For tests of what a build makes and keeps. How workers do their jobs, and how they end, is the
subject of tests/pipeline/test_supervisor.py and of those that run the real command.
"""

from __future__ import annotations

import io
import json
import pickle
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gallery.cache import Cache
from gallery.pipeline.workers import worker
from gallery.pipeline.workers.jobs import Job, Result


def supervise(
    jobs: deque[Job], _workers: int, listen: Callable[[Job, dict[str, Any]], None], *_: object
) -> Iterator[Result]:
    """Do in this process, one after another, what workers do; nothing enforces the limits."""
    while jobs:
        job = jobs.popleft()
        listen(job, {"event": "start"})
        plan, cache = pickle.loads(pickle.dumps(job.order))
        said = io.StringIO()
        ending = worker._work(plan, Cache(Path(cache)), said)
        events = tuple(map(json.loads, said.getvalue().splitlines()))
        for event in (*events, ending):
            listen(job, event)
        yield Result(
            job=job,
            events=(*events, ending),
            ending=ending["event"],
            stage=ending.get("stage", ""),
            detail=ending.get("found", ""),
            hint=ending.get("hint", ""),
            seconds=0.0,
            peak_bytes=0,
            log="",
            lasting=ending.get("lasting", False),
        )
